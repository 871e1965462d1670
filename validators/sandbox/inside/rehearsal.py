"""What a parent goes through before it forks: what is set up at first use, no child sets up again.

Python adapts a function to what it is called with after some calls, and remembers where it found an attribute.
"""

from __future__ import annotations

import builtins
import linecache
import marshal
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import job
from .program import SOURCE

_PROGRAM = """
from typing import Dict, List

def counted(words: List[str], least: float = 1.5) -> Dict[str, int]:
    found = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return {word: count for word, count in sorted(found.items()) if count > least}
"""
_CALLS = ("counted(['a', 'b', 'a'])", "len(counted(['b']))", "0.5")
_TESTS = """
assert counted(['a', 'b', 'a']) == {'a': 2}
assert len(counted(['b'], 0.5)) == 1

def test_nothing():
    assert counted([]) == {}
"""
_NONCE = bytes(16)
_SERVED: dict[str, Any] = {"mode": "serve", "source": _PROGRAM}
_JUDGED: dict[str, Any] = {"mode": "judge", "nonce": _NONCE, "tests": _TESTS}
_TIMES = 20
_JUDGEMENTS = 10


def of_calls() -> None:
    """A program and its calls, whose values go nowhere: a parent's channel is /dev/null."""
    vars(builtins).update(
        {"exit": sys.exit, "quit": sys.exit}
    )  # `site`, which is not loaded, would add these
    sys.argv = [SOURCE]
    with _unchanged():
        for _ in range(_TIMES):
            _run({"mode": "calls", "nonce": _NONCE, "source": _PROGRAM, "calls": _CALLS})


def of_tests() -> None:
    """A program and its tests: first as the one, then as the other, each time with a child as the counterpart."""
    from . import judge, service

    with _unchanged():
        _play(_SERVED, service.SOCKET, _JUDGED, judge.SOCKET)
        _play(_JUDGED, judge.SOCKET, _SERVED, service.SOCKET)


def _play(own: dict[str, Any], place: int, other: dict[str, Any], other_place: int) -> None:
    import socket  # what a parent holds each job pays for, and this only judges need

    pairs = [socket.socketpair() for _ in range(_JUDGEMENTS)]
    pid = os.fork()
    if pid == 0:
        try:
            _rounds(other, other_place, [pair[::-1] for pair in pairs])
        finally:
            os._exit(0)
    _rounds(own, place, pairs)
    os.waitpid(pid, 0)


def _rounds(request: dict[str, Any], place: int, pairs: list[tuple[Any, Any]]) -> None:
    nothing = os.dup(place)
    for _, theirs in pairs:
        theirs.close()
    for ours, _ in pairs:
        os.dup2(ours.fileno(), place)
        ours.close()
        _run(request)
    os.dup2(nothing, place)
    os.close(nothing)


def _run(request: dict[str, Any]) -> None:
    job.run(marshal.dumps(request), 0, lock=lambda: None, leave=lambda code: None)


@contextmanager
def _unchanged() -> Iterator[None]:
    """Puts back what a program or its tests leave in the interpreter."""
    modules, finders, lines = dict(sys.modules), list(sys.meta_path), dict(linecache.cache)
    yield
    sys.modules.update(modules)
    for name in ("tests", "pytest"):
        sys.modules.pop(name, None)
    sys.meta_path[:] = finders
    linecache.cache.clear()
    linecache.cache.update(lines)
