"""The sandbox: hostile programs reach nothing and forge nothing, honest ones run as they should."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from factory.records import Case, Outcome, Program, Result
from validators.sandbox.python import PythonExecutor
from validators.sandbox.values import disagreement

T = TypeVar("T")


def _with_executor(work: Callable[[PythonExecutor], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        executor = PythonExecutor()
        try:
            return await work(executor)
        finally:
            await executor.close()

    return asyncio.run(run())


def _run(source: str, *calls: str, cpu_seconds: float = 2.0, memory_mb: int = 256) -> Outcome:
    program = Program(source=source, calls=calls, cpu_seconds=cpu_seconds, memory_mb=memory_mb)
    return _with_executor(lambda executor: executor.run(program))


# Each gives True where it reached what it must not reach; anything else, an error too, is right.
REACHES = {
    "the network by name": "import socket\nsocket.create_connection(('example.org', 80), 1)\nreached = True",
    "the loopback": "import socket\nsocket.create_server(('127.0.0.1', 0))\n"
    "socket.create_connection(('127.0.0.1', {port}), 1)\nreached = True",
    "a socket of the host": "import os\nreached = any(n.endswith('.sock') for d, _, f in os.walk('/') for n in f)",
    "the environment": "import os\nreached = 'SECRET_FOR_TEST' in os.environ or b'SECRET_FOR_TEST' in"
    " open('/proc/self/environ', 'rb').read()",
    "the password file": "reached = bool(open('/etc/shadow').read())",
    "the home of root": "import os\nreached = bool(os.listdir('/root'))",
    "a file of the project": "reached = bool(open({project!r}).read())",
    "other processes": "import os\nreached = any(n.isdigit() for n in os.listdir('/proc'))",
    "writing outside": "open('/usr/written', 'w').write('x')\nreached = True",
    "writing to its interpreter": "import sys, os\nopen(os.__file__, 'a').write('#')\nreached = True",
    "becoming root": "import os\nos.setuid(0)\nreached = os.getuid() == 0",
    "another program": "import subprocess\nreached = subprocess.run(['/bin/sh', '-c', 'exit 0']).returncode == 0",
    "exec": "import os, sys\nos.execv(sys.executable, [sys.executable, '-c', ''])\nreached = True",
    "ptrace": "import ctypes\nreached = ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0",
    "a new user namespace": "import ctypes\nreached = ctypes.CDLL(None).unshare(0x10000000) == 0",
    "mounting": "import ctypes\nreached = ctypes.CDLL(None).mount(b'none', b'/', b'tmpfs', 0, None) == 0",
    "io_uring": "import ctypes\nreached = ctypes.CDLL(None).syscall(425, 8, ctypes.create_string_buffer(256)) >= 0",
    "signals to its parent": "import os\nos.kill(os.getppid(), 9)\nreached = True",
    "signals to everybody": "import os\nos.kill(-1, 9)\nreached = True",
    "raising its limits": "import resource\n"
    "resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\nreached = True",
    "the kernel's log": "import ctypes\nreached = ctypes.CDLL(None).klogctl(3, bytes(64), 64) > 0",
    "device memory": "reached = bool(open('/dev/mem', 'rb').read(1))",
}

ENDS = {
    "an endless loop": "while True: pass",
    "a hang that ignores signals": "import signal\nfor n in range(1, 30):\n    try: signal.signal(n, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass\nwhile True: pass",
    "a memory flood": "x = bytearray(8 << 30)",
    "a slow memory flood": "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "a fork bomb": "import os\nwhile True: os.fork()",
    "a disk flood": "f = open('flood', 'wb')\nwhile True: f.write(b'x' * (1 << 20))",
    "deep recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    "an exit": "import sys\nsys.exit(0)",
    "a silent exit": "import os\nos._exit(0)",
    "a crash": "import ctypes\nctypes.string_at(0)",
    "a suicide": "import os\nos.kill(os.getpid(), 9)",
    "a thread that raises": "raise SystemExit(0)",
}

FORGED = {
    "an object equal to everything": "class E:\n    __eq__ = lambda s, o: True\n    __hash__ = None\n"
    "    __repr__ = lambda s: '42'\ndef answer(): return E()",
    "an int of another kind": "class I(int):\n    __eq__ = lambda s, o: True\ndef answer(): return I(1)",
    "text for a number": "def answer(): return '42'",
    "true for one": "def answer(): return True",
    "printed words": "print('42')\nprint('PASSED', 'ok', flush=True)\ndef answer(): return None",
    "every descriptor written": "import os\nfor n in range(3, 64):\n    try: os.write(n, b'{\"value\": 42}\\n' * 9)\n"
    "    except OSError: pass\ndef answer(): return None",
    "patched builtins": "import builtins, json\nbuiltins.repr = lambda o: '42'\nbuiltins.str = lambda o: '42'\n"
    "json.dumps = lambda *a, **k: '42'\ndef answer(): return None",
    "a patched runner": "import sys, gc\nfor o in gc.get_objects():\n    if isinstance(o, dict) and 'calls' in o:\n"
    "        o['calls'] = []\ndef answer(): return None",
    "leaving in the call": "import os\ndef answer(): os._exit(0)",
    "an exit at the end": "import atexit, os\natexit.register(lambda: os._exit(0))\ndef answer(): raise SystemExit(0)",
    "a frame above": "import sys\ndef answer():\n    f = sys._getframe()\n    while f.f_back: f = f.f_back\n"
    "    return f.f_globals.get('expected')",
}


@pytest.mark.parametrize("name", REACHES)
def test_a_hostile_program_reaches_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_FOR_TEST", "sesame")
    source = REACHES[name].replace("{port}", "22").replace("{project!r}", repr(str(Path(__file__).resolve())))
    outcome = _run(source, "reached")
    assert [result.value for result in outcome.results] not in (["True"],), outcome


@pytest.mark.parametrize("name", ENDS)
def test_a_program_that_will_not_end_well_is_ended(name: str) -> None:
    outcome = _run(ENDS[name], "1", cpu_seconds=1.0)
    assert not outcome.ok or outcome.results[0].value != "1"


@pytest.mark.parametrize("name", FORGED)
def test_a_pass_cannot_be_forged(name: str) -> None:
    outcome = _run(FORGED[name], "answer()")
    results = outcome.results or (Result(error="never reached"),)
    # The expected value never enters the sandbox, so a program may send what it likes: it cannot know this.
    assert not outcome.ok or disagreement(Case(call="answer()", expected="7919"), results[0])


def test_the_executor_goes_on_after_all_of_them() -> None:
    async def work(executor: PythonExecutor) -> list[Outcome]:
        programs = [*ENDS.values(), *FORGED.values()]
        hostile = [executor.run(Program(source=source, cpu_seconds=0.5)) for source in programs]
        honest = [executor.run(Program(source="x = 6 * 7", calls=("x",))) for _ in range(20)]
        return (await asyncio.gather(*hostile, *honest))[-20:]

    assert {outcome.results[0].value for outcome in _with_executor(work)} == {"42"}


def test_no_trace_is_left_for_the_next_job() -> None:
    leave = (
        "import os, builtins, math\nopen('trace', 'w').write('x')\nbuiltins.trace = math.trace = 1\n"
        "os.environ['T'] = '1'"
    )
    look = (
        "import os, builtins, math\nfound = [os.path.exists('trace'), hasattr(builtins, 'trace'),"
        " hasattr(math, 'trace'), 'T' in os.environ]"
    )

    async def work(executor: PythonExecutor) -> list[Outcome]:
        return [
            await executor.run(Program(source=leave)),
            await executor.run(Program(source=look, calls=("found",))),
        ]

    first, second = _with_executor(work)
    assert first.ok
    assert second.results[0].value == "[False, False, False, False]"


def test_chance_is_fresh_for_every_job() -> None:
    async def work(executor: PythonExecutor) -> list[Outcome]:
        program = Program(source="import random", calls=("random.random()",))
        return [await executor.run(program) for _ in range(3)]

    assert len({outcome.results[0].value for outcome in _with_executor(work)}) == 3


def test_nothing_survives_the_executor() -> None:
    _run("import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)", "1")
    deadline = time.monotonic() + 10
    while _sleepers() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _sleepers() == []


def _sleepers() -> list[str]:
    """Command lines of bubblewrap processes that this test process started and that still live."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text()
        except OSError:
            continue
        if "(bwrap)" in text and int(text.rpartition(")")[2].split()[1]) == os.getpid() and " Z " not in text:
            found.append(text)
    return found


HONEST = {
    "arithmetic": ("x = 2 ** 100", "x", str(2**100)),
    "containers": ("x = {'a': (1, [2.5, None]), 'b': {3}}", "x", "{'a': (1, [2.5, None]), 'b': {3}}"),
    "unicode": ("x = 'é😀\\u4e2d'", "x", "'é😀中'"),
    "threads": (
        "import threading\nx = []\nt = threading.Thread(target=lambda: x.append(1))\nt.start()\nt.join()",
        "x",
        "[1]",
    ),
    "temporary files": (
        "import tempfile\nwith tempfile.TemporaryFile('w+') as f:\n    f.write('hi')\n    f.seek(0)\n    x = f.read()",
        "x",
        "'hi'",
    ),
    "regular expressions": ("import re\nx = re.findall('a+', 'baab')", "x", "['aa']"),
    "recursion": ("def f(n): return n * f(n - 1) if n else 1", "f(20)", "2432902008176640000"),
    "infinities": ("x = [float('inf'), -float('inf')]", "x", "[inf, -inf]"),
    "dataclasses": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    n: int\ndef f(): return P(3).n",
        "f()",
        "3",
    ),
    "much output": ("x = list(range(10 ** 5))", "len(x)", "100000"),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_program_gives_its_value(name: str) -> None:
    source, call, value = HONEST[name]
    outcome = _run(source, call)
    assert outcome.ok, outcome
    assert disagreement(Case(call=call, expected=value), outcome.results[0]) is None


def test_a_million_elements_come_back() -> None:
    outcome = _run("x = list(range(10 ** 6))", "x", cpu_seconds=10, memory_mb=1024)
    assert outcome.ok
    assert outcome.results[0].value == str(list(range(10**6)))


def test_each_call_is_told_by_its_value_or_its_exception() -> None:
    outcome = _run("def half(n):\n    return n / 2", "half(4)", "half('a')", "half(0)")
    assert outcome.ok
    assert outcome.results[0].value == "2.0"
    assert (outcome.results[1].error or "").startswith("TypeError")
    assert disagreement(Case(call="half('a')", raises="TypeError"), outcome.results[1]) is None
    assert outcome.results[2].value == "0.0"


def test_a_program_that_does_not_parse_says_so() -> None:
    outcome = _run("def f(:", "f()")
    assert outcome.status == "error"
    assert "SyntaxError" in outcome.error


@pytest.mark.parametrize(
    ("expected", "value", "agrees"),
    [
        ("1", "1", True),
        ("1", "True", False),
        ("0.3", "0.30000000000000004", True),
        ("[1, 2]", "(1, 2)", False),
        ("{1, 2}", "{2, 1}", True),
        ("{'a': [1.0]}", "{'a': [1.0000000001]}", True),
        ("'a'", "b'a'", False),
        ("nan", "nan", True),
        ("None", "None", True),
        ("__import__('os')", "1", False),
    ],
)
def test_values_are_compared_by_type_and_content(expected: str, value: str, agrees: bool) -> None:
    told = disagreement(Case(call="x", expected=expected), Result(value=value))
    assert (told is None) == agrees
