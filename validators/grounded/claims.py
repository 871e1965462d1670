"""What a text claims, held against a source word by word: the part of groundedness that needs no model.

A sentence is carried where two neighbouring sentences of the source hold its numbers, names and nearly all its
words, and nothing that turns a meaning around stands in one of the two alone. It is at fault where it has a
number, a name, an identifier or a quotation that the source cannot have given. The rest is undecided.
"""

from __future__ import annotations

import functools
import heapq
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from factory.fences import unfenced
from factory.teacher.filters import sentences

Results = NDArray[np.float64]

NUMBER, NAME = "a number is not in the source", "a name is not in the source"
IDENTIFIER, QUOTATION = "an identifier is not in the source", "a quotation alters the source"

_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", "—": "-"})
_UNSEEN = re.compile("[\u00ad\u200b-\u200d\ufeff*`]")
_ELLIPSIS = re.compile(r"(?:\[\s*+)?(?:\.{3}|…)(?:\s*+\])?")
_TOKEN = re.compile(
    r"(?P<number>\d+(?:[.,']\d+)*)|(?P<word>[\u3041-\u30ff\u3400-\u9fff]|[^\W\d_]+(?:['-][^\W\d_]+)*)"
)
_HEADING = re.compile(r"^[ \t]*+(?:#{1,6}[ \t].*|\*\*[^*\n]++\*\*:?|[|: -]*+)$", re.MULTILINE)
_ITEM = re.compile(r"^[ \t>]*(?:[-*+•][ \t]+|\(?\d{1,2}[.)][ \t]+)", re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*\(?")
_API = re.compile(r"_|\.|\($|[a-z][A-Z]")
_QUOTED = re.compile(r"\"([^\"\n]{1,1000})\"|“([^”\n]{1,1000})”|«([^»\n]{1,1000})»|„([^“”\n]{1,1000})[“”]")
_CAPITAL = re.compile(r"(?<=\w[\s,;(])\(?([^\W\d_a-zà-ÿ][\w'-]*)")
_PERCENT = re.compile(r"(\d[\d.,]*) ?(?:%|percent|per cent|Prozent|por ciento|pour cent|per cento)")
_AMID = re.compile(r"(?<=[a-zà-ÿ,;] )[A-ZÀ-Þ][a-zà-ÿ]{2,}(?:-[A-ZÀ-Þ]?[a-zà-ÿ]+)*")


def listed(words: str) -> frozenset[str]:
    """Words written one after the other, as a set."""
    return frozenset(words.split())


# Words that say little by themselves, of four letters and more: shorter ones never count.
_FUNCTION = listed(
    """about also although another because been being between both came come does doing done each either else even
    from gets give given goes have having hence here however into itself just kind like made make many means much
    namely other others ought over said same says seem since something such take than that their theirs them then
    there therefore these they thing things this those though through thus together under upon very was well were
    what when where whereas whether which while whom whose will with within would your yours does
    aber alle auch dabei damit dann dass deren dessen diese diesem diesen dieser dieses doch durch eine einem einen
    einer eines haben hier ihre ihrem ihren ihrer jede jeder jedes kann können man mehr muss müssen noch oder sein
    seine seiner sich sind soll sowie über und unter vom von wenn werden wie wird wurde wurden zwischen
    ainsi alors aussi autre avec avoir cela celle celui ces cette chez comme dans depuis donc dont elle elles entre
    être fait leur leurs mais nous parce peut plus pour puis quand quel quelle sans sont sous sur tout toute très
    une vous algo ante como cual cuando desde donde ella ellos entre esta este esto estos está están fueron hasta hay
    los más para pero porque puede según sido sino sobre solo también tiene todo una unos uso anche ancora come con
    dalla delle degli della dello dopo fare loro nella nelle nello ogni perché però poi quale quando quella quello
    questa questo senza sono stato tutto tutti ainda cada com dela dele depois desta deste ela eles entre essa esse
    isso mais mesmo muito nas nos numa pela pelo pode porque quais qual quando quem seja sem seu sua também tem uma
    deze door een heeft hun kunnen maar meer naar niet omdat onder over voor waar wat werd wordt worden zijn zoals"""
)
# Words that decide what a sentence says although they are short or common.
_DENIALS = listed(
    """not no never none nobody nothing nor neither without cannot unlike nicht kein keine keinen keiner nie niemals
    ohne pas jamais sans aucun aucune nunca jamás sin ningún ninguna non mai senza nessuno nessuna não sem nenhum
    nenhuma niet geen nooit zonder не нет никогда без ni 不 没 沒 未 无 無 非 勿 莫 别 別"""
)
_REST = listed("rest remaining remainder other others übrigen restlichen autres reste demás resto altri")
_KOREAN_DENIALS = re.compile("않|없|못|아니")
_TURNING = _DENIALS | listed(
    """more less most least fewer few before after always often sometimes only all every any some may must should
    might could can unless until if above below first last up down increase increases increased decrease decreases
    decreased rise rises fall falls higher lower larger smaller faster slower mehr weniger vor nach immer nur alle
    jeder einige muss kann darf soll plus moins avant après toujours seulement tous menos antes después siempre solo
    todos meno prima dopo sempre tutti"""
)
_NAMED = "zero one two three four five six seven eight nine ten eleven twelve"
_COUNTS = {word: float(value) for value, word in enumerate(_NAMED.split())}
_DOT = re.compile(r"\.")
_SMALL = frozenset(map(str, range(13)))  # counts up to here are often the writer's own ("two reasons")
_MOST_KNOWN = 120
_COMMON = 500  # sentences: what stands in more tells no place, and would cost the square of a long source
_ANCHOR = 8  # a number tells the place as well as a word of so many letters


@dataclass(frozen=True)
class Weighed:
    """A sentence with what the words say of it: `fault` a reason, or None; `carried` only without one.
    `before` is the sentence before it, which tells a reader what "it" is."""

    sentence: str
    carried: bool
    fault: str | None = None
    why: str = ""
    coverage: float = 1.0
    nearest: str = ""
    before: str = ""


class Source:
    """A source, prepared once for the sentences of a sample in their order. `given`: what the reader was told
    besides (the question): its words and numbers may be used, but carry no claim."""

    def __init__(self, text: str, given: str = "") -> None:
        self._plain, self._given = plain(text), plain(given)
        self._sentences = list(claims(text, headings=True))
        self._tokens = [_words(sentence) for sentence in self._sentences]
        self._given_words = frozenset(_words(given))
        self._index: defaultdict[str, dict[str, set[int]]] = defaultdict(dict)
        for place, tokens in enumerate(self._tokens):
            for token in tokens:
                self._index[token[:2]].setdefault(token, set()).add(place)
        for token in self._given_words:
            self._index[token[:2]].setdefault(token, set()).add(-1)
        self._numbers_at = [_numbers(sentence) for sentence in self._sentences]
        self._places_of: defaultdict[float, list[int]] = defaultdict(list)
        for place, numbers in enumerate(self._numbers_at):
            for number in numbers:
                self._places_of[number].append(place)
        self._given_numbers = _numbers(given)
        self._numbers = _numbers(text) | self._given_numbers
        versions = (number for number in _number_texts(text) if number.count(".") > 1)
        self._begun = {version[: dot.start()] for version in versions for dot in _DOT.finditer(version)}
        self._derived: set[float] = set()
        self._at_hand = _least(self._given_numbers)
        self._recent: set[float] = set()
        self._found: dict[str, set[int]] = {}
        self._marked = {found for span in _SPAN.findall(given + "\n" + text) for found in _names_in(span)}
        # Where nouns are capitalised (German), or everything is, a capital tells no name.
        self._capitals_tell = len(_AMID.findall(text)) <= 0.2 * max(1, sum(map(len, self._tokens)))

    @functools.cached_property
    def _matcher(self) -> SequenceMatcher[str]:
        return SequenceMatcher(None, [], self._plain.split(), autojunk=False)

    def says(self, quote: str) -> bool:
        """Whether it holds the quote word for word, however lines, spaces, case, marks of emphasis, quotation
        marks and dashes are set; what an ellipsis leaves out may be anything."""
        return _in_order(quote, self._plain)

    def weigh(self, sentence: str, covered: float = 0.9) -> Weighed:
        """What the words say of one sentence; `covered`: the share of its content words, by letters, that two
        neighbouring sentences of the source must hold."""
        nearest, coverage, everywhere = self._nearest(sentence)
        fault = self._altered(sentence) or self._number(sentence, nearest) or self._name(sentence)
        shown = " ".join(self._sentences[place] for place in sorted(nearest))
        if fault:
            return Weighed(sentence, False, fault[0], fault[1], coverage, shown)
        doubt = self._doubt(sentence, nearest) or ("" if coverage >= covered else "words are its own")
        return Weighed(sentence, not doubt, None, doubt, coverage if not doubt else everywhere, shown)

    # --------------------------------------------------------------------------------------- faults

    def _altered(self, sentence: str) -> tuple[str, str] | None:
        """A quotation of five words and more that is nearly, but not quite, in the source."""
        for quote in quotations(sentence):
            if _in_order(quote, self._plain) or _in_order(quote, self._given):
                continue
            wanted = plain(quote).split()
            self._matcher.set_seq1(wanted)
            blocks = self._matcher.get_matching_blocks()
            longest = max(blocks, key=lambda block: block.size)
            shift = longest.b - longest.a
            near = sum(block.size for block in blocks if abs(block.b - block.a - shift) <= 3)
            if near >= 0.7 * len(wanted):
                return QUOTATION, quote
        return None

    def _number(self, sentence: str, nearest: tuple[int, ...]) -> tuple[str, str] | None:
        """A number that is neither in the source nor to be had from two at hand: near this sentence or the last
        one in the source, given, or worked out before."""
        texts, words = _number_texts(sentence), _words(sentence)
        near = {value for place in nearest for value in self._numbers_at[place]}
        known = near | self._recent | self._at_hand
        known |= {value for text in texts for value in _readings(text) & self._numbers}
        known |= {_COUNTS[word] for word in words if word in _COUNTS}
        self._recent = near
        results: Results | None = None
        for text in texts:
            values = _readings(text)
            if values & self._numbers or values & self._derived or text in _SMALL:
                continue
            if text in self._begun:  # as version 3.11.7 does with 3.11
                continue
            results = _worked(known) if results is None else results
            if text in _PERCENT.findall(sentence) and (_denies(words) or _REST.intersection(words)):
                results = np.concatenate([results, 100 - np.array(sorted(known))])
            if not any(_is_among(results, value, _decimals(text)) for value in values):
                return NUMBER, text
            self._derived |= values
            self._at_hand = _least(self._at_hand | values)
        return None

    def _name(self, sentence: str) -> tuple[str, str] | None:
        """A name amid the sentence, or an identifier in code marks, that nothing in the source resembles."""
        for span in _SPAN.findall(sentence):
            if plain(span) in self._plain or plain(span) in self._given:
                continue
            for name in _names_in(span):
                known = name in self._marked or plain(name) in self._plain or plain(name) in self._given
                if _API.search(name) and not known:
                    return IDENTIFIER, name.rstrip("(")
        bare = _SPAN.sub(" ", sentence)
        names = _AMID.findall(bare)
        if not self._capitals_tell or len(names) > 0.6 * len(bare.split()):
            return None
        for name in names:
            parts = name.casefold().split("-")
            # "French" where the source has "France" is for somebody who knows both.
            if not any(self._places(part) or self._index.get(part[:2]) for part in parts):
                return NAME, name
        return None

    # --------------------------------------------------------------------------------------- doubts

    def _nearest(self, sentence: str) -> tuple[tuple[int, ...], float, float]:
        """The sentence of the source, with a neighbour, that holds most of its words; the share of its content
        words held there; and held anywhere."""
        content = [word for word in _words(_SPAN.sub(r" \1 ", sentence)) if _is_content(word)]
        total = sum(map(len, content))
        by_place: Counter[int] = Counter()
        anywhere = of_given = 0
        for word in content:
            places = self._places(word)
            anywhere += len(word) if places else 0
            if word in self._given_words:
                of_given += len(word)
            elif len(places) <= _COMMON:
                by_place.update({place: len(word) for place in places if place >= 0})
        for number in _numbers(sentence):
            places_of = self._places_of.get(number, [])
            by_place.update(dict.fromkeys(places_of, _ANCHOR) if len(places_of) <= _COMMON else {})
        if not by_place:
            return (), _share(of_given, total), _share(anywhere, total)
        best = max(by_place, key=lambda place: (by_place[place], -place))
        first = max(
            (best - 1, best), key=lambda place: (by_place[place] + by_place[place + 1], place == best)
        )
        pair = (best, *(place for place in (first, first + 1) if place != best and by_place[place]))
        held = sum(
            len(word)
            for word in content
            if word in self._given_words or self._places(word).intersection(pair)
        )
        return pair, _share(held, total), _share(anywhere, total)

    def _doubt(self, sentence: str, nearest: tuple[int, ...]) -> str:
        """What keeps the words from settling it, or nothing."""
        words = _words(sentence)
        there = {word for place in nearest for word in self._tokens[place]} | self._given_words
        numbers = {value for place in nearest for value in self._numbers_at[place]}
        numbers |= {_COUNTS[word] for word in there if word in _COUNTS}
        for text in _number_texts(sentence):
            if not _readings(text) & numbers:
                return f"'{text}' stands elsewhere or has to be worked out"
        for word in words:
            if word in _COUNTS and word not in there and _COUNTS[word] not in numbers:
                return f"'{word}' has to be counted"
            if word in _TURNING and word not in there:
                return f"'{word}' is its own"
        if not _denies(words) and any(_denies(self._tokens[place]) for place in nearest[:1]):
            return "the source denies something there"
        if _denies(words) and not _denies(there):
            return "it denies what the source does not"
        for name in _CAPITAL.findall(sentence):
            # Short names ("Leo", "III") are no content words, and long ones may hide in the share left free.
            if (len(name) < 4 or self._capitals_tell) and not self._stands(name, nearest):
                return f"'{name}' is its own"
        unheard = [quote for quote in quotations(sentence) if not self.says(quote)]
        return f"'{unheard[0]}' is no quotation of the source" if unheard else ""

    def _stands(self, name: str, nearest: tuple[int, ...]) -> bool:
        """Whether each word of a name stands in one of the places, or was given."""
        held = {*nearest, -1}
        return all(
            self._places(word) & held if len(word) > 3 else self._exactly(word) & held
            for word in _words(name)
        )

    def _exactly(self, word: str) -> set[int]:
        return self._index.get(word[:2], {}).get(word, set())

    def _places(self, word: str) -> set[int]:
        """The sentences with a form of the word; -1 is what was given."""
        if word not in self._found:
            bucket = self._index.get(word[:2], {})
            self._found[word] = {
                place for known, places in bucket.items() if _akin(word, known) for place in places
            }
        return self._found[word]


def claims(text: str, headings: bool = False) -> Iterator[str]:
    """The sentences of a text that can claim something: no code blocks, headings or questions. A list item or
    a row of a table is a sentence of its own."""
    text = unfenced(text)
    text = text if headings else _HEADING.sub("\n\n", text)
    text = _ITEM.sub("\n\n", text)
    text = re.sub(
        r"^[ \t]*\|(.*)\|[ \t]*$", lambda row: f"\n\n{row[1].replace('|', ' ; ')}\n\n", text, flags=re.M
    )
    for sentence in sentences(text):
        if headings or not sentence.rstrip("*_\"')” ").endswith(("?", "？")):
            yield sentence


def says_something(sentence: str) -> bool:
    """Whether it has words enough to be a claim; "Let us see." has not."""
    return bool(_number_texts(sentence)) or sum(map(_is_content, _words(sentence))) >= 2


def quotations(sentence: str) -> list[str]:
    """What stands between quotation marks, of five words and more."""
    found = ("".join(groups) for groups in _QUOTED.findall(sentence))
    return [quote for quote in found if len(quote.split()) >= 5]


def plain(text: str) -> str:
    """The text without what setting changes: width, case, lines, quotation marks, dashes, emphasis."""
    folded = unicodedata.normalize("NFKC", text).translate(_PLAIN).casefold()
    return " ".join(_UNSEEN.sub("", folded).split())


def _in_order(quote: str, source: str) -> bool:
    """Whether the parts of a quote stand in the (plain) source one after the other."""
    start = 0
    for part in (plain(part).strip(" .,;:\"'") for part in _ELLIPSIS.split(quote)):
        found = source.find(part, start)
        if found < 0:
            return False
        start = found + len(part)
    return True


# ---------------------------------------------------------------------------------- words and numbers


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).translate(_PLAIN).casefold()
    return [found["word"] for found in _TOKEN.finditer(folded) if found["word"]]


def _is_content(word: str) -> bool:
    return (len(word) >= 4 or word >= "\u3041") and word not in _FUNCTION and word not in _TURNING


def _denies(words: Iterable[str]) -> bool:
    return any(
        word in _DENIALS or word.endswith("n't") or (word >= "가" and _KOREAN_DENIALS.search(word))
        for word in words
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _akin(one: str, other: str) -> bool:
    """Whether two words are forms of one: a common beginning, and short endings ("dances", "dancing")."""
    if one == other:
        return True
    common = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    short, long = sorted((len(one) - common, len(other) - common))
    return long <= 3 and (short <= 2 if common >= 4 else common == 3 and short <= 1)


def _number_texts(text: str) -> list[str]:
    return [found["number"] for found in _TOKEN.finditer(text) if found["number"]]


def _numbers(text: str) -> set[float]:
    values = {value for number in _number_texts(text) for value in _readings(number)}
    return values | {_COUNTS[word] for word in _words(text) if word in _COUNTS}


def _readings(text: str) -> set[float]:
    """What a number may mean where marks of thousands and of decimals differ by country."""
    grouped = re.fullmatch(r"\d{1,3}(?:[.,']\d{3})+", text)
    readings = {float(re.sub(r"[.,']", "", text))} if grouped else set()
    if text.count(".") <= 1:
        readings |= {float(re.sub("[,']", "", text))}
    if text.count(",") == 1:
        readings |= {float(re.sub("[.']", "", text).replace(",", "."))}
    return readings or {float(re.sub(r"[.,']", "", text))}


def _decimals(text: str) -> int:
    return len(text.rpartition(".")[2]) if "." in text else 0


def _least(numbers: set[float]) -> set[float]:
    """Those of them that `_worked` would take: a long text would have too many."""
    return set(heapq.nsmallest(_MOST_KNOWN, numbers))


def _worked(known: set[float]) -> Results:
    """What a shift of units or one step of arithmetic makes of the known."""
    some = np.array(sorted(known)[:_MOST_KNOWN])
    one, other = (side.ravel() for side in np.meshgrid(some, some))
    with np.errstate(all="ignore"):  # what is no number is nobody's result
        shifted = [some * 10.0**shift for shift in (-6, -3, -2, 0, 2, 3, 6)]
        large = np.minimum(abs(one), abs(other)) > 2  # or every neighbour of a number would come from it
        added = [(one + other)[large], (one - other)[large]]
        worked = [one * other, one / other, 100 * one / other, 100 * (one - other) / other]
        return np.concatenate([*shifted, *added, *worked])


def _is_among(results: Results, value: float, decimals: int) -> bool:
    """Whether a result, rounded to as many digits as are shown, is the value: 500 may be 512."""
    if not math.isfinite(value):
        return False
    digits = str(int(value))
    zeros = len(digits) - len(digits.rstrip("0"))
    within = min(0.5 * 10.0**zeros, 0.05 * value) if zeros else 0.499
    if decimals:
        within = 0.5 * 10.0**-decimals
    return bool((abs(results - value) <= within).any())


def _names_in(span: str) -> list[str]:
    return [name for name in _IDENTIFIER.findall(span) if len(name.rstrip("(")) >= 3]
