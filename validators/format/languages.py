"""A cheap guess at the language of a text: its scripts first, then common short words.

No model and no download: it tells whole paragraphs of the languages below apart, not single lines, close
relatives (Danish and Norwegian) or mixtures. Enough to notice an answer in the wrong language.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

LEAST_WORDS = 20
"""Below so many words (or letters, in scripts without spaces; three times as many in other scripts of one
language) nothing is said."""

_COMMON = {
    "en": "the of and to in is that it for was with as are on be this by at from which have not or an",
    "de": "der die und das ist nicht ein eine zu den mit von im dem für auf sich des auch als es wird sind",
    "fr": "le la les de des et est un une dans que pour qui pas sur au ne du par plus avec il sont ce",
    "es": "el la los las de en que es un una por con para se no del al lo como más su son está",
    "it": "il la di che un una per non con del della le si sono da nel gli come più anche lo",
    "pt": "os as de em que um uma para com não do da por se no na mais como são dos ao",
    "nl": "de het een en van is in dat niet op te zijn voor met die er aan ook als bij naar door wordt",
    "sv": "och att det som en är på av för med den till inte ett om de har kan var från eller",
    "da": "og at det som en er på af for med den til ikke et om de har kan var fra eller der",
    "pl": "na się że nie do to jest jak co po dla przez ale od są które być oraz może",
    "cs": "na se že je to do jako pro není by ale od jsou který nebo které jeho při",
    "tr": "ve bir bu için ile da de olarak çok daha olan en gibi kadar sonra ne değil ancak var her",
    "fi": "ja on ei se että oli joka hän ovat mutta kun myös tai niin sen voi ole kuin mitä tämä",
    "id": "yang dan di dari untuk dengan pada ini itu adalah dalam tidak akan ke atau sebagai oleh juga",
    "vi": "và của là có trong được cho các một không với những để người này đã từ khi như về",
    "ru": "не на что по как это но из за от для бы же так его все или если",
    "uk": "не на що до як це та за від про для але його або які так було при",
}
_SCRIPTS = {
    "zh": ("CJK",),
    "ja": ("HIRAGANA", "KATAKANA"),
    "ko": ("HANGUL",),
    "ar": ("ARABIC",),
    "he": ("HEBREW",),
    "el": ("GREEK",),
    "hi": ("DEVANAGARI",),
    "bn": ("BENGALI",),
    "ta": ("TAMIL",),
    "th": ("THAI",),
}
LANGUAGES = tuple(sorted({*_COMMON, *_SCRIPTS}))

_SETS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_WORD = re.compile(r"[^\W\d_]{2,}")  # single letters are names in formulas and code before they are words


def language_shares(text: str) -> dict[str, float]:
    """Likeness to each language that the text could be in, 0 to 1; empty where it is too short to tell."""
    letters = [char for char in text if char.isalpha()]
    scripts = Counter(_script(char) for char in letters)
    words = [word.lower() for word in _WORD.findall(text)]
    owned = {language: sum(scripts[name] for name in names) for language, names in _SCRIPTS.items()}
    if owned["ja"] * 10 > owned["ja"] + owned["zh"]:  # kana among ideographs
        owned["ja"], owned["zh"] = owned["ja"] + owned["zh"], 0
    foreign = sum(owned.values())  # a script of its own says more than words do
    alphabetic = len(letters) - foreign
    unspaced = owned["zh"] + owned["ja"] + owned["th"]
    if len(words) < LEAST_WORDS and unspaced < LEAST_WORDS and foreign < 3 * LEAST_WORDS:
        return {}
    shares = {language: count / len(letters) for language, count in owned.items() if count}
    if alphabetic * 2 > len(letters):
        counts = Counter(words)
        for language, common in _SETS.items():
            shares[language] = sum(counts[word] for word in common) / len(words)
    return shares


def other_language(text: str, expected: str) -> str | None:
    """The language that a text is clearly in instead of the expected one, or None."""
    shares = language_shares(text)
    if not shares:
        return None
    best = max(shares, key=lambda language: (shares[language], language == expected))
    # Relatives share many short words: only a clear lead is a different language.
    return best if shares[best] >= 0.1 and shares[best] > 1.5 * shares.get(expected, 0.0) else None


def _script(char: str) -> str:
    return "" if char < "\u0370" else unicodedata.name(char, "").partition(" ")[0]
