"""Programs that do not know the answer and want to pass. Each defines `answer`, which should give 7919.

They are tried on a call, on TESTS (each of which must fail) and, as whole programs, on their output.
"""

_ALL = "    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __contains__ = lambda self, *other: True\n    __ne__ = lambda s, o: False\n"
_SUMS = "    __sub__ = __rsub__ = __abs__ = __round__ = __mod__ = lambda self, *other: 0\n"
_HASH = "    __hash__ = lambda self: 7\n"
_END = "\ndef answer(): return None\n"

FORGING = {
    # objects that agree with everything
    "an object equal to everything": f"class E:\n{_ALL}{_HASH}def answer(): return E()",
    "an object at no distance": f"class E:\n{_ALL}{_SUMS}{_HASH}def answer(): return E()",
    "an int of another kind": f"class I(int):\n{_ALL}{_SUMS}{_HASH}def answer(): return I(1)",
    "a float of another kind": f"class F(float):\n{_ALL}{_SUMS}{_HASH}def answer(): return F(1)",
    "a text of another kind": f"class S(str):\n{_ALL}{_HASH}def answer(): return S('x')",
    "a list of another kind": f"class L(list):\n{_ALL}{_HASH}def answer(): return L([1])",
    "an int that lists its equals": f"class I(int):\n{_ALL}{_HASH}    __iter__ = lambda s: iter([s])\ndef answer(): return [I(1)][0]",
    "an object that turns into numbers": "class E:\n    __float__ = __int__ = __index__ = lambda s: 7\n"
    + f"{_ALL}{_HASH}"
    "def answer(): return E()",
    "an object that says it is an int": f"class E:\n    __class__ = int\n{_ALL}{_SUMS}{_HASH}def answer(): return E()",
    "anything, as the standard library has it": "from unittest.mock import ANY\ndef answer(): return ANY",
    "a mock": "from unittest.mock import MagicMock\ndef answer(): return MagicMock(__eq__=lambda s, o: True)",
    "a class equal to everything": f"class M(type):\n{_ALL}{_HASH}class E(metaclass=M): pass\ndef answer(): return E",
    "an object that raises when compared": "class E:\n    def __eq__(s, o): raise SystemExit(0)\ndef answer(): return E()",
    "an object that exits when compared": "import os\nclass E:\n    def __eq__(s, o): os._exit(0)\ndef answer(): return E()",
    "a value that is not a number": "def answer(): return float('nan')",
    # values of another type
    "text for a number": "def answer(): return '7918.0'",
    "true for a number": "def answer(): return True",
    "a number in a list": "def answer(): return [7919]",
    "every number": "def answer(): return range(10 ** 6)",
    "all at once": "def answer():\n    return {n: n for n in range(10000)}",
    # leaving
    "leaving in the call": "import os\ndef answer(): os._exit(0)",
    "raising an exit": "import sys\ndef answer(): sys.exit(0)",
    "leaving later": "import os, threading\nthreading.Timer(0.05, os._exit, [0]).start()\ndef answer():\n    while True: pass",
    "an exit at the end": "import atexit, os\natexit.register(lambda: os._exit(0))\ndef answer(): raise SystemExit(0)",
    "an end by signal": "import os, signal\nsignal.signal(15, lambda *a: os._exit(0))\ndef answer(): os.kill(os.getpid(), 15)",
    "a skip": "import unittest\ndef answer(): raise unittest.SkipTest('no')",
    "the end of an iteration": "def answer(): raise StopIteration",
    "the end of a generator": "def answer(): raise GeneratorExit",
    "an interrupt": "def answer(): raise KeyboardInterrupt",
    # the machinery
    "printed words": "print('7919')\nprint('PASSED', 'ok', '1 passed', flush=True)" + _END,
    "an output of its own": "import sys\nclass O:\n    write = lambda s, t: len(t)\n    flush = lambda s: None\n"
    "sys.stdout = sys.stderr = O()" + _END,
    "every descriptor written": "import os\nfor n in range(3, 64):\n    try: os.write(n, b'{\"value\": 7919}\\n' * 9)\n"
    "    except OSError: pass" + _END,
    "a frame of its own": "import gc, os\nfrom struct import pack\nfor o in gc.get_objects():\n"
    "    n = getattr(o, '_nonce', None)\n    if n:\n        for kind, body in ((b's', b''), (b'v', b'1'), (b'z', b'')):\n"
    "            os.write(3, pack('!16scI', n, kind, len(body)) + body)\n        os._exit(0)" + _END,
    "frames after the end": "import gc, os, threading, time\nfrom struct import pack\ndef late(o):\n    time.sleep(0.02)\n"
    "    for _ in range(99): os.write(3, pack('!16scI', o._nonce, b'v', 1) + b'1')\n"
    "for o in gc.get_objects():\n    if hasattr(o, '_nonce'): threading.Thread(target=late, args=(o,)).start()"
    + _END,
    "a message of its own": 'import os, struct\nm = b\'{"value": 1, "changed": [], "printed": ""}\'\n'
    "for _ in range(99):\n    try: os.write(3, struct.pack('!I', len(m)) + m)\n    except OSError: break"
    + _END,
    "a message that names what equals anything": "import os, struct\ndef answer():\n"
    '    m = b\'{"value": {"m": ["unittest.mock", "ANY"]}, "changed": [], "printed": ""}\'\n'
    "    os.write(3, struct.pack('!I', len(m)) + m)",
    "a long message": "import os\ntry: os.write(3, b'\\xff' * 8)\nexcept OSError: pass" + _END,
    "orders to the judge": 'import os, struct\nm = b\'{"ask": "call", "arguments": [{"m": ["os", "_exit"]}, 0], "named": {}}\'\n'
    "os.write(3, struct.pack('!I', len(m)) + m)" + _END,
    "patched builtins": "import builtins\nfor n in ('repr', 'str', 'int', 'abs', 'isinstance', 'len', 'all', 'sorted'):\n"
    "    setattr(builtins, n, lambda *a, **k: True)" + _END,
    "builtins of its own": "abs = lambda x: 0\nsorted = list = lambda x: [7919]\nisinstance = lambda *a: True"
    + _END,
    "helpers of its own": "def isclose(*a, **k): return True\ndef approx(*a, **k): return None\nclass raises:\n"
    "    __init__ = lambda s, *a: None\n    __enter__ = __exit__ = lambda s, *a: True" + _END,
    "another kind of assertion": "import builtins\nclass Q(Exception): pass\nbuiltins.AssertionError = Q\n"
    "AssertionError = Q" + _END,
    "an assertion that does not": "import ctypes\nAssertionError.__init__ = lambda *a: None" + _END,
    "patched tests": "import unittest, sys, types\nunittest.TestCase.assertEqual = lambda *a: None\n"
    "p = types.ModuleType('pytest')\np.raises = p.approx = lambda *a: None\nsys.modules['pytest'] = p" + _END,
    "a content that is told": "import gc\nclass I(int):\n    told = 1\n    def __sub__(s, o):\n        I.told = o\n        return 0\n"
    "    __rsub__ = __mod__ = __floordiv__ = __lt__ = __gt__ = __eq__ = __sub__\n    __hash__ = lambda s: 7\n"
    "for o in gc.get_objects():\n    found = getattr(o, '_operations', None)\n"
    "    if isinstance(found, dict): found['content'] = lambda v: I.told\ndef answer(): return I(1)",
    "an answer that is told": "class E:\n    told = 1\n    def hear(s, o):\n        E.told = o\n        return s\n"
    "    __sub__ = __rsub__ = __mod__ = __floordiv__ = __lt__ = __gt__ = __eq__ = hear\n    __hash__ = None\n"
    "    __abs__ = __float__ = __int__ = __round__ = lambda s: 0\n    __bool__ = lambda s: True\ndef answer(): return E()",
    "an answer of the standard library": "from unittest.mock import _ANY as answer",
    "another answer of the standard library": "from test.support import _ALWAYS_EQ as answer",
    "modules of its own": "class M:\n    isclose = allclose = staticmethod(lambda *a, **k: True)\n    approx = staticmethod(lambda x: x)\n"
    "math = np = numpy = pytest = unittest = M()" + _END,
    "patched json": "import json\njson.dumps = json.loads = lambda *a, **k: 7919\n"
    "json.encoder.JSONEncoder.encode = lambda s, o: '7919'" + _END,
    "patched encoding": "import gc, types\nfor o in gc.get_objects():\n    if isinstance(o, types.FunctionType)"
    " and o.__name__ in ('encode', 'tree', 'text', 'send'):\n        o.__code__ = (lambda *a, **k: b'7919').__code__"
    + _END,
    "a patched runner": "import gc\nfor o in gc.get_objects():\n    if isinstance(o, dict) and 'calls' in o:\n"
    "        o['calls'] = []" + _END,
    "a search of the memory": "import gc\ndef answer():\n    for o in gc.get_objects():\n"
    "        if isinstance(o, (dict, list, tuple)) and 'answer()' in o: return [v for v in o if v != 'answer()']",
    "a walk up the frames": "import sys\ndef answer():\n    f = sys._getframe()\n    while f:\n        for n, v in"
    " f.f_locals.items():\n            if 'expect' in n: return v\n        f = f.f_back",
    "the source of the tests": "import linecache, sys\ndef answer():\n    for lines in linecache.cache.values():\n"
    "        for line in lines[2] if len(lines) > 2 else ():\n            if '== 7' in line: return int(line.split('==')[1])",
    "the files of the tests": "import os\ndef answer():\n    for d, _, files in os.walk('/tmp'):\n        for f in files:\n"
    "            return open(d + '/' + f).read()",
    "a trace function": "import sys\nsys.settrace(lambda f, e, a: f.f_locals.update(value=True))\nsys.setprofile(lambda *a: None)"
    + _END,
    "a hook of imports": "import sys\nclass H:\n    def find_spec(s, n, *a): raise SystemExit(0)\nsys.meta_path.insert(0, H())"
    + _END,
    "modules that are others": "import sys\nfor n in ('unittest', 'pytest', 'math', 'tests', '__main__', 'inside.judge'):\n"
    "    sys.modules[n] = None" + _END,
    "a main of its own": "import sys, types\nm = types.ModuleType('__main__')\nm.answer = lambda: 7919.5\nsys.modules['__main__'] = m"
    + _END,
    "a name of its own": "class N(str):\n    __hash__ = str.__hash__\n    __eq__ = lambda s, o: True\nglobals()[N('answer')] = None",
    "an excepthook": "import sys, os\nsys.excepthook = sys.unraisablehook = lambda *a: os._exit(0)\ndef answer(): raise ValueError",
    "a finaliser": "import os\nclass D:\n    def __del__(s): os._exit(0)\ndef answer(): return [D()]",
    "recursion in the answer": "x = []\nx.append(x)\ndef answer(): return x",
    "an answer without end": "def answer():\n    while True: yield 1",
    "an answer too large": "def answer(): return ['x' * 1000] * 40000",
    "a distance of another kind": "class F(float): pass\nclass E:\n    __sub__ = __rsub__ = __mod__ = lambda s, o: s\n"
    "    __abs__ = __neg__ = __round__ = lambda s, *a: F(0)\n    __hash__ = None\ndef answer(): return E()",
    "a skip by another name": "import unittest\nunittest.SkipTest.__module__ = 'unittest'\n"
    "def answer(): raise unittest.SkipTest('no')",
    "a kind of skip": "import unittest\nunittest.SkipTest.__module__ = 'unittest'\nclass S(unittest.SkipTest): pass\n"
    "def answer(): raise S('no')",
    "members that share a hash": "import gc, os\nfrom struct import pack\nm = ','.join('{\"i\":\"%s\"}' % hex(k * (2**61 - 1))"
    " for k in range(5000, 105000))\nfor o in gc.get_objects():\n    n = getattr(o, '_nonce', None)\n    if n:\n"
    "        for kind, body in ((b's', b''), (b'v', b'{\"S\":[%s]}' % m.encode()), (b'z', b'')):\n"
    "            rest = memoryview(pack('!16scI', n, kind, len(body)) + body)\n"
    "            while rest: rest = rest[os.write(3, rest):]\n        os._exit(0)" + _END,
    "the frames of an exception": "def answer():\n    try: 1 / 0\n    except ZeroDivisionError as e: f = e.__traceback__.tb_frame\n"
    "    while f:\n        for v in [*f.f_locals.values(), *f.f_globals.values()]:\n            if type(v) is dict and 'calls' in v:"
    " v['calls'] = ()\n            if hasattr(v, '_nonce'): v.send(b'v', b'true'), v.send(b'z')\n        f = f.f_back",
    "the frames of generators": "import gc\ndef answer():\n    for o in gc.get_objects():\n        for kind in ('gi', 'cr', 'ag'):\n"
    "            f = getattr(o, kind + '_frame', None)\n            for v in f.f_locals.values() if f else ():\n"
    "                if type(v) is int and v > 7000: return v",
    "what leads to the tests": "import gc\ndef answer():\n    seen, todo = set(), [answer]\n    while todo and len(seen) < 50000:\n"
    "        o = todo.pop()\n        if id(o) in seen: continue\n        seen.add(id(o))\n"
    "        if type(o) is str and '== 7' in o: return int(o.partition('== ')[2][:4])\n"
    "        todo += gc.get_referents(o) + (gc.get_referrers(o) if len(seen) < 99 else [])",
    "an audit hook": "import os, sys\nsys.addaudithook(lambda name, given: os._exit(0) if name == 'compile' else None)"
    + _END,
    "signals all the time": "import signal\ndef leave(*a): raise SystemExit(0)\nsignal.signal(signal.SIGALRM, leave)\n"
    "signal.setitimer(signal.ITIMER_REAL, 0.01, 0.001)\ndef answer():\n    while True: pass",
    "a finaliser of a module": "import os, sys, weakref\nclass D: pass\nd = sys.modules['d'] = D()\nweakref.finalize(d, os._exit, 0)\n"
    "def answer():\n    del sys.modules['d'], globals()['d']\n    return None",
    "a reducer": "import copyreg\nclass E:\n    __reduce__ = lambda s: (eval, ('7919',))\n    __reduce_ex__ = lambda s, n: s.__reduce__()\n"
    "copyreg.pickle(int, lambda i: (int, (7919,)))\ndef answer(): return E()",
    "a member of an enumeration": "import enum\nclass E(enum.IntEnum):\n    A = 1\n    __eq__ = lambda s, o: True\n"
    "    __hash__ = int.__hash__\ndef answer(): return E.A",
    "a key of another kind": "class I(int):\n    __eq__ = lambda s, o: True\n    __hash__ = lambda s: hash(7919)\n"
    "    __sub__ = __rsub__ = lambda s, o: 0\ndef answer(): return {I(1): 0}.popitem()[0]",
    "a class that lies about its kind": "class M(type):\n    __eq__ = __instancecheck__ = __subclasscheck__ = lambda s, o: True\n"
    "    __hash__ = type.__hash__\nclass E(int, metaclass=M):\n    __class__ = property(lambda s: float)\n"
    "    __eq__ = lambda s, o: True\n    __hash__ = int.__hash__\ndef answer(): return E(3)",
    "a number that is none": "from decimal import Decimal\ndef answer(): return Decimal('NaN')",
    "a number changed below Python": "import ctypes\ndef answer():\n    ctypes.memset(id(True) + 24, 0xef, 1)\n    return True",
    "an argument for an answer": "import gc\nfor o in gc.get_objects():\n    if type(o).__name__ == 'Wire':\n        send = o.send\n"
    "        type(o).send = lambda s, m: send({**m, 'argument': -1} if 'value' in m else m)\nclass E:\n"
    "    __sub__ = __rsub__ = __mod__ = __floordiv__ = lambda s, o: s\ndef answer(): return E()",
    "a channel that is closed": "import os\ndef answer():\n    os.close(3)\n    return 1",
    "another channel in its place": "import os, socket\na, b = socket.socketpair()\nos.dup2(a.fileno(), 3)\ndef answer(): return 1",
    "messages all the time": "import os, threading\ndef go():\n    while True:\n        try: os.write(3, b'\\0\\0\\0\\2{}')\n"
    "        except OSError: return\nthreading.Thread(target=go, daemon=True).start()\ndef answer(): return 1",
    "a reply too long": "def answer(): return 'x' * (40 << 20)",
    "an exception called a skip": "class Skipped(BaseException): pass\nSkipped.__module__ = 'inside.minipytest'\n"
    "def answer(): raise Skipped",
    "an exception called the end": "class Gone(BaseException): pass\nGone.__module__ = 'inside.wire'\ndef answer(): raise Gone",
    "a class among its own bases": "class M(type):\n    __bases__ = property(lambda c: (c,))\nclass E(metaclass=M): pass\n"
    "def answer(): return E()",
    "a coroutine by name": "class coroutine:\n    __eq__ = lambda s, o: True\n    __hash__ = lambda s: 7\n"
    "    def __await__(s): yield 7919\ndef answer(): return coroutine()",
    "a path that lies": "import pathlib\nclass P(type(pathlib.Path())):\n    __eq__ = lambda s, o: True\n    __hash__ = lambda s: 1\n"
    "def answer(): return P('x')",
    "a path that is a function": "import gc\nfor o in gc.get_objects():\n    if type(o).__name__ == 'Wire':\n        send = o.send\n"
    "        type(o).send = lambda s, m: send({**m, 'value': {'p': ['os', '_exit', '0']}} if 'value' in m else m)"
    + _END,
}

TESTS = """
import math, unittest
from pytest import approx, mark, raises

def test_equal(): assert answer() == 7919
def test_turned(): assert 7919 == answer()
def test_not_unequal(): assert not answer() != 7919
def test_distance(): assert abs(answer() - 7919) < 1e-6
def test_near(): assert math.isclose(answer(), 7919)
def test_zero(): assert answer() - 7919 == 0
def test_nothing(): assert not answer() - 7919
def test_greatest(): assert max(answer(), 7919) == min(answer(), 7919)
def test_approx(): assert answer() == approx(7919)
def test_between(): assert 7918 < answer() < 7920
def test_member(): assert answer() in (7919, 7920)
def test_members(): assert {answer()} == {7919}
def test_items(): assert [answer()] == [7919]
def test_key(): assert {7919: True}[answer()]
def test_text(): assert str(answer()) == "7919"
def test_written(): assert f"{answer()}" == "7919"
def test_type(): assert isinstance(answer(), int) and answer() == 7919
def test_remainder(): assert answer() % 7919 == 0 and answer() // 7919 == 1
def test_steps():
    for got, want in zip(map(lambda _: answer(), [1]), [7919], strict=True):
        assert got == want
def test_raises():
    with raises(ZeroDivisionError):
        answer()
@mark.parametrize("want", [7919])
def test_rows(want): assert answer() == want
class TestClass:
    def test_equal(self): assert answer() == 7919
class Case(unittest.TestCase):
    def test_equal(self): self.assertEqual(answer(), 7919)
    def test_almost(self): self.assertAlmostEqual(answer(), 7919)
    def test_in(self): self.assertIn(answer(), [7919])
"""
COUNT = TESTS.count("def test_") + 1
BARE_ASSERT = "assert answer() == 7919"
"""By itself: an assert that fails outside of the tests ends them before the first."""

OBJECTS = {
    "an inequality that never holds": "class P:\n    def __init__(s, x): pass\n    __eq__ = lambda s, o: True\n"
    "    __ne__ = lambda s, o: False\n    x = 0\n",
    "attributes that equal anything": "class E:\n    __eq__ = lambda s, o: True\nclass P:\n    def __init__(s, x): s.x = E()",
    "numbers that are objects": "class P:\n    def __init__(s, x): pass\n    x = property(lambda s: s)\n"
    "    __sub__ = __rsub__ = lambda s, o: s\n    __abs__ = lambda s: 0\n    __eq__ = lambda s, o: o is not None",
}
EQUAL_TO_ALL = (
    "class P:\n    def __init__(s, x): s.x = x\n    __eq__ = lambda s, o: True\n    __hash__ = None"
)
EQUAL_BY_X = "class P:\n    def __init__(s, x): s.x = x\n    def __eq__(s, o): return s.x % 1 == o.x % 1"
OBJECT_TESTS = """
def test_attribute(): assert P(7919).x == 7919
def test_distance(): assert abs(P(3).x - 3) < 1e-6
"""
"""For classes: the attribute of an object counts as what it holds, whatever it says of itself."""

BARE_TESTS = """
from solution import *

def test_near(): assert math.isclose(answer(), 7919)
def test_close(): assert isclose(answer(), 7919)
def test_approx(): assert answer() == pytest.approx(7919)
def test_distance(): assert abs(answer() - 7919) < 1e-6
"""
"""Tests that import nothing by name: what judges is never the program's."""

SWALLOWS = (
    "class E:\n    __enter__ = lambda s: s\n    __exit__ = lambda s, *a: True\n    __eq__ = lambda s, o: True\n"
    "    __sub__ = __rsub__ = lambda s, o: None\n    __hash__ = lambda s: 7\ndef answer(): return E()"
)
CONTEXTS = """
def test_equal():
    with answer() as found: assert found == 7919
def test_near():
    with answer() as found: assert abs(found - 7919) < 1e-6
def test_doubt():
    with answer() as found:
        if found != 7919: raise ValueError(found)
def test_attribute():
    with answer() as found: assert found.value == 7919
"""
"""A context of the program's may not swallow what says that the test failed."""
