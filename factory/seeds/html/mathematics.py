"""Finds the TeX of a page before anything is pruned: each formula becomes one protected node.

Sources of TeX, in the order of trust: MathJax scripts, annotations inside MathML, LaTeXML's ``alttext``,
attributes that carry TeX, image texts. Renderings of the same formula beside its TeX are dropped, or it
would be read twice. Raw delimiters in running text are settled by `delimited`, when a paragraph is whole.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from itertools import chain, islice
from urllib.parse import unquote_plus

from factory.seeds.html.mathml import of_node, tex_of
from factory.seeds.html.tree import Index, Node, in_document_order

FORMULA = "#math"

_RENDERED = re.compile(r"^(MathJax(_\w+)?|mjx-chtml|MJXc-display|katex-html|MathJye)$")
_WRAPPERS = frozenset({"katex", "katex-display", "mwe-math-element"})
_IN_URL = re.compile(r"\b(?:latex|mimetex|mathtex)\b[^?]*\?(?:(?:[^#]*&)?latex=([^&#]+)|([^#]+))")
_TEX_CLASS = re.compile(r"(?:^|\s)(tex|latex|math|displaymath|inlinemath|mwe-math-\S+)(?:\s|$)")
_CARRIERS = ("data-tex", "data-latex", "data-math", "data-expr")
_CARRIED = frozenset(_CARRIERS)
_FORMULAS = ("script", "math", "img", "mjx-container")  # what may be one whatever its class
_MARKED = re.compile("MathJ|mjx-|MJX|katex|mwe-math")
_LOOKS_TEX = re.compile(r"\\[a-zA-Z]|[\^_{}=]")
_SHELL = re.compile(r"^\{\s*\\(?:displaystyle|textstyle)\s*(.*)\}$", re.S)
_DELIMITERS = re.compile(
    r"(?<!\\)\\\((?P<inline>.{1,2000}?)\\\)"
    r"|(?<!\\)\\\[(?P<display>.{1,6000}?)\\\]"
    r"|(?P<dollars>\$\$.{1,6000}?\$\$)"
    r"|\[(?P<name>tex|latex|math)\](?P<tagged>.{1,4000}?)\[/(?P=name)\]"
    r"|(?P<environment>\\begin\{(?P<kind>equation|align|gather|multline|eqnarray)(?P<star>\*?)\}"
    r".{1,6000}?\\end\{(?P=kind)(?P=star)\})",
    re.S,
)


@dataclass(frozen=True)
class Formula:
    """A formula as TeX without delimiters."""

    tex: str
    display: bool

    def __str__(self) -> str:
        if "$" in self.tex:  # a price within a formula would end it
            return rf"\[{self.tex}\]" if self.display else rf"\({self.tex}\)"
        return f"$${self.tex}$$" if self.display else f"${self.tex}$"


def protect_formulas(index: Index) -> bool:
    """Replaces every element that is a formula with a node that holds its TeX; says whether there was any."""
    scripted = bool(index.tags["script"])
    marked = [nodes for classes, nodes in index.classes.items() if _MARKED.search(classes)]
    gone: set[Node] = set()
    for node in in_document_order(chain(index.tagged(*_FORMULAS), index.having(*_CARRIERS), *marked)):
        if node in gone:
            continue
        formula = _formula(node)
        if formula is not None:
            gone.update(node.preorder())
            node.become(FORMULA, formula)
        elif _is_rendering(node, scripted):
            gone.update(node.preorder())
            node.remove()
    return bool(gone)


@functools.lru_cache(maxsize=1 << 12)
def _is_tex(classes: str) -> bool:
    return _TEX_CLASS.search(classes) is not None


def delimited(text: str) -> str:
    r"""Raw ``\(...\)``, ``\[...\]``, ``[tex]`` and equation environments as ``$...$`` and ``$$...$$``."""
    if "\\" not in text and "[/" not in text:
        return text
    return _DELIMITERS.sub(_dollars, text)


def _dollars(found: re.Match[str]) -> str:
    if found["dollars"]:
        return found[0]
    inline = found["inline"] or found["tagged"]
    display = found["display"] or found["environment"]
    body = " ".join((inline or display).split())
    if "$" in body:
        return found[0]
    return f"${body}$" if inline else f"$${body}$$"


def _formula(node: Node) -> Formula | None:
    if node.tag == "script":
        return _made(node.text(), "mode=display" in node.attributes.get("type", ""))
    if node.tag == "math":
        return _from_mathml(node)
    if node.tag == "img":
        return _from_image(node)
    classes = node.attributes["class"].split() if "class" in node.attributes else ()
    if not _WRAPPERS.isdisjoint(classes):
        inner = next(iter(node.find("math")), None)
        if inner is not None:
            found = _from_mathml(inner)
            display = "katex-display" in classes or _in_display(node)
            return Formula(found.tex, found.display or display) if found else None
    if _CARRIED.isdisjoint(node.attributes):
        return None
    carried = next((node.attributes[name] for name in _CARRIERS if node.attributes.get(name)), "")
    if carried and _LOOKS_TEX.search(carried):
        return _made(carried, node.tag == "div" or "display" in node.attributes.get("class", ""))
    return None


def _in_display(node: Node) -> bool:
    return node.parent is not None and "katex-display" in node.parent.attributes.get("class", "").split()


def _from_mathml(node: Node) -> Formula | None:
    display = node.attributes.get("display") == "block" or node.attributes.get("mode") == "display"
    for note in node.find("annotation"):
        if "tex" in note.attributes.get("encoding", "").lower():
            return _made(note.text(), display)
    return _made(node.attributes.get("alttext", "") or tex_of(of_node(node)), display)


def _from_image(node: Node) -> Formula | None:
    alternative = node.attributes.get("alt", "")
    source = node.attributes.get("src", "")
    if "tex" in source and (address := _IN_URL.search(source)):
        written = alternative if "\\" in alternative else unquote_plus(address[1] or address[2])
        return _made(written, False)
    if not alternative:
        return None
    for near in (node, *islice(node.above(), 2)):
        if "class" in near.attributes and _is_tex(near.attributes["class"]):
            return _made(alternative, near.tag == "div" or "display" in near.attributes.get("class", ""))
    return None


def _made(tex: str, display: bool) -> Formula | None:
    tex = tex.strip().removeprefix("%<![CDATA[").removesuffix("%]]>").strip().strip("$").strip()
    shell = _SHELL.match(tex)
    if shell:
        tex = shell[1].strip()
    if not display:
        tex = " ".join(tex.split())
    return Formula(tex, display) if tex else None


def _is_rendering(node: Node, scripted: bool) -> bool:
    """Whether this shows a formula whose TeX stands elsewhere on the page."""
    if node.tag == "mjx-container":
        return scripted
    if "class" not in node.attributes:
        return False
    classes = node.attributes["class"].split()
    return any(map(_RENDERED.match, classes)) and (scripted or "katex-html" in classes)
