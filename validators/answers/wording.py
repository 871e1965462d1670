"""Answers in words, letters of choices, and what tells a formula from words."""

from __future__ import annotations

import re

_BARE_CHOICE = re.compile(r"\(?([A-J])[).:]?|\(([a-j])\)|([a-j])\)")
_NAMED_CHOICE = re.compile(r"(?:option|choice|answer):? \(?([A-J])\)?[.:]?", re.IGNORECASE)
_CHOICE_AND_TEXT = re.compile(
    r"(?:(?:option|choice) )?(?:\(([A-Ja-j])\)|([A-J])\))(?! ?(?:[-+] |[*/^=<>!])|[-+]) ?(.+)|([A-J])\. (.+)"
    r"|(?:option|choice) ([A-J]): (.+)",
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
    if found is None:
        return None
    letter, *said = filter(None, found.groups())
    # "(a) 5 (b) 7" answers two parts and chooses neither.
    return None if any(map(_ANOTHER_PART.search, said)) else letter.upper()


def formal(text: str) -> bool:
    """Whether a text is a formula rather than words."""
    return bool(_FORMULA.search(text) or (_OPERATOR.search(text) and not _WORD.search(text)))


ANSWER = (
    r"(?:(?:final |correct )?answer|(?:die )?(?:richtige )?antwort|(?:la )?r[ée]ponse|(?:la )?respuesta|(?:a )?resposta"
    r"|(?:la )?risposta|(?:het )?antwoord|odpowiedź|ответ|cevap|答案|答え|回答|정답|답)"
)
"""What languages call an answer, for a regular expression."""

_SAID_SO = re.compile(
    rf"(?:so |thus |therefore |hence )?(?:the )?{ANSWER}(?: (?:is|ist|est|es|é|è|to|is:)|[:是は=]) ?(.+)",
    re.IGNORECASE,
)
_ONE_WAY = (
    (
        re.compile(r"(?:there (?:is|are) )?(no (?:\w+ )?(?:solution|root|value|number|answer|integer))s?"),
        r"\1",
    ),
    (re.compile(r"dne|(?:the )?(?:limit |it )?does not exist"), "does not exist"),
    (re.compile(r"(?:there are )?infinite(?:ly many)?(?: solutions)?"), "infinitely many"),
)


def said(text: str) -> str:
    """What stands behind "The answer is"; the text itself where it does not begin so."""
    found = _SAID_SO.fullmatch(text)
    return found[1] if found else text


def words(text: str) -> str:
    """Words without quotes, final marks, capitals and a leading article; a few phrases that mean one thing."""
    bare = text.strip('".,;:!? ')
    bare = bare[1:-1] if len(bare) > 2 and bare[0] == bare[-1] == "'" else bare
    if len(bare) > 2 and not any(char.isdigit() for char in bare):
        # Short symbols and formulas keep their case: CO is not Co.
        bare = re.sub(r"^(?:the|an?) (?!and\b|or\b)(?=\w)", "", bare.casefold())
        bare = bare.replace(", and ", " and ")
        for pattern, meant in _ONE_WAY:
            bare = pattern.sub(meant, bare) if pattern.fullmatch(bare) else bare
    return bare or text
