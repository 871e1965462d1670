"""Small functions on text."""

import re
import unicodedata


def slug(title: str, longest: int = 60) -> str:
    """Turn a title into lower-case words joined by hyphens, without accents, cut at a whole word.

    >>> slug("Crème brûlée: a Guide")
    'creme-brulee-a-guide'
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower())
    result = ""
    for word in words:
        longer = f"{result}-{word}" if result else word
        if len(longer) > longest:
            break
        result = longer
    return result


def run_lengths(text: str) -> list[tuple[str, int]]:
    """Give each run of equal characters as a pair of the character and its length.

    >>> run_lengths("aaab")
    [('a', 3), ('b', 1)]
    """
    runs: list[tuple[str, int]] = []
    for character in text:
        if runs and runs[-1][0] == character:
            runs[-1] = (character, runs[-1][1] + 1)
        else:
            runs.append((character, 1))
    return runs


def wrap(text: str, width: int) -> list[str]:
    """Break text into lines of at most `width` characters; a longer word gets a line of its own.

    >>> wrap("the quick brown fox", 10)
    ['the quick', 'brown fox']
    """
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def edit_distance(first: str, second: str) -> int:
    """Count the insertions, deletions and replacements of a character that turn one text into the other.

    >>> edit_distance("kitten", "sitting")
    3
    """
    previous = list(range(len(second) + 1))
    for row, left in enumerate(first, start=1):
        current = [row]
        for column, right in enumerate(second, start=1):
            current.append(
                min(
                    previous[column] + 1,
                    current[column - 1] + 1,
                    previous[column - 1] + (left != right),
                )
            )
        previous = current
    return previous[-1]


def balanced(text: str) -> bool:
    """Tell whether round, square and curly brackets are closed in the order in which they were opened.

    >>> balanced("a[b(c)]"), balanced("(]")
    (True, False)
    """
    closes = {")": "(", "]": "[", "}": "{"}
    waiting: list[str] = []
    for character in text:
        if character in closes.values():
            waiting.append(character)
        elif character in closes and (not waiting or waiting.pop() != closes[character]):
            return False
    return not waiting


def common_prefix(words: list[str]) -> str:
    """Give the longest text with which all words begin; empty for no words.

    >>> common_prefix(["interest", "internal", "into"])
    'int'
    """
    if not words:
        return ""
    shortest, longest = min(words), max(words)
    for place, character in enumerate(shortest):
        if character != longest[place]:
            return shortest[:place]
    return shortest
