"""Memory as children inherit it: what a parent does once so that each fork copies little and finds it together."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

_POOL, _SMALL = 1 << 14, 512  # Python's allocator: its pools, and the largest block that it gives from them
_MOST = 1 << 18  # of one size
_LARGEST = 1 << 16
_HEAP = 1 << 26
_HEAD = sys.getsizeof(b"")


class _Told(ctypes.Structure):
    """What mallinfo2(3) tells; `keepcost` is how much lies free at the top of the heap."""

    _fields_ = (("others", ctypes.c_size_t * 9), ("keepcost", ctypes.c_size_t))


def settle() -> list[bytes]:
    """Frees what is not needed, fills the holes that this leaves, and keeps the collector off what is there.

    A child writes to what it allocates: in holes all over the heap each block lies on a page of its own, which the
    kernel copies; after them blocks lie side by side. Gives what fills the holes, to be kept.
    """
    gc.collect()
    filling = _filling()
    with contextlib.suppress(AttributeError):  # of glibc's alone
        libc = ctypes.CDLL(None)
        libc.malloc_trim(0)  # free memory that is the kernel's again costs a fork nothing
        _fill_heap(libc)
    gc.freeze()
    return filling


def _filling() -> list[bytes]:
    """Blocks of each size that Python's allocator knows, until a pool is full that had not been begun."""
    kept = [b""]
    for size in range(_SMALL, _HEAD, -16):
        row = 0
        for _ in range(_MOST // size):  # an interpreter with another allocator shows no row
            kept.append(bytes(size - _HEAD))
            row = row + 1 if id(kept[-1]) - id(kept[-2]) == size else 0
            if row >= _POOL // size // 2 and id(kept[-1]) % _POOL + 2 * size > _POOL:
                break
    return kept


def _fill_heap(libc: ctypes.CDLL) -> None:
    """Takes from malloc what it holds free below the top of its heap, for good."""
    libc.mallinfo2.restype = _Told
    libc.malloc.restype = libc.sbrk.restype = ctypes.c_void_p
    libc.malloc.argtypes = (ctypes.c_size_t,)
    libc.free.argtypes = (ctypes.c_void_p,)
    top = libc.sbrk(0) - libc.mallinfo2().keepcost
    for size in (*(_LARGEST >> power for power in range(7)), *range(_SMALL, 0, -16)):
        for _ in range(_HEAP // size):  # a heap that does not grow upwards has no top to reach
            block = libc.malloc(size - 8)
            if not block or block >= top:
                libc.free(block)
                break
