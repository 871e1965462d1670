"""Arguments for Python functions, made by type: expressions as text, a program's own literals among them."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Sequence

from validators.syntax import written

_SEQUENCES = frozenset({"list", "sequence", "iterable", "collection", "mutablesequence", "deque", "iterator"})
_MAPPINGS = frozenset({"dict", "mapping", "mutablemapping", "defaultdict", "counter", "ordereddict"})
_SETS = {"set": "set", "frozenset": "frozenset", "abstractset": "set", "mutableset": "set"}
_MADE = {
    "decimal": ("decimal", "Decimal", ("'0'", "'1.50'", "'-2.25'", "'10'", "'0.005'")),
    "fraction": ("fractions", "Fraction", ("0", "1, 2", "-3, 4", "5", "2, 6")),
    "date": ("datetime", "date", ("2024, 2, 29", "2023, 12, 31", "1999, 3, 1", "2024, 1, 31")),
    "datetime": ("datetime", "datetime", ("2024, 2, 29, 12", "1999, 12, 31, 23, 59", "2020, 1, 1")),
    "timedelta": ("datetime", "timedelta", ("0", "1", "0, 90", "-2, 5")),
}
_INTS = (0, 1, -1, 2, 3, 4, 5, 7, 10, 12, 17, 25, 36, 100)
_FLOATS = (0.0, 1.0, -1.5, 0.1, 2.5, 3.0, 10.25, 100.0)
_TEXTS = ("", "a", "abc", "Level", "two words", "  ab  ", "12", "a,b;c", "Straße", "x\ny", "(a[b]c)")
_LARGEST = 2_000_000  # of a program's own numbers: more, and what counts up to them ends at the time limit
_DEPTH = 3
_DIGITS = 18


class Unsupported(Exception):
    """A parameter for which no argument can be made; the text says which and why."""


def annotation(text: str) -> ast.expr:
    """An annotation out of its text."""
    return ast.parse(text, mode="eval").body


def _quoted(text: str) -> ast.expr:
    """An annotation that is written as a text. Raises Unsupported for what is none."""
    try:
        return annotation(text)
    except (SyntaxError, ValueError, RecursionError):
        raise Unsupported(f"no argument can be made for the type '{text}'") from None


class Maker:
    """Makes arguments by type, as text, with the source's own literals among them."""

    def __init__(self, tree: ast.Module, chance: random.Random) -> None:
        self._chance = chance
        found = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        ints = [value for value in found if type(value) is int and abs(value) <= _LARGEST]
        self._ints = [value + shift for value in ints for shift in (-1, 0, 1)]
        self._floats = [value for value in found if type(value) is float]
        self._texts = [v for v in found if type(v) is str and len(v) <= 12 and "\n" not in v]
        self._aliases = {
            node.targets[0].id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and len(node.targets) == 1
            and isinstance(node.targets[0], ast.Name)
        }

    def text(self, kind: ast.expr, depth: int = 0) -> str:
        """An argument of an annotated type. Raises Unsupported."""
        if isinstance(kind, ast.Constant):
            if isinstance(kind.value, str):
                return self.text(_quoted(kind.value), depth)
            return repr(kind.value)
        if isinstance(kind, ast.BinOp) and isinstance(kind.op, ast.BitOr):
            return self.text(self._chance.choice([kind.left, kind.right]), depth)
        inner: list[ast.expr] = []
        outer = kind
        if isinstance(kind, ast.Subscript):
            outer = kind.value
            inner = list(kind.slice.elts) if isinstance(kind.slice, ast.Tuple) else [kind.slice]
        name = (written(outer) or "").rpartition(".")[2]
        if name in self._aliases and depth < _DEPTH:
            value = self._aliases[name]
            if isinstance(value, ast.Call) and (written(value.func) or "").endswith("TypeVar"):
                return self._number()
            return self.text(value, depth + 1)
        return self._of(name.lower(), inner, depth)

    def _of(self, name: str, inner: list[ast.expr], depth: int) -> str:
        if name in ("int", "any", "object", "hashable", "number", "real", "integral"):
            return self._number()
        if name in ("float", "complex"):
            return repr(self._pick(self._floats, _FLOATS, round(self._chance.uniform(-50, 50), 2)))
        if name in ("str", "bool", "bytes"):
            made = {"str": self._word(), "bool": self._chance.random() < 0.5, "bytes": self._word().encode()}
            return repr(made[name])
        if not inner and name in ("optional", "union", "literal", "final", "annotated"):
            raise Unsupported(f"no argument can be made for the bare type '{name}'")
        if name in ("optional", "union"):
            options = [*inner, ast.Constant(None)] if name == "optional" else inner
            return self.text(self._chance.choice(options), depth)
        if name in ("literal", "final", "annotated"):
            if name != "literal":
                return self.text(inner[0], depth)
            chosen = written(self._chance.choice(inner))
            if chosen is None:
                raise Unsupported("no argument can be made of a literal that cannot be written")
            return chosen
        if name in _MADE:
            module, made_by, choices = _MADE[name]
            return f"__import__({module!r}).{made_by}({self._chance.choice(choices)})"
        if name == "tuple" and inner and not _is_dots(inner[-1]):
            parts = [self.text(one, depth + 1) for one in inner]
            return f"({', '.join(parts)},)"
        if name in _SEQUENCES or name in ("tuple", *_SETS):
            return self._many(name, inner, depth)
        if name in _MAPPINGS:
            key, value = (inner + [annotation("str"), annotation("int")][len(inner) :])[:2]
            pairs = [
                f"{self.text(key, depth + 1)}: {self.text(value, depth + 1)}"
                for _ in range(self._size(depth))
            ]
            return f"{{{', '.join(pairs)}}}"
        raise Unsupported(f"no argument can be made for the type '{name}'")

    def _many(self, name: str, inner: list[ast.expr], depth: int) -> str:
        item = inner[0] if inner else annotation("int")
        if not inner and depth < 2 and self._chance.random() < 0.3:  # of anything: of lists as well
            item = annotation("int | list[int] | list[list[int]]")
        size = self._size(depth)
        if (
            isinstance(item, ast.Subscript)
            and written(item.value) in ("list", "List")
            and self._chance.random() < 0.7
        ):
            width = self._chance.randint(1, 3)  # a matrix more often than rows of any length
            cells = [[self.text(item.slice, depth + 2) for _ in range(width)] for _ in range(size)]
            items = [f"[{', '.join(row)}]" for row in cells]
        else:
            items = [self.text(item, depth + 1) for _ in range(size)]
        if items and self._chance.random() < 0.3:
            items.append(self._chance.choice(items))
        listed = f"[{', '.join(items)}]"
        if name == "tuple":
            return f"tuple({listed})" if items else "()"
        return f"{_SETS[name]}({listed})" if name in _SETS else listed

    def changed(self, value: object) -> object:
        """The value with one small change of the same type."""
        if isinstance(value, bool) or value is None:
            return value if value is None else not value
        if isinstance(value, int):
            return self._chance.choice([value + 1, value - 1, -value, value * 2, 0])
        if isinstance(value, float):
            return self._chance.choice([value + 1, value / 2, -value, 0.0])
        if isinstance(value, str):
            return self._text_changed(value)
        if isinstance(value, (set, frozenset)):
            return type(value)(self._items_changed(sorted(value, key=repr)))
        if isinstance(value, (list, tuple)):
            return type(value)(self._items_changed(list(value)))
        if isinstance(value, dict):
            pairs = self._items_changed(list(value.items()))
            return dict(pair for pair in pairs if isinstance(pair, tuple))
        return value

    def _text_changed(self, text: str) -> str:
        if not text:
            return self._word()
        runs = [run for run in re.finditer(r"\d+", text) if len(run[0]) <= _DIGITS]
        if runs and self._chance.random() < 0.6:  # a date, a time, a version stays one
            run = self._chance.choice(runs)
            near = max(0, int(run[0]) + self._chance.choice((-3, -1, 1, 2)))
            return f"{text[: run.start()]}{near:0{len(run[0])}}{text[run.end() :]}"
        place = self._chance.randrange(len(text))
        before, here, after = text[:place], text[place], text[place + 1 :]
        other = str((int(here) + 1) % 10) if here.isdecimal() else self._chance.choice("aZ 0-")
        return self._chance.choice(
            [
                before + after,
                before + other + after,
                before + here + here + after,
                text[::-1],
                text.swapcase(),
                text[:place],
            ]
        )

    def _items_changed(self, items: list[object]) -> list[object]:
        if not items:
            return items
        place = self._chance.randrange(len(items))
        before, here, after = items[:place], items[place], items[place + 1 :]
        other = self._pair_changed(here) if isinstance(here, tuple) and len(here) == 2 else self.changed(here)
        mixed = self._chance.sample(items, len(items))
        return self._chance.choice(
            [[*before, *after], [*before, other, *after], [*items, here], items[::-1], mixed]
        )

    def _pair_changed(self, pair: tuple[object, ...]) -> tuple[object, ...]:
        return (pair[0], self.changed(pair[1]))

    def _number(self) -> str:
        return repr(self._pick(self._ints, _INTS, self._chance.randint(-20, 60)))

    def _word(self) -> str:
        letters = "".join(self._chance.choices("abcxyzAB 01,.-", k=self._chance.randint(1, 9)))
        return str(self._pick(self._texts, _TEXTS, letters))

    def _pick(self, own: Sequence[object], usual: Sequence[object], drawn: object) -> object:
        """One of the source's own literals, a usual value, or the one that was drawn."""
        turn = self._chance.random()
        if own and turn < 0.35:
            return self._chance.choice(own)
        return self._chance.choice(usual) if turn < 0.75 else drawn

    def _size(self, depth: int) -> int:
        """How many items; few of what holds many itself."""
        if depth > 2 * _DEPTH:  # or what is nested deeper would grow without end
            return 0
        return self._chance.choice((0, 1, 2, 2, 3, 3, 4, 6) if depth < 2 else (0, 1, 2))


def as_text(value: object) -> str:
    """A literal as text; a set by the order of its texts, which is the same in every process."""
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__}([{', '.join(sorted(map(as_text, value)))}])"
    if isinstance(value, list):
        return f"[{', '.join(map(as_text, value))}]"
    if isinstance(value, tuple):
        return f"({''.join(f'{as_text(item)}, ' for item in value)})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{as_text(key)}: {as_text(item)}' for key, item in value.items())}}}"
    return repr(value)


def _is_dots(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...
