"""What of a JavaScript case the host decides: an equation is a call with an expected value, a distance one with a
tolerance.

`validators.cases` for another language. There is no judge's process here: what compares in another form than
``CALL === LITERAL`` or ``Math.abs(CALL - NUMBER) < NUMBER`` would do so where the program runs, which may say that
anything is equal, and is told apart.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from factory.records import Case, Result
from validators.sandbox.values import LiteralError, disagreement, read_literal

_TOKEN = re.compile(
    r"""(?P<space>\s++|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)
    |(?P<text>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'|`(?:[^`\\$]|\$(?!\{))*+`)
    |(?P<number>(?:0[xX][\da-fA-F]++|(?:\d[\d_]*+(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+)n?+)
    |(?P<name>[\w$]++)
    |(?P<mark>[=!]==?|=>|<<=?|>>>?=?|[<>]=?|&&|\|\||\?\?|\?\.(?!\d)|\.\.\.|[-+*/%&|^=!?:.,;~(){}[\]])""",
    re.VERBOSE,
)
_COMPARES = {"==", "===", "!=", "!==", "<", ">", "<=", ">=", "in", "instanceof"}
_LOOSER = {"&&", "||", "??", "?", ":", "=", "=>", ",", ";", "&", "|", "^"}
"""What binds less than an equation does: beside it, the equation is not the whole."""
_EQUAL = {"isEqual", "deepEqual", "isDeepStrictEqual", "deepStrictEqual"}
"""What programs name a function that compares; it is one where it is handed what a call gives."""
_WORDS = """
Array BigInt Boolean Map Number Object Promise Set String Symbol isFinite isNaN parseFloat parseInt
await catch delete for if in instanceof new of return switch typeof void while with
"""
_OF_THE_LANGUAGE = frozenset(_WORDS.split())
_DECIDING = re.compile(r"(?:\.(?:every|some)|(?:Object|Array|Number)\.is\w*+|isNaN|isFinite)\Z")
_CONSTANTS = {
    "true": "True",
    "false": "False",
    "null": "None",
    "undefined": "None",
    "NaN": "nan",
    "Infinity": "inf",
}
_ESCAPED = re.compile(r"""\\(?!["'\\nrtbfv]|x[\da-fA-F]{2}|u(?![dD][89a-fA-F])[\da-fA-F]{4})""")
"""What an escape means to JavaScript alone."""


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    depth: int  # a bracket stands outside of itself


def told_by_value(case: Case) -> Case:
    """``f(2) === 4`` that must be True as ``f(2)`` that must be 4; any other case as it is."""
    if case.expected != "True" or case.raises is not None:
        return case
    return _equation(case.call.strip()) or case


class Near(NamedTuple):
    """A call that must give a number so near to the expected one, ends included."""

    case: Case
    within: float

    def fault(self, result: Result) -> str | None:
        """None where the result is near enough, otherwise what is wrong with it."""
        value = _number(result.value or "")
        if value is None:
            return disagreement(self.case, result)
        near = abs(value - float(self.case.expected)) <= self.within
        return None if near else f"expected {self.case.expected} within {self.within:g}, got {result.value}"


def distance(case: Case) -> Near | None:
    """``Math.abs(f(2) - 4) < 1e-6`` that must be True as ``f(2)`` that must be near 4; None for any other case."""
    tokens = _tokens(case.call) or []
    if case.expected != "True" or case.raises is not None or _written(tokens[:4]) != "Math.abs(":
        return None
    end = next(place for place, token in enumerate(tokens) if place > 3 and token.depth == tokens[3].depth)
    within = _number(_literal(tokens[end + 2 :]) or _written(tokens[end + 2 :]))
    sides = _difference(tokens[4:end])
    if (
        sides is None
        or within is None
        or within < 0
        or _written(tokens[end + 1 : end + 2]) not in ("<", "<=")
    ):
        return None
    expected, call = sides
    written = case.call[call[0].start : call[-1].start + len(call[-1].text)]
    return Near(
        Case(call=written, expected=expected),
        within if tokens[end + 1].text == "<=" else math.nextafter(within, 0),
    )


def _difference(tokens: list[_Token]) -> tuple[str, list[_Token]] | None:
    """The number and the call of ``CALL - NUMBER`` or ``NUMBER - CALL``."""
    outer = [(place, token.text) for place, token in enumerate(tokens) if token.depth == tokens[0].depth]
    marks = [(place, text) for place, text in outer if text in _LOOSER or text in _COMPARES or text in "+-"]
    between = [place for place, text in marks if place and tokens[place - 1].text not in "+-"]
    if len(between) != 1 or any(text != "-" for _, text in marks):
        return None
    left, right = tokens[: between[0]], tokens[between[0] + 1 :]
    for number, call in ((left, right), (right, left)):
        expected = _literal(number)
        called = any(token.text == "(" for token in call) and not _compares(call)
        if expected and called and _number(expected) is not None:
            return expected.replace(" ", ""), call
    return None


def _number(text: str) -> float | None:
    if text == "Number.EPSILON":
        return math.ulp(1.0)
    try:
        value = read_literal(text)
    except LiteralError:
        return None
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None


def _written(tokens: list[_Token]) -> str:
    return "".join(token.text for token in tokens)


def compares(case: Case) -> bool:
    """Whether a case compares what the program gives where the program runs."""
    tokens = _tokens(case.call)
    if tokens is None:  # a template or a regular expression: what looks like a comparison counts
        return case.raises is None and bool(re.search(r"[=!]=|[<>]", case.call.replace("=>", "")))
    return case.raises is None and _compares(tokens)


def _tokens(text: str) -> list[_Token] | None:
    """The tokens of an expression but space and comments, or None where it cannot be read."""
    found: list[_Token] = []
    at = depth = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        kind, written = token.lastgroup or "", token[0]
        depth -= kind == "mark" and written in ")]}"
        if kind != "space":
            found.append(_Token(kind, written, at, depth))
        depth += kind == "mark" and written in "([{"
        at = token.end()
    return found if depth == 0 else None


def _compares(tokens: list[_Token]) -> bool:
    """Whether something is compared elsewhere than in what is handed to a function of the program's."""
    handed, callback = [False], [False]  # for each open bracket
    for place, token in enumerate(tokens):
        if token.kind == "mark" and token.text in "([{":
            name = "".join(one.text for one in tokens[max(place - 3, 0) : place])
            called = token.text == "(" and place > 0 and tokens[place - 1].kind == "name"
            if called and not handed[-1] and (_DECIDING.search(name) or _is_equality(tokens, place)):
                return True
            own = called and not _of_the_language(tokens, place - 1)
            handed.append(handed[-1] or own)
            callback.append(called and tokens[place - 1].text != "then")
        elif token.kind == "mark" and token.text in ")]}":
            handed.pop()
            callback.pop()
        elif token.text in ("=>", "function") and callback[-1]:
            handed[-1] = True
        elif token.text in _COMPARES and not handed[-1] and (place == 0 or tokens[place - 1].text != "."):
            return True
    return False


def _is_equality(tokens: list[_Token], opening: int) -> bool:
    """Whether a bracket opens ``deepEqual(f(...``."""
    first = tokens[opening + 1 : opening + 3]
    calls = len(first) == 2 and first[0].kind == "name" and first[1].text == "("
    return calls and tokens[opening - 1].text in _EQUAL


def _of_the_language(tokens: list[_Token], name: int) -> bool:
    """Whether a function is one of the language's, or a method, which may be."""
    return tokens[name].text in _OF_THE_LANGUAGE or (name > 0 and tokens[name - 1].text in (".", "?."))


def _equation(text: str) -> Case | None:
    """The case of an expression ``CALL === LITERAL`` or ``deepEqual(CALL, LITERAL)``, or None."""
    tokens = _tokens(text) or []
    if len(tokens) > 1 and tokens[0].text == "(" and _closes(tokens, 0):
        tokens = [token._replace(depth=token.depth - 1) for token in tokens[1:-1]]
    called = len(tokens) > 3 and tokens[1].text == "(" and _closes(tokens, 1)
    if called and tokens[0].text in _EQUAL:
        tokens = [token._replace(depth=token.depth - 1) for token in tokens[2:-1]]
        return _told(text, tokens, {","}, plain=False)
    return _told(text, tokens, {"==", "==="}, plain=True)


def _closes(tokens: list[_Token], opening: int) -> bool:
    """Whether the last token closes a bracket, and no other does before."""
    return all(token.depth > tokens[opening].depth for token in tokens[opening + 1 : -1])


def _told(text: str, tokens: list[_Token], between: set[str], plain: bool) -> Case | None:
    """The case of a call and a literal with one of some marks between them. To ``===`` no two objects are equal."""
    loose = [
        place for place, token in enumerate(tokens) if token.depth == 0 and token.text in between | _LOOSER
    ]
    if len(loose) != 1 or tokens[loose[0]].text not in between or loose[0] + 1 == len(tokens):
        return None
    call, right = tokens[: loose[0]], tokens[loose[0] + 1 :]
    expected = _literal(right)
    if expected is None or _compares(call) or not any(token.text == "(" for token in call):
        return None
    if plain and expected[0] in "[{n":
        return None
    return Case(call=text[call[0].start : tokens[loose[0]].start].rstrip(), expected=expected)


def _literal(tokens: list[_Token]) -> str | None:
    """A literal of JavaScript in Python's writing, or None."""
    parts = [_python(token, at) for token, at in zip(tokens, [*tokens[1:], None], strict=True)]
    written = " ".join(part for part in parts if part)
    try:
        read_literal(written)
    except LiteralError:
        return None
    return written if all(parts) else None


def _python(token: _Token, after: _Token | None) -> str:
    """One token of a literal in Python's writing, or "". The keys of an object are strings."""
    key = after is not None and after.text == ":"
    if token.kind == "text":
        bare = token.text[1:-1]
        return repr(bare) if token.text[0] == "`" else "" if _ESCAPED.search(bare) else token.text
    if token.kind == "number":
        return repr(token.text) if key else token.text.removesuffix("n")
    if token.kind == "name":
        return repr(token.text) if key else _CONSTANTS.get(token.text, "")
    return token.text if token.text in ("[", "]", "{", "}", ",", ":", "-") else ""
