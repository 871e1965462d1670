"""Answers in words, letters of choices, and what tells a formula from words."""

from __future__ import annotations

import re

_BARE_CHOICE = re.compile(r"\(?([A-J])[).:]?|\(([a-j])\)|([a-j])\)")
_NAMED_CHOICE = re.compile(r"(?:option|choice|answer):? \(?([A-J])\)?[.:]?", re.IGNORECASE)
_CHOICE_AND_TEXT = re.compile(
    r"(?:(?:option|choice) )?(?:\(([A-Ja-j])\)|([A-J])\))(?! ?(?:[-+] |[*/^=<>!])|[-+]) ?(.+)|([A-J])\. (.+)",
    re.IGNORECASE,
)
_ANOTHER_PART = re.compile(r"(?<![A-Za-z])[A-Ja-j]\)")
_FORMULA = re.compile(r"[\\=^√π≤≥≠<>±∞∪∩]")
_OPERATOR = re.compile(r"[+*/()\[\]{}|!_-]")
_WORD = re.compile(r"[^\W\d_]{3,}")


def choice(text: str) -> str | None:
    """The letter of a choice: "B", "(b)", "Option B", "B) Paris"; None for anything else."""
    found = _BARE_CHOICE.fullmatch(text) or _NAMED_CHOICE.fullmatch(text)
    if found is None:
        found = _CHOICE_AND_TEXT.fullmatch(text)
        # "(a) 5 (b) 7" answers two parts and chooses neither.
        if found is None or _ANOTHER_PART.search(found[3] or found[5]):
            return None
        letter: str = found[1] or found[2] or found[4]
    else:
        letter = next(filter(None, found.groups()))
    return letter.upper()


def formal(text: str) -> bool:
    """Whether a text is a formula rather than words."""
    return bool(_FORMULA.search(text) or (_OPERATOR.search(text) and not _WORD.search(text)))


def words(text: str) -> str:
    """Words without quotes, final marks, capitals and a leading article."""
    bare = text.strip("\"'.,;:!? ")
    if len(bare) > 2 and not any(char.isdigit() for char in bare):
        # Short symbols and formulas keep their case: CO is not Co.
        bare = re.sub(r"^(?:the|an?) (?!and\b|or\b)(?=\w)", "", bare.casefold())
    return bare or text
