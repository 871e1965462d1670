"""Seeds from TeX: papers of many files, as arXiv keeps their sources."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from factory.errors import FactoryError
from factory.plugins import Broken, Found, source
from factory.records import Code, Document, Origin, Passage, Seed
from factory.seeds.archives import unpack
from factory.seeds.html.encoding import decode
from factory.seeds.html.metadata import iso_date
from factory.seeds.pages import Wanted, seeds_of_markdown
from factory.seeds.segment import MAX_WORDS, MIN_WORDS
from factory.seeds.tex import expand, to_markdown, whole_text

_TEXTS = (".tex", ".ltx", ".txt", "")
MOST_FILES = 500


@source(gives=(Document, Passage, Code))
def tex(
    path: Path, kind: type[Seed], *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> Iterator[Found | Broken]:
    """TeX projects: an archive (.tar.gz, .tar, .zip, .gz of one file), or a main file with what lies beside it.

    Inputs are resolved inside the project, the author's simple macros expanded, formulas kept between dollars;
    the bibliography and pictures are left out, captions kept. Places are in bytes of the Markdown.
    """
    origin = Origin(address=str(path), place="")
    try:
        document = to_markdown(expand(whole_text(_files(path))))
    except FactoryError as error:
        yield Broken(origin, str(error))
        return
    origin = origin.model_copy(
        update={
            "title": document.title or None,
            "author": document.author or None,
            "date": iso_date(document.date) or None,
        }
    )
    yield from seeds_of_markdown(document.markdown, Wanted(kind, min_words, max_words), origin)


def _files(path: Path) -> dict[str, str]:
    """The texts of a project by name."""
    if path.suffix.lower() in (".tex", ".ltx"):
        main = decode(path.read_bytes()).text
        beside = [one for one in sorted(path.parent.rglob("*.tex"))[:MOST_FILES] if one != path]
        others = {str(one.relative_to(path.parent)): decode(one.read_bytes()).text for one in beside}
        # Of a folder of papers, only the named one is the main file: the others are what it may input.
        return {
            path.name: main,
            **{
                name: text.replace("\\documentclass", "")
                for name, text in others.items()
                if "\\begin{document}" not in text
            },
        }
    found = unpack(path, lambda name: Path(name).suffix.lower() in _TEXTS)
    return {name: decode(content).text for name, content in found.items() if b"\0" not in content[:4096]}
