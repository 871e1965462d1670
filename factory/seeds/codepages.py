"""Texts that were read in another code page than they were written in: told by their letters, and read again.

No text is read again but where its own letters are odd, those of the new reading are not, and the model of languages is
surer of the latter.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from factory.errors import FactoryError
from factory.seeds.cleaners.language import sample, uncapped
from factory.seeds.fasttext import file_hash, language_model, load_model, probabilities
from factory.seeds.plain import prose

LEAST, READ = 40, 20_000
"""Letters below which they say nothing, and the characters of a text that are looked at."""

FEW = 3
"""So many letters of two kinds that do not go together are no names from elsewhere."""

SURE, SURER = 0.8, 0.05
"""The probability of its language that a new reading has, at least, and by how much it is above that of the old one;
where the old one seems to be sure too, though its letters are odd, those of the new are to be half as odd at most."""

LETTERS = 0.75
"""The share of letters among the characters of a new reading that are not ASCII, at least."""

_FOREIGN = re.compile(r"[^\x00-\x7f]")
_LOST = re.compile(r"[\ufffd\x80-\x9f]")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
# Capitals behind small letters, and lines of boxes or other signs inside of words: no Cyrillic is written so.
_ODD_CYRILLIC = re.compile(
    r"[а-яёіїєўђ-џ](?=[А-ЯЁІЇЄ])|(?<=[\u0400-\u052f])[\u00a0-\u00bf\u2190-\u25ff\u2320]"
)
_VOWELS = re.compile(r"[аеёиоуыэюяіїєўъӣӯәөүұіѝАЕЁИОУЫЭЮЯІЇЄЎЪӘӨҮҰ]")
# Signs inside of words, and letters of Icelandic, which Turkish becomes.
_SIGNS = re.compile(
    r"[¹²³¿£¥¦¨¼½¾¶¡¢þðýÞÐÝ]"
)  # without one of them, none of these: looked for ten times as fast
_ODD_LATIN = re.compile(r"(?<=[a-z])[¹²³¿£¥¦¨¼½¾¶¡¢þðý](?=[a-z])|\b[¶¿£][a-z]|[a-z][¹³¿]\b")
# Letters that a language has both of only where it has some of the third as well: Danish with French names has. Without
# them it is Czech, Slovene, Hungarian or Croatian, read as Latin-1.
_TOGETHER = (("ø", "ìèù", "åæ"), ("šž", "è", "č"), ("õ", "û", "ãçä"), ("æ", "è", "åøêà"))
_FUNCTION = re.compile(
    "[的一是不了在人有我他这這個个上们們来來到时時大地为為子中你说說生国國年就那和要她出也得里裡后後自以会會家可下而"
    "过過天去能对對小多然于於心学學么麼之都好看起发發当當没沒成只如事把还還用第样樣道想作种種开開]"
)
_READINGS = {
    "cyrillic": (
        ("cp1251", "koi8-r", "cp866", "iso8859-5"),
        ("cp1251", "koi8-r", "koi8-u", "cp866", "iso8859-5", "utf-8"),
    ),
    "han": (
        ("gb18030", "cp932", "cp950", "cp949"),
        ("gb18030", "cp932", "cp950", "cp949", "euc_jp", "utf-8"),
    ),
    "latin": (
        ("sloppy-windows-1252", "latin-1"),
        (
            *(
                "cp1251",
                "koi8-r",
                "cp866",
                "cp1250",
                "iso8859-2",
                "cp1253",
                "cp1254",
                "cp1255",
                "cp1256",
                "cp1257",
                "cp874",
            ),
            *("gb18030", "cp932", "euc_jp", "cp949", "cp950", "utf-8"),
        ),
    ),
}


class Reading(NamedTuple):
    """A text as it was meant, and how it had been read."""

    text: str
    how: str


def script(text: str) -> str:
    """In which letters a text is written, as far as it matters here: "cyrillic", "han" or "latin"."""
    cyrillic, han = len(_CYRILLIC.findall(text)), len(_HAN.findall(text))
    return "cyrillic" if cyrillic > han and cyrillic >= LEAST else "han" if han >= LEAST else "latin"


def oddness(text: str) -> float:
    """How unlike text its letters are: 1 and more where it may have been read in another code page, 0 where there are
    too few of them. Of Cyrillic, case, signs inside of words, and vowels tell it; of Han, the words that every text
    needs; of Latin, signs and letters that few languages have."""
    text = text[:READ]
    if text.isascii():
        return 0.0
    written = script(text)
    if written == "cyrillic":
        letters = len(_CYRILLIC.findall(text))
        vowels = len(_VOWELS.findall(text)) / letters
        capitals = float(
            sum(map(str.isupper, text)) > 0.6 * letters
        )  # the small letters of another code page
        return max(len(_ODD_CYRILLIC.findall(text)) / letters / 0.05, abs(vowels - 0.42) / 0.16, capitals)
    if written == "han":
        han = len(_HAN.findall(text))
        if 2 * len(_KANA_HANGUL.findall(text)) > han:
            return 0.0
        return 0.05 * han / max(len(_FUNCTION.findall(text)), 0.5)
    lower = text.lower()
    odd = len(_ODD_LATIN.findall(lower)) if _SIGNS.search(text) else 0
    both = max(
        0 if any(letter in lower for letter in third) else min(_count(lower, one), _count(lower, other))
        for one, other, third in _TOGETHER
    )
    if not odd and both < FEW:
        return 0.0
    letters = sum(map(str.isalpha, text))
    return 100.0 * max(odd, 3 * both if both >= FEW else 0) / letters if letters >= LEAST else 0.0


def _count(text: str, letters: str) -> int:
    return sum(map(text.count, letters))


def read_again(text: str, max_lost: float) -> Reading | None:
    """The text as it was written, where one reading is surely it; `max_lost`: characters that may be lost in it, as a
    share. None where no reading is sure, or no model of languages is installed."""
    path = _path()
    if path is None:
        return None
    model = load_model(path)
    before, odd = _language(model, text), oddness(text)
    best, found = SURE, None
    for reading in _readings(text, max_lost):
        less = oddness(reading.text)
        score = _language(model, reading.text) if less < 1 else 0.0
        if score > best and (
            score >= before + SURER or (odd > 1 and 2 * less <= odd and score >= before - SURER)
        ):
            best, found = score, reading
    return found


def _readings(text: str, max_lost: float) -> Iterator[Reading]:
    read_as, written_in = _READINGS[script(text)]
    for old in read_as:
        try:
            data = text.encode(old)
        except UnicodeEncodeError:
            continue
        for new in written_in:
            again = data.decode(new, "replace")
            foreign = _FOREIGN.findall(again)
            letters = sum(map(str.isalpha, foreign))
            if (
                new != old
                and letters >= LETTERS * len(foreign)
                and len(_LOST.findall(again)) <= max_lost * len(again)
            ):
                yield Reading(again, f"{new} read as {old}")


def _language(model: Any, text: str) -> float:
    return next(iter(probabilities(model, uncapped(sample(prose(text))), 1).values()), 0.0)


def model_hash() -> str:
    """Hash of the model of languages; "missing" where none is installed."""
    path = _path()
    return file_hash(path) if path else "missing"


@functools.cache
def _path() -> Path | None:
    try:
        return language_model()
    except FactoryError:
        return None
