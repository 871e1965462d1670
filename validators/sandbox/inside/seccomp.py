"""The last door: a seccomp filter that allows a process what a program needs, and nothing else.

A program may compute, use files, and start threads. It may not start processes, run other programs, open
sockets, signal or trace anyone but itself, or enter namespaces, and its filter can never be taken off. What its
parent needs besides is allowed by the filter that it inherits, and refused by the one that it adds.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import struct
from collections.abc import Callable, Iterable
from os import getpid
from typing import Any

from .syscalls import ARCHITECTURES, NARROWED, PARENTS, always, numbers

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT = 0x20, 0x15, 0x35, 0x45  # BPF: ld [k]; jeq; jge; jset
_JUMP, _RETURN = 0x05, 0x06  # ja; ret
_NUMBER, _ARCH = 0, 4  # offsets into struct seccomp_data
_KILL, _ALLOW, _REFUSE = 0x80000000, 0x7FFF0000, 0x00050000
_CLONE_THREAD = 0x00010000
_CLONE_NAMESPACES = 0x7E020080
FIONREAD = 0x541B
_IOCTLS = (0x5401, 0x5413, FIONREAD, 0x5421, 0x5450, 0x5451)  # TCGETS, TIOCGWINSZ, FIONBIO, FIO[N]CLEX
_PR_SET_NAME, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 15, 38, 22, 2
_AF_UNIX = 1
_MAP_SHARED, _MAP_GROWSDOWN = 0x01, 0x100  # memory that RLIMIT_DATA does not count
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 8, 10, 15  # a descriptor's owner is signalled: nobody else may be

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(ctypes.c_char)))


def _argument(index: int, high: bool = False) -> int:
    """Offset of the low (or high) half of an argument; both architectures are little-endian."""
    return 16 + 8 * index + (4 if high else 0)


def _refuse(code: int = errno.EPERM) -> Instruction:
    return (_RETURN, 0, 0, _REFUSE | code)


_PASS: Instruction = (_RETURN, 0, 0, _ALLOW)


def _one_of(index: int, values: tuple[int, ...]) -> list[Instruction]:
    """Allows a call whose argument is one of the values."""
    count = len(values)
    tests = [(_EQUAL, count - place, 0, value) for place, value in enumerate(values)]
    return [(_LOAD, 0, 0, _argument(index)), *tests, _refuse(), _PASS]


def _none_of(index: int, values: tuple[int, ...]) -> list[Instruction]:
    """Allows a call whose argument is none of the values."""
    count = len(values)
    tests = [(_EQUAL, count - place, 0, value) for place, value in enumerate(values)]
    return [(_LOAD, 0, 0, _argument(index)), *tests, _PASS, _refuse()]


def wide(machine: str) -> list[Instruction]:
    """The filter of the parent: what any child may do, and what starts, limits and ends children. KeyError on an
    architecture without tables."""
    conditions = {
        "ioctl": _one_of(1, _IOCTLS),
        "fcntl": _none_of(1, (_F_SETOWN, _F_SETSIG, _F_SETOWN_EX)),
        "socketpair": _one_of(0, (_AF_UNIX,)),
        "clone3": [_refuse(errno.ENOSYS)],  # its flags lie in memory: libc then falls back to clone
    }
    blocks = {number: [_PASS] for number in always(machine)}
    blocks |= {number: [_PASS] for name in (*NARROWED, *PARENTS) for number in numbers(machine, name)}
    blocks |= {number: block for name, block in conditions.items() for number in numbers(machine, name)}
    return [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, ARCHITECTURES[machine][1]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *_tree(_intervals(blocks)),
    ]


def narrow(machine: str, pid: int, more: Iterable[str] = (), *, counted: bool = False) -> list[Instruction]:
    """What a child adds to its parent's filter: it is the process `pid`, and starts, limits and signals no other.
    `more`: calls of the parent's that it keeps, by name; with `counted`, no memory that RLIMIT_DATA does not
    count."""
    no_new_limit: list[Instruction] = [
        (_LOAD, 0, 0, _argument(2)),
        (_EQUAL, 0, 2, 0),
        (_LOAD, 0, 0, _argument(2, high=True)),
        (_EQUAL, 1, 0, 0),
        _refuse(),
        _PASS,
    ]
    threads_alone: list[Instruction] = [
        (_LOAD, 0, 0, _argument(0)),
        (_ANY_BIT, 1, 0, _CLONE_NAMESPACES),
        (_ANY_BIT, 1, 0, _CLONE_THREAD),
        _refuse(),
        _PASS,
    ]
    conditions = {
        "kill": _one_of(0, (pid,)),
        "tgkill": _one_of(0, (pid,)),
        "prctl": _one_of(0, (_PR_SET_NAME,)),
        "prlimit64": no_new_limit,
        "clone": threads_alone,
    } | {name: [_refuse()] for name in set(PARENTS) - set(more)}
    if counted:
        conditions["mmap"] = [
            (_LOAD, 0, 0, _argument(3)),
            (_ANY_BIT, 0, 1, _MAP_SHARED | _MAP_GROWSDOWN),
            _refuse(errno.ENOMEM),
            _PASS,
        ]
    found: list[Instruction] = [(_LOAD, 0, 0, _NUMBER)]
    for name in sorted(conditions):
        for number in numbers(machine, name):
            found += [(_EQUAL, 0, len(conditions[name]), number), *conditions[name]]
    return [*found, _PASS]


def _intervals(blocks: dict[int, list[Instruction]]) -> list[tuple[int, list[Instruction]]]:
    """Where each run of call numbers with one answer begins, and the answer; what is not named is refused."""
    found: list[tuple[int, list[Instruction]]] = [(0, [_refuse()])]
    for number in sorted(blocks):
        for start, block in ((number, blocks[number]), (number + 1, [_refuse()])):
            if found[-1][0] == start:
                found.pop()
            if not found or found[-1][1] != block:
                found.append((start, block))
    return found


def _tree(intervals: list[tuple[int, list[Instruction]]]) -> list[Instruction]:
    """A search by halves: the kernel tries a new filter on every call number, so a list would cost 2 ms."""
    if len(intervals) == 1:
        return intervals[0][1]
    half = len(intervals) // 2
    lower, upper = _tree(intervals[:half]), _tree(intervals[half:])
    return [(_AT_LEAST, 0, 1, intervals[half][0]), (_JUMP, 0, 0, len(lower)), *lower, *upper]


class Filter:
    """The filter in its two parts, assembled once: `widen` puts one on the parent, whose children inherit it, and
    `install` the other on each of these, so that a job pays for the short part alone."""

    def __init__(self, machine: str, more: Iterable[str] = (), *, counted: bool = False) -> None:
        if machine not in ARCHITECTURES:
            raise OSError(f"no table of system calls for '{machine}'; there are: {', '.join(ARCHITECTURES)}")
        self._wide = _Code(wide(machine))
        # Two assemblies show where the pid goes, so that a job only patches a few words.
        code, other = (_Code(narrow(machine, pid, more, counted=counted)) for pid in (1, 2))
        places = [place for place, word in enumerate(code.words) if word != other.words[place]]
        self.install: Callable[[], None] = functools.partial(_install, code.words, places, code.load)
        """Narrows the filter to the calling process. Raises OSError where the kernel refuses."""

    def widen(self) -> None:
        """Locks the calling process in, and all that it will start or become, for good. Raises OSError where the
        kernel refuses."""
        if _prctl(*_values(_PR_SET_NO_NEW_PRIVS, 1)):
            raise OSError("prctl(PR_SET_NO_NEW_PRIVS) is refused")
        if _prctl(*self._wide.load):
            raise OSError("prctl(PR_SET_SECCOMP) is refused")


class _Code:
    """Assembled instructions as words; `load` are prctl's values that put them on the calling process, and keep
    them where the kernel finds them."""

    def __init__(self, steps: list[Instruction]) -> None:
        code = bytearray(b"".join(struct.pack("=HBBI", *step) for step in steps))
        self.words = memoryview(code).cast("I")
        place = (ctypes.c_char * len(code)).from_buffer(code)
        self.load = _values(_PR_SET_SECCOMP, _FILTER, ctypes.byref(_Program(len(steps), place)))


def _install(words: memoryview, places: list[int], load: tuple[Any, ...]) -> None:
    pid = getpid()
    for place in places:
        words[place] = pid
    if _prctl(*load):
        raise OSError("prctl(PR_SET_SECCOMP) is refused")


_prctl = ctypes.PyDLL(None).prctl  # which gives no other thread a turn: there is none


def _values(option: int, argument: int, address: Any = None) -> tuple[Any, ...]:
    """What `_prctl` takes, as C has it: to turn numbers into that would cost each child more than the call."""
    nothing = ctypes.c_ulong(0)
    return ctypes.c_int(option), ctypes.c_ulong(argument), address or nothing, nothing, nothing
