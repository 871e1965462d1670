"""What runs over every character and every token, compiled: the words of UTF-8 text as hashes of their folded
characters, and n-grams of them found in sets.

The last bit of a token's hash says whether the token is a number. An n-gram is a polynomial of its tokens, rolled along
the text. A map of bits stands in front of each set: nearly all n-grams of clean text end there.
All of it is one file, since what numba keeps of a function does not change with a file that is called from it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]
Table = tuple[Hashes, NDArray[np.uint64], NDArray[np.int32]]
"""A set of hashes: these, each once; the map of bits; and slots of open addressing that hold a key's number + 1."""

SEPARATOR, WORD, ALONE, MARK, ALONE_MARK, SEVERAL, ASK = range(7)
"""Kinds: none of a word; of a word; a word by itself; a mark; a mark of an unspaced script; folded to several; one
that may join its neighbours, or is many words (Python folds the text first)."""

KIND, DIGIT = 7, 8
"""The bits of the kind, and the one that digits have besides."""

CODE, RANK = 4, 24

SELECTORS = 0xE0100, 0xE01EF
"""Variation selectors: the only characters beyond the table that are of a word (marks)."""

NUMBER = np.uint64(0x9FB21C651E98DF25)
"""The token that stands for a run of numbers where these are masked."""

EMPTY = np.uint64(0x2545F4914F6CDD1C)
"""The token before a text that begins with no word, and after one that ends with none."""

_NONE, _ONE, _PRIME = np.uint64(0), np.uint64(1), np.uint64(0x9E3779B97F4A7C15)
_CODE, _CODES, _DIGIT = np.uint64(CODE), np.uint64((1 << (RANK - CODE)) - 1), np.uint64(DIGIT)
_BASE, _SPREAD = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x100000001B3)


@njit(cache=True)
def look(buffer, table, several, n, overlap, masked, sizes, asked):  # type: ignore[no-untyped-def]
    """A first look at a text in UTF-8: None where it has nothing of benchmarks, as nearly all have. Else its tokens
    as `hash_tokens` gives them, its n-grams, which of them are of `overlap` and which keys they are; whether with
    numbers masked it has n-grams of `masked`; and whether it has n-grams of `asked`, of as many tokens as `sizes`
    say. Everything is empty where the text must be folded first."""
    tokens, ends = hash_tokens(buffer, table, several)
    grams = gram_hashes(tokens, n)
    starts, keys = find(grams, overlap)
    altered = len(masked[0]) > 0 and _holds(_with_numbers(mask(tokens)[0], n), masked)
    asks = False
    for size in sizes:
        asks = asks or _holds(gram_hashes(tokens, size), asked)
    if len(starts) == 0 and not altered and not asks and len(tokens):
        return None
    return tokens, ends, grams, starts, keys, altered, asks


@njit(cache=True)
def hash_tokens(buffer, table, several):  # type: ignore[no-untyped-def]
    """Hashes of the tokens of a text in UTF-8, and where they end (-1 inside of a character that is several).
    Empty arrays where a character says ASK; there is no text without a token.

    `table` and `several` are `characters.Characters`.
    """
    hashes = np.empty(len(buffer) // 2 + 2, np.uint64)  # a token takes two bytes, but for the empty ones
    ends = np.empty(len(hashes), np.int64)
    at, count, value, digits = 0, 0, _NONE, _ONE
    inside, rank = np.int64(SEPARATOR), np.int64(0)
    place = left = np.int64(
        0
    )  # of a character that is several: where the next one is, and how many are to come
    while at < len(buffer) or left:
        if left:
            entry, here = np.int64(several[place]), -1
            place, left = place + 1, left - 1
        else:
            if buffer[at] < 0x80 and inside != ALONE and (inside != SEPARATOR or count):
                state = _ascii(buffer, at, table, hashes, ends, count, inside != SEPARATOR, value, digits)
                at, count, word, value, digits = state
                inside, rank = np.int64(WORD if word else SEPARATOR), np.int64(0)
                if at == len(buffer):
                    break
            here = at
            code, at = _character(buffer, at)
            entry = _entry(table, code)
            if entry & KIND == SEVERAL:
                place = entry >> CODE
                left, entry, place = np.int64(several[place]) - 1, np.int64(several[place + 1]), place + 2
        kind, before, rank = entry & KIND, rank, entry >> RANK
        if kind == ASK or before > rank > 0:  # marks in an order of their own
            return hashes[:0], ends[:0]
        # Marks belong to what stands before them; letters of unspaced scripts stand alone.
        if kind in (SEPARATOR, ALONE) or (kind == WORD and inside == ALONE):
            if inside != SEPARATOR or (kind == SEPARATOR and count == 0):
                hashes[count], ends[count] = value + value + digits, here
                count += 1
            value, digits = _NONE, _ONE
        if kind != SEPARATOR:
            value, digits = _read(value, digits, np.uint64(entry), _ONE)
        inside = np.int64(ALONE if kind == ALONE_MARK else WORD if kind == MARK else kind)
    hashes[count], ends[count] = value + value + digits, len(buffer)
    for token in range(count + 1):
        hashes[token] = _mixed(hashes[token])
    if ends[0] == 0:
        hashes[0] = EMPTY
    if inside == SEPARATOR:
        hashes[count] = EMPTY
    return hashes[: count + 1], ends[: count + 1]


@njit(cache=True)
def _ascii(buffer, start, table, hashes, ends, made, inside, value, digits):  # type: ignore[no-untyped-def]
    """Reads ASCII, which nearly all text is, as far as it goes: where that is, the tokens made so far, whether it is
    inside of one, and that token so far.

    Nothing foretells where a word ends, so no branch hangs on it: at each character what would be its token is
    written, over the last one unless a word has ended. Places are unsigned, which saves the look for negative ones.
    """
    at, count, before = np.uint64(start), np.uint64(made), np.uint64(inside)
    while at < np.uint64(len(buffer)) and buffer[at] < 0x80:
        entry = np.uint64(table[buffer[at]])
        word = np.uint64(entry != _NONE)
        hashes[count], ends[count] = value + value + digits, at
        count += np.uint64(before > word)
        value, digits = _read(value, digits, entry, word)
        before = word
        at += _ONE
    return np.int64(at), np.int64(count), before != _NONE, value, digits


@njit(cache=True)
def _read(value, digits, entry, word):  # type: ignore[no-untyped-def]
    """The hash of a token's characters, and whether all are digits, with one more of them; afresh where `word` is 0."""
    value = (value ^ ((entry >> _CODE) & _CODES)) * (_PRIME * word)
    return value, (digits & (entry // _DIGIT)) | (word ^ _ONE)


@njit(cache=True)
def _mixed(value):  # type: ignore[no-untyped-def]
    """The hash of a token's characters with all its bits mixed (the finaliser of splitmix64), but for the last one."""
    mixed = value ^ (value >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed & ~_ONE) | (value & _ONE)


@njit(cache=True)
def _character(buffer, at):  # type: ignore[no-untyped-def]
    """The character that starts at a byte of UTF-8, and where the next one does."""
    lead = np.int64(buffer[at])
    if lead < 0x80:
        return lead, at + 1
    code = np.int64(buffer[at + 1]) & 0x3F
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | code, at + 2
    code = code << 6 | (np.int64(buffer[at + 2]) & 0x3F)
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | code, at + 3
    return (lead & 0x07) << 18 | code << 6 | (np.int64(buffer[at + 3]) & 0x3F), at + 4


@njit(cache=True)
def _entry(table, code):  # type: ignore[no-untyped-def]
    """What a character is, in the table or beyond it."""
    if code < len(table):
        return np.int64(table[code])
    return code << CODE | MARK if SELECTORS[0] <= code <= SELECTORS[1] else SEPARATOR


@njit(cache=True)
def mask(tokens):  # type: ignore[no-untyped-def]
    """The tokens with each run of numbers as one, and where each stood. The empty tokens at the ends go."""
    masked = np.empty(len(tokens), np.uint64)
    origins = np.empty(len(tokens), np.int64)
    count = 0
    for at in range(len(tokens)):
        token = NUMBER if tokens[at] & _ONE else tokens[at]
        if token == EMPTY or (token == NUMBER and count and masked[count - 1] == NUMBER):
            continue
        masked[count], origins[count] = token, at
        count += 1
    return masked[:count], origins[:count]


@njit(cache=True)
def gram_hashes(tokens, n):  # type: ignore[no-untyped-def]
    """The hash of the n-gram that starts at each token."""
    made = np.empty(max(0, len(tokens) - n + 1), np.uint64)
    value, leaving = np.uint64(0), np.uint64(1)
    for _ in range(n):
        leaving *= _BASE
    for at in range(min(n, len(tokens))):
        value = value * _BASE + tokens[at]
    for at in range(len(made)):
        made[at] = value
        if at + n < len(tokens):
            value = value * _BASE + (tokens[at + n] - tokens[at] * leaving)
    return made


@njit(cache=True)
def _with_numbers(tokens, n):  # type: ignore[no-untyped-def]
    """The hashes of the n-grams that have a masked number among their tokens."""
    grams = gram_hashes(tokens, n)
    count, after = 0, 0  # n-grams kept; and where the next one starts that has no number so far
    for at in range(len(tokens)):
        if tokens[at] == NUMBER:
            first, last = max(after, at - n + 1), min(at, len(grams) - 1)
            for start in range(first, last + 1):
                grams[count] = grams[start]
                count += 1
            after = at + 1
    return grams[:count]


@njit(cache=True)
def enter(keys, bits, slots):  # type: ignore[no-untyped-def]
    """Fills the map of bits and the slots of a set."""
    for key in range(len(keys)):
        place, wanted = _in_map(keys[key], bits)
        bits[place] |= wanted
        slot = _slot(keys[key], slots)
        while slots[slot]:
            slot = (slot + 1) & (len(slots) - 1)
        slots[slot] = key + 1


@njit(cache=True)
def find(grams, held):  # type: ignore[no-untyped-def]
    """Which n-grams of a text are of a set, and which keys they are."""
    keys, bits, slots = held
    starts = np.empty(len(grams), np.int64)
    count = 0
    for at in range(len(grams)):  # without a branch, so that the next look into memory need not wait
        place, wanted = _in_map(grams[at], bits)
        starts[count] = at
        count += bits[place] & wanted == wanted
    found = np.empty(count, np.int64)
    passed, count = starts[:count], 0
    for at in passed:
        slot = _slot(grams[at], slots)
        while slots[slot]:
            if keys[slots[slot] - 1] == grams[at]:
                starts[count], found[count] = at, slots[slot] - 1
                count += 1
                break
            slot = (slot + 1) & (len(slots) - 1)
    return starts[:count], found[:count]


@njit(cache=True)
def _holds(grams, held):  # type: ignore[no-untyped-def]
    """Whether any of the n-grams is of a set."""
    return len(find(grams, held)[0]) > 0


@njit(cache=True)
def _in_map(value, bits):  # type: ignore[no-untyped-def]
    """The word of a map that a hash has two bits in, and these: one look into memory lets one in fifty of the others
    pass."""
    one = _ONE << ((value >> np.uint64(8)) & np.uint64(63))
    other = _ONE << ((value >> np.uint64(14)) & np.uint64(63))
    return (value >> np.uint64(26)) & np.uint64(len(bits) - 1), one | other


@njit(cache=True)
def _slot(value, slots):  # type: ignore[no-untyped-def]
    """Where the search for a hash starts among slots, whose number is a power of two."""
    return np.int64(((value * _SPREAD) >> np.uint64(30)) & np.uint64(len(slots) - 1))


@njit(cache=True)
def distinct(grams):  # type: ignore[no-untyped-def]
    """How many different n-grams there are."""
    size = 16
    while size < 2 * len(grams):
        size *= 2
    slots = np.zeros(size, np.uint64)
    count = 0
    for gram in grams:
        value = gram if gram else np.uint64(1)  # nothing but an empty slot is 0
        slot = _slot(value, slots)
        while slots[slot] and slots[slot] != value:
            slot = (slot + 1) & (size - 1)
        count += slots[slot] == 0
        slots[slot] = value
    return count


def numbers_among(tokens: Hashes) -> NDArray[np.bool_]:
    """Which tokens are digits alone."""
    return (tokens & _ONE).astype(np.bool_)
