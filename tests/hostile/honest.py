"""Programs that mean no harm, with calls and what they give, or with tests that they pass."""

VALUES = {
    "arithmetic": ("x = 2 ** 100", "x", str(2**100)),
    "containers": ("x = {'a': (1, [2.5, None]), 'b': {3}}", "x", "{'a': (1, [2.5, None]), 'b': {3}}"),
    "unicode": ("x = 'é😀\\u4e2d'", "x", "'é😀中'"),
    "threads": (
        "import threading\nx = []\nt = [threading.Thread(target=x.append, args=(n,)) for n in range(20)]\n"
        "for one in t: one.start()\nfor one in t: one.join()",
        "sorted(x)",
        str(list(range(20))),
    ),
    "a pool of threads": (
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as p:\n    x = list(p.map(abs, [-1, 2]))",
        "x",
        "[1, 2]",
    ),
    "a queue": ("import queue\nq = queue.Queue()\nq.put(3)", "q.get(timeout=1)", "3"),
    "asyncio": (
        "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 5",
        "asyncio.run(f())",
        "5",
    ),
    "temporary files": (
        "import tempfile\nwith tempfile.TemporaryFile('w+') as f:\n    f.write('hi')\n    f.seek(0)\n    x = f.read()",
        "x",
        "'hi'",
    ),
    "temporary folders": (
        "import tempfile, pathlib\nwith tempfile.TemporaryDirectory() as d:\n    p = pathlib.Path(d, 'a')\n"
        "    p.write_text('b')\n    x = p.read_text()",
        "x",
        "'b'",
    ),
    "files": (
        "open('a.csv', 'w').write('x,y')\nimport csv\nx = list(csv.reader(open('a.csv')))",
        "x",
        "[['x', 'y']]",
    ),
    "a database of its own": (
        "import sqlite3\nc = sqlite3.connect(':memory:')\nc.execute('create table t(a)')\nc.execute('insert into t values (1)')",
        "c.execute('select a from t').fetchall()",
        "[(1,)]",
    ),
    "regular expressions": ("import re\nx = re.findall('a+', 'baab')", "x", "['aa']"),
    "recursion": ("def f(n): return n * f(n - 1) if n else 1", "f(20)", "2432902008176640000"),
    "deeper recursion": (
        "import sys\nsys.setrecursionlimit(20000)\ndef f(n): return f(n - 1) + 1 if n else 0",
        "f(9000)",
        "9000",
    ),
    "infinities": ("x = [float('inf'), -float('inf')]", "x", "[inf, -inf]"),
    "dataclasses": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    n: int\ndef f(): return P(3).n",
        "f()",
        "3",
    ),
    "dates": (
        "import datetime, zoneinfo\nx = datetime.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Rome'))",
        "str(x)",
        "'2024-07-01 00:00:00+02:00'",
    ),
    "decimals": ("from decimal import Decimal", "str(Decimal('0.1') * 3)", "'0.3'"),
    "hashes": ("import hashlib", "hashlib.sha256(b'a').hexdigest()[:8]", "'ca978112'"),
    "compression": ("import zlib, gzip, bz2, lzma", "zlib.decompress(zlib.compress(b'abc'))", "b'abc'"),
    "a generator": ("def f():\n    yield 1\n    yield 2", "list(f())", "[1, 2]"),
    "its own name": ("if __name__ == '__main__':\n    x = 1", "x", "1"),
    "pickles": ("import pickle\nclass P:\n    pass", "type(pickle.loads(pickle.dumps(P()))).__name__", "'P'"),
    "its own source": ("import inspect\ndef f(): return 1", "inspect.getsource(f)", "'def f(): return 1'"),
    "much memory": ("x = bytearray(100 << 20)", "len(x)", str(100 << 20)),
}
NUMPY = {
    "arrays": ("import numpy as np\nx = np.arange(6).reshape(2, 3)", "x", "[[0, 1, 2], [3, 4, 5]]"),
    "scalars": ("import numpy as np", "np.mean([1, 2])", "1.5"),
    "linear algebra": ("import numpy as np", "np.linalg.solve([[2.0, 0], [0, 4]], [2, 4])", "[1.0, 1.0]"),
}
TESTED = {
    "plain asserts": ("def f(x): return x + 1", "assert f(1) == 2\nassert f(2.5) == 3.5\nassert not f(-1)"),
    "a check of candidates": (
        "def f(x): return x + 1",
        "def check(candidate):\n    assert candidate(1) == 2\ncheck(f)",
    ),
    "changes in place": (
        "def turn(m):\n    m[:] = [list(r) for r in zip(*m[::-1])]\ndef add(d):\n    d['n'] += 1\n    d['l'].append(1)",
        "m = [[1, 2], [3, 4]]\nturn(m)\nassert m == [[3, 1], [4, 2]]\nl = []\nd = {'n': 1, 'l': l}\nadd(d)\n"
        "assert d['n'] == 2 and l == [1] and d['l'] is l",
    ),
    "the same object back": (
        "def f(x):\n    x.append(1)\n    return x",
        "a = []\nassert f(a) is a and a == [1]",
    ),
    "classes": (
        "class Point:\n    def __init__(self, x, y): self.x, self.y = x, y\n"
        "    def __eq__(self, o): return (self.x, self.y) == (o.x, o.y)\n"
        "    def __add__(self, o): return Point(self.x + o.x, self.y + o.y)\n"
        "    def __mul__(self, n): return Point(self.x * n, self.y * n)\n    def __lt__(self, o): return self.x < o.x\n"
        "    def __repr__(self): return f'Point({self.x}, {self.y})'\n    def __len__(self): return 2\n"
        "    def __getitem__(self, n): return (self.x, self.y)[n]\n    @staticmethod\n    def origin(): return Point(0, 0)\n"
        "    @property\n    def both(self): return self.x + self.y\nclass Named(Point):\n    name = 'p'",
        "from points import Point, Named\ndef test_points():\n    p, q = Point(1, 2), Point(3, 4)\n    assert p + q == Point(4, 6)\n"
        "    assert p != q and p < q and sorted([q, p])[0] == p\n    assert p * 3 == Point(3, 6) and (p * 3).x == 3\n"
        "    assert repr(p) == 'Point(1, 2)' and len(p) == 2 and p[1] == 2 and list(p) == [1, 2]\n"
        "    assert Point.origin().both == 0 and isinstance(p, Point)\n    p.x = 7\n    assert p.x == 7\n"
        "    n = Named(1, 1)\n    assert isinstance(n, Point) and n.name == 'p' and type(n).__name__ == 'Named'\n"
        "    assert not hasattr(p, 'z')",
    ),
    "exceptions of its own": (
        "class Broke(ValueError):\n    def __init__(self, left):\n        super().__init__('broke')\n        self.left = left\n"
        "def pay(n):\n    raise Broke(n)",
        "import pytest\nfrom bank import Broke\ndef test_raises():\n    with pytest.raises(Broke) as caught:\n        pay(3)\n"
        "    assert caught.value.left == 3\n    with pytest.raises(ValueError, match='broke'):\n        pay(1)\n"
        "    try:\n        pay(2)\n        assert False\n    except Broke as error:\n        assert str(error) == 'broke'",
    ),
    "functions of the tests": (
        "def apply(f, xs): return [f(x) for x in xs]\ndef deco(f):\n    def g(*a): return f(*a) + 1\n    return g\n"
        "def length(node):\n    n = 0\n    while node: node, n = node.next, n + 1\n    return n",
        "assert apply(lambda x: x * 2, [1, 2]) == [2, 4]\nassert apply(str, [1]) == ['1']\n@deco\ndef one(): return 1\n"
        "assert one() == 2\nclass Node:\n    def __init__(self, next=None): self.next = next\nassert length(Node(Node())) == 2",
    ),
    "generators": (
        "def count(n):\n    while True:\n        yield n\n        n += 1",
        "from itertools import islice\ng = count(3)\nassert next(g) == 3\nassert list(islice(g, 2)) == [4, 5]",
    ),
    "values of the standard library": (
        "from collections import Counter, namedtuple, defaultdict\nfrom fractions import Fraction\nfrom decimal import Decimal\n"
        "from datetime import date, timedelta\nfrom enum import Enum, IntEnum\nP = namedtuple('P', 'x y')\n"
        "class C(Enum):\n    A = 1\nclass L(IntEnum):\n    LOW = 1\ndef p(): return P(1, 2)\ndef words(s): return Counter(s.split())\n"
        "def half(): return Fraction(1, 2)\ndef later(d): return d + timedelta(1)\ndef groups():\n    d = defaultdict(list)\n"
        "    d[1].append(2)\n    return d",
        "from datetime import date\nfrom decimal import Decimal\nfrom fractions import Fraction\nassert p() == (1, 2) and p().x == 1\n"
        "assert words('a b a') == {'a': 2, 'b': 1} and isinstance(words(''), dict)\nassert half() == Fraction(1, 2) and half() + 1 == 1.5\n"
        "assert later(date(2024, 2, 28)) == date(2024, 2, 29)\nassert C.A.value == 1 and C.A == C.A and C(1) is C.A\n"
        "assert L.LOW == 1 and L.LOW < 2 and groups() == {1: [2]}\nassert [c.name for c in C] == ['A']",
    ),
    "pytest": (
        "def f(a, b): return a + b",
        "import pytest\n@pytest.fixture\ndef two(): return 2\n@pytest.mark.parametrize('a,want', [(1, 3), pytest.param(2, 4)])\n"
        "def test_f(two, a, want): assert f(a, two) == want\nclass TestF:\n    def setup_method(self): self.x = 1\n"
        "    def test_one(self): assert f(self.x, 0.1) == pytest.approx(1.1)\n@pytest.mark.skip(reason='later')\n"
        "def test_later(): assert False\ndef test_print(capsys):\n    print(f(1, 1))\n    assert capsys.readouterr().out == '2\\n'",
    ),
    "unittest": (
        "def f(a): return [a]",
        "import unittest\nfrom solution import f\nclass T(unittest.TestCase):\n    def setUp(self): self.x = 1\n"
        "    def test_f(self):\n        self.assertEqual(f(self.x), [1])\n        self.assertRaises(TypeError, f)\n"
        "    def test_sub(self):\n        with self.subTest(n=1): self.assertIn(1, f(1))\nif __name__ == '__main__':\n    unittest.main()",
    ),
    "what it prints": (
        "def hello(): print('hi')",
        "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    hello()\nassert out.getvalue() == 'hi\\n'",
    ),
    "files between them": (
        "def lines(p): return len(open(p).readlines())",
        "def test_lines(tmp_path):\n    p = tmp_path / 'a'\n    p.write_text('1\\n2\\n')\n    assert lines(str(p)) == 2",
    ),
    "names that it imports": (
        "import math\nfrom collections import deque\ndef f(): return deque([math.pi])",
        "assert math.isclose(f()[0], 3.14159, rel_tol=1e-3) and f() == deque([math.pi])",
    ),
    "coroutines": ("async def f(x): return x + 1", "async def test_f(): assert await f(1) == 2"),
    "a name of Python's, imported": (
        "def sum(*xs): return 7",
        "from solution import sum\nassert sum(1) == 7",
    ),
    "context managers": (
        "class Log:\n    def __init__(self): self.said = []\n    def __enter__(self):\n        self.said.append('in')\n        return self\n"
        "    def __exit__(self, *a): self.said.append('out')",
        "with Log() as log: pass\nassert log.said == ['in', 'out']",
    ),
    "coroutines, run by the tests": (
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x + 1\nclass Box:\n"
        "    def __init__(self): self.lock, self.n = asyncio.Lock(), 0\n    async def add(self):\n"
        "        async with self.lock:\n            n = self.n\n            await asyncio.sleep(0)\n            self.n = n + 1\n"
        "    async def __aenter__(self): return self\n    async def __aexit__(self, *a): self.n = -1\n"
        "async def count(n):\n    for i in range(n): yield i",
        "import asyncio\nasync def both(): return await asyncio.gather(f(1), f(2))\ndef test_run():\n"
        "    assert asyncio.run(f(2)) == 3 and asyncio.run(both()) == [2, 3]\nasync def test_box():\n    b = Box()\n"
        "    await asyncio.gather(*(b.add() for _ in range(5)))\n    assert b.n == 5\n    async with b as c: assert c.n == 5\n"
        "    assert b.n == -1\nasync def test_count(): assert [i async for i in count(3)] == [0, 1, 2]",
    ),
    "what a test puts in its place": (
        "import sys\ndef fetch(): return 1\ndef f(): return fetch() + 1\ndef ask(): return int(input('n? ')) + 1\n"
        "def line(): return sys.stdin.readline()",
        "import io, os, solution\nfrom unittest.mock import patch\ndef test_patch():\n"
        "    with patch('solution.fetch', return_value=10) as fetched:\n        assert solution.f() == 11 and fetched.called\n"
        "    assert solution.f() == 2\ndef test_monkeypatch(monkeypatch):\n    monkeypatch.setattr(solution, 'fetch', lambda: 5)\n"
        "    monkeypatch.setattr('builtins.input', lambda prompt: '3')\n    monkeypatch.setattr('sys.stdin', io.StringIO('x\\n'))\n"
        "    monkeypatch.setenv('A', 'b')\n    monkeypatch.setenv('A', 'c', prepend=':')\n    assert os.environ['A'] == 'c:b' and solution.f() == 6 and ask() == 4 and line() == 'x\\n'\n"
        "def test_after(): assert solution.f() == 2",
    ),
    "fixtures of all tests and of a class": (
        "def f(a): return a * 2",
        "import pytest, unittest\nclass TestF:\n    @pytest.fixture(autouse=True)\n    def made(self): self.x = 2\n"
        "    def test_x(self): assert f(self.x) == 4\nclass T(unittest.TestCase):\n    @classmethod\n"
        "    def setUpClass(cls): cls.k = 3\n    def test_a(self): self.assertEqual(f(self.k), 6)\n"
        "    def test_b(self): self.assertEqual(self.k, 3)",
    ),
    "errors that leave a context": (
        "class Log:\n    def __init__(self, swallow): self.swallow, self.said = swallow, []\n"
        "    def __enter__(self): return self\n    def __exit__(self, kind, error, trace):\n"
        "        self.said.append(kind and f'{kind.__name__} {error}')\n        return self.swallow",
        "import pytest\ndef test_log():\n    log = Log(False)\n    with pytest.raises(ValueError):\n"
        "        with log: raise ValueError('x')\n    with log: pass\n    assert log.said == ['ValueError x', None]\n"
        "    with Log(True): raise KeyError('y')",
    ),
    "paths and other values by text": (
        "import uuid\nfrom pathlib import Path\ndef read(p): return p.read_text()\ndef below(p): return p / 'b'\n"
        "def number(): return uuid.UUID(int=1)",
        "import uuid\nfrom pathlib import Path\ndef test_path(tmp_path):\n    (tmp_path / 'a').write_text('x')\n"
        "    assert read(tmp_path / 'a') == 'x' and below(Path('a')) == Path('a/b') and number() == uuid.UUID(int=1)",
    ),
    "copies and decorated functions": (
        "import functools\nclass A:\n    def __init__(self): self.x = 1\ndef deco(f):\n    @functools.wraps(f)\n"
        "    def g(*a): return f(*a)\n    return g",
        "import copy\na = A()\nb = copy.deepcopy(a)\nb.x = 2\nassert a.x == 1 and copy.copy(b).x == 2\n@deco\n"
        "def one(): return 1\nassert one() == 1 and one.__name__ == 'one'",
    ),
}
WHOLE = {
    "a sum": ("a, b = map(int, input().split())\nprint(a + b)", "3 4\n", "7\n"),
    "many lines": ("import sys\nprint(sum(map(int, sys.stdin)))", "1\n2\n3\n", "6"),
    "all at once": (
        "import sys\ndata = sys.stdin.buffer.read().split()\nsys.stdout.write(data[-1].decode())",
        "x y z",
        "z",
    ),
    "an exit": ("import sys\nprint('yes')\nsys.exit()\nprint('no')", "", "yes"),
    "a silent exit": ("import os\nprint('yes', flush=True)\nos._exit(0)", "", "yes"),
    "a main": ("def main():\n    print(input())\nif __name__ == '__main__':\n    main()", "é😀", "é😀"),
    "words to the error stream": ("import sys\nprint('debug', file=sys.stderr)\nprint(1)", "", "1"),
    "an exit by its other names": ("import sys\nif sys.argv: exit()\nquit(1)", "", ""),
    "no input": ("try: input()\nexcept EOFError: print('none')", "", "none"),
    "a million numbers": ("print(*range(10 ** 6))", "", " ".join(map(str, range(10**6)))),
}
