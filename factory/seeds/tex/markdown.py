"""TeX without comments and macros as Markdown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from factory.fences import fenced, fences
from factory.seeds.tex.references import NUMBERED, referred
from factory.seeds.tex.scan import NAME, VERBATIM, argument, environment, option
from factory.seeds.tex.words import (
    ACCENTS,
    CHARACTERS,
    DROPPED,
    FORMULAS,
    HEADINGS,
    LISTS,
    NOT_READ,
    STYLES,
    TAKES,
    THEOREMS,
)

DEPTH = 40

_NEXT = re.compile(r"\\|\$\$?|~|``|''|---?|\{|\}|\n\s*\n")
_LABELS = re.compile(
    r"\\(?:label|tag\*?)\s*\{[^{}]*\}|\\(?:nonumber|notag|xspace)\b|\\ensuremath\s*(?=\{)|\\l?eqno\b.*",
    re.DOTALL,
)
_AUTHOR = re.compile(r"\\author\s*(?:\[[^\]]*\])?\s*(?=\{)")
_LINES = re.compile(r"\\\\|\\(?:inst|affil|altaffil\w*|orcid\w*)\b.*", re.DOTALL)
_BLANK = re.compile(r"\n\s*\n\s*")
_NEW = re.compile(r"\\newtheorem\*?\s*\{([^{}]+)\}\s*(?:\[[^\]]*\])?\s*\{([^{}]+)\}")
_BODY = re.compile(r"\\begin\s*\{document\}")
_RULES = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|cline\{[^{}]*\}|cmidrule(?:\([^)]*\))?\{[^{}]*\})"
)
_ITEM = re.compile(r"\\item\b")
_STATEMENT = re.compile(
    r"\\(?:(state|statex|comment)|(end(?:if|for|while|function|procedure|loop))"
    r"|(require|ensure|return|print|if|elsif|else|for|forall|while|repeat|until|loop|function|procedure))(?![a-zA-Z])",
    re.IGNORECASE,
)
_NUMBERED = re.compile(rf"\\{NUMBERED}\{{([^{{}}]*)\}}")
_UNIT = re.compile(r"\\([a-zA-Z]+)\s*")


@dataclass(frozen=True)
class TexDocument:
    """A paper: its text as Markdown, and what it says of itself."""

    markdown: str
    title: str = ""
    author: str = ""
    date: str = ""


def to_markdown(text: str) -> TexDocument:
    """Reads a whole TeX text: headings, paragraphs, lists, simple tables, code; formulas stay TeX.

    References become the numbers that TeX gives them. What only lays out is left out, as are citations, unless a
    sentence needs their names and the bibliography has them; unknown commands give what is in their braces.
    """
    begins = _BODY.search(text)
    preamble = text[: begins.start()] if begins else ""
    body = environment(text, "document", begins.end())[0] if begins else text
    theorems = {**THEOREMS, **dict(_NEW.findall(preamble))}
    body = referred(body, preamble, theorems)
    reader = _Reader(theorems)
    said = {name: _said(reader, name, preamble + body) for name in ("title", "date")}
    content = _BLANK.sub("\n\n", reader.blocks(body)).strip()
    if said["title"]:
        content = f"# {said['title']}\n\n{content}"
    authors = "; ".join(_authors(reader, preamble + body))
    return TexDocument(content, said["title"].replace("*", ""), authors, said["date"])


def _authors(reader: _Reader, text: str) -> list[str]:
    r"""The names of authors: the first line of each, before where they work, of every ``\author``."""
    groups = [argument(text, found.end())[0] for found in _AUTHOR.finditer(text)]
    parts = [part for group in groups for part in re.split(r"\\(?:and|And|AND)\b", group)]
    lines = [next(filter(str.strip, _LINES.split(part, maxsplit=1)), "") for part in parts]
    names = [name for line in lines for name in re.split(r"[;,\n]| and ", reader.blocks(line))]
    return [" ".join(name.split()) for name in names if name.strip()]


def _said(reader: _Reader, name: str, text: str) -> str:
    found = re.search(rf"\\{name}\s*(?:\[[^\]]*\])?\s*(?=\{{)", text)
    if not found:
        return ""
    value = argument(text, found.end())[0]
    return " ".join(reader.blocks(value).split())


@dataclass
class _Reader:
    """Turns TeX into Markdown; nested parts by calling itself, to a bounded depth."""

    theorems: Mapping[str, str]
    depth: int = 0
    parts: list[str] = field(default_factory=list)

    def blocks(self, text: str) -> str:
        """A piece of TeX as Markdown."""
        if self.depth > DEPTH:
            return text
        inner = _Reader(self.theorems, self.depth + 1)
        at = 0
        while found := _NEXT.search(text, at):
            inner.parts.append(text[at : found.start()].replace("\n", " "))
            at = inner.token(text, found)
        inner.parts.append(text[at:].replace("\n", " "))
        return _tidied("".join(inner.parts))

    def token(self, text: str, found: re.Match[str]) -> int:
        """Reads what begins at a mark; the place behind it."""
        mark, at = found[0], found.end()
        if mark == "\\":
            return self.command(text, found.start())
        if mark in ("$", "$$"):
            end = text.find(mark, at)
            while end > 0 and text[end - 1] == "\\":
                end = text.find(mark, end + 1)
            if end < 0:
                self.parts.append("\\$")
                return at
            self.formula(text[at:end], display=mark == "$$")
            return end + len(mark)
        plain = {"~": " ", "``": "“", "''": "”", "--": "–", "---": "—", "{": "", "}": ""}
        self.parts.append(plain.get(mark, "\n\n"))
        return at

    def formula(self, tex: str, *, display: bool, name: str = "") -> None:
        """A formula between dollars; what numbers and labels it goes."""
        bare = " ".join(_LABELS.sub("", tex).split()) if not display else _LABELS.sub("", tex).strip()
        if not bare:
            return
        wrapped = f"\\begin{{{name}}}\n{bare}\n\\end{{{name}}}" if name else bare
        lines = "\n".join(line.rstrip() for line in wrapped.splitlines() if line.strip())
        self.parts.append(f"\n\n$$\n{lines}\n$$\n\n" if display else f"${bare}$")

    def command(self, text: str, at: int) -> int:
        """Reads a command and its arguments; the place behind."""
        found = NAME.match(text, at)
        if not found:
            return at + 1
        name, at = found[1].removesuffix("*"), found.end()
        if name in ("(", "["):
            end = text.find("\\)" if name == "(" else "\\]", at)
            end = len(text) if end < 0 else end
            self.formula(text[at:end], display=name == "[")
            return end + 2
        if name == "begin":
            kind, at = argument(text, at)
            return self.environment(text, kind, at)
        if name == "\\":
            self.parts.append("\n" if not text[at:].startswith("[") else "")
            return option(text, at)[1]
        if name in ("verb", "lstinline", "mintinline"):
            return self.shown(text, name, at)
        if name in ACCENTS and ((len(name) == 1 and not name.isalpha()) or text[at : at + 1] in ("{", " ")):
            letter, at = argument(text, at)
            base = {"\\i": "i", "\\j": "j"}.get(letter, letter)
            self.parts.append(unicodedata.normalize("NFC", base[:1] + ACCENTS[name]) + base[1:])
            return at
        if name in CHARACTERS:
            self.parts.append(CHARACTERS[name])
            return at + (1 if name.isalpha() and text[at : at + 1] == " " else 0)
        return self.named(text, name, at)

    def shown(self, text: str, name: str, at: int) -> int:
        """Code within a line, between braces or any other mark; the place behind."""
        if name != "verb":
            at = option(text, at)[1]
        if name == "mintinline":
            at = argument(text, at)[1]
        if name != "verb" and text[at : at + 1] == "{":
            code, at = argument(text, at)
        else:
            end = text.find(text[at : at + 1] or " ", at + 1)
            end = len(text) if end < 0 else end
            code, at = text[at + 1 : end], end + 1
        self.parts.append(f"`{code}`")
        return at

    def named(self, text: str, name: str, at: int) -> int:
        """Reads a command with a name of letters; the place behind."""
        if name in HEADINGS:
            _, at = option(text, at)
            title, at = argument(text, at)
            self.parts.append(f"\n\n{'#' * HEADINGS[name]} {' '.join(self.blocks(title).split())}\n\n")
        elif name in DROPPED:
            for _ in range(2):
                _, at = option(text, at)
            for _ in range(DROPPED[name]):
                _, at = argument(text, at)
        elif name in ("title", "author", "date", "maketitle", "centering", "item", "appendix", "and"):
            if text[at : at + 1] in ("{", "["):
                _, at = option(text, at)
                _, at = argument(text, at)
        elif name in STYLES:
            inner, at = argument(text, at)
            words, mark = self.blocks(inner), STYLES[name]
            plain = "\n" in words or not words.strip() or mark in words
            self.parts.append(words if plain else f"{mark}{words.strip()}{mark}")
        elif name in ("footnote", "footnotetext"):
            inner, at = argument(text, option(text, at)[1])
            self.parts.append(f" ({' '.join(self.blocks(inner).split())})")
        elif name in ("SI", "qty"):
            number, at = argument(text, option(text, at)[1])
            unit, at = argument(text, at)
            words = _UNIT.sub(r"\1 ", unit).strip()
            self.parts.append(f"{self.blocks(number).strip()} {words}")
        elif name == "texorpdfstring":
            words, at = argument(text, at)
            self.parts.append(self.blocks(words))
            at = argument(text, at)[1]
        elif name == "ensuremath":
            inner, at = argument(text, at)
            self.formula(inner, display=False)
        elif name == "xspace":
            behind = text[at:].lstrip(" ")
            at = len(text) - len(behind)
            self.parts.append(" " if behind[:1].isalnum() or behind[:1] in "(\\$" else "")
        elif name == "href":
            address, at = argument(text, at)
            words, at = argument(text, at)
            self.parts.append(f"[{self.blocks(words)}]({address})")
        elif name == "url":
            address, at = argument(text, at)
            self.parts.append(address)
        elif name == "caption":
            numbered = _NUMBERED.match(text, at)
            words, at = argument(text, option(text, numbered.end() if numbered else at)[1])
            number = f"{numbered[1]}. " if numbered else ""
            self.parts.append(f"\n\n{number}{' '.join(self.blocks(words).split())}\n\n")
        elif text[at : at + 1] == " " and name.isalpha():
            at += 1  # a space ends the name, and is none of the text
        return at

    def environment(self, text: str, kind: str, at: int) -> int:
        """Reads an environment; the place behind it."""
        inner, behind = environment(text, kind, at)
        name = kind.removesuffix("*")
        if name in NOT_READ:
            return behind
        if kind in VERBATIM or name in VERBATIM:
            self.parts.append(_code(name, inner))
        elif name in FORMULAS:
            if name == "alignat":
                inner = inner[argument(inner, 0)[1] :]
            self.formula(inner, display=name != "math", name=FORMULAS[name])
        elif name in LISTS:
            self.parts.append(f"\n\n{self.listed(name, inner)}\n\n")
        elif name in ("tabular", "tabularx", "longtable", "array"):
            self.parts.append(f"\n\n{self.table(name, inner)}\n\n")
        elif name in ("algorithmic", "algorithmicx"):
            self.parts.append(
                f"\n\n{self.blocks(_STATEMENT.sub(_statement, inner[option(inner, 0)[1] :]))}\n\n"
            )
        elif name == "abstract":
            self.parts.append(f"\n\n## Abstract\n\n{self.blocks(inner)}\n\n")
        elif name in ("quote", "quotation", "verse"):
            self.parts.append("\n\n> " + self.blocks(inner).strip().replace("\n", "\n> ") + "\n\n")
        elif name in self.theorems:
            numbered = _NUMBERED.match(inner)
            told, start = option(inner, numbered.end() if numbered else 0)
            title = self.theorems[name] + (f" {numbered[1]}" if numbered else "")
            title += f" ({self.blocks(told)})" if told else ""
            self.parts.append(f"\n\n**{title}.** {self.blocks(inner[start:]).strip()}\n\n")
        else:
            start = option(inner, 0)[1]
            for _ in range(TAKES.get(name, 0)):
                start = argument(inner, option(inner, start)[1])[1]
            self.parts.append(f"\n\n{self.blocks(inner[start:])}\n\n")
        return behind

    def listed(self, kind: str, inner: str) -> str:
        """A list; one inside another is indented below its item."""
        lines = []
        for number, item in enumerate(_items(inner), start=1):
            told, start = option(item, 0)
            content = self.blocks(item[start:]).strip()
            marker = f"{number}." if kind in ("enumerate", "compactenum") else "-"
            name = f"**{self.blocks(told).strip()}** " if told and kind == "description" else ""
            lines.append(f"{marker} {name}" + content.replace("\n\n", "\n").replace("\n", "\n  "))
        return "\n".join(lines)

    def table(self, kind: str, inner: str) -> str:
        """A simple table as Markdown; one with cells over several columns or rows keeps its rows as lines."""
        at = option(inner, 0)[1]
        for _ in range(2 if kind == "tabularx" else 1):
            _, at = argument(inner, at)
        rows = []
        for line in re.split(r"\\\\(?:\[[^\]]*\])?|\\tabularnewline", _RULES.sub("", inner[at:])):
            if line.strip():
                cells = re.split(r"(?<!\\)&", line)
                rows.append(
                    [" ".join(self.blocks(_spanned(cell)).split()).replace("|", "\\|") for cell in cells]
                )
        if not rows:
            return ""
        width = max(len(row) for row in rows)
        lines = [f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in rows]
        return "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])


def _statement(found: re.Match[str]) -> str:
    """A command of an algorithm as a line of its own, with its word in bold."""
    words = {"elsif": "else if", "forall": "for all"}
    word = "end" if found[2] else words.get((found[3] or "").lower(), (found[3] or "").lower())
    return f"\\\\ \\textbf{{{word}}} " if word else "\\\\ "


def _spanned(cell: str) -> str:
    """The content of a cell that spans others."""
    found = re.search(r"\\multi(?:column|row)\s*(?=\{)", cell)
    if not found:
        return cell
    _, at = argument(cell, found.end())
    _, at = argument(cell, at)
    return cell[: found.start()] + argument(cell, at)[0]


def _items(inner: str) -> list[str]:
    """The items of a list itself, not of those inside it."""
    items: list[list[str]] = []
    depth, at = 0, 0
    for found in re.finditer(r"\\begin\s*\{|\\end\s*\{|\\item\b", inner):
        if found[0].startswith("\\begin"):
            depth += 1
        elif found[0].startswith("\\end"):
            depth -= 1
        elif depth == 0:
            if items:
                items[-1].append(inner[at : found.start()])
            items.append([])
            at = found.end()
    if items:
        items[-1].append(inner[at:])
    return ["".join(parts) for parts in items]


def _code(name: str, inner: str) -> str:
    language = ""
    told, at = option(inner, 0)
    if name == "minted":
        language, at = argument(inner, at)
    elif told and (found := re.search(r"language=\{?([\w+#-]+)", told)):
        language = found[1]
    content = inner[at:].strip("\n")
    return f"\n\n{fenced(content, language.lower())}\n\n"


def _tidied(text: str) -> str:
    """Single spaces within paragraphs; code and displayed formulas as they are."""
    kept: list[str] = []
    code = {number for fence in fences(text) for number in fence.lines}
    displayed = False
    for number, line in enumerate(text.split("\n")):
        displayed ^= line == "$$" and number not in code
        if number not in code and not displayed:
            line = re.sub(r"(?<=\S)[ \t]+", " ", line).rstrip()
            line = re.sub(r"[ \t]+([.,;:)])", r"\1", line)
            if not line and kept[-1:] == [""]:
                continue
        kept.append(line)
    return "\n".join(kept)
