"""What runs over every character and every token, compiled: words of UTF-8 text as hashes, and n-grams found in
sets of them.

A token is the hash of its folded characters, an n-gram a polynomial of its tokens, rolled along the text. A map
of bits stands in front of each set: nearly all n-grams of clean text end there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from factory.errors import FactoryError

try:
    from numba import njit
except ImportError as error:
    raise FactoryError(
        "decontamination needs numba, which is not installed: pip install 'seedfactory[seeds]'"
    ) from error

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]
Table = Any
"""Arrays that only compiled code touches: bits, slots."""

SEPARATOR, WORD, ALONE, MARK, ALONE_MARK, SEVERAL, ASK, DIGIT = 0, 1, 2, 3, 4, 5, 6, 8
"""What a character is: none of a word; of a word; a word by itself; a mark; a mark of an unspaced script; folded to
several; one that may join its neighbours (Python folds the text first). DIGIT is added to the first ones."""

RANK = 21
"""Where the bits of a mark's combining class start, above those of its character."""

NUMBER = np.uint64(0x9FB21C651E98DF25)
"""The token that stands for a run of numbers where these are masked."""

EMPTY = np.uint64(0x2545F4914F6CDD1D)
"""The token before a text that begins with no word, and after one that ends with none."""

_SELECTORS = 0xE0100, 0xE01EF
_BASE = np.uint64(0x9E3779B97F4A7C15)
_PRIME, _BASIS = np.uint64(0x100000001B3), np.uint64(0xCBF29CE484222325)


@njit(cache=True)
def _mix(value):  # type: ignore[no-untyped-def]
    """The finaliser of splitmix64: every bit of the input changes half of the output's."""
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True)
def hash_tokens(buffer, classes, folded, several):  # type: ignore[no-untyped-def]
    """Hashes of the tokens of a text in UTF-8, which of them are numbers, and where they begin, with the end of
    the text last (-1 inside of a character that is several). Empty arrays where a character says ASK; there is
    no text without a token.

    `folded`: a character's folded form, for SEVERAL where their count and they stand in `several`, with the
    combining class for marks.
    """
    hashes = np.empty(len(buffer) + 3, np.uint64)
    numbers = np.empty(len(buffer) + 3, np.bool_)
    begins = np.empty(len(buffer) + 4, np.int64)
    size, count, at, here, step = len(buffer), 0, 0, 0, 0
    left, place = 0, np.int64(0)
    inside, value, digits, first, rank = SEPARATOR, _BASIS, True, True, np.int64(0)
    while at < size or left:
        if inside == SEPARATOR and not left and not first:
            # Most text is words of ASCII with a space between: they go the short way.
            while at < size and buffer[at] < 0x80 and classes[buffer[at]] == SEPARATOR:
                at += 1
            begins[count] = at
            while at < size and buffer[at] < 0x80 and classes[buffer[at]] != SEPARATOR:
                value = (value ^ np.uint64(folded[buffer[at]])) * _PRIME
                digits = digits and classes[buffer[at]] >= DIGIT
                at += 1
            if at > begins[count]:
                if at < size and buffer[at] < 0x80:
                    hashes[count], numbers[count] = _mix(value), digits
                    count, at, value, digits = count + 1, at + 1, _BASIS, True
                else:
                    inside = WORD
                continue
            if at == size:
                break
        if left:
            code = np.int64(several[place])
            place, left, step = place + 1, left - 1, step + 1
        else:
            here, step = at, 0
            code = np.int64(buffer[at])
            if code < 0x80:
                at += 1
            elif code < 0xE0:
                code = ((code & 0x1F) << 6) | (np.int64(buffer[at + 1]) & 0x3F)
                at += 2
            elif code < 0xF0:
                code = ((code & 0x0F) << 12) | ((np.int64(buffer[at + 1]) & 0x3F) << 6)
                code |= np.int64(buffer[at + 2]) & 0x3F
                at += 3
            else:
                code = ((code & 0x07) << 18) | ((np.int64(buffer[at + 1]) & 0x3F) << 12)
                code |= ((np.int64(buffer[at + 2]) & 0x3F) << 6) | (np.int64(buffer[at + 3]) & 0x3F)
                at += 4
        if code < len(classes):
            kind, code = classes[code], np.int64(folded[code])
        else:
            kind = MARK if _SELECTORS[0] <= code <= _SELECTORS[1] else SEPARATOR
        what = kind & 7
        if what == SEVERAL:
            left, place, step = several[code], code + 1, -1
            continue
        if what == ASK:
            return hashes[:0], numbers[:0], begins[:0]
        if what == SEPARATOR:
            if inside != SEPARATOR or first:  # a text that begins with no word begins with an empty token
                hashes[count], numbers[count] = (EMPTY if first else _mix(value)), digits and not first
                if first:
                    begins[count] = 0
                count += 1
            inside, value, digits, first, rank = SEPARATOR, _BASIS, True, False, np.int64(0)
            continue
        first = False
        if what in (MARK, ALONE_MARK):
            before, rank = rank, code >> RANK
            if before > rank > 0:  # marks in an order of their own
                return hashes[:0], numbers[:0], begins[:0]
            code &= (1 << RANK) - 1
        else:
            rank = np.int64(0)
        # Marks belong to what stands before them; letters of unspaced scripts stand alone.
        if inside != SEPARATOR and (what == ALONE or (what == WORD and inside == ALONE)):
            hashes[count], numbers[count] = _mix(value), digits
            count += 1
            value, digits, inside = _BASIS, True, SEPARATOR
        if inside == SEPARATOR:
            begins[count] = here if step == 0 else -1
        inside = ALONE if what in (ALONE, ALONE_MARK) else WORD
        value = (value ^ np.uint64(code)) * _PRIME
        digits = digits and kind >= DIGIT
    hashes[count], numbers[count] = _mix(value), digits
    if inside == SEPARATOR:
        hashes[count], numbers[count], begins[count] = EMPTY, False, size
    begins[count + 1] = size
    return hashes[: count + 1], numbers[: count + 1], begins[: count + 2]


@njit(cache=True)
def mask(hashes, numbers):  # type: ignore[no-untyped-def]
    """The tokens with each run of numbers as one, and where each stood. The empty tokens at the ends go."""
    masked = np.empty(len(hashes), np.uint64)
    origins = np.empty(len(hashes), np.int64)
    count = 0
    for at in range(len(hashes)):
        if hashes[at] == EMPTY or (numbers[at] and count > 0 and masked[count - 1] == NUMBER):
            continue
        masked[count] = NUMBER if numbers[at] else hashes[at]
        origins[count] = at
        count += 1
    return masked[:count], origins[:count]


@njit(cache=True)
def gram_hashes(tokens, n):  # type: ignore[no-untyped-def]
    """The hash of the n-gram that starts at each token."""
    made = np.empty(max(0, len(tokens) - n + 1), np.uint64)
    value, leaving = np.uint64(0), np.uint64(1)
    for _ in range(n):
        leaving *= _BASE
    for at in range(len(tokens)):
        value = value * _BASE + tokens[at]
        if at >= n:
            value -= tokens[at - n] * leaving
        if at >= n - 1:
            made[at - n + 1] = value
    return made


@njit(cache=True)
def fill(keys, bits, slots):  # type: ignore[no-untyped-def]
    """Enters keys, each once, into a map of bits and a table of open addressing whose slots hold key + 1."""
    shift, place = np.uint64(_shift(len(bits))), np.uint64(_shift(len(slots)))
    last = len(slots) - 1
    for key in range(len(keys)):
        bits[keys[key] >> shift] |= _two_bits(keys[key])
        slot = np.int64((keys[key] * _PRIME) >> place)
        while slots[slot]:
            slot = (slot + 1) & last
        slots[slot] = key + 1


@njit(cache=True)
def _two_bits(value):  # type: ignore[no-untyped-def]
    """The bits of a hash in its word of the map: one look into memory lets one in fifty of the others pass."""
    return (np.uint64(1) << ((value >> np.uint64(26)) & np.uint64(63))) | (
        np.uint64(1) << ((value >> np.uint64(20)) & np.uint64(63))
    )


@njit(cache=True)
def _shift(size):  # type: ignore[no-untyped-def]
    """How far a hash goes down to be a place among `size`, a power of two."""
    shift = 64
    while size > 1:
        size >>= 1
        shift -= 1
    return shift


@njit(cache=True)
def find(tokens, n, keys, bits, slots):  # type: ignore[no-untyped-def]
    """Where n-grams of a set start in a text, and which keys they are."""
    starts = np.empty(max(0, len(tokens) - n + 1), np.int64)
    found = np.empty(max(0, len(tokens) - n + 1), np.int64)
    count, last = 0, len(slots) - 1
    shift, place = np.uint64(_shift(len(bits))), np.uint64(_shift(len(slots)))
    value, leaving = np.uint64(0), np.uint64(1)
    for _ in range(n):
        leaving *= _BASE
    for at in range(len(tokens)):
        value = value * _BASE + tokens[at]
        if at >= n:
            value -= tokens[at - n] * leaving
        if at < n - 1:
            continue
        wanted = _two_bits(value)
        if bits[value >> shift] & wanted != wanted:
            continue
        slot = np.int64((value * _PRIME) >> place)
        while slots[slot]:
            if keys[slots[slot] - 1] == value:
                starts[count], found[count] = at - n + 1, slots[slot] - 1
                count += 1
                break
            slot = (slot + 1) & last
    return starts[:count], found[:count]


@njit(cache=True)
def touches(tokens, numbers, n, keys, bits, slots):  # type: ignore[no-untyped-def]
    """Whether, with numbers masked, an n-gram with a number among its tokens is of a set: `mask` and `find` in
    one, and without writing anything down, for it is asked of every text."""
    last = len(slots) - 1
    shift, place = np.uint64(_shift(len(bits))), np.uint64(_shift(len(slots)))
    value, leaving = np.uint64(0), np.uint64(1)
    window = np.zeros(n, np.uint64)
    count, since = 0, n  # tokens read, and how many after the last number
    for _ in range(n):
        leaving *= _BASE
    for at in range(len(tokens)):
        if numbers[at]:
            if since == 0:
                continue
            token, since = NUMBER, 0
        else:
            token, since = tokens[at], since + 1
            if token == EMPTY:
                continue
        value = value * _BASE + token - window[count % n] * leaving
        window[count % n] = token
        count += 1
        if since >= n or count < n:
            continue
        wanted = _two_bits(value)
        if bits[value >> shift] & wanted != wanted:
            continue
        slot = np.int64((value * _PRIME) >> place)
        while slots[slot]:
            if keys[slots[slot] - 1] == value:
                return True
            slot = (slot + 1) & last
    return False


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
def distinct(tokens, n):  # type: ignore[no-untyped-def]
    """How many different n-grams a text has, by their hashes."""
    grams = gram_hashes(tokens, n)
    room = 16
    while room < 2 * len(grams):
        room *= 2
    place = np.uint64(_shift(room))
    table = np.zeros(room, np.uint64)
    count = 0
    for gram in grams:
        value = gram if gram else np.uint64(1)  # nothing but an empty slot is 0
        slot = np.int64((value * _PRIME) >> place)
        while table[slot] and table[slot] != value:
            slot = (slot + 1) & (room - 1)
        if not table[slot]:
            table[slot] = value
            count += 1
    return count


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
