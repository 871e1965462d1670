"""LaTeX, Markdown and Unicode ways of writing the same, made one."""

from __future__ import annotations

import re
import unicodedata

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
_BAR = "\u0305"
_OVERLINE = re.compile(f"(?:\\d{_BAR})+")
_FRACTION = re.compile("[¼½¾⅐-⅞]")
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("−–‒﹣－", "-"),
        **dict.fromkeys("×⋅·∙⨯", "*"),
        **dict.fromkeys("\u00a0\u2009\u202f\u2007", " "),
        **dict.fromkeys("’‘", "'"),
        **dict.fromkeys("“”", '"'),
        "。": ".",
        "÷": "/",
        "∕": "/",
        "⁄": "/",
        "º": "°",
        "…": "⋯",
        "ℝ": "\\mathbb{R}",
        "∨": " or ",
        "∧": " and ",
    }
)
_COMPARED = (("...", "⋯"), ("<=", "≤"), (">=", "≥"), ("!=", "≠"), ("=<", "≤"))
_COMMANDS = {
    **dict.fromkeys((r"\left", r"\right", r"\displaystyle", r"\!"), ""),
    **dict.fromkeys((r"\,", r"\;", r"\:", r"\ ", r"\quad", r"\qquad", "~"), " "),
    **dict.fromkeys((r"\dfrac", r"\tfrac", r"\cfrac"), r"\frac"),
    **dict.fromkeys((r"\times", r"\cdot"), "*"),
    **dict.fromkeys((r"\leq", r"\le", r"\leqslant"), "≤"),
    **dict.fromkeys((r"\geq", r"\ge", r"\geqslant"), "≥"),
    **dict.fromkeys((r"\neq", r"\ne"), "≠"),
    **dict.fromkeys((r"\ldots", r"\dots", r"\cdots"), "⋯"),
    **dict.fromkeys((r"\lor", r"\vee"), " or "),
    **dict.fromkeys((r"\land", r"\wedge"), " and "),
    **dict.fromkeys((r"\mid", r"\vert", r"\lvert", r"\rvert", r"\|"), "|"),
    **dict.fromkeys((r"\emptyset", r"\varnothing"), "∅"),
    r"\infty": "∞",
    **dict.fromkeys((r"\pmod", r"\bmod", r"\mod"), " mod "),
    r"\equiv": "≡",
    r"\approx": "≈",
    r"\pi": "π",
    r"\in": "∈",
    r"\lt": "<",
    r"\gt": ">",
    r"\to": "→",
    r"\cup": "∪",
    r"\pm": "±",
    r"\div": "/",
    r"\lfloor": "⌊",
    r"\rfloor": "⌋",
    r"\lceil": "⌈",
    r"\rceil": "⌉",
    r"\degree": "°",
    r"\circ": "°",
    r"\%": "%",
    r"\$": "$",
    r"\{": "{",
    r"\}": "}",
}
_COMMAND = re.compile(r"\\(?:[A-Za-z]+|[^A-Za-z])|~")
_WRAPPERS = re.compile(
    r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|operatorname|mbox|boxed|fbox|underline) *\{([^{}]*)\}"
)
_COLOUR = re.compile(r"\\(?:text)?color *\{\w+\} *\{([^{}]*)\}")
# Not behind a power, a root, a function or a division, nor before a power: there it is one thing in brackets.
_PLAIN_FRACTION = re.compile(
    r"(^|[-+=,;:&(\[{<>≤≥≠±$€£¥₹≈|] *|\b(?:and|or) )\\frac *\{(-?[\d.]+)\} *\{(-?[\d.]+)\}(?! *[\^!])"
)
_AROUND = (
    *(("$$", "$$"), (r"\(", r"\)"), (r"\[", r"\]")),
    *((mark, mark) for mark in ("**", "__", "`", "*", '"')),
)
_NEARLY = re.compile(r"^[~≈] ?(?=\d)")
_SHOUTED = re.compile(r"(?<=[^\W\d_]{2})!$")
_INLINE = re.compile(r"(?<![\\$])\$(?=\S)([^$]*[^\s\\$])\$(?![\d$])")


def plain(text: str) -> str:
    """One line without dressing: fractions as a/b, powers as ^n, signs in ASCII, no dollar signs around
    formulas, no final full stop."""
    words = text.split()
    if text.isascii() and all(map(str.isalnum, words)):  # "42", "New York": there is nothing to take off
        return " ".join(words)
    if not text.isascii():
        text = _in_ascii(text)
    text = _NEARLY.sub("≈", " ".join(text.split()))
    for written, sign in _COMPARED:
        text = text.replace(written, sign)
    text = _undressed(text)
    if "\\" in text or "~" in text or "{" in text:
        text = _undressed(_unlatexed(text))
    return " ".join(text.split())


def _in_ascii(text: str) -> str:
    """Signs, fractions, powers and recurring digits of Unicode as LaTeX or ASCII have them."""
    text = _OVERLINE.sub(lambda found: f"\\overline{{{found[0].replace(_BAR, '')}}}", text.translate(_SIGNS))
    text = _FRACTION.sub(lambda found: f" {unicodedata.normalize('NFKC', found[0])}", text)
    text = _SUPERSCRIPT.sub(lambda found: f"^{found[0].translate(_SUPERSCRIPTS)}", text)
    return unicodedata.normalize("NFKC", text).translate(_SIGNS)


def _undressed(text: str) -> str:
    """Without full stop, emphasis, quotes and the marks of a formula around it."""
    before = None
    while before != text:
        before, text = text, text.strip().removesuffix(".").rstrip(",; ")
        if text.endswith("!"):  # "Yes!", but neither 5! nor n!
            text = _SHOUTED.sub("", text)
        if "$" in text:
            text = _INLINE.sub(r"\1", text)
        for left, right in _AROUND:
            if not text.startswith(left):
                continue
            inner = text[len(left) : len(text) - len(right)]
            around = len(text) > len(left) + len(right) and text.endswith(right)
            if around and left not in inner and right not in inner:
                text = inner
    return text


def _unlatexed(text: str) -> str:
    text = re.sub(r"\^? *\\circ(?![A-Za-z])|\^ *\{ *\\circ *\}", "°", text.replace("{,}", ","))
    text = _WRAPPERS.sub(r"\1", _COLOUR.sub(r"\1", text))
    text = _COMMAND.sub(lambda found: _COMMANDS.get(found[0], found[0]), text)
    text = text.replace("^{°}", "°").replace("^°", "°").replace("≈ ", "≈")
    text = re.sub(r"\\frac *(\d) *(\d)(?!\d)", r"\\frac{\1}{\2}", text)
    text = re.sub(r"(\d) *\\frac *\{(\d+)\} *\{(\d+)\}", r"\1 \2/\3", text)
    text = re.sub(r"\{([^{}]+)\\choose([^{}A-Za-z][^{}]*)\}", r"\\binom{\1}{\2}", text)
    text = _PLAIN_FRACTION.sub(r"\1\2/\3", text)
    text = re.sub(r"\^ *\{([+-]?\d+)\}", r"^\1", text)
    return _WRAPPERS.sub(r"\1", text)
