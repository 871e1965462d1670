"""Seeds from TeX: papers of many files, as arXiv keeps their sources."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from factory.plugins import Item, source
from factory.records import Code, Document, Origin, Passage, Seed
from factory.seeds.archives import BULK, members, members_of, unpack
from factory.seeds.dates import iso_date
from factory.seeds.files import UnreadableError, opened
from factory.seeds.html.encoding import decode
from factory.seeds.pages import Wanted, guarded, seeds_of_markdown
from factory.seeds.segment import MAX_WORDS, MIN_WORDS
from factory.seeds.tex import expand, to_markdown, whole_text

_TEXTS = (".tex", ".ltx", ".txt", "")
MOST_FILES = 500


@source(gives=(Document, Passage, Code))
def tex(
    path: Path, kind: type[Seed], *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> Iterator[Item]:
    """TeX projects: an archive (.tar.gz, .tar, .zip, .gz of one file), a main file with what lies beside it, or a
    .tar of many papers' .gz, as arXiv gives them in bulk.

    Inputs are resolved inside the project, the author's simple macros expanded, formulas kept between dollars,
    references made the numbers that TeX gives them; the bibliography and pictures are left out, captions kept. Places
    are in bytes of the Markdown, behind the name of the paper where the file holds many. A withdrawn paper, or one
    without TeX, is a broken record.
    """
    wanted = Wanted(kind, min_words, max_words)
    if path.suffix.lower() == ".tar" and _holds_papers(path):
        for name, content in members(path, _is_packed, BULK):
            origin = Origin(address=str(path), place=name)
            yield from guarded(_packed(content, name, origin, wanted), origin)
        return
    origin = Origin(address=str(path), place="")
    yield from guarded(_project(path, origin, wanted), origin)


def _project(path: Path, origin: Origin, wanted: Wanted) -> Iterator[Item]:
    """A paper of its own, packed or in a folder."""
    yield from _paper(*_files(path), origin, wanted)


def _packed(content: bytes, name: str, origin: Origin, wanted: Wanted) -> Iterator[Item]:
    """A paper of an archive of papers."""
    files = _texts(dict(members_of(io.BytesIO(content), name, _wanted(name))))
    yield from _paper(files, "", origin, wanted)


def _paper(files: Mapping[str, str], main: str, origin: Origin, wanted: Wanted) -> Iterator[Item]:
    document = to_markdown(expand(whole_text(files, main)))
    origin = origin.model_copy(
        update={
            "title": document.title or None,
            "author": document.author or None,
            "date": iso_date(document.date) or None,
        }
    )
    yield from seeds_of_markdown(document.markdown, wanted, origin)


def _holds_papers(path: Path) -> bool:
    """Whether an archive holds packed papers and no TeX of its own."""
    names: list[str] = []
    for _ in members(path, lambda name: bool(names.append(name)), BULK):  # type: ignore[func-returns-value]
        pass
    return any(map(_is_packed, names)) and not any(name.endswith(".tex") for name in names)


def _is_packed(name: str) -> bool:
    return name.endswith(".gz")


def _files(path: Path) -> tuple[dict[str, str], str]:
    """The texts of a project by name, and its main file where that is known."""
    with opened(path) as stream:
        if stream.read(5) == b"%PDF-":
            raise UnreadableError(f"{path.name}: a PDF, and no TeX; the source 'pdf' reads it")
    if path.suffix.lower() in (".tex", ".ltx"):
        main = decode(opened(path).read()).text
        beside = [one for one in sorted(path.parent.rglob("*.tex"))[:MOST_FILES] if one != path]
        others = {str(one.relative_to(path.parent)): decode(one.read_bytes()).text for one in beside}
        # Of a folder of papers, the named one is the main file: the others are what it may input.
        return {path.name: main, **others}, path.name
    return _texts(unpack(path, _wanted(path.name))), ""


def _wanted(archive: str) -> Callable[[str], bool]:
    """Which members of an archive may be TeX. arXiv's papers of one file are called by their numbers."""
    alone = archive.removesuffix(".gz")
    return lambda name: name == alone or Path(name).suffix.lower() in _TEXTS


def _texts(found: Mapping[str, bytes]) -> dict[str, str]:
    """The members that are texts, by name."""
    texts = {name: content for name, content in found.items() if not content.startswith((b"%PDF", b"%!PS"))}
    return {name: decode(content).text for name, content in texts.items() if b"\0" not in content[:4096]}
