"""Wiki markup as Markdown, through mwparserfromhell."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from factory.errors import FactoryError
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
_CODE = re.compile(r"<(syntaxhighlight|source)\b([^>]*)>(.*?)</\1>", re.I | re.S)
_MATH = re.compile(r"<math\b([^>]*)>(.*?)</math>", re.I | re.S)
_LANGUAGE = re.compile(r"lang\s*=\s*[\"']?([\w+#-]+)", re.I)
_TABLE = re.compile(r"^\{\|.*?^\|\}", re.S | re.M)
_LIST = re.compile(r"^([*#:;]+)\s*(.*)$")
_PRE = re.compile(r"<pre\b[^>]*>(.*?)</pre>", re.I | re.S)
_CHEM = re.compile(r"<(?:chem|ce)\b[^>]*>(.*?)</(?:chem|ce)>", re.I | re.S)
_SCRIPT = re.compile(r"<(sub|sup)>([^<>{}\[\]|]{1,20})</\1>", re.I)
_LANGUAGE_LINK = re.compile(r"^\s*[a-z]{2,3}(?:-[a-z]+)?:(?!\s)")
# What is left of brackets whose templates told how a name is spoken or spelled.
_HOLLOW = re.compile(r"[ \t]*\((?=[\s,;:]*\))[\s,;:]*\)")
_OPENING = re.compile(r"\((?:\s*[,;:])+\s*")
_REF = re.compile(
    r"<ref\b[^>]*/>|<ref\b[^>]*>.*?</ref>|<!--.*?-->|<(gallery|timeline|score|imagemap)\b.*?</\1>",
    re.I | re.S,
)
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

    text = _REF.sub("", _RESERVED.sub("", text))
    text = _CODE.sub(lambda found: hold(_fenced(found)), text)
    text = _MATH.sub(lambda found: hold(_formula(found)), text)
    text = _CHEM.sub(lambda found: hold(f"$\\ce{{{unescape(found[1]).strip()}}}$"), text)
    text = _PRE.sub(lambda found: hold(f"\n\n```\n{unescape(found[1]).strip(chr(10))}\n```\n\n"), text)
    text = _SCRIPT.sub(lambda found: hold(_script(found)), text)
    text = _TABLE.sub(lambda found: "\n\n" + hold(_table(found[0])) + "\n\n", text)
    lines = _words(text).splitlines()
    made = _OPENING.sub("(", _HOLLOW.sub("", "\n".join(_lines(lines))))
    for _ in range(3):  # a formula may stand in a table
        made = _HELD.sub(lambda found: held[int(found[1])], made)
    return re.sub(r"\n{3,}", "\n\n", made).strip()


def _words(text: str) -> str:
    """Text without templates, with links as their words; markup of lines stays."""
    try:
        import mwparserfromhell
    except ImportError as error:
        raise FactoryError("wiki markup needs: pip install 'seedfactory[seeds]'") from error
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


def _fenced(found: re.Match[str]) -> str:
    language = _LANGUAGE.search(found[2])
    code = unescape(found[3]).strip("\n")
    if "inline" in found[2] or ("\n" not in code and len(code) < 60 and not language):
        return f"`{code.strip()}`"
    return f"\n\n```{language[1].lower() if language else ''}\n{code}\n```\n\n"


def _formula(found: re.Match[str]) -> str:
    tex = " ".join(unescape(found[2]).split())
    return f"\n\n$$\n{tex}\n$$\n\n" if "block" in found[1] else f"${tex}$"


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
