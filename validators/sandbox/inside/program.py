"""Running a Python program: its source, then each call in its namespace; or, with its input, as a whole."""

from __future__ import annotations

import json
import linecache
import os
import sys
import traceback
import types
from typing import Any

from .job import Channel
from .plain import NotPlainData, encode

SOURCE = "<program>"
_MAX_MESSAGE, _MAX_TRACEBACK = 500, 4000


def prepare(request: dict[str, Any]) -> None:
    """Puts a whole program's input behind descriptor 0, before the doors close."""
    if request["mode"] == "whole":
        given = os.memfd_create("input")
        rest = memoryview(request["stdin"].encode("utf-8", "surrogatepass"))
        while rest:
            rest = rest[os.write(given, rest) :]
        os.lseek(given, 0, os.SEEK_SET)
        os.dup2(given, 0)
        os.close(given)
        errors = os.open("/dev/null", os.O_WRONLY)
        os.dup2(errors, 2)
        os.close(errors)
        sys.stdin = os.fdopen(0, closefd=False)


def run(request: dict[str, Any], memory_mb: int) -> int:
    """Runs a job of mode 'calls' or 'whole'; gives the process's exit code."""
    channel = Channel(request["nonce"])
    if request["mode"] == "whole":
        return _whole(request["source"], channel)
    namespace, report = load(request["source"])
    if report:
        channel.send(b"e", told(report))
        return 0
    for call in request["calls"]:
        channel.send(*_call(call, namespace))
    channel.send(b"z")
    return 0


def load(source: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The namespace that a source makes, and what is reported where it raises."""
    namespace = _main(source)
    try:
        exec(compile(source, SOURCE, "exec", dont_inherit=True), namespace)
    except BaseException as error:
        return namespace, {"error": trace(error), "memory": isinstance(error, MemoryError)}
    return namespace, None


def _whole(source: str, channel: Channel) -> int:
    """Runs a program as a command: to leave with code 0 is to end well, as it is for any command."""
    namespace, flush = _main(source), sys.stdout.flush
    try:
        exec(compile(source, SOURCE, "exec", dont_inherit=True), namespace)
        flush()
    except SystemExit as leaving:
        if leaving.code not in (None, 0):
            report = {"error": f"SystemExit: {leaving.code}"[:_MAX_MESSAGE], "memory": False}
            channel.send(b"e", told(report))
            return 1
    except BaseException as error:
        report = {"error": trace(error), "memory": isinstance(error, MemoryError)}
        channel.send(b"e", told(report))
        return 1
    return 0


def _main(source: str) -> dict[str, Any]:
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    linecache.cache[SOURCE] = (len(source), None, source.splitlines(keepends=True), SOURCE)
    return vars(main)


def _call(call: str, namespace: dict[str, Any]) -> tuple[bytes, bytes]:
    """Kind and payload of the frame that says what one expression gave."""
    try:
        value = eval(compile(call.strip(), "<call>", "eval", dont_inherit=True), namespace)
        return b"v", encode(value)
    except NotPlainData as error:
        text = f"NotPlainData: {error}"
    except BaseException as error:
        text = f"{_kind(error)}: {message(error).partition(': ')[2]}"
    return b"r", told(text[:_MAX_MESSAGE])


def told(words: Any) -> bytes:
    """A message as JSON; what is no valid Unicode in it as "?"."""
    return json.dumps(words, ensure_ascii=False).encode(errors="replace")


def _kind(error: BaseException) -> str:
    """The class of an error, and of one of the program's own the built-in class above it: ``Broke(ValueError)``."""
    kind = type(error)
    known = next(base.__name__ for base in kind.__mro__ if base.__module__ == "builtins")
    return kind.__name__ if kind.__name__ == known else f"{kind.__name__}({known})"


def message(error: BaseException) -> str:
    """``ValueError: empty input``, whatever its class does when it is printed."""
    try:
        text = str(error)
    except BaseException:
        text = "(its message cannot be read)"
    return f"{type(error).__name__}: {text}"


def trace(error: BaseException) -> str:
    """The traceback without the frames of this module, its end kept where it is long."""
    inner = error.__traceback__.tb_next if error.__traceback__ else None
    try:
        text = "".join(traceback.format_exception(type(error), error, inner))
    except BaseException:
        text = message(error)
    return text[-_MAX_TRACEBACK:]
