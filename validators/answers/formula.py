"""Formulas, plain or in LaTeX, read into exact values."""

from __future__ import annotations

import functools
import math
import re
from fractions import Fraction

from validators.answers.algebra import IMAGINARY, Algebra, NoValue, Unwieldy, Value, atom_value, number_value
from validators.answers.functions import (
    ANGLES,
    ARCS,
    OF_SEVERAL,
    in_degrees,
    logarithm,
    modulus,
    of_angle,
    of_arc,
    of_several,
    power,
    rounded,
)
from validators.answers.numbers import in_words

_DEPTH = 40  # brackets in brackets
_FACTORIAL = 300  # beyond it a factorial stays as it is written
_CONSTANTS = {"π": "π", "pi": "π", "e": "e"}
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
    *("nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_LETTERS = dict(zip(_GREEK, "αβγδεζηθικλμνξρστυφχψω", strict=True))
_FUNCTIONS = frozenset(
    (
        *("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan"),
        *("ln", "log", "lg", "exp", "abs", "sqrt", "arccot", "floor", "ceil"),
        *OF_SEVERAL,
    )
)
_NO_PRODUCTS = frozenset(
    (
        *("am", "an", "and", "are", "as", "at", "be", "but", "by", "deg", "det", "dim", "do", "for"),
        *("go", "has", "he", "her", "his", "how", "if", "in", "is", "it", "its", "lim", "me"),
        *("mod", "my", "nor", "not", "no", "of", "off", "on", "or", "our", "out", "per", "she"),
        *("so", "the", "to", "up", "us", "via", "was", "we", "who", "why", "yes", "you", "inf", "sup"),
    )
)
_WORDS = (
    (re.compile(r"(?:\bthe )?\bcube root(?: of)?\b|∛"), r"\\sqrt[3] "),
    (re.compile(r"(?:\bthe )?\bfourth root(?: of)?\b|∜"), r"\\sqrt[4] "),
    (re.compile(r"(?:\bthe )?\b(?:square )?root(?: of)?\b"), "√"),
    (re.compile(r"\b(?:raised )?to the power(?: of)?\b"), "^"),
    (re.compile(r"\btimes\b"), "*"),
    (re.compile(r"\bplus\b"), "+"),
    (re.compile(r"\b(?:minus|negative)\b"), "-"),
    (re.compile(r"\b(?:divided by|over)\b"), "/"),
    (re.compile(r" ?\bsquared\b"), "^2"),
    (re.compile(r" ?\bcubed\b"), "^3"),
)
_TOKEN = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d*)?|\.\d+)"
    r"|(?P<command>\\[A-Za-z]+)(?P<base> ?_ ?(?:\w|\{\w{1,8}\}))?"
    r"|(?P<word>[A-Za-zΑ-Ωα-ω]+)(?P<under>_(?:\w|\{\w{1,8}\}))?(?P<primes>'*)"
    r"|(?P<sign>[-+*/^!()\[\]{}|√,°⌊⌋⌈⌉])"
    r"|(?P<space>\s+)"
)
_MATHS = re.compile(
    r"[\d\\√π∛∜^*/+!⌊⌈-]|\b(?:root|times|pi|plus|over|squared|cubed|sin|cos|tan|cot|sec|csc|ln|log|exp|sqrt)\b"
)


@functools.lru_cache(maxsize=2048)
def formula(text: str) -> Value | None:
    """The exact value of a plain formula, or None for what is not one, has no value or is too large."""
    if not _MATHS.search(text) and not re.fullmatch(r"[A-Za-zα-ω]", text):
        return None
    try:
        parser = _Parser(_tokens(text))
        value = parser.sum()
        return value if parser.at_end else None
    except (_Unread, NoValue, Unwieldy, RecursionError):
        return None


class _Unread(ValueError):
    """Not a formula."""


Token = tuple[str, str]
_END: Token = ("end", "")


def _tokens(text: str) -> list[Token]:
    if re.search(r"[a-z]{4}|∛|∜", text):
        for pattern, sign in _WORDS:
            text = pattern.sub(sign, text)
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _Unread(text)
        at = match.end()
        if match["number"]:
            found.append(("number", match["number"].replace(",", "")))
        elif match["command"]:
            found += _command(match["command"][1:], (match["base"] or "").strip(" _{}"))
        elif match["word"]:
            found += _word(match["word"], (match["under"] or "") + match["primes"])
        elif match["sign"]:
            found.append((match["sign"], ""))
    return found


def _command(name: str, under: str) -> list[Token]:
    if name in _FUNCTIONS:
        return [("function", name), *([("under", under)] if under else [])]
    if name in ("frac", "binom", "dbinom", "tbinom") and not under:
        return [("command", name)]
    if name.lower() in _LETTERS:
        letter = _LETTERS[name.lower()] if name.islower() else name
        return [("letter", f"{letter}_{under}" if under else letter)]
    raise _Unread(name)


def _word(word: str, mark: str) -> list[Token]:
    """A function, a constant, a number in words, or letters that stand for a product."""
    if word in _FUNCTIONS and not mark.startswith("'"):
        return [("function", word), *([("under", mark.strip("_{}"))] if mark else [])]
    if word in _CONSTANTS and not mark:
        return [("constant", _CONSTANTS[word])]
    if word in _LETTERS:
        return [("letter", _LETTERS[word] + mark)]
    if len(word) == 1:
        return [("letter", word + mark.replace("{", "").replace("}", ""))]
    value = in_words(word.lower())
    if value is not None and not mark:
        return [("number", str(value))]
    if (
        mark
        or len(word) > 3
        or word in _NO_PRODUCTS
        or not (word.islower() or len(word) == 2 == word.isupper() + 1)
    ):
        raise _Unread(word)
    return [("constant", letter) if letter in _CONSTANTS else ("letter", letter) for letter in word]


class _Parser:
    """Recursive descent. A sum of products; a product may leave its signs out; powers bind to the right."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._angles = 0  # how deep in arguments of a sine: only there 30° is a number
        self._algebra = Algebra()

    @property
    def at_end(self) -> bool:
        return self._at == len(self._tokens)

    @property
    def _next(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _take(self, kind: str) -> bool:
        if self._next[0] != kind:
            return False
        self._at += 1
        return True

    def _need(self, kind: str) -> None:
        if not self._take(kind):
            raise _Unread(kind)

    def sum(self) -> Value:
        self._depth += 1
        if self._depth > _DEPTH:
            raise Unwieldy("brackets in brackets")
        total = self._product()
        while self._next[0] in ("+", "-"):
            minus = self._next[0] == "-"
            self._at += 1
            term = self._product()
            total = self._algebra.add(total, self._algebra.negated(term) if minus else term)
        self._depth -= 1
        return total

    def _product(self) -> Value:
        result = self._signed()
        while True:
            if self._take("*"):
                result = self._algebra.multiply(result, self._signed())
            elif self._take("/"):
                result = self._algebra.divide(result, self._signed())
            elif self._next[0] in _STARTS:
                result = self._algebra.multiply(result, self._power())
            else:
                return result

    def _signed(self) -> Value:
        minus = False
        while self._next[0] in ("+", "-"):
            minus ^= self._next[0] == "-"
            self._at += 1
        value = self._power()
        return self._algebra.negated(value) if minus else value

    def _power(self) -> Value:
        base = self._after()
        if not self._take("^"):
            return base
        return power(base, self._exponent(), self._algebra)

    def _exponent(self) -> Value:
        if self._take("{"):
            return self._closed("}")
        self._depth += 1
        if self._depth > _DEPTH:
            raise Unwieldy("powers of powers")
        minus = self._take("-")
        value = self._power()
        self._depth -= 1
        return self._algebra.negated(value) if minus else value

    def _after(self) -> Value:
        """With the sign that may stand behind it, of a factorial or of degrees."""
        value = self._atom()
        if self._angles and self._take("°"):
            return in_degrees(value, self._algebra)
        if not self._take("!"):
            return value
        if self._next[0] == "!":
            raise _Unread("!!")
        of = value.rational
        if of is None:
            return atom_value("call", "!", value.form)
        if of < 0 or of.denominator > 1:
            raise NoValue("a factorial of what is no natural number")
        if of > _FACTORIAL:
            return atom_value("giant", "!", of)
        return number_value(Fraction(math.factorial(int(of))))

    def _closed(self, mark: str) -> Value:
        value = self.sum()
        self._need(mark)
        return value

    def _atom(self) -> Value:
        kind, text = self._next
        self._at += 1
        match kind:
            case "number":
                return number_value(Fraction(text.removesuffix(".")))
            case "constant":
                return atom_value("constant", text)
            case "letter" if text == "i":
                return atom_value(*IMAGINARY)
            case "letter" if text in ("f", "g", "h") and self._next[0] == "(":
                self._at += 1
                return atom_value("call", text, self._closed(")").form)
            case "letter":
                return atom_value("variable", text)
            case "(":
                return self._closed(")")
            case "|":
                return self._called("abs", self._closed("|"))
            case "⌊":
                return rounded(self._closed("⌋"), up=False)
            case "⌈":
                return rounded(self._closed("⌉"), up=True)
            case "√":
                return self._root(Fraction(2))
            case "command" if text == "frac":
                above, below = self._group(), self._group()
                return self._algebra.divide(above, below)
            case "command":
                return self._binomial(self._group(), self._group())
            case "function" if text == "sqrt":
                return self._root(self._degree())
            case "function" if text in OF_SEVERAL:
                return of_several(text, self._arguments())
            case "function":
                return self._function(text)
        raise _Unread(kind)

    def _group(self) -> Value:
        """What stands in braces, or one sign."""
        return self._closed("}") if self._take("{") else self._atom()

    def _degree(self) -> Fraction:
        if not self._take("["):
            return Fraction(2)
        degree = self._closed("]").rational
        if degree is None or degree.denominator > 1 or not 1 <= degree <= 100:
            raise _Unread("degree of a root")
        return degree

    def _root(self, degree: Fraction) -> Value:
        under = self._group()
        of = under.rational
        if of is not None and of < 0 and degree % 2:
            # The cube root of -8 is -2: in answers roots of odd degree are the real ones.
            return self._algebra.negated(self._algebra.power(number_value(-of), number_value(1 / degree)))
        return self._algebra.power(under, number_value(1 / degree))

    def _function(self, name: str) -> Value:
        base = self._base()
        exponent = self._exponent() if self._take("^") else None
        base = base or self._base()
        self._angles += name in ANGLES
        value = self._argument(name)
        self._angles -= name in ANGLES
        if exponent is not None and exponent.rational == -1:
            if name not in ("sin", "cos", "tan", "cot"):
                raise _Unread("an inverse function")
            return self._called(f"arc{name}", value)
        called = self._called(name, value, base)
        return called if exponent is None else self._algebra.power(called, exponent)

    def _base(self) -> Value | None:
        if self._next[0] == "under":
            text = self._next[1]
            self._at += 1
            return number_value(Fraction(text)) if text.isdecimal() else atom_value("variable", text)
        return None

    def _arguments(self) -> list[Value]:
        """What stands between commas in round brackets."""
        self._need("(")
        values = [self.sum()]
        while self._take(","):
            values.append(self.sum())
        self._need(")")
        return values

    def _argument(self, name: str) -> Value:
        """What a function applies to: what stands in brackets, or the product up to the next sign."""
        for left, right in ("()", "{}"):
            if self._take(left):
                return self._closed(right)
        named = self._next[0] == "function" and self._next[1] != "sqrt"
        if named or self._next[0] not in (*_STARTS, "number"):
            raise _Unread("an argument")
        value = self._power()
        while self._next[0] in _STARTS and self._next[0] not in ("function", "("):
            value = self._algebra.multiply(value, self._power())
        # Nobody means (sin π)/3 by sin π/3, nor (ln 1)/2 by ln 1/2.
        wider = value.atoms == _PI.atoms if name in ANGLES else value.rational == 1 and name in ("ln", "log")
        if wider and self._take("/"):
            value = self._algebra.divide(value, self._power())
        return value

    def _called(self, name: str, value: Value, base: Value | None = None) -> Value:
        if name == "exp":
            return power(_E, value, self._algebra)
        if name in ("floor", "ceil"):
            return rounded(value, up=name == "ceil")
        known = None
        if name == "abs":
            known = modulus(value, self._algebra)
        elif name in ANGLES:
            known = of_angle(name, value, self._algebra)
        elif name in ARCS:
            known = of_arc(name, value, self._algebra)
        elif name == "ln" or (name == "log" and base is not None):
            known = self._logarithm(value, base)
        if known is not None:
            return known
        return atom_value("call", name, value.form, *([base.form] if base else []))

    def _logarithm(self, value: Value, base: Value | None) -> Value | None:
        above = logarithm(value, self._algebra)
        below = logarithm(base, self._algebra) if base else None
        if above is None or (base and below is None):
            return None
        return self._algebra.divide(above, below) if below else above

    def _binomial(self, above: Value, below: Value) -> Value:
        n, k = above.rational, below.rational
        if n is None or k is None:
            return atom_value("call", "binom", above.form, below.form)
        if n.denominator > 1 or k.denominator > 1 or k < 0 or not 0 <= n <= _FACTORIAL:
            raise _Unread("a binomial coefficient")
        return number_value(Fraction(math.comb(int(n), int(k))))


_PI, _E = atom_value("constant", "π"), atom_value("constant", "e")
_STARTS = ("constant", "letter", "(", "√", "command", "function", "⌊", "⌈")
"""What may follow a factor without a sign between. A number may not: x2 is no product."""
