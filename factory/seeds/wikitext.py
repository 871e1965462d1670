"""Wiki markup as Markdown, through mwparserfromhell."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

from factory.extras import need
from factory.fences import fenced
from factory.seeds.wikitemplates import shown_of

DEPTH = 30
_NOT_TEXT = re.compile(
    r"^\s*(?:file|image|category|datei|bild|kategorie|fichier|catégorie|archivo|categoría|файл|категория)\s*:",
    re.I,
)
_ENDINGS = re.compile(
    r"^(?:see also|references|external links|further reading|notes|bibliography|sources|footnotes|einzelnachweise"
    r"|weblinks|literatur|siehe auch|références|liens externes|voir aussi|referencias|enlaces externos|note"
    r"|примечания|ссылки|литература|脚注|関連項目|外部リンク|参考资料|外部链接|参见)$", re.I)  # fmt: skip
_HELD_TAGS = re.compile(r"<(syntaxhighlight|source|math|chem|ce|pre)\b([^<>]*)>", re.I)
_LOST_TAGS = re.compile(r"<(ref|gallery|timeline|score|imagemap)\b([^<>]*)>|<!(--)", re.I)
MOST_TAGS = 5_000
"""Of an article, code and references aside: more would keep the parser busy for hours."""
_LANGUAGE = re.compile(r"lang\s*=\s*[\"']?([\w+#-]+)", re.I)
_TABLE = re.compile(r"^\{\|.*?^\|\}", re.S | re.M)
_LIST = re.compile(r"^([*#:;]+)\s*(.*)$")
_SCRIPT = re.compile(r"<(sub|sup)>([^<>{}\[\]|]{1,20})</\1>", re.I)
_LANGUAGE_LINK = re.compile(r"^\s*[a-z]{2,3}(?:-[a-z]+)?:(?!\s)")
# What is left of brackets whose templates told how a name is spoken or spelled.
_HOLLOW = re.compile(r"(?<![ \t])[ \t]*+\((?=[\s,;:–—]*\))[\s,;:–—]*\)")
_OPENING = re.compile(r"\((?:\s*[,;:])+\s*")
_CLOSING = re.compile(r"(?<![\s,;])(?:[ \t]*[,;])++[ \t]*\)")
_DOUBLED = re.compile(r"(?<![\s,;])[ \t]*;(?:[ \t]*[,;])++")
_SWITCH = re.compile(r"__[A-Z]{3,}__")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_HELD = re.compile("\ue000(\\d+)\ue001")
# Characters for private use stand for what is held back; the parser ends a text at a NUL.
_RESERVED = re.compile("[\x00\ue000\ue001]")
_SPAN = re.compile(r"(col|row)span\s*=\s*[\"']?(\d+)", re.I)


def to_markdown(text: str) -> str:
    """An article as Markdown: headings, paragraphs, lists, tables, code and formulas; templates, references,
    pictures and what stands below the article left out."""
    held: list[str] = []

    def hold(made: str) -> str:
        held.append(made)
        return f"\ue000{len(held) - 1}\ue001"

    text = _between(_SWITCH.sub("", _RESERVED.sub("", text)), _LOST_TAGS, lambda name, attributes, inner: "")
    text = _between(text, _HELD_TAGS, lambda name, attributes, inner: hold(_kept(name, attributes, inner)))
    text = _SCRIPT.sub(lambda found: hold(_script(found)), text)
    text = _TABLE.sub(lambda found: "\n\n" + hold(_table(found[0])) + "\n\n", text)
    text = text if text.count("<") <= MOST_TAGS else _TAG.sub("", text)
    lines = _words(text).splitlines()
    made = _OPENING.sub("(", _HOLLOW.sub("", "\n".join(_lines(lines))))
    made = _DOUBLED.sub(";", _CLOSING.sub(")", made))
    for _ in range(3):  # a formula may stand in a table
        made = _HELD.sub(lambda found: held[int(found[1])], made)
    return re.sub(r"\n{3,}", "\n\n", made).strip()


def _words(text: str) -> str:
    """Text without templates, with links as their words; markup of lines stays."""
    need("seeds", "mwparserfromhell", by="wiki markup")
    import mwparserfromhell

    return _plain(mwparserfromhell.parse(text, skip_style_tags=True), 0)


def _plain(code: Any, depth: int) -> str:
    if depth > DEPTH:
        return ""
    parts: list[str] = []
    for node in code.nodes:
        kind = type(node).__name__
        if kind == "Text":
            parts.append(str(node.value))
        elif kind == "Wikilink":
            if not (_NOT_TEXT.match(str(node.title)) or _LANGUAGE_LINK.match(str(node.title))):
                shown = node.text if node.text is not None else node.title
                parts.append(_plain(shown, depth + 1) if node.text is not None else str(shown).lstrip(":"))
        elif kind == "ExternalLink":
            shown = "" if node.brackets else str(node.url)
            parts.append(_plain(node.title, depth + 1) if node.title is not None else shown)
        elif kind == "Template":
            given = {str(one.name).strip(): _plain(one.value, depth + 1).strip() for one in node.params}
            parts.append(shown_of(str(node.name), given))
        elif kind == "Heading":
            parts.append(f"{'#' * min(node.level, 6)} {_plain(node.title, depth + 1).strip()}")
        elif kind == "HTMLEntity":
            parts.append(unescape(str(node)))
        elif kind == "Tag":
            tag = str(node.tag).lower()
            if tag == "br":
                parts.append("\n")
            elif node.wiki_markup and not str(node.contents or ""):
                parts.append(str(node.wiki_markup))
            elif tag in ("code", "tt", "kbd", "samp") and "`" not in str(node.contents):
                parts.append(f"`{_plain(node.contents, depth + 1)}`")
            elif tag not in ("ref", "gallery", "table") and node.contents is not None:
                parts.append(_plain(node.contents, depth + 1))
    return "".join(parts)


def _lines(lines: list[str]) -> list[str]:
    """Lines of wiki markup as those of Markdown; what stands below an article's end is left out."""
    made: list[str] = []
    left_out = 0
    for line in lines:
        item = _LIST.match(line)
        line = _emphasised(line).rstrip()
        if line.startswith("#") and (heading := re.match(r"(#+) (.+)$", line)) and not line.startswith("# "):
            level = len(heading[1])
            if left_out and level <= left_out:
                left_out = 0
            if not left_out and _ENDINGS.match(heading[2].strip(" *")):
                left_out = level
            if not left_out:
                made += ["", line, ""]
            continue
        if left_out:
            continue
        if item and item[2].strip():
            marks, words = item[1], _TAG.sub("", _emphasised(item[2]))
            indent = "  " * (len(marks) - 1)
            bullet = {"#": "1. ", "*": "- ", ":": "", ";": ""}[marks[-1]]
            made.append(f"{indent}{bullet}{words}" if bullet else words)
        elif line.strip():
            made.append(line.strip() + ("\n" if not made or not line.startswith("\ue000") else ""))
        else:
            made.append("")
    return made


def _emphasised(line: str) -> str:
    return line.replace("'''", "**").replace("''", "*")


def _script(found: re.Match[str]) -> str:
    """What stands below or above its line: 10<sup>6</sup> is not 106."""
    mark, inner = "_" if found[1].lower() == "sub" else "^", unescape(found[2]).replace("''", "").strip()
    return f"${mark}{{{inner.replace('−', '-')}}}$" if inner else ""


def _between(text: str, opening: re.Pattern[str], make: Callable[[str, str, str], str]) -> str:
    """A text with what `make` makes of each element (its name, attributes and content) in its place; an element
    that never closes stays. The time it takes grows with the text."""
    parts: list[str] = []
    unclosed = set[str]()
    at = 0
    while found := opening.search(text, at):
        name, attributes = (found[1] or "").lower(), found[2] or ""
        alone = attributes.endswith("/")
        end = re.compile(rf"</{name}\s*>" if name else "-->", re.I)
        close = None if alone or name in unclosed else end.search(text, found.end())
        if close is None and not alone:
            unclosed.add(name)
            parts.append(text[at : found.end()])
            at = found.end()
            continue
        inner = text[found.end() : close.start()] if close else ""
        parts += [text[at : found.start()], make(name, attributes, inner)]
        at = close.end() if close else found.end()
    return "".join([*parts, text[at:]])


def _kept(name: str, attributes: str, inner: str) -> str:
    """An element whose content is no wiki markup, as Markdown."""
    content = unescape(inner)
    if name == "math":
        tex = " ".join(content.split())
        return f"\n\n$$\n{tex}\n$$\n\n" if "block" in attributes else f"${tex}$"
    if name in ("chem", "ce"):
        return f"$\\ce{{{content.strip()}}}$"
    language, code = _LANGUAGE.search(attributes), content.strip("\n")
    short = name != "pre" and "\n" not in code and len(code) < 60 and not language
    if "inline" in attributes or short:
        return f"`{code.strip()}`"
    return f"\n\n{fenced(code, language[1].lower() if language else '')}\n\n"


def _table(markup: str) -> str:
    """A table as Markdown; cells over several columns or rows are repeated; a table inside another stays out."""
    rows: list[list[str]] = [[]]
    below: dict[
        int, tuple[int, str]
    ] = {}  # column -> how many rows more a cell from above takes, and its words
    caption = ""
    for line in markup.splitlines()[1:-1]:
        line = line.strip()
        if line.startswith("|+"):
            caption = _words(line[2:].rpartition("|")[2] if "[[" not in line else line[2:]).strip()
        elif line.startswith("|-"):
            if rows[-1]:
                _fill(rows[-1], below)
                rows.append([])
        elif line[:1] in ("|", "!"):
            for cell in re.split(r"\|\||!!", line[1:]):
                attributes, bar, content = cell.partition("|")
                if not bar or "[[" in attributes or "{{" in attributes:
                    attributes, content = "", cell
                spans = {name.lower(): int(count) for name, count in _SPAN.findall(attributes)}
                words = " ".join(_TAG.sub(" ", _words(content)).replace("'''", "").replace("''", "").split())
                words = words.replace("|", "\\|")
                for _ in range(max(1, min(spans.get("col", 1), 50))):
                    _fill(rows[-1], below)
                    if (down := min(spans.get("row", 1), 100)) > 1:
                        below[len(rows[-1])] = (down - 1, words)
                    rows[-1].append(words)
        elif rows[-1] and line:
            rows[-1][-1] = f"{rows[-1][-1]} {' '.join(_words(line).split())}".strip()
    _fill(rows[-1], below)
    rows = [row for row in rows if any(row)]
    if len(rows) < 2:
        return ""
    width = max(len(row) for row in rows)
    lines = [f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in rows]
    return "\n".join([*([caption, ""] if caption else []), lines[0], f"|{' --- |' * width}", *lines[1:]])


def _fill(row: list[str], below: dict[int, tuple[int, str]]) -> None:
    """Puts the cells that rows above stretch down into a row, up to its next free column."""
    while len(row) in below:
        count, words = below.pop(len(row))
        if count > 1:
            below[len(row)] = (count - 1, words)
        row.append(words)
