"""Finds the code blocks of a page before anything is pruned: lines and indentation stay, decoration goes."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from itertools import islice

from factory.seeds.html.mathematics import FORMULA
from factory.seeds.html.tree import GONE, Index, Node, in_document_order
from factory.seeds.html.words import names

LISTING = "#code"

_GUTTER = re.compile(
    r"^(lineno|linenos|linenums?|line-?numbers?|line-numbers-rows|lnt|ln|gutter|hljs-ln-numbers|blob-num"
    r"|rouge-gutter|headerlink|copybtn|copy-?button|copy-?code(-button)?)$"
)
_NUMBERS = re.compile(r"\s*(\d+\s*)+")
_LANGUAGE = re.compile(r"(?:^|\s)(?:lang(?:uage)?|highlight|brush|source)[-:]\s*([\w+#.]+)", re.I)
_BARE = re.compile(r"(?:^|\s)(?:sourceCode|prettyprint|brush:|hljs|highlight)\s+([\w+#]+)(?:$|\s|;)")
_NO_LANGUAGE = names("default none text plain plaintext nohighlight notranslate source output")
_SAME = {
    "python3": "python", "py": "python", "pycon3": "pycon", "js": "javascript", "ts": "typescript",
    "sh": "bash", "shell": "bash", "c++": "cpp", "cs": "csharp", "c#": "csharp", "rb": "ruby",
    "ipython3": "python",
}  # fmt: skip
_LOOKS_PYTHON = re.compile(
    r"^\s*(?:def \w+\(|class \w+|import \w|from \w[\w.]* import |(?:for|if|while|with) .+:$|print\()", re.M
)
_LINE = names("line")
_LINED = names("fragment code syntaxhighlighter gutter")
_HOLDERS = ("pre", "listing", "xmp", "code")
_TAKEN = frozenset({LISTING, FORMULA, GONE})
_BLOCKS_IN_CODE = frozenset({"div", "li", "p", "tr", "ol", "ul", "table", "tbody"})


@dataclass(frozen=True)
class Listing:
    """A block of code as it stood on the page."""

    text: str
    language: str

    def __str__(self) -> str:
        return self.text


def protect_code(index: Index) -> bool:
    """Replaces every block of code with a node that holds its text and language; says whether there was any."""
    lined = _lined(index)
    for node in lined:
        lines = (line.text(keep=_shown).replace("\xa0", " ").strip("\r\n").rstrip() for line in node.elements)
        if _NUMBERS.fullmatch(text := "\n".join(lines).strip("\n")):
            node.remove()
        elif text.strip():
            node.become(LISTING, Listing(text, _language(node, text)))
    found = index.tagged(*_HOLDERS)
    for node in found:
        if node.tag in _TAKEN or any(above.tag in _TAKEN for above in node.above()):
            continue
        if node.tag == "code" and not _is_block(node):
            continue
        text = _lines(node)
        if not text.strip() or (_NUMBERS.fullmatch(text) and _is_gutter_cell(node)):
            node.remove()
            continue
        listing = Listing(text, _language(node, text))
        _outermost(node).become(LISTING, listing)
    return bool(found or lined)


def _lined(index: Index) -> list[Node]:
    """What holds code whose lines are elements, without a ``pre``, and whose name says that it is code."""
    parents = {node.parent for node in index.named(_LINE) if node.tag == "div" and node.parent is not None}
    return [
        parent
        for parent in in_document_order(parents)
        if all(child.tag == "div" and "line" in child.words for child in parent.elements)
        and any(not _LINED.isdisjoint(near.words) for near in (parent, *islice(parent.above(), 2)))
        and not any(above.tag == "pre" for above in parent.above())
    ]


def _is_block(node: Node) -> bool:
    """Whether a ``code`` outside ``pre`` holds several lines, as seen on the page."""
    if any(child.tag == "pre" for child in node.elements):
        return False
    if any(above.tag == "pre" for above in node.above()):
        return False
    return sum(1 for below in node.walk() if below.tag == "br") > 0 and "\n" in node.text().strip()


def _is_gutter_cell(node: Node) -> bool:
    """Whether numbers in a table's cell are those of the lines of code that stands in another cell of its row."""
    cell = next((above for above in node.above() if above.tag == "td"), None)
    if cell is None or cell.parent is None:
        return False
    return any(other.find(*_HOLDERS, LISTING) for other in cell.parent.elements if other is not cell)


def _outermost(node: Node) -> Node:
    """The node itself, or the highlighter's table around it, which has nothing beside it but numbers of lines."""
    outer, inside = node, frozenset({node, *node.above()})
    for above in node.above():
        if above.tag in ("td", "tr", "tbody", "table", "div", "figure"):
            if above.tag in ("div", "figure") or _has_several(above, "td") or _has_several(above, "pre"):
                break
            if not all(_is_numbers(cell) for cell in above.find("td", "th", "caption") if cell not in inside):
                break
            if above.tag == "table":
                outer = above
                break
        else:
            break
    return outer


def _has_several(node: Node, tag: str) -> bool:
    """Whether there are more than two such nodes below, without looking at all of them."""
    return (
        len(list(islice((below for below in node.walk() if below.tag == tag and below is not node), 3))) > 2
    )


def _is_numbers(cell: Node) -> bool:
    text = cell.text()
    return not text.strip() or _NUMBERS.fullmatch(text) is not None


def _shown(node: Node) -> bool:
    classes = node.attributes.get("class", "").split()
    return not any(_GUTTER.match(name) for name in classes) and node.attributes.get("aria-hidden") != "true"


def _lines(node: Node) -> str:
    """The text with one line a line: elements that the browser puts on lines of their own get theirs."""
    own_lines = any(below.tag in _BLOCKS_IN_CODE for below in node.walk() if below is not node)
    if own_lines:
        for below in list(node.walk()):
            if below.tag in _BLOCKS_IN_CODE and below is not node and below.children:
                last = below.children[-1]
                if not (last.endswith("\n") if isinstance(last, str) else _ends_line(last)):
                    below.children.append("\n")
    text = node.text(keep=_shown).replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines)


def _ends_line(node: Node) -> bool:
    return node.tag == "br" or (node.tag in _BLOCKS_IN_CODE and bool(node.children))


def _language(node: Node, text: str) -> str:
    if text.lstrip().startswith(">>> "):
        return "pycon"  # whatever is declared: the highlighters of Python take both
    for near in _near(node):
        declared = near.attributes.get("data-lang") or near.attributes.get("data-language")
        classes = near.attributes.get("class", "")
        found = _LANGUAGE.search(classes) or _BARE.search(classes)
        name = (declared or (found[1] if found else "")).lower()
        if name and name not in _NO_LANGUAGE:
            return _SAME.get(name, name)
    return _guess(text)


def _near(node: Node) -> list[Node]:
    """Where highlighters write the language: the block, the ``code`` in it, and three levels above."""
    inside = [child for child in node.elements if child.tag == "code"][:1]
    above = [node_above for _, node_above in zip(range(3), node.above(), strict=False)]
    return [node, *inside, *above]


def _guess(text: str) -> str:
    """Python can be told for certain; other languages are left open."""
    if len(text) > 10_000 or not _LOOKS_PYTHON.search(text):
        return ""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return "python"
