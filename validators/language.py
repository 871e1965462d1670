"""Rejects answers in another language than their question's, or than the one that is named."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from factory.errors import FactoryError, did_you_mean
from factory.plugins import validator
from factory.records import Sample, Verdict
from factory.seeds.cleaners.language import sample as parts
from factory.seeds.fasttext import file_hash, language_model, load_model, probabilities
from factory.seeds.plain import prose
from validators.settings import Share
from validators.turns import answers, turns

Pair: TypeAlias = tuple[str, frozenset[str], str]
"""An answer, the languages it may be in (none: undecided), and the question it answers."""

_NAMES = """
af Afrikaans, am Amharic, ar Arabic, az Azerbaijani, be Belarusian, bg Bulgarian, bn Bengali,
bs Bosnian, ca Catalan, cs Czech, cy Welsh, da Danish, de German, el Greek, en English, eo Esperanto,
es Spanish, et Estonian, eu Basque, fa Persian, fi Finnish, fr French, ga Irish, gl Galician,
gu Gujarati, he Hebrew, hi Hindi, hr Croatian, hu Hungarian, hy Armenian, id Indonesian, is Icelandic,
it Italian, ja Japanese, ka Georgian, kk Kazakh, km Khmer, kn Kannada, ko Korean, la Latin, lo Lao,
lt Lithuanian, lv Latvian, mk Macedonian, ml Malayalam, mn Mongolian, mr Marathi, ms Malay, mt Maltese,
my Burmese, ne Nepali, nl Dutch, no Norwegian, pa Punjabi, pl Polish, pt Portuguese, ro Romanian,
ru Russian, si Sinhala, sk Slovak, sl Slovenian, sq Albanian, sr Serbian, sv Swedish, sw Swahili,
ta Tamil, te Telugu, th Thai, tl Tagalog, tr Turkish, uk Ukrainian, ur Urdu, uz Uzbek, vi Vietnamese,
yi Yiddish, zh Chinese
"""
_OTHER_NAMES = r"""
en englisch|anglais|inglés|inglese|inglês|engels|engelsk|angielsk|англий|англій|英语|英文|英語|영어|إنجليزي
de deutsch|allemand|alemán|tedesco|alemão|duits|tysk|niemieck|немецк|німецьк|德语|德文|ドイツ語|독일어|ألماني
fr français|französisch|francés|francese|francês|fransk|francusk|французск|французьк|法语|法文|フランス語|프랑스어|فرنسي
es español|castellano|spanisch|espagnol|spagnolo|espanhol|spaans|spansk|hiszpańsk|испанск|西班牙语|スペイン語|스페인어
it italiano|italienisch|italien\b|italiaans|włosk|итальянск|意大利语|イタリア語|이탈리아어|إيطالي
pt português|portugiesisch|portugais|portugués|portoghese|portugees|португальск|葡萄牙语|ポルトガル語|포르투갈어|برتغالي
ru русск|російськ|russisch|russe\b|ruso\b|russo\b|rosyjsk|俄语|俄文|ロシア語|러시아어|روسي
zh 中文|汉语|漢語|chinesisch|chinois|chino\b|cinese|chinês|chinees|chińsk|китайск|中国語|중국어|صيني
ja 日本語|日语|日文|japanisch|japonais|japonés|giapponese|japonês|japońsk|японск|일본어|ياباني
ko 한국어|韩语|韓国語|koreanisch|coréen|coreano|koreańsk|корейск|كوري
ar العربية|arabisch|arabe\b|árabe|arabo\b|arabsk|арабск|阿拉伯语|アラビア語|아랍어
nl nederlands|niederländisch|néerlandais|neerlandés|holandés|olandese|голландск|нидерландск|荷兰语
pl polsk|polnisch|polonais|polaco|polacco|польск|波兰语
uk українськ|ukrainisch|ukrainien|ucraniano|украинск
tr türkçe|türkisch|\bturc\b|\bturco\b|турецк|土耳其语
sv svenska|schwedisch|suédois|sueco|svedese|шведск
la latein|\blatín\b|латин|拉丁语
da dansk
fi suomeksi|finnisch|finnois|финск
vi tiếng\s+việt
"""


def _table(pairs: str) -> dict[str, str]:
    words = pairs.replace(",", " ").split()
    return dict(zip(words[::2], words[1::2], strict=True))


NAMES = _table(_NAMES)
"""ISO 639-1 codes of languages that the model tells well, with their English names."""

_ENDONYMS = _table(_OTHER_NAMES)
_UNSURE = 0.1  # a language of so much probability is not ruled out by another: relatives are alike
_LEAST_LETTERS = 40
_LEAST_ASIDE, _SURE = 12, 0.8  # fewer letters do, for a language that a question may also be answered in
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_WEIGHT = 3  # a letter of a script without spaces or vowels apart says as much as so many of an alphabet


@dataclass(frozen=True)
class Identified:
    """The likeliest language of a text with its probability, and all that are not ruled out."""

    code: str
    score: float
    possible: frozenset[str]


def check_code(code: str) -> str:
    """A code of `NAMES`. Raises FactoryError for any other, with the near one."""
    if code in NAMES:
        return code
    by_name = {name.lower(): short for short, name in NAMES.items()} | {short: short for short in NAMES}
    if code.lower() in by_name:
        raise FactoryError(f"languages are named by their codes: '{by_name[code.lower()]}' for '{code}'")
    near = did_you_mean(code, NAMES) or "; codes are those of ISO 639-1, such as 'en'"
    raise FactoryError(f"no language of code '{code}' can be told{near}")


def identify(
    text: str, min_score: float = 0.6, path: Path | None = None, least: int = _LEAST_LETTERS
) -> Identified | None:
    """The language of a text in Markdown, code and formulas aside; None where it is too short or unsure:
    where the languages of a tenth or more come to less than `min_score`.

    fastText's 176 languages, the model of the cleaner `language`. Raises FactoryError where it is missing.
    """
    plain = prose(text)
    letters = sum(map(str.isalpha, plain)) + (_WEIGHT - 1) * len(_UNSPACED.findall(plain))
    if letters < least:
        return None
    # The model learnt from ordinary writing: capitals throughout are noise to it.
    plain = plain.lower() if sum(map(str.isupper, plain)) * 2 > letters else plain
    found = probabilities(load_model(path or language_model()), parts(plain))
    if "ja" in found and not _KANA.search(plain):  # no Japanese does without its own letters
        found = {"zh": found.get("zh", 0.0) + found["ja"]} | {
            name: value for name, value in found.items() if name not in ("ja", "zh")
        }
    code, score = max(found.items(), key=lambda one: one[1], default=("", 0.0))
    possible = frozenset(name for name, value in found.items() if value >= _UNSURE)
    sure = sum(
        found[name] for name in possible
    )  # Croatian, Bosnian and Serbo-Croatian share what one would get
    return Identified(code, score, possible) if sure >= min_score else None


@validator()
class Language:
    """Rejects answers in another language than the question's.

    `expected`: code of a language that every answer, or plain text, is to be in instead; `min_score`: the
    least probability with which a text counts as decided, relatives taken together; `model`: another fastText
    model of languages. Code and formulas are not judged. What is too short or unsure passes, and says so
    (`undecided`), as does an answer in a language that the question names ("translate into French") or partly
    is in.
    """

    def __init__(self, *, expected: str = "", min_score: Share = 0.6, model: str = "") -> None:
        self._expected = check_code(expected) if expected else ""
        self._min_score = min_score
        self._path = Path(model) if model else language_model()

    @property
    def fingerprint(self) -> str:
        """Hash of the model."""
        return file_hash(self._path)

    async def check(self, sample: Sample, teacher: Any) -> Verdict:
        """Judges each answer by itself; the first in another language decides."""
        undecided = 0
        found: list[str] = []
        for number, (answer, wanted, question) in enumerate(self._pairs(sample)):
            told = identify(answer, self._min_score, self._path)
            if told is None or not wanted:
                undecided += 1
            elif not wanted & told.possible and not _named(told.code, question):
                return Verdict.reject(
                    "in another language than expected"
                    if self._expected
                    else "in another language than asked",
                    found=told.code,
                    score=round(told.score, 3),
                    expected=sorted(wanted),
                    answer=number,
                )
            else:
                found.append(told.code)
        return Verdict.accept(languages=found, undecided=undecided)

    def _pairs(self, sample: Sample) -> Iterator[Pair]:
        if self._expected:
            yield from ((answer, frozenset({self._expected}), "") for answer in answers(sample))
            return
        asked: list[str] = []
        for message in turns(sample):
            if message.role == "user":
                asked.append(message.content)
            elif message.role == "assistant" and asked:
                yield message.content, self._languages(asked), asked[-1]

    def _languages(self, asked: list[str]) -> frozenset[str]:
        """What the last question may be in: as a whole, or one of its paragraphs; where it is too short to
        tell ("And why?"), the same of the question before."""
        for question in reversed(asked):
            paragraphs = question.split("\n\n")
            told = [identify(section, self._min_score, self._path) for section in (question, *paragraphs)]
            if possible := frozenset[str]().union(*(one.possible for one in told if one)):
                # "What does this mean?" before a quotation is short, and still what is asked.
                asides = [identify(short, _SURE, self._path, _LEAST_ASIDE) for short in paragraphs]
                return possible.union(*(one.possible for one in asides if one))
        return frozenset()


def _named(code: str, question: str) -> bool:
    """Whether a question names the language, in English or in some words of the language's neighbours."""
    return bool(question) and code in NAMES and _naming(code).search(question) is not None


@functools.cache
def _naming(code: str) -> re.Pattern[str]:
    other = f"|{_ENDONYMS[code]}" if code in _ENDONYMS else ""
    return re.compile(rf"\b{NAMES[code]}\b{other}", re.IGNORECASE)
