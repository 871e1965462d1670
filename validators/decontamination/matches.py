"""What runs over n-grams that were found, compiled: what they cover, and which items they are of."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def shared(keys, starts, postings, sizes, most):  # type: ignore[no-untyped-def]
    """What the lists of the keys hold, each key counted once: what, in order, in how many lists, and which of them
    has the largest share of its size, or of `most` where that is less."""
    keys = np.sort(keys)
    size = 0
    for at in range(len(keys)):
        if at == 0 or keys[at] != keys[at - 1]:
            size += starts[keys[at] + 1] - starts[keys[at]]
    held = np.empty(size, np.int64)
    size = 0
    for at in range(len(keys)):
        if at == 0 or keys[at] != keys[at - 1]:
            for place in range(starts[keys[at]], starts[keys[at] + 1]):
                held[size] = postings[place]
                size += 1
    held.sort()
    counts = np.zeros(size, np.int64)
    last = -1
    for at in range(size):
        if at == 0 or held[at] != held[last]:
            last += 1
            held[last] = held[at]
        counts[last] += 1
    best = 0
    for at in range(1, last + 1):
        if counts[at] * min(most, sizes[held[best]]) > counts[best] * min(most, sizes[held[at]]):
            best = at
    return held[: last + 1], counts[: last + 1], best


@njit(cache=True)
def row(starts):  # type: ignore[no-untyped-def]
    """Whether two n-grams start one after the other: nothing longer is there otherwise."""
    before = -2
    for start in starts:
        if start == before + 1:
            return True
        before = start
    return False


@njit(cache=True)
def spans(starts, n):  # type: ignore[no-untyped-def]
    """What n-grams cover, as (first token, token after the last), those that touch as one."""
    made = np.empty((len(starts), 2), np.int64)
    count = 0
    for start in starts:
        if count and start <= made[count - 1, 1]:
            made[count - 1, 1] = max(made[count - 1, 1], start + n)
        else:
            made[count, 0], made[count, 1] = start, start + n
            count += 1
    return made[:count]


@njit(cache=True)
def room(bounds):  # type: ignore[no-untyped-def]
    """How many tokens after a question its options are looked for in: with letters, and words between them."""
    return 2 * (bounds[-1] - bounds[1]) + 3 * (len(bounds) - 2) + 8


@njit(cache=True)
def pieces_follow(tokens, end, pieces, bounds):  # type: ignore[no-untyped-def]
    """Whether a question ends at `end` and every option stands somewhere after it, in any order. Piece i is
    ``pieces[bounds[i]:bounds[i + 1]]``, the question the first."""
    question = bounds[1] - bounds[0]
    if end < question:
        return False
    for at in range(question):
        if tokens[end - question + at] != pieces[bounds[0] + at]:
            return False
    options = len(bounds) - 2
    last = min(len(tokens), end + room(bounds))
    for option in range(1, options + 1):
        size = bounds[option + 1] - bounds[option]
        there = False
        for start in range(end, last - size + 1):
            same = 0
            while same < size and tokens[start + same] == pieces[bounds[option] + same]:
                same += 1
            if same == size:
                there = True
                break
        if not there:
            return False
    return True
