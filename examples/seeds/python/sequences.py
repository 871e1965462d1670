"""Small functions on lists."""

from collections import Counter


def merge_intervals(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join closed intervals that overlap or touch, and give them in order.

    >>> merge_intervals([(5, 8), (1, 3), (2, 4)])
    [(1, 4), (5, 8)]
    """
    merged: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def insertion_point(values: list[int], wanted: int) -> int:
    """Find where a value goes in a sorted list so that it stays sorted, before equal ones.

    >>> insertion_point([1, 3, 3, 7], 3)
    1
    """
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


def spiral(matrix: list[list[int]]) -> list[int]:
    """Read a matrix clockwise from the top left corner inwards.

    >>> spiral([[1, 2, 3], [4, 5, 6]])
    [1, 2, 3, 6, 5, 4]
    """
    read: list[int] = []
    rows = [list(row) for row in matrix]
    while rows:
        read.extend(rows.pop(0))
        rows = [list(column) for column in zip(*rows, strict=True)][::-1]
    return read


def longest_increasing(values: list[int]) -> int:
    """Give the length of the longest strictly increasing subsequence.

    >>> longest_increasing([10, 9, 2, 5, 3, 7, 101, 18])
    4
    """
    tails: list[int] = []
    for value in values:
        place = 0
        while place < len(tails) and tails[place] < value:
            place += 1
        if place == len(tails):
            tails.append(value)
        else:
            tails[place] = value
    return len(tails)


def most_common(words: list[str], count: int) -> list[str]:
    """List the most frequent words, the more frequent first, equals in alphabetical order.

    >>> most_common(["b", "a", "b", "c", "a"], 2)
    ['a', 'b']
    """
    counted = Counter(words)
    ranked = sorted(counted, key=lambda word: (-counted[word], word))
    return ranked[:count]


def moving_average(values: list[float], window: int) -> list[float]:
    """Average each stretch of `window` neighbours; shorter lists have no average.

    >>> moving_average([1.0, 2.0, 6.0, 4.0], 2)
    [1.5, 4.0, 5.0]
    """
    if window < 1:
        raise ValueError("window must be at least 1")
    return [sum(values[start : start + window]) / window for start in range(len(values) - window + 1)]


def chunks(values: list[int], size: int) -> list[list[int]]:
    """Cut a list into pieces of `size`; the last may be shorter.

    >>> chunks([1, 2, 3, 4, 5], 2)
    [[1, 2], [3, 4], [5]]
    """
    if size < 1:
        raise ValueError("size must be at least 1")
    return [values[start : start + size] for start in range(0, len(values), size)]
