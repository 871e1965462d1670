"""JavaScript in the sandbox: another language behind the same protocol, with the same walls."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running

from factory.errors import SandboxError
from factory.plugins import Executor
from factory.records import Case
from validators.sandbox import runtimes
from validators.sandbox.javascript import JavaScriptExecutor
from validators.sandbox.values import disagreement

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
_REQUIRE = "const require = process.mainModule.require;"


@pytest.fixture(scope="module")
def node() -> Iterator[Running]:
    with Running(JavaScriptExecutor(workers=1), language="javascript", cpu_seconds=3.0) as made:
        yield made


def test_it_is_an_executor() -> None:
    assert isinstance(JavaScriptExecutor(), Executor)


@needs_node
@pytest.mark.parametrize(
    ("source", "call", "value"),
    [
        ("const add = (a, b) => a + b;", "add(1, 2)", "3"),
        ("function half(n) { return n / 2 }", "half(5)", "2.5"),
        (
            "let x = {a: [1, null, undefined, 'é😀'], b: true}",
            "x",
            "{'a': [1, None, None, 'é😀'], 'b': True}",
        ),
        ("", "new Map([[1, new Set(['a'])]])", "{1: {'a'}}"),
        ("", "[NaN, Infinity, -Infinity, -0]", "[nan, inf, -inf, 0]"),
        ("", "10n ** 30n", str(10**30)),
        ("async function later() { return 4 }", "later()", "4"),
        ("class P { constructor(x) { this.x = x } }", "new P(3).x", "3"),
        ("", "Array.from({length: 100000}, (_, i) => i).length", "100000"),
        ("", "'b,a'.split(',').sort()", "['a', 'b']"),
    ],
)
def test_an_honest_program_gives_its_value(source: str, call: str, value: str, node: Running) -> None:
    outcome = node.run(source, call)
    assert outcome.ok, outcome
    assert disagreement(Case(call=call, expected=value), outcome.results[0]) is None, outcome


@needs_node
def test_each_call_is_told_by_its_value_or_its_exception(node: Running) -> None:
    outcome = node.run("const f = (x) => x.length", "f('ab')", "f(null)", "(class A {})", "nothing")
    assert outcome.results[0].value == "2"
    errors = [(result.error or "").partition(":")[0] for result in outcome.results[1:]]
    assert errors == ["TypeError", "NotPlainData", "ReferenceError"]


@needs_node
@pytest.mark.parametrize(
    "reach",
    [
        "require('fs').readFileSync('/etc/passwd', 'utf8').length > 0",
        "require('fs').readdirSync('/root').length > 0",
        "require('fs').readdirSync('/proc').length > 0",
        "require('fs').writeFileSync('/sandbox/x', 'x') === undefined",
        "require('child_process').execSync('true') !== null",
        "require('child_process').spawnSync(process.execPath, ['-e', '0']).status === 0",
        "new (require('worker_threads').Worker)('0', {eval: true}) && process.env.SECRET_FOR_TEST === 'sesame'",
        "process.kill(process.ppid, 9)",
        "process.setuid(0) === undefined && process.getuid() === 0",
        "new Promise((yes) => require('net').connect(22, '127.0.0.1', () => yes(true)).on('error', () => yes(false)))",
        "new Promise((yes) => require('net').createServer().on('error', () => yes(false)).listen(0, () => yes(true)))",
        "new Promise((yes) => require('dns').resolve('example.org', (error) => yes(!error)))",
    ],
)
def test_a_hostile_program_reaches_nothing(
    reach: str, node: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_FOR_TEST", "sesame")
    outcome = node.run(_REQUIRE, reach)
    assert [result.value for result in outcome.results] != ["True"], outcome


@needs_node
@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("while (true) {}", "1"),
        ("const kept = []; while (true) kept.push(new Array(1e6).fill(1))", "1"),
        ("const kept = []; while (true) kept.push(Buffer.alloc(1e7, 1))", "1"),
        ("process.exit(0)", "1"),
        ("process.abort()", "1"),
        ("throw new Error('no')", "1"),
        ("function (", "1"),
        ("", "new Promise(() => {})"),
        ("const answer = () => process.exit(0)", "answer()"),
        ("JSON.stringify = () => '7919'; const answer = () => ({toJSON: () => 1})", "answer()"),
        (
            "const answer = () => ({valueOf: () => 7919, toString: () => '7919', equals: () => true})",
            "answer()",
        ),
        (f"{_REQUIRE} const answer = () => require('fs').writeSync(3, 'x'.repeat(99))", "answer()"),
    ],
)
def test_no_pass_without_the_value(source: str, call: str, node: Running) -> None:
    outcome = node.run(source, call, cpu_seconds=1.0)
    right = Case(call=call, expected="424242")
    assert not outcome.ok or disagreement(right, outcome.results[0])


@needs_node
def test_a_form_that_it_does_not_know_is_said(node: Running) -> None:
    outcome = node.run("", stdin="1")
    assert outcome.status == "error"
    assert "judged by stdin" in outcome.error


def test_without_node_the_mend_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    runtimes._node.cache_clear()
    try:
        with pytest.raises(SandboxError, match="apt-get install nodejs"):
            runtimes.JAVASCRIPT.binds()
    finally:
        runtimes._node.cache_clear()


def test_memory_that_no_limit_would_count_is_refused() -> None:
    """An addon of a program's own could map memory that is shared, or grows down: node's limit counts neither."""
    script = (
        "import mmap, os, platform\nfrom validators.sandbox.inside.seccomp import Filter\n"
        "Filter(platform.machine(), counted=True).install()\nprivate = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS\n"
        "for flags in (private, private | 0x100, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS):\n"
        "    try: found = len(mmap.mmap(-1, 4096, flags=flags))\n"
        "    except OSError as error: found = error.errno\n    os.write(1, f'{found} '.encode())\nos._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4096", str(errno.ENOMEM), str(errno.ENOMEM)]
