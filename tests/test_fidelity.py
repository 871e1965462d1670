"""fidelity: a program made again must do what the original does; what cannot be run must look like it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judge_bench import Bench, judged

from factory.discovery import SOURCES, load
from factory.records import Chat, Code, Reversal
from validators.fidelity import BEHAVES, LACKS, LOOKS, RUNS, UNLIKE
from validators.fidelity.arguments import Unsupported
from validators.fidelity.inputs import calls_of
from validators.fidelity.lives import lives_of
from validators.fidelity.trees import likeness

ORIGINAL = '''
def chunks(items: list[int], size: int = 2) -> list[list[int]]:
    """Cut a list into pieces.

    >>> chunks([1, 2, 3], 2)
    [[1, 2], [3]]
    """
    if size < 1:
        raise ValueError("a piece has at least one item")
    return [items[start : start + size] for start in range(0, len(items), size)]
'''
AGAIN = """
def chunks(values, size=2):
    if size <= 0:
        raise ValueError(f"size must be positive, not {size}")
    pieces = []
    for position in range(0, len(values), size):
        pieces.append(values[position:position + size])
    return pieces
"""
SAMPLES = Path(__file__).parent.parent / "examples/seeds/python"


def reversed_(original: str, regenerated: str, *calls: str) -> Chat:
    evidence = Reversal(
        original=original,
        instruction="i",
        regenerated=regenerated,
        calls=calls,
        agreement=1.0,
        similarity=1.0,
    )
    return Chat.of("i", regenerated, evidence)


def test_the_same_behaviour_in_other_words_passes() -> None:
    verdict = judged("fidelity", reversed_(ORIGINAL, AGAIN))
    assert verdict.passed and verdict.score == 1.0, verdict.details
    assert verdict.details["calls"] >= 20 and verdict.details["compared_by"] == "syntax trees"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("size <= 0", "size <= 1"),
        ("position + size]", "position + size - 1]"),
        ("len(values), size", "len(values) - 1, size"),  # only where the last piece is short
        ("size=2", "size=3"),  # only where the default is used
        ("return pieces", "return tuple(pieces)"),  # another type
        ("pieces = []", "pieces = []\n    values.sort()"),  # also changes what it was given
        ("ValueError", "IndexError"),
    ],
)
def test_a_planted_fault_shows_on_a_generated_input(right: str, wrong: str) -> None:
    verdict = judged("fidelity", reversed_(ORIGINAL, AGAIN.replace(right, wrong)), agreement=1.0)
    assert (verdict.passed, verdict.reason) == (False, BEHAVES)
    shown = verdict.details["differing"][0]
    assert shown["call"].startswith("chunks(") and shown["fault"]


def test_what_does_not_run_or_lacks_the_function_is_caught() -> None:
    assert judged("fidelity", reversed_(ORIGINAL, "import nowhere\n" + AGAIN)).reason == RUNS
    assert judged("fidelity", reversed_(ORIGINAL, AGAIN.replace("pieces = []", "pieces = ["))).reason == RUNS
    verdict = judged("fidelity", reversed_(ORIGINAL, AGAIN.replace("def chunks", "def pieces_of")))
    assert verdict.reason == LACKS and verdict.details["differing"] == [
        {"fault": "it has no function 'chunks'"}
    ]
    hangs = AGAIN.replace("    pieces = []", "    while size == 3: pass\n    pieces = []")
    verdict = judged("fidelity", reversed_(ORIGINAL, hangs), cpu_seconds=0.5)
    assert verdict.reason == BEHAVES and "CPU" in verdict.details["differing"][0]["fault"]


def test_likeness_is_asked_besides_where_that_is_wanted() -> None:
    verdict = judged("fidelity", reversed_(ORIGINAL, AGAIN), similarity=0.9)
    assert verdict.reason == LOOKS and verdict.score == 1.0


@pytest.mark.parametrize(
    ("original", "why"),
    [
        ("def feed(stream: Stream) -> int:\n    return stream.read(4) + 1\n", "parameter 'stream'"),
        ("class Box(Lid):\n    size = 3\n", "no public method"),
        ("async def wait(turns: Future) -> int:\n    return await turns\n", "parameter 'turns'"),
        ("import nowhere\n\ndef near(a: int) -> int:\n    return nowhere.near(a)\n", "nowhere"),
        (
            "import random\n\ndef roll(sides: int) -> int:\n    return random.randint(1, 10**9 + sides)\n",
            "hardly",
        ),
        ("def always(a: int) -> int:\n    return 3\n", "the same on every"),
        ("function area(w, h) { return w * h; }", "no Python"),
    ],
)
def test_what_cannot_be_told_by_running_falls_back_on_likeness_and_says_so(original: str, why: str) -> None:
    name = original.partition("(")[0].rpartition(" ")[2]
    bench = Bench("fidelity")
    same, other = bench.judge(
        reversed_(original, original), reversed_(original, f"def {name}(x):\n    yield from x[1:]\n")
    )
    assert same.passed and same.score == 1.0 and why in same.details["not_run_because"]
    assert other.reason == UNLIKE and why in other.details["not_run_because"]


OTHERWISE = {
    "any number of arguments": (
        'def total(*numbers):\n    """Sum of squares."""\n    return sum(n * n for n in numbers)\n',
        "def total(*values):\n"
        "    result = 0\n"
        "    for v in values:\n"
        "        result += v ** 2\n"
        "    return result\n",
        "def total(*values):\n    result = 0\n    for v in values:\n        result += v\n    return result\n",
    ),
    "named arguments of any name": (
        "def tag(name: str, **attrs: str) -> str:\n"
        '    return "<" + name + "".join(f" {k}={v!r}" for k, v in sorted(attrs.items())) + ">"\n',
        "def tag(name, **attributes):\n"
        '    parts = [f" {k}={v!r}" for k, v in sorted(attributes.items())]\n'
        "    return f\"<{name}{''.join(parts)}>\"\n",
        'def tag(name, **attributes):\n    return f"<{name}>"\n',
    ),
    "what is printed": (
        'def table(n: int) -> None:\n    for i in range(1, n + 1):\n        print(n, "x", i, "=", n * i)\n',
        "def table(number):\n"
        "    for k in range(1, number + 1):\n"
        '        print(f"{number} x {k} = {number * k}")\n',
        "def table(number):\n"
        "    for k in range(1, number + 1):\n"
        '        print(f"{number} * {k} = {number * k}")\n',
    ),
    "an object that is returned": (
        "class P:\n"
        "    def __init__(self, x, y):\n"
        "        self.x = x\n"
        "        self.y = y\n"
        "\n"
        "def mid(a: int, b: int):\n"
        "    return P((a + b) // 2, a * b)\n",
        "class P:\n"
        "    def __init__(self, x, y):\n"
        "        self.x, self.y = x, y\n"
        "\n"
        "def mid(first, second):\n"
        "    total = first + second\n"
        "    return P(total // 2, first * second)\n",
        "class P:\n"
        "    def __init__(self, x, y):\n"
        "        self.x, self.y = x, y\n"
        "\n"
        "def mid(first, second):\n"
        "    total = first + second\n"
        "    return P(total // 2, first + second)\n",
    ),
    "a parameter compared with a text": (
        "def kind(c):\n"
        '    if c in "aeiou":\n'
        '        return "vowel"\n'
        '    if c == "y":\n'
        '        return "sometimes"\n'
        '    return "consonant"\n',
        "def kind(letter):\n"
        '    if letter == "y":\n'
        '        return "sometimes"\n'
        '    return "vowel" if letter in "aeiou" else "consonant"\n',
        'def kind(letter):\n    return "vowel" if letter in "aeiou" else "consonant"\n',
    ),
    "a branch behind a large number": (
        "def fee(n: int) -> int:\n    if n > 1_000_000:\n        return 7\n    return n + 1\n",
        "def fee(n):\n    return 7 if n > 1000000 else 1 + n\n",
        "def fee(n):\n    return n + 1\n",
    ),
    "a default that keeps what it was given": (
        "def add(x: int, acc: list[int] | None = None) -> list[int]:\n"
        "    acc = [] if acc is None else acc\n"
        "    acc.append(x)\n"
        "    return acc\n",
        "def add(item, target=None):\n"
        "    if target is None:\n"
        "        target = []\n"
        "    target.append(item)\n"
        "    return target\n",
        "def add(item, target=[]):\n    target.append(item)\n    return target\n",
    ),
    "a helper with a common name": (
        "def _plain(x):\n    return x * 2\n\ndef twice(x: int) -> int:\n    return _plain(x) + 1\n",
        "def twice(x):\n    return 2 * x + 1\n",
        "def twice(x):\n    return 2 * x\n",
    ),
    "nothing for an empty list": (
        "def first(items: list[int]):\n    return items[0] if items else None\n",
        "def first(xs):\n    if not xs:\n        return None\n    return xs[0]\n",
        "def first(xs):\n    if not xs:\n        return 0\n    return xs[0]\n",
    ),
    "no parameter at all": (
        "def primes():\n    return [2, 3, 5, 7]\n",
        "def primes():\n    return [n for n in range(2, 10) if all(n % k for k in range(2, n))]\n",
        "def primes():\n    return [2, 3, 5, 7, 9]\n",
    ),
    "a count that is kept between calls": (
        "_n = 0\n\ndef tick(step: int) -> int:\n    global _n\n    _n += step\n    return _n\n",
        "count = 0\n\ndef tick(step):\n    global count\n    count = count + step\n    return count\n",
        "def tick(step):\n    return step\n",
    ),
    "lists in lists": (
        "def flat(x: list) -> list:\n"
        "    out = []\n"
        "    for i in x:\n"
        "        if isinstance(i, list):\n"
        "            out.extend(flat(i))\n"
        "        else:\n"
        "            out.append(i)\n"
        "    return out\n",
        "def flat(nested):\n"
        "    result = []\n"
        "    for item in nested:\n"
        "        result += flat(item) if isinstance(item, list) else [item]\n"
        "    return result\n",
        "def flat(nested):\n"
        "    result = []\n"
        "    for item in nested:\n"
        "        if isinstance(item, list):\n"
        "            result += item\n"
        "        else:\n"
        "            result.append(item)\n"
        "    return result\n",
    ),
    "a coroutine": (
        "async def f(x: int) -> int:\n    return x + 1\n",
        "async def f(y):\n    return 1 + y\n",
        "async def f(y):\n    return y\n",
    ),
    "a class": (
        "class Stack:\n"
        "    def __init__(self):\n"
        "        self.items = []\n"
        "    def push(self, x):\n"
        "        self.items.append(x)\n"
        "    def pop(self):\n"
        "        return self.items.pop()\n",
        "class Stack:\n"
        "    def __init__(self):\n"
        "        self._data = []\n"
        "    def push(self, value):\n"
        "        self._data.append(value)\n"
        "    def pop(self):\n"
        "        return self._data.pop()\n",
        "class Stack:\n"
        "    def __init__(self):\n"
        "        self._data = []\n"
        "    def push(self, value):\n"
        "        self._data.insert(0, value)\n"
        "    def pop(self):\n"
        "        return self._data.pop()\n",
    ),
}


@pytest.mark.parametrize("shown_by", OTHERWISE)
def test_a_clean_twin_passes_and_a_fault_shows_by(shown_by: str) -> None:
    original, clean, planted = OTHERWISE[shown_by]
    same, other = Bench("fidelity").judge(reversed_(original, clean), reversed_(original, planted))
    assert same.passed and "agreement" in same.details, same.details
    assert (other.passed, other.reason) == (False, BEHAVES)


def test_every_example_function_agrees_with_itself_on_inputs_read_off_it() -> None:
    read = load(SOURCES, "python")
    functions = [found.seed for path in sorted(SAMPLES.glob("*.py")) for found in read(path, Code)][::3]
    for verdict in Bench("fidelity", inputs=15).judge(*(reversed_(one.text, one.text) for one in functions)):
        assert verdict.passed and verdict.details.get("agreement") == 1.0, verdict.details


def test_an_object_is_given_what_its_methods_take_however_they_take_self() -> None:
    source = (
        "class Box:\n    def __init__(self, side: int, /) -> None: self.side = side\n"
        "    def grown(self, /, by: int) -> int: return self.side + by\n"
        "    def shrunk(self, by: int) -> int: return self.side - by\n"
    )
    known: dict[str, object] = {}
    exec(source, known)
    lives = lives_of(source, "Box", [], 20, random.Random(5))
    assert len(lives) == 20 and all(eval(life, known) for life in lives)


def test_inputs_come_from_annotations_documentation_and_literals() -> None:
    source = '''
Grid = list[list[int]]

def paint(grid: Grid, colour: str = "teal", *, times: int | None = None, kind: Literal["a", "b"]) -> Grid:
    """Paint.

    >>> [paint([[8]], colour=one, kind="a") for one in "xy"] and paint([[5, 6]], "mauve", kind="b")
    """
    return grid if colour != "ochre" else []
'''
    made = calls_of(source, "paint", ["paint([[1]], 'red', kind='a')"], 60, random.Random(1))
    assert made[:2] == ["paint([[1]], 'red', kind='a')", "paint([[5, 6]], 'mauve', kind='b')"]
    text = "\n".join(made)
    assert len(made) == len(set(made)) == 60
    for part in ("'ochre'", "kind='b'", "times=None", "[]", "[["):
        assert part in text
    assert made == calls_of(source, "paint", ["paint([[1]], 'red', kind='a')"], 60, random.Random(1))
    with pytest.raises(
        Unsupported, match="parameter 'work': no argument can be made for the type 'callable'"
    ):
        calls_of("def apply(work: Callable[[int], int]): return work(1)", "apply", [], 5, random.Random(1))


@pytest.mark.parametrize(
    "kind",
    [
        "dict[str, list[int]]", "Mapping[int, str] | None", "Optional[bool]", "tuple[int, ...]", "tuple[str, int]",
        "set[str]", "frozenset[int]", "list[tuple[int, int]]", "list[list[list[float]]]", "Sequence[Decimal]", "date",
        "'list[int]'", "typing.Literal[1, 2]", "bytes", "Union[int, str]", "Any", "T",
    ],
)  # fmt: skip
def test_arguments_of_every_usual_type_are_expressions_and_the_same_for_the_same_chance(kind: str) -> None:
    source = f"T = TypeVar('T')\n\ndef f(x: {kind}):\n    return x\n"
    made = calls_of(source, "f", ["f({3, 1, 2})"], 12, random.Random(5))
    for call in made:
        compile(call, "<call>", "eval")
    assert len(made) > 2 and made == calls_of(source, "f", ["f({3, 1, 2})"], 12, random.Random(5))


@pytest.mark.parametrize("kind", ["'list['", "Union", "Literal", "Path", "IO[str]", "Callable[[], int]"])
def test_a_type_that_no_literal_stands_for_is_named(kind: str) -> None:
    with pytest.raises(Unsupported, match="parameter 'x': no argument can be made"):
        calls_of(f"def f(x: {kind}): ...", "f", [], 5, random.Random(1))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("x.split()", "'"),
        ("x.items()", "{"),
        ("[y for y in x]", "["),
        ("x + 1", "0123456789-"),
    ],
)
def test_without_an_annotation_the_use_of_a_parameter_tells_its_type(body: str, kind: str) -> None:
    [*made] = calls_of(f"def f(x):\n    return {body}\n", "f", [], 8, random.Random(0))
    assert all(call[2] in kind + '"' for call in made)


def test_likeness_is_blind_to_names_layout_and_documentation_and_sees_structure() -> None:
    renamed = ORIGINAL.replace("items", "xs").replace("start", "i").replace("Cut a list", "Slice it")
    assert likeness(ORIGINAL, renamed) == (1.0, "syntax trees")
    assert 0.1 < likeness(ORIGINAL, AGAIN)[0] < 0.9
    assert likeness(ORIGINAL, ORIGINAL.replace("size < 1", "size < 2"))[0] > likeness(ORIGINAL, AGAIN)[0]
    assert likeness("let a = b;", "let a = b;") == (1.0, "tokens")
    assert likeness("let a = b;", ORIGINAL)[0] < 0.1


DEEP = "[" * 90 + "1" + "]" * 90


@pytest.mark.parametrize(
    "source",
    [
        f"def f(a=0x{'f' * 8000}):\n    return a + 0x{'f' * 8000}",
        f"def f(a: Literal[0x{'f' * 8000}]):\n    return a",
        f"def f(a: {'list[' * 90}int{']' * 90}):\n    return a",
        f"def f(a):\n    '''\n    >>> f({DEEP})\n    >>> f('{'1' * 5000}')\n    '''\n    raise {'x.' * 1000}y",
        "f = " + "lambda: " * 2000 + "1\ndef f(a): return 1",
        "def f(a: tuple[()], *, b: Union[()]): return a",
    ],
)
def test_any_source_is_compared_or_told_as_what_cannot_be_run(source: str) -> None:
    assert judged("fidelity", reversed_(source, source)).reason in ("", UNLIKE, BEHAVES, RUNS, LACKS)


@given(st.sampled_from(["a", "b", "c"]), st.integers(), st.integers())
def test_likeness_is_symmetric_and_whole_only_where_programs_are_one(
    name: str, left: int, right: int
) -> None:
    one, two = f"def f({name}):\n    return {name} + {left!r}", f"def f(x):\n    return x + {right!r}"
    assert likeness(one, two) == likeness(two, one)
    assert (likeness(one, two)[0] == 1.0) == (left == right)
