"""`language`: which of 176 languages a text is written in, and whether that is wanted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from factory.errors import FactoryError
from factory.plugins import Drop, Found, Score, cleaner
from factory.records import Document, Passage, Question
from factory.seeds.fasttext import file_hash, language_model, load_model, probabilities
from factory.seeds.html.words import names
from factory.seeds.plain import prose

_CODE = re.compile(r"[a-z]{2,3}")
_TOLD = names(
    "af als am an ar arz as ast av az azb ba bar bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb ckb co cs cv cy da de"
    " diq dsb dty dv el eml en eo es et eu fa fi fr frr fy ga gd gl gn gom gu gv he hi hif hr hsb ht hu hy ia id ie"
    " ilo io is it ja jbo jv ka kk km kn ko krc ku kv kw ky la lb lez li lmo lo lrc lt lv mai mg mhr min mk ml mn mr"
    " mrj ms mt mwl my myv mzn nah nap nds ne new nl nn no oc or os pa pam pfl pl pms pnb ps pt qu rm ro ru rue sa"
    " sah sc scn sco sd sh si sk sl so sq sr su sv sw ta te tg th tk tl tr tt tyv ug uk ur uz vec vep vi vls vo wa"
    " war wuu xal xmf yi yo yue zh"
)
_INSTEAD = {
    "cn": "zh",
    "cz": "cs",
    "dk": "da",
    "fil": "tl",
    "gr": "el",
    "jp": "ja",
    "kr": "ko",
    "nb": "no",
    "ua": "uk",
}

# Macrolanguages of ISO 639-3: texts of one are often as likely in another, and sure of both together.
_LIKE = {
    name: names(group)
    for group in ("bs hr sh sr", "nn no", "id min ms", "wuu yue zh", "ar arz", "az azb", "ckb ku")
    for name in group.split()
}
LIKELIEST, LEAST = 6, 100
"""Languages that are asked for where one is unsure; characters of prose (or a twentieth of the text) without which the
whole text is judged."""

PARTS, PART = 5, 400
"""A long text is judged by so many parts of so many characters, spread over it: enough, and quick."""


@cleaner(takes=(Document, Passage, Question))
class language:
    """Tells the language of a text (fastText, 176 languages), and leaves out what is not wanted.

    `keep`: codes of the languages that are wanted (ISO 639-1, or 639-3 where there is none); none: all. `min_score`:
    the least probability of the language, together with those that it is hardly told from (Croatian, Bosnian and
    Serbian; Indonesian and Malay; Norwegian): name all of them to keep one. `model`: another fastText model of
    languages. Code and formulas are not judged, but where there is little else. Scores: `language`, `language_score`.
    Source: phi-4 report, section 2.3, "Multilingual data".
    """

    def __init__(self, *, keep: tuple[str, ...] = (), min_score: float = 0.5, model: str = "") -> None:
        told = frozenset() if model else _TOLD
        self.keep, self.min_score = frozenset(checked("language: keep", keep, told)), min_score
        self.path = Path(model) if model else language_model()
        self.fingerprint = file_hash(self.path)
        self._model: Any = None

    def clean(self, item: Found) -> Found | Drop:
        """Scores the text; drops it where its language is unsure or not wanted."""
        self._model = self._model or load_model(self.path)
        text: str = item.seed.text  # type: ignore[attr-defined]
        words = prose(text).strip()
        part = uncapped(sample(words if len(words) >= max(LEAST, len(text) // 20) else text))
        name, score = next(iter(probabilities(self._model, part, 1).items()), ("", 0.0))
        if score < self.min_score and name in _LIKE:
            likeliest = probabilities(self._model, part, LIKELIEST)
            score = sum(share for other, share in likeliest.items() if other in _LIKE[name])
        scores: dict[str, Score] = {"language": name, "language_score": round(min(score, 1.0), 3)}
        if score < self.min_score:
            return Drop("language unsure", scores)
        if self.keep and name not in self.keep:
            return Drop("language not wanted", scores)
        return item.scored(**scores)


def checked(where: str, codes: tuple[str, ...], told: frozenset[str] = _TOLD) -> tuple[str, ...]:
    """Codes of languages. Raises FactoryError for what the model does not tell (`told`; none: any code): it would leave
    out everything."""
    for code in codes:
        if not _CODE.fullmatch(code):
            raise FactoryError(f"{where}: '{code}' is no code of ISO 639, such as en, de, zh, or ceb")
        if told and code not in told:
            instead = f"; did you mean '{_INSTEAD[code]}'?" if code in _INSTEAD else ""
            raise FactoryError(
                f"{where}: '{code}' is none of the {len(told)} languages that are told{instead}"
            )
    return codes


def uncapped(text: str) -> str:
    """A text that is mostly capitals in small letters: the model learnt few of the former."""
    lower = text.lower()
    return lower if 2 * sum(map(str.isupper, text)) > sum(map(str.isalpha, text)) else text


def sample(text: str) -> str:
    """Parts of a long text from its beginning to its end; a short one as it is."""
    if len(text) <= PARTS * PART:
        return text
    step = (len(text) - PART) // (PARTS - 1)
    return " ".join(text[at : at + PART] for at in range(0, step * PARTS, step))
