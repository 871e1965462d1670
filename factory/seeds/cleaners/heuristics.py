"""`heuristics`: educational potential by rules, for want of annotations."""

from __future__ import annotations

import re
from dataclasses import dataclass

from factory.fences import unfenced
from factory.plugins import Drop, Found, cleaner
from factory.records import Document, Passage
from factory.seeds.plain import LINK, UNSPACED, prose

READ = 20_000
SHORT = 25
"""Characters below which a line is a scrap, unless it ends as sentences do."""

_ENDS = ".!?。！？।؟។။።"
_END = re.compile(r"[.!?。！？।؟។။።]+(?=[\"'”’»)\]]*(?:\s|$|[^\x00-\x7f]))")
# Thai and Lao end their sentences by a space.
_UNMARKED = re.compile(r"(?<=[\u0e00-\u0eff]) +(?=[\u0e00-\u0eff])")
_WORD = re.compile(r"[^\W\d_]+")
# Of texts in lower case: a pattern that ignores case takes four times as long.
_EXPLAINS = re.compile(
    r"\b(?:because|therefore|thus|hence|consists? of|is (?:an?|the|called|defined)|are called|means that|for"
    r" (?:example|instance)|in other words|such as|due to|as a result|note that|suppose|let us|if and only if"
    r"|weil|deshalb|daher|zum beispiel|das heißt|parce que|c'est-à-dire|par exemple|donc|porque|por ejemplo"
    r"|es decir|por lo tanto|perché|cioè|ad esempio|потому что|поскольку|например|поэтому|то есть|por exemplo"
    r"|portanto|omdat|daarom|bijvoorbeeld|ponieważ|dlatego|na przykład|protože|například|eftersom|till exempel"
    r"|çünkü|örneğin|karena|misalnya|bởi vì|do đó|ví dụ|لأن|لذلك|مثلا|على سبيل المثال|тому що|наприклад)\b"
)
_EXPLAINS_UNSPACED = re.compile(
    "因为|所以|例如|因此|也就是说|なぜなら|例えば|つまり|したがって|때문에|예를 들어|क्योंकि|इसलिए|उदाहरण|কারণ|উদাহরণ"
    "|เพราะ|เนื่องจาก|ดังนั้น|ตัวอย่างเช่น|เช่น"
)
_SELLS = re.compile(
    r"\b(?:buy now|add to (?:cart|basket)|free shipping|click here|subscribe|sign up|log ?in|limited offer"
    r"|best price|order now|cookies?|privacy policy|all rights reserved|terms of (?:use|service)|jetzt kaufen"
    r"|warenkorb|anmelden|acheter|panier|s'inscrire|comprar|carrito|suscr[ií]bete|купить|корзина)\b"
)
_PRICE = re.compile(r"[$€£¥]\s?\d")
_TEASED = re.compile(r"(?:…|\.\.\.)[\s\])]*$")
_ITEM = re.compile(r"\s*(?:[-*+•‣·]|\d{1,3}[.)])\s")
_SCRIPT = re.compile(r"[{};]\s*$|^\s*(?:var|let|const|function)\b")
_SIGNS = re.compile(r"#|…|\.\.\.|[■●★►▪|¦]")
_NUMBERED = re.compile(r"\$[^$\n]+\$|\b\d+(?:[.,]\d+)?\s?(?:%|°|km|kg|cm|mm|m|s|Hz|V|W|J|K)?\b")


@dataclass(frozen=True)
class Marks:
    """What the rules look at, each a share from 0 to 1 unless said otherwise."""

    words: int
    sentences: float  # of the text's characters, those in whole sentences
    length: float  # words of a mean sentence
    links: float  # of characters, those of links
    explains: float  # explanations for each 100 words
    sells: float  # calls to buy or sign up for each 100 words
    figures: float  # numbers and formulas for each 100 words
    repeated: float  # of lines, those that stood before
    scraps: float  # of lines, those of menus, lists and code, and teasers cut off; signs among words
    structure: float  # 1 where there is code, a formula or a table, else 0


@cleaner(takes=(Document, Passage))
def heuristics(item: Found, *, min_education: float = 0.0) -> Found | Drop:
    """Guesses educational potential from 0 to 5 by rules: whole sentences, explanations, figures, structure; less
    for links, repeated lines, calls to buy, and lines that are no prose: of menus, of lists without sentences, of
    scripts, teasers cut off; signs among words.

    A stand-in until a model's annotations have trained a classifier (`quality`); scores say so: `education`,
    `education_by` = "heuristics". Texts below `min_education` go. Rules work on any script; explanations are
    known in some twenty languages, calls to buy in eight. Source: phi-4 report, section 2.3 scores educational
    potential with classifiers; the rules are ours.
    """
    text: str = item.seed.text  # type: ignore[attr-defined]
    value = education(marks(text))
    if value < min_education:
        return Drop("low educational potential", {"education": value, "education_by": "heuristics"})
    return item.scored(education=value, education_by="heuristics")


def marks(text: str) -> Marks:
    """What the rules look at, of the first `READ` characters of a text in Markdown."""
    text = text[:READ]
    plain = _UNMARKED.sub(". ", prose(text))
    words = len(_WORD.findall(plain)) + len(UNSPACED.findall(plain)) // 2
    sentences = len(_END.findall(plain))
    ends = [mark for mark in _ENDS if mark in plain]
    ended = sum(1 + max(map(line.rfind, ends), default=-1) for line in plain.splitlines())
    lower = plain.lower()
    explains = len(_EXPLAINS.findall(lower)) + len(_EXPLAINS_UNSPACED.findall(plain))
    sells = len(_SELLS.findall(lower)) + len(_PRICE.findall(plain))
    hundreds = max(words, 1) / 100
    lines = [line.strip() for line in text.splitlines() if len(line.strip()) > 20]
    return Marks(
        words=words,
        sentences=ended / max(len(plain.strip()), 1),
        length=words / max(sentences, 1),
        links=sum(len(match.group()) for match in LINK.finditer(text)) / max(len(text), 1),
        explains=explains / hundreds,
        sells=sells / hundreds,
        figures=len(_NUMBERED.findall(text)) / hundreds,
        repeated=1 - len(set(lines)) / len(lines) if lines else 0.0,
        scraps=_scraps(unfenced(text)),
        structure=float("```" in text or "$$" in text or "\n| " in text),
    )


def _scraps(text: str) -> float:
    """How much of a text is in lines that are no prose, of one kind (the most of any), or in signs among its words."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return 0.0
    open_ended = [line for line in lines if not line.rstrip("*_`\"')”» ").endswith(tuple(_ENDS + ":"))]
    kinds = (
        sum(1 for line in lines if _TEASED.search(line)),
        sum(1 for line in open_ended if _ITEM.match(line)),
        sum(1 for line in open_ended if len(line) < SHORT and not line.startswith(("#", "|"))),
        2 * sum(1 for line in lines if _SCRIPT.search(line)),
    )
    signs = sum(1 for line in lines for _ in _SIGNS.finditer(line.lstrip("#|")) if not line.startswith("|"))
    return max(max(kinds) / len(lines), 5 * signs / max(len(text.split()), 1))


def education(seen: Marks) -> float:
    """The guess, 0 to 5, rounded to a tenth."""
    value = 1.0
    value += 1.2 * min(seen.sentences, 1.0)
    value += 0.8 * (8 <= seen.length <= 40)
    value += 0.9 * min(seen.explains / 1.5, 1.0)
    value += 0.4 * min(seen.figures / 3, 1.0)
    value += 0.4 * seen.structure
    value += 0.3 * min(seen.words / 400, 1.0)
    value -= 2.0 * min(seen.links / 0.4, 1.0)
    value -= 1.5 * min(seen.sells / 1.5, 1.0)
    value -= 1.5 * min(seen.repeated / 0.3, 1.0)
    value -= 2.5 * min(max(seen.scraps - 0.5, 0) / 0.3, 1.0)
    value -= 1.0 * (seen.words < 40)
    return round(max(0.0, min(5.0, value)), 1)
