"""The formulas of Word (Office Math Markup), read as the MathML that they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from xml.etree.ElementTree import Element

from factory.seeds.html.mathml import Markup, tex_of

SPACE = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
DEPTH = 60
_PIECE = re.compile(r"\d+(?:[.,]\d+)*|&|[^\W\d_]|\s+|.", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")
_NARY = "∫"
"""The sign of a sum, a product or an integral that names none."""


def tex_of_formula(element: Element) -> str:
    """An ``m:oMath`` as TeX; what is unknown gives the formula inside of it."""
    return tex_of(_row(element, 0))


def _mark(tag: str, *children: Markup, text: str = "", **attributes: str) -> Markup:
    return Markup(tag, text, attributes, children)


def _row(element: Element | None, depth: int) -> Markup:
    """All that stands in an element, side by side; nothing beyond `DEPTH` levels."""
    if element is None or depth > DEPTH:
        return _mark("mrow")
    return _mark("mrow", *(made for child in element if (made := _read(child, depth + 1)) is not None))


def _read(element: Element, depth: int) -> Markup | None:
    """One element of a formula; None for what is only about its looks."""
    name = str(element.tag).removeprefix(SPACE)
    if name == "r":
        return _run(element)
    if name == "phant" or name.endswith("Pr") or not str(element.tag).startswith(SPACE):
        return None
    reader = _READERS.get(name)
    return reader(element, depth) if reader else _row(element, depth)


def _run(run: Element) -> Markup:
    """The letters, numbers and signs of a run; upright letters together are a word, or the name of a function."""
    text = "".join(part.text or "" for part in run.iter(f"{SPACE}t"))
    if run.find(f"{SPACE}rPr/{SPACE}nor") is not None:
        return _mark("mtext", text=text)
    upright = _told(run, "r", "sty") == "p"
    pieces = []
    for piece in _WORD.findall(text) if upright and _WORD.fullmatch(text) else _PIECE.findall(text):
        tag = "mn" if piece[0].isdigit() else "mi" if piece[0].isalpha() else "mo"
        if not piece.isspace():
            pieces.append(_mark(tag, text=piece))
    return _mark("mrow", *pieces)


def _told(element: Element, name: str, key: str, usual: str = "") -> str:
    """A property of an element, as its ``...Pr`` says it."""
    found = element.find(f"{SPACE}{name}Pr/{SPACE}{key}")
    return usual if found is None else found.get(f"{SPACE}val", usual)


def _parts(tag: str, *names: str) -> Callable[[Element, int], Markup]:
    """A reader of an element whose parts are those of an element of MathML."""
    return lambda element, depth: _mark(tag, *(_row(element.find(SPACE + name), depth) for name in names))


def _radical(element: Element, depth: int) -> Markup:
    degree, inner = (_row(element.find(SPACE + name), depth) for name in ("deg", "e"))
    hidden = _told(element, "rad", "degHide") in ("1", "on", "true") or not degree.children
    return _mark("msqrt", inner) if hidden else _mark("mroot", inner, degree)


def _nary(element: Element, depth: int) -> Markup:
    sign = _mark("mo", text=_told(element, "nary", "chr", _NARY))
    low, high = (_row(element.find(SPACE + name), depth) for name in ("sub", "sup"))
    tags = {(True, True): "msubsup", (True, False): "msub", (False, True): "msup"}
    tag = tags.get((bool(low.children), bool(high.children)))
    scripts = [one for one in (low, high) if one.children]
    return _mark("mrow", _mark(tag, sign, *scripts) if tag else sign, _row(element.find(f"{SPACE}e"), depth))


def _delimiters(element: Element, depth: int) -> Markup:
    inner = [_row(one, depth) for one in element.findall(f"{SPACE}e")]
    begin, end = _told(element, "d", "begChr", "("), _told(element, "d", "endChr", ")")
    return _mark(
        "mfenced", *inner, open=begin or ".", close=end or ".", separators=_told(element, "d", "sepChr", "|")
    )


def _over(element: Element, depth: int) -> Markup:
    """An accent, a bar or a brace over or under something."""
    name = str(element.tag).removeprefix(SPACE)
    usual = {"acc": "^", "bar": "¯", "groupChr": "⏟"}[name]
    below = _told(element, name, "pos", "top" if name == "bar" else "bot") == "bot" and name != "acc"
    sign = _mark("mo", text=_ACCENTS.get(told := _told(element, name, "chr", usual), told))
    return _mark("munder" if below else "mover", _row(element.find(f"{SPACE}e"), depth), sign)


def _matrix(element: Element, depth: int) -> Markup:
    rows = [
        _mark("mtr", *(_row(cell, depth) for cell in row.findall(f"{SPACE}e")))
        for row in element.findall(f"{SPACE}mr")
    ]
    return _mark("mtable", *rows)


def _array(element: Element, depth: int) -> Markup:
    """Equations below each other."""
    return _mark("mtable", *(_mark("mtr", _row(one, depth)) for one in element.findall(f"{SPACE}e")))


def _before(element: Element, depth: int) -> Markup:
    """Scripts in front of what they belong to."""
    scripts = (_row(element.find(SPACE + name), depth) for name in ("sub", "sup"))
    return _mark("mrow", _mark("msubsup", _mark("mrow"), *scripts), _row(element.find(f"{SPACE}e"), depth))


# Word accents with combining characters.
_ACCENTS = {"\u0302": "^", "\u0303": "~", "\u0304": "¯", "\u0305": "¯", "\u0307": "˙", "\u0308": "¨", "\u030c": "ˇ",
            "\u0301": "´", "\u20d7": "→", "\u0332": "_"}  # fmt: skip
_READERS: Mapping[str, Callable[[Element, int], Markup]] = {
    "f": _parts("mfrac", "num", "den"),
    "sSup": _parts("msup", "e", "sup"),
    "sSub": _parts("msub", "e", "sub"),
    "sSubSup": _parts("msubsup", "e", "sub", "sup"),
    "limLow": _parts("munder", "e", "lim"),
    "limUpp": _parts("mover", "e", "lim"),
    "sPre": _before,
    "rad": _radical,
    "nary": _nary,
    "d": _delimiters,
    "m": _matrix,
    "eqArr": _array,
    **dict.fromkeys(("acc", "bar", "groupChr"), _over),
}
