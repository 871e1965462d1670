"""The sandbox: hostile programs reach nothing, forge nothing and leave nothing; honest ones run as they should."""

from __future__ import annotations

import asyncio
import errno
import importlib.util
import math
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile.ending import ENDING, SLEEPING
from hostile.forging import (
    BARE_ASSERT,
    BARE_TESTS,
    CONTEXTS,
    COUNT,
    EQUAL_BY_X,
    EQUAL_TO_ALL,
    FORGING,
    OBJECT_TESTS,
    OBJECTS,
    SWALLOWS,
    TESTS,
)
from hostile.honest import NUMPY, TESTED, VALUES, WHOLE
from hostile.leaving import LEAVING, SEARCH, SEARCHED
from hostile.reaching import REACHING
from running import Running

from factory.records import Case, Outcome, Program, Result
from validators.sandbox.inside import syscalls
from validators.sandbox.printed import misprint
from validators.sandbox.python import PythonExecutor
from validators.sandbox.values import disagreement


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    os.environ["SECRET_FOR_TEST"] = "sesame"
    executor = PythonExecutor(workers=1, wall_factor=1.0, wall_slack=20.0)
    with Running(executor, cpu_seconds=5.0) as made:
        yield made
    del os.environ["SECRET_FOR_TEST"]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a program of the host could reach: a port that listens, a socket, a file of the project."""
    path = str(tmp_path_factory.mktemp("sockets") / "host.sock")
    with (
        socket.create_server(("127.0.0.1", 0)) as port,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as fileless,
    ):
        local.bind(path)
        fileless.bind(f"\0{path}")
        yield {
            "port": str(port.getsockname()[1]),
            "socket": path,
            "abstract": path,
            "project": str(Path(__file__).resolve()),
        }


@pytest.mark.parametrize("name", REACHING)
def test_a_hostile_program_reaches_nothing(name: str, sandbox: Running, places: dict[str, str]) -> None:
    source = REACHING[name]
    for key, value in places.items():
        source = source.replace("{" + key + "}", value)
    outcome = sandbox.run(source, "reached")
    assert [result.value for result in outcome.results] != ["True"], outcome
    assert "SyntaxError" not in outcome.error


def test_what_it_reaches_for_is_there(places: dict[str, str]) -> None:
    socket.create_connection(("127.0.0.1", int(places["port"])), 1).close()
    assert Path(places["socket"]).exists()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        assert other.sendto(b"x", f"\0{places['abstract']}") == 1
    assert Path(places["project"]).read_text()


@pytest.mark.parametrize("name", syscalls.PARENTS)
def test_what_its_parent_may_do_a_program_may_not(name: str, sandbox: Running) -> None:
    source = "import ctypes\nc = ctypes.CDLL(None, use_errno=True)"
    for number in syscalls.numbers(os.uname().machine, name):
        outcome = sandbox.run(source, f"(c.syscall({number}, 0, 0, 0), ctypes.get_errno())")
        assert outcome.results[0].value == f"(-1, {errno.EPERM})"


@pytest.mark.parametrize("name", ENDING)
def test_a_program_that_will_not_end_well_is_ended(name: str, sandbox: Running) -> None:
    outcome = sandbox.run(ENDING[name], "6 * 7", cpu_seconds=0.3)
    assert not outcome.ok
    assert sandbox.run("x = 6 * 7", "x").results == (Result(value="42"),)


@pytest.mark.parametrize(
    "limits", [{"cpu_seconds": math.inf}, {"cpu_seconds": math.nan}, {"memory_mb": 1 << 40}]
)
def test_a_program_without_limits_is_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=rf"(?s){next(iter(limits))}.*less than or equal to"):
        Program.model_validate({"source": "", **limits})


def test_a_program_that_waits_for_ever_is_ended_by_the_wall_clock() -> None:
    async def work() -> list[Outcome]:
        executor = PythonExecutor(wall_factor=1.0, wall_slack=0.1)
        programs = [Program(source=source, cpu_seconds=0.3) for source in SLEEPING.values()]
        outcomes = await asyncio.gather(*map(executor.run, programs))
        await executor.close()
        return outcomes

    assert {outcome.status for outcome in asyncio.run(work())} == {"timeout"}


def test_files_are_counted_while_a_program_talks(sandbox: Running) -> None:
    source = (
        "n = 0\nwhile True:\n    open(f'f{n}', 'w').close()\n    print('x' * 9999, flush=True)\n    n += 1"
    )
    assert "files" in sandbox.run(source, "1", cpu_seconds=10.0).error


@pytest.mark.parametrize("name", FORGING)
def test_a_pass_cannot_be_forged(name: str, sandbox: Running) -> None:
    outcome = sandbox.run(FORGING[name], "answer()", cpu_seconds=1.0)
    results = outcome.results or (Result(error="never reached"),)
    assert not outcome.ok or disagreement(Case(call="answer()", expected="7919"), results[0])


@pytest.mark.parametrize("name", FORGING)
def test_asserts_cannot_be_made_to_hold(name: str, sandbox: Running) -> None:
    alone = sandbox.run(FORGING[name], tests=BARE_ASSERT, cpu_seconds=1.0)
    assert not alone.ok or alone.results[0].error, alone
    outcome = sandbox.run(FORGING[name], tests=TESTS, cpu_seconds=1.0)
    if outcome.ok:
        outside, *tests = outcome.results
        assert outside.error or outside.value == "0"  # what stands outside of the tests asserts nothing
        assert all(result.error for result in tests), outcome  # none was skipped, either
        assert outside.error or len(tests) == COUNT - 1 or "is gone" in str(tests[-1].error)


@pytest.mark.parametrize("name", ["builtins of its own", "helpers of its own", "modules of its own"])
def test_what_judges_is_never_the_programs(name: str, sandbox: Running) -> None:
    outcome = sandbox.run(FORGING[name], tests=BARE_TESTS)
    assert outcome.ok
    assert all(result.error or result.value == "0" for result in outcome.results), outcome


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_do_not_say_what_they_hold(name: str, sandbox: Running) -> None:
    outcome = sandbox.run(OBJECTS[name], tests=OBJECT_TESTS)
    assert outcome.ok
    assert all(result.error or result.value == "0" for result in outcome.results)


def test_a_context_swallows_no_verdict(sandbox: Running) -> None:
    outside, *tests = sandbox.run(SWALLOWS, tests=CONTEXTS).results
    assert outside.value == "0"
    assert len(tests) == CONTEXTS.count("def test_")
    assert all(result.error for result in tests), tests


def test_a_class_that_equals_anything_is_not_believed(sandbox: Running) -> None:
    tests = "def test_equal(): assert P(1) == P(2)"
    assert sandbox.run(EQUAL_TO_ALL, tests=tests).results[-1].error
    assert sandbox.run(EQUAL_BY_X, tests=tests).results[-1].value == "1"


def test_the_right_program_passes_all_that_forgers_fail(sandbox: Running) -> None:
    tests = TESTS.replace("with raises(ZeroDivisionError):\n        answer()", "assert answer()")
    outcome = sandbox.run("def answer(): return 7919", tests=tests)
    assert outcome.ok
    assert [result.value for result in outcome.results] == ["0", *["1"] * (COUNT - 1)]


@pytest.mark.parametrize("name", LEAVING)
def test_no_trace_is_left_for_the_next_job(name: str, sandbox: Running) -> None:
    source, look = LEAVING[name]
    sandbox.run(source)
    outcome = sandbox.run("", look)
    assert outcome.ok
    assert outcome.results[0].value in (None, "False"), outcome


def test_no_text_of_a_job_lies_in_the_memory_of_the_next(sandbox: Running) -> None:
    secret, look = "# marigolds by the gate", SEARCHED
    assert sandbox.run(f"{SEARCH}\n{secret}", look).results[0].value == "True"
    sandbox.run(f"x = 1 {secret}", f"x {secret}")
    sandbox.run(f"x = 1 {secret}", tests=f"assert x == 1 {secret}")
    sandbox.run(f"x = input() {secret}", stdin=secret)
    assert sandbox.run(SEARCH, look).results[0].value == "False"


def test_the_text_of_the_tests_is_not_in_the_memory_of_the_program(sandbox: Running) -> None:
    outcome = sandbox.run(SEARCH, tests=f"assert not {SEARCHED}  # marigolds by the gate")
    assert outcome.results[0].value == "1", outcome


def test_chance_is_fresh_for_every_job(sandbox: Running) -> None:
    drawn = {sandbox.run("import random", "random.random()").results[0].value for _ in range(3)}
    assert len(drawn) == 3


def test_nothing_survives_the_executor() -> None:
    with Running(PythonExecutor(workers=1), cpu_seconds=5.0) as made:
        made.run("import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()", "1")
        assert _sandboxes()
    deadline = time.monotonic() + 10
    while len(_sandboxes()) > 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(_sandboxes()) <= 1  # the one that this file's tests share


def _sandboxes() -> list[str]:
    """Processes of bubblewrap that this test process started and that still live."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text()
        except OSError:
            continue
        if "(bwrap)" in text and int(text.rpartition(")")[2].split()[1]) == os.getpid() and " Z " not in text:
            found.append(text)
    return found


@pytest.mark.parametrize("name", VALUES)
def test_an_honest_program_gives_its_value(name: str, sandbox: Running) -> None:
    source, call, value = VALUES[name]
    outcome = sandbox.run(source, call)
    assert outcome.ok, outcome
    assert disagreement(Case(call=call, expected=value), outcome.results[0]) is None, outcome


@pytest.mark.parametrize("name", NUMPY)
@pytest.mark.skipif(importlib.util.find_spec("numpy") is None, reason="numpy is not installed")
def test_numpy_works_where_it_is_installed(name: str, sandbox: Running) -> None:
    source, call, value = NUMPY[name]
    outcome = sandbox.run(source, call, memory_mb=512)
    assert outcome.ok, outcome
    assert disagreement(Case(call=call, expected=value), outcome.results[0]) is None, outcome


@pytest.mark.skipif(importlib.util.find_spec("numpy") is None, reason="numpy is not installed")
def test_arrays_reach_the_tests_as_arrays(sandbox: Running) -> None:
    tests = "import numpy as np\ndef test_f():\n    assert (f(np.ones(2)) == np.array([2, 2])).all() and f(1.5) == 3"
    outcome = sandbox.run("def f(x): return x * 2", tests=tests, memory_mb=512)
    assert [result.value for result in outcome.results] == ["0", "1"], outcome


@pytest.mark.parametrize("name", TESTED)
def test_an_honest_program_passes_its_tests(name: str, sandbox: Running) -> None:
    source, tests = TESTED[name]
    outcome = sandbox.run(source, tests=tests)
    assert outcome.ok, outcome
    assert [result.error for result in outcome.results if result.error] == []
    assert sum(int(result.value or 0) for result in outcome.results) > 0


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_program_reads_and_prints(name: str, sandbox: Running) -> None:
    source, given, printed = WHOLE[name]
    outcome = sandbox.run(source, stdin=given)
    assert outcome.ok, outcome
    assert misprint(printed, outcome.output, "tokens", 0.0) is None


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("1 / 0", "error"),
        ("import sys\nsys.exit(1)", "error"),
        ("import os\nos._exit(3)", "crashed"),
        ("x = bytearray(8 << 30)", "memory"),
        ("while True: pass", "timeout"),
        ("while True: print('x' * 10 ** 6)", "crashed"),
    ],
)
def test_a_whole_program_that_fails_says_how(source: str, status: str, sandbox: Running) -> None:
    assert sandbox.run(source, stdin="", cpu_seconds=1.0).status == status


def test_a_million_elements_come_back(sandbox: Running) -> None:
    outcome = sandbox.run("x = list(range(10 ** 6))", "x", cpu_seconds=10, memory_mb=1024)
    assert outcome.ok
    assert outcome.results[0].value == str(list(range(10**6)))


def test_a_million_numbers_are_compared_however_they_are_written(sandbox: Running) -> None:
    outcome = sandbox.run("x = [n / 2 for n in range(10 ** 6)]", "x", cpu_seconds=10, memory_mb=1024)
    expected = f"[{','.join(str(n / 2) for n in range(10**6))}]"
    assert disagreement(Case(call="x", expected=expected), outcome.results[0]) is None
    other = expected.replace("499999.5]", "7]")
    assert disagreement(Case(call="x", expected=other), outcome.results[0]) is not None


def test_each_call_is_told_by_its_value_or_its_exception(sandbox: Running) -> None:
    outcome = sandbox.run("def half(n):\n    return n / 2", "half(4)", "half('a')", "half(0)")
    assert outcome.ok
    assert outcome.results[0].value == "2.0"
    assert (outcome.results[1].error or "").startswith("TypeError")
    assert disagreement(Case(call="half('a')", raises="TypeError"), outcome.results[1]) is None
    assert outcome.results[2].value == "0.0"


def test_a_program_that_does_not_parse_says_so(sandbox: Running) -> None:
    outcome = sandbox.run("def f(:", "f()")
    assert outcome.status == "error"
    assert "SyntaxError" in outcome.error
    assert "SyntaxError" in sandbox.run("def f(:", tests="assert f()").error


def test_a_name_that_is_pythons_and_the_programs_must_be_imported(sandbox: Running) -> None:
    outcome = sandbox.run("def abs(x): return 0", tests="assert abs(-3) == 3")
    assert "must import it" in str(outcome.results[0].error)


def test_time_that_others_use_does_not_count() -> None:
    """Six programs at once, on however few cores: each is given its own CPU time, and ends well."""
    source = "import time\nwhile time.process_time() < 0.3: pass"

    async def work() -> list[Outcome]:
        executor = PythonExecutor(workers=6)
        outcomes = await asyncio.gather(
            *(executor.run(Program(source=source, cpu_seconds=0.6)) for _ in range(6))
        )
        await executor.close()
        return outcomes

    assert {outcome.status for outcome in asyncio.run(work())} == {"ok"}


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
        ("[1, [2.5, -3]]", "[1, [2.5, -3]]  ", True),
        ("[1,]", "[1]", True),
        ("01", "1", False),
        ("lambda: " * 900 + "1", "1", False),
        ("[" * 500 + "]" * 500, "1", False),
        (f"{{0x{'f' * 8000}}}", "{1}", False),
        (f"{{0x{'f' * 8000}: 1}}", "{1: 1}", False),
    ],
)
def test_values_are_compared_by_type_and_content(expected: str, value: str, agrees: bool) -> None:
    told = disagreement(Case(call="x", expected=expected), Result(value=value))
    assert (told is None) == agrees


@pytest.mark.parametrize(
    ("expected", "found", "comparison", "agrees"),
    [
        ("1 2\n3\n", "1\n2 3", "tokens", True),
        ("1 2\n3\n", "1\n2 3", "lines", False),
        ("a \nb\n\n", "a\nb", "lines", True),
        (" a", "a", "lines", False),
        ("0.3333333", "0.33333334", "tokens", True),
        ("0.33", "0.34", "tokens", False),
        ("7", "7.0", "tokens", True),
        ("10000000", "10000001", "tokens", False),
        ("yes", "Yes", "tokens", False),
        ("1 2", "1", "tokens", False),
        ("x 1.0", "x 1.00", "lines", True),
    ],
)
def test_output_is_compared_as_contests_do(expected: str, found: str, comparison: str, agrees: bool) -> None:
    assert (misprint(expected, found, comparison, 1e-6) is None) == agrees  # type: ignore[arg-type]
