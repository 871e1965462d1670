"""Large XML dumps from strangers, element by element: nothing is held but the one being read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element
from xml.parsers import expat

from factory.seeds.archives import HostileError

BLOCK = 1 << 16
_ROOT = b"<mediawiki>"
"""What stands around the pages of a dump that is read from its middle."""


def elements(
    stream: BinaryIO, tag: str, name: str, *, most: int, base: int | None = None, whole: bool = True
) -> Iterator[tuple[int, Element]]:
    """Each element called `tag`, whole, with the byte (of the unpacked dump) at which it begins.

    One whose text is longer than `most` characters is given without it, marked by an attribute ``too-long``.
    `base`: the byte at which the stream begins, where it begins inside of a dump of MediaWiki, at an element.
    `whole`: the stream is to end as the dump does.
    Raises HostileError, naming the dump, for a document type with entities and for XML that is not well-formed;
    what came before is given first.
    """
    reader = _Reader(tag, name, most, 0 if base is None else base - len(_ROOT))
    if base is not None:
        reader.parser.Parse(_ROOT, False)
    while block := stream.read(BLOCK):
        try:
            reader.parser.Parse(block, False)
        except expat.ExpatError as error:
            yield from reader.taken()
            raise HostileError(f"{name}: is no well-formed XML: {error}") from error
        yield from reader.taken()
    if whole and not reader.ended():
        raise HostileError(f"{name}: ends before its XML does; what is missing was never received")


class _Reader:
    """Builds the elements that are wanted, and forgets all else."""

    def __init__(self, tag: str, name: str, most: int, base: int) -> None:
        self.tag, self.name, self.most, self.base = tag, name, most, base
        self.found: list[tuple[int, Element]] = []
        self.stack: list[Element] = []
        self.start = self.size = 0
        self.parser: Any = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity

    def ended(self) -> bool:
        """Whether the document came to its end."""
        try:
            self.parser.Parse(b"", True)
        except expat.ExpatError:
            return False
        return True

    def taken(self) -> Iterator[tuple[int, Element]]:
        """What was found since the last time."""
        found, self.found = self.found, []
        return iter(found)

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        if not self.stack and tag != self.tag:
            return
        element = Element(tag, attributes)
        if self.stack:
            if len(self.stack) > 50:
                raise HostileError(f"{self.name}: elements are nested more than 50 deep; refused")
            self.stack[-1].append(element)
        else:
            self.start, self.size = self.base + self.parser.CurrentByteIndex, 0
        self.stack.append(element)

    def _end(self, tag: str) -> None:
        if self.stack:
            element = self.stack.pop()
            if not self.stack:
                self.found.append((self.start, element))

    def _text(self, text: str) -> None:
        if not self.stack:
            return
        self.size += len(text)
        element = self.stack[-1]
        if self.size > self.most:
            self.stack[0].set("too-long", "yes")
            element.text = None
        else:
            element.text = (element.text or "") + text

    def _entity(self, *_: object) -> None:
        raise HostileError(f"{self.name}: declares entities of its own; refused")
