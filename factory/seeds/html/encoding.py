"""From the bytes of a page to text, reversibly: every position in the text, or its UTF-8, has its byte in the file."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.I
)
# Labels that pages use for a superset of what the label says, as browsers read them.
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "cp950",
}
_STRAY = re.compile("[\ud800-\udfff]")
_HEAD = 4096


@dataclass(frozen=True)
class Source:
    """A decoded page. Bytes that the codec could not read are U+FFFD in `text`, one for one."""

    text: str
    codec: str
    skipped: int
    exact: str

    def byte_offsets(self, positions: Iterable[int]) -> dict[int, int]:
        """The byte offset of each position in the text; positions beyond the end are the end."""
        if self.exact.isascii():
            return {position: self.skipped + min(position, len(self.exact)) for position in positions}
        offsets: dict[int, int] = {}
        reached, offset, utf_8 = 0, self.skipped, self.codec == "utf-8"
        for position in sorted(set(positions)):
            piece = self.exact[reached:position]
            plain = utf_8 and piece.isascii()
            offset += len(piece if plain else piece.encode(self.codec, "surrogateescape"))
            reached = max(reached, min(position, len(self.exact)))
            offsets[position] = offset
        return offsets


@dataclass(frozen=True)
class Utf8:
    """A page as the parser reads it, and what it was decoded to where it did not come as UTF-8 without an error; of
    one that did, `skipped` is the length of its byte order mark."""

    html: bytes
    skipped: int = 0
    source: Source | None = None

    def byte_offsets(self, positions: Iterable[int]) -> dict[int, int]:
        """The byte of the file for each position in `html`, which begins a character; positions beyond the end are the
        end."""
        if self.source is None:
            return {position: self.skipped + min(position, len(self.html)) for position in positions}
        characters: dict[int, int] = {}
        reached = count = 0
        for position in sorted(set(positions)):
            count += len(self.html[reached:position].decode())
            reached = max(reached, min(position, len(self.html)))
            characters[position] = count
        offsets = self.source.byte_offsets(characters.values())
        return {position: offsets[count] for position, count in characters.items()}


def as_utf8(raw: bytes | str) -> Utf8:
    """A page in UTF-8, read as `decode` does."""
    if isinstance(raw, str):
        raw = raw.encode("utf-8", "replace")
    skipped = len(codecs.BOM_UTF8) if raw.startswith(codecs.BOM_UTF8) else 0
    if not raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and _is_utf8(raw):
        return Utf8(raw[skipped:], skipped)
    source = decode(raw)
    return Utf8(source.text.encode(), 0, source)


def _is_utf8(raw: bytes) -> bool:
    try:
        return raw.isascii() or bool(raw.decode())
    except UnicodeDecodeError:
        return False


def decode(raw: bytes | str, named: str = "") -> Source:
    """Reads a page by its byte order mark, else as UTF-8 where it is that, else as it declares itself; or in the
    encoding that is `named`. Raises LookupError for one that is unknown.

    A wrong declaration is common, and text that happens to be valid UTF-8 is not, so UTF-8 goes first.
    """
    if isinstance(raw, str):
        raw = raw.encode("utf-8", "replace")
    if named:
        return _read(raw, codecs.lookup(named).name, 0)
    for mark, codec in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return _read(raw, codec, len(mark))
    try:
        return Source(text := raw.decode("utf-8"), "utf-8", 0, text)
    except UnicodeDecodeError:
        return _read(raw, _declared(raw) or _guess(raw), 0)


def _read(raw: bytes, codec: str, skipped: int) -> Source:
    try:
        exact = raw[skipped:].decode(codec, "surrogateescape")
    except UnicodeDecodeError:  # a codec of two bytes a character has no stray single byte
        exact = raw[skipped:].decode(codec, "ignore")
    return Source(_STRAY.sub("\ufffd", exact), codec, skipped, exact)


def _declared(raw: bytes) -> str | None:
    found = _DECLARED.search(raw[:_HEAD])
    if found is None:
        return None
    try:
        name = codecs.lookup(found[1].decode("ascii")).name
        b"".decode(name)  # refuses codecs that give no text, such as "hex"
    except (LookupError, UnicodeError):
        return None
    # A declaration that can be read as bytes is not one of two bytes a character.
    return None if name.startswith(("utf-16", "utf-32", "utf-7")) else _MEANT.get(name, name)


def _guess(raw: bytes) -> str:
    """UTF-8 with a few broken bytes, or the Western encoding that old pages left undeclared."""
    text = raw.decode("utf-8", "surrogateescape")
    broken = len(_STRAY.findall(text))
    return "utf-8" if sum(character > "\x7f" for character in text) > 2 * broken else "cp1252"
