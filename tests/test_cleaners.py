"""Cleaners: each catches what is planted, and lets the clean twin pass."""

from __future__ import annotations

import base64
import random
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import pytest

from factory.errors import FactoryError
from factory.plugins import Drop, Found, Member, Score
from factory.records import Document, Origin
from factory.seeds.cleaners.balance import balance
from factory.seeds.cleaners.corruption import corruption
from factory.seeds.cleaners.heuristics import heuristics
from factory.seeds.cleaners.language import language
from factory.seeds.cleaners.mojibake import mojibake
from factory.seeds.cleaners.outliers import outliers
from factory.seeds.cleaners.repeated_paragraphs import repeated_paragraphs
from factory.seeds.cleaners.repetition import repetition
from factory.seeds.cleaners.tokens import tokens
from factory.seeds.members import seeds_in_order

CLEAN = """# Tides

A tide is the regular rise and fall of the sea, caused by the pull of the Moon and, to a lesser degree, of the
Sun. Because the Earth turns once a day below the two bulges of water, most coasts see two high tides in a day.
For example, the Bay of Fundy has a range of about 16 m, since its length makes the water swing in step.

When the Sun and the Moon pull along one line, their effects add up and spring tides follow; when they stand at
a right angle, neap tides follow. The pull that matters is the difference of gravity between the near and the
far side of the Earth, which falls with the cube of the distance: $F \\propto M / d^3$. Therefore the Moon,
though far lighter than the Sun, does more than twice as much.
"""
LANGUAGES = {
    "en": "The museum opens at nine in the morning and closes late in the evening on every Thursday of the year.",
    "de": "Das Museum öffnet morgens um neun Uhr und schließt donnerstags erst spät am Abend, das ganze Jahr über.",
    "fr": "Le musée ouvre à neuf heures du matin et ferme tard le soir tous les jeudis de l'année sans exception.",
    "es": "El museo abre a las nueve de la mañana y cierra tarde por la noche todos los jueves del año entero.",
    "it": "Il museo apre alle nove del mattino e chiude la sera tardi ogni giovedì, durante tutto l'anno.",
    "pt": "O museu abre às nove da manhã e fecha tarde da noite todas as quintas-feiras do ano inteiro.",
    "nl": "Het museum gaat om negen uur 's ochtends open en sluit op donderdag pas laat op de avond, het hele jaar.",
    "pl": "Muzeum jest otwierane o dziewiątej rano i zamykane późnym wieczorem w każdy czwartek przez cały rok.",
    "ru": "Музей открывается в девять утра и закрывается поздно вечером каждый четверг в течение всего года.",
    "tr": "Müze sabah dokuzda açılır ve yıl boyunca her perşembe günü akşam geç saatlerde kapanır, bunu unutmayın.",
    "ar": "يفتح المتحف أبوابه في التاسعة صباحا ويغلق في وقت متأخر من المساء كل يوم خميس طوال العام",
    "zh": "博物馆早上九点开门，全年每个星期四都开放到很晚才关门，参观的人可以慢慢地看完所有的展览。",
    "ja": "博物館は朝九時に開館し、一年を通して毎週木曜日は夜遅くまで開いていますので、ゆっくりご覧ください。",
    "ko": "박물관은 아침 아홉 시에 문을 열고 일 년 내내 매주 목요일에는 저녁 늦게까지 문을 엽니다.",
    "hi": "संग्रहालय सुबह नौ बजे खुलता है और पूरे साल हर गुरुवार को देर शाम तक खुला रहता है।",
}


def found(text: str, **content: Any) -> Found:
    return Found(Document(text=text, **content), Origin(address="a.html"))


def passed(result: Found | Drop) -> Found:
    assert isinstance(result, Found), f"left out: {result}"
    return result


def dropped(result: Found | Drop) -> Drop:
    assert isinstance(result, Drop), "not left out"
    return result


def chosen(step: Any, members: list[Member], folder: Path, **spread: int) -> dict[str, Any]:
    """What a step over a whole set says of each seed."""
    with seeds_in_order(members, folder, **spread) as seeds:
        return dict(step.choose(seeds))


def member(number: int, text: str, address: str = "site/a.html", **scores: Score) -> Member:
    return Member(f"{number:08}", text, address, scores)


# ---------------------------------------------------------------------------------------- language


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_language_of_a_text_is_told(name: str) -> None:
    item = passed(language.bind().clean(found(LANGUAGES[name])))
    assert item.scores["language"] == name
    assert float(item.scores["language_score"]) > 0.5


def test_code_and_formulas_do_not_change_the_language_of_a_text() -> None:
    code = "```python\nfor line in open('file'):\n    print(line.strip().split(','))\n```\n" * 6
    text = LANGUAGES["de"] + "\n\n" + code + "\n\n$$\\int_0^1 \\sin x \\, dx = 1 - \\cos 1$$\n"
    assert passed(language.bind().clean(found(text))).scores["language"] == "de"


def test_unwanted_and_unsure_languages_are_left_out() -> None:
    step = language.bind(keep=("en", "de"))
    assert dropped(step.clean(found(LANGUAGES["fr"]))).reason == "language not wanted"
    passed(step.clean(found(LANGUAGES["de"])))
    assert dropped(step.clean(found("zx qv 17 kk -- 44"))).reason == "language unsure"


@pytest.mark.parametrize("name", ["english", "EN", "en-US", ""])
def test_a_language_that_no_text_can_have_is_told_before_anything_is_read(name: str) -> None:
    with pytest.raises(FactoryError, match="is no code of ISO 639"):
        language.bind(keep=("de", name))


@pytest.mark.parametrize(("code", "instead"), [("nb", "no"), ("jp", "ja"), ("cn", "zh")])
def test_a_code_that_the_model_never_gives_is_told_with_the_one_that_it_does(code: str, instead: str) -> None:
    with pytest.raises(
        FactoryError, match=f"'{code}' is none of the 176 languages that are told; did you mean '{instead}'"
    ):
        language.bind(keep=("de", code))


CROATIAN = (
    "Uređivač ima mnogo naredbi, a ova pouka objašnjava samo one koje su potrebne da biste ga mogli svakodnevno"
    " koristiti. Tekst možete mijenjati kako god želite, jer je to samo kopija. Prije nego što nastavite, provjerite"
    " je li tipka za velika slova isključena, zatim pritisnite tipku dovoljno puta da se pokazivač pomakne dalje."
)


def test_languages_that_are_hardly_told_apart_are_sure_together() -> None:
    item = passed(language.bind().clean(found(CROATIAN)))
    assert item.scores["language"] in ("hr", "sr", "bs", "sh")
    assert float(item.scores["language_score"]) > 0.8


@pytest.mark.parametrize("name", ["en", "de", "es", "nl", "pl", "pt", "tr"])
def test_a_text_in_capitals_is_of_its_language(name: str) -> None:
    capitals = LANGUAGES[name].upper()
    assert passed(language.bind().clean(found(capitals))).scores["language"] == name


def test_a_page_that_is_nearly_all_code_is_judged_by_what_stands_in_it() -> None:
    manual = f"# grep(1)\n\n```\n{CLEAN.replace('$', '')}\n```\n"
    assert passed(language.bind().clean(found(manual))).scores["language"] == "en"


def test_a_missing_language_model_is_named() -> None:
    with pytest.raises(FactoryError, match=r"there is no model nowhere\.bin"):
        language.bind(model="nowhere.bin").clean(found(CLEAN))


# ---------------------------------------------------------------------------------------- corruption


def _noise() -> str:
    return base64.b64encode(random.Random(3).randbytes(6000)).decode()


def _words(count: int, seed: int = 1) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    source = random.Random(seed)
    return " ".join("".join(source.choices(letters, k=source.randint(2, 9))) for _ in range(count))


PLANTS = {
    "control characters": CLEAN.replace(" of ", " \x03\ufffd "),
    "binary in disguise": CLEAN + "\n" + _noise(),
    "few letters": CLEAN[:200] + "\n" + "=-+*/ | ~~ <> .. ;; :: ## @@ !! ?? " * 40,
    "repeats itself": "Buy the best boots in the best shop of the whole town today. " * 40,
    "letters apart": " ".join(CLEAN),
    "words run together": CLEAN.replace(" ", ""),
    "letters lost": CLEAN.replace("a", "?"),
    "noise": "".join(random.Random(8).choices([chr(code) for code in range(33, 127)], k=4000)),
}


@pytest.mark.parametrize("reason", PLANTS)
def test_broken_text_is_left_out_and_told_why(reason: str) -> None:
    assert dropped(corruption.bind()(found(PLANTS[reason]))).reason == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (base64.encodebytes(random.Random(3).randbytes(3000)).decode(), "binary in disguise"),
        ("\n".join(f"{at:08x}  {random.Random(at).randbytes(16).hex(' ')}" for at in range(40)), "binary in disguise"),
        ("Der Gro?vater f?hrt t?glich ?ber die Br?cke nach K?ln, um K?se und s??e Br?tchen zu holen. " + CLEAN,
         "letters lost"),
    ],
    ids=["base64 in lines", "dump", "umlauts"],
)  # fmt: skip
def test_broken_text_in_other_shapes_is_left_out(text: str, reason: str) -> None:
    assert dropped(corruption.bind()(found(text))).reason == reason


POEM = "\n\n".join(
    f"{verse}\n\nAnd the wind it blows over the hill, over the hill,\nand the wind it blows over the hill to the sea."
    for verse in (
        "The miller rose early, the mill wheel was still,\nhe looked at the river and thought of his bill.",
        "His daughter had gone with a man from the bay,\nwho sold salted herring for tuppence a day.",
        "The bells of the village rang nine and then ten,\nthe miller put water and barley in again.",
        "At night when the candle burned down to its base\nhe saw in the window his own father's face.",
    )
)
PLAN = "| day | run |\n| --- | --- |\n" + "| Monday | easy run or bicycle, 30 minutes, optional |\n" * 20
LOG = "```\n" + "ERROR (main) [app] Error doing job: Future exception was never retrieved\n" * 20 + "```"
QUESTIONS = (
    "Why does it rise? [Who?](a?b=c) See page.html?id=1&x=2, page.html?id=2 and page.html?id=3. " + CLEAN
)
DNA = "HBB, messenger RNA:\n" + "\n".join("".join(random.Random(n).choices("ACGT", k=70)) for n in range(9))
SLUGS = "\n".join(
    f"- [Story {n}](/2024/11/21/{n}-the-best-ways-to-cook-rice-in-a-pot-and-eat-it)" for n in range(9)
)


@pytest.mark.parametrize(
    "text",
    [
        POEM,
        CLEAN + PLAN,
        CLEAN + LOG,
        QUESTIONS,
        DNA,
        SLUGS,
        ", ".join(str(number) for number in range(10, 99)),
        "Socks\n\n€17\n\nblack\n\nwhite\n\nMen's\n\nXL\n\n-10%\n\nZürich, Køge, Łódź; 4+ qty?",
        CLEAN,
        CLEAN[:250],
        *LANGUAGES.values(),
        "Short.",
        f"Tides\n{'=' * 99}\n\n{CLEAN[:150]}\n\n{'-' * 99}",
        CLEAN + "```\n" + "+--+--+\n|  |  |\n" * 9 + "```",
    ],
)
def test_clean_text_of_any_language_passes(text: str) -> None:
    assert passed(corruption.bind()(found(text))).seed.id == found(text).seed.id


# ---------------------------------------------------------------------------------------- repetition

STORY = [
    "The lamp in the window had been lit since four.",
    "Nobody in the house remembered who had bought it, or why it was blue.",
    "My aunt said that her mother had carried it from Trieste in a hatbox.",
    "My uncle laughed at that, because the hatbox was younger than the lamp.",
    "In winter we read by it; in summer it stood on the stairs and gathered moths.",
    "When the wires came to the valley, most people put such things into their cellars.",
    "We kept ours, since the wires fell down with every storm.",
    "A traveller once offered eleven crowns for it and a kitchen clock.",
    "The clock, as he admitted, did not go, but it looked well on a wall.",
    "So the lamp stayed, and the traveller went on to the next farm with his clock.",
    "Years later I saw one like it behind glass, with a number and a name of some city.",
    "The card said that such lamps had been made for ships, and that few were left.",
    "I thought of the moths, the storm and the eleven crowns, and said nothing.",
]
ERZAEHLT = [
    "Der Zug hielt an jedem Haus, in dem noch Licht brannte.",
    "Der Schaffner kannte die Leute und fragte nach den Kühen.",
    "Hinter dem letzten Tunnel lag Schnee, obwohl es schon April war.",
    "Wir stiegen aus und trugen die Koffer über die Brücke.",
    "Unten am Fluss schnitt jemand Weiden für Körbe.",
    "Das Gasthaus hatte zwei Zimmer und einen Hund, der nicht bellte.",
    "Am Morgen weckte uns das Läuten, das vom anderen Ufer kam.",
    "Auf dem Tisch standen Brot, Honig und ein Krug mit kalter Milch.",
    "Der Wirt erklärte uns den Weg und malte ihn auf eine Tüte.",
    "Gegen Mittag sahen wir zum ersten Mal den Gletscher.",
]
KEYWORDS = ["cheap flights london", "buy cheap flights", "flights london deals", "last minute flights london"]


def _between(sentences: list[str], phrase: str) -> str:
    return " ".join(f"{sentence} {phrase}" for sentence in sentences)


REPETITIVE = {
    "each paragraph twice": "\n\n".join(f"{part}\n\n{part}" for part in (" ".join(STORY[:4]), " ".join(STORY[4:]))),
    "a third of it again": " ".join([*STORY, *STORY[3:7]]),
    "a loop at the end": " ".join(STORY + [STORY[5]] * 6),
    "a phrase between all sentences": _between(STORY, "Read the full story on our partner site today."),
    "the same in German": _between(ERZAEHLT, "Lesen Sie mehr dazu auf der Seite unseres Partners."),
    "a line after each paragraph": "\n\n".join(f"{one}\n\nShare this story with all of your friends" for one in STORY),
    "keywords between words": " ".join(
        word + (f" {KEYWORDS[at % 4]}" if at % 8 == 0 else "") for at, word in enumerate(" ".join(STORY).split())
    ),
    "keywords alone": ", ".join(KEYWORDS[at * 7 % 4] for at in range(60)),
    "sentences of one template": " ".join(f"Find the best hotel in {town} with our guide." for town in LANGUAGES),
    "no spaces": "今天天气很好，我们去公园散步。" * 8 + LANGUAGES["zh"] * 2,
    "keywords without spaces": "便宜机票预订，北京便宜机票，特价机票北京。" * 4 + LANGUAGES["zh"],
}  # fmt: skip


@pytest.mark.parametrize("how", REPETITIVE)
def test_text_that_says_the_same_again_and_again_is_left_out(how: str) -> None:
    assert dropped(repetition.bind()(found(REPETITIVE[how]))).reason.startswith("the same ")


@pytest.mark.parametrize(
    "text",
    [
        POEM,
        CLEAN + PLAN,
        CLEAN + LOG,
        QUESTIONS,
        DNA,
        SLUGS,
        CLEAN,
        *LANGUAGES.values(),
        "".join(LANGUAGES.values()),
        " ".join(STORY),
        "\n\n".join(f"**Q: {one}?**\n\nA: {other}" for one, other in zip(STORY, ERZAEHLT, strict=False)),
        "\n\n".join(f"**ann** · 3 May\n\n{one}\n\nReply\n\nShare" for one in STORY),
        "\n\n".join(f"{one}\n\n> {one}\n\n{two}" for one, two in zip(STORY, ERZAEHLT, strict=False)),
        "\n\n".join(f"{one} $$\\int_0^1 f(x)\\,dx = \\int_0^1 g(x)\\,dx + \\int_0^1 h(x)\\,dx$$" for one in STORY),
        "Short. " * 3,
        "",
    ],
)  # fmt: skip
def test_text_that_repeats_as_its_kind_does_stays(text: str) -> None:
    scores = passed(repetition.bind()(found(text))).scores
    assert scores.keys() == {f"repeated_{name}" for name in ("lines", "passages", "phrases", "often")}


def test_how_much_may_repeat_is_a_setting() -> None:
    text = REPETITIVE["keywords between words"]
    assert dropped(repetition.bind()(found(text))).reason == "the same phrases too often"
    passed(repetition.bind(max_often=1.0, max_phrases=1.0, max_passages=1.0)(found(text)))


# ---------------------------------------------------------------------------------------- outliers


def test_outliers_of_a_seed_set_are_left_out(tmp_path: Path) -> None:
    vocabulary = CLEAN.split()
    source = random.Random(5)
    members = [
        member(number, " ".join(source.choices(vocabulary, k=150)), language="en") for number in range(80)
    ]
    members.append(member(900, "".join(source.choices("qxzjkvw#@%^&~", k=900)), language="en"))
    members.append(member(901, "the same " * 120, language="en"))
    gone = chosen(outliers.bind(), members, tmp_path)
    assert chosen(outliers.bind(), members, tmp_path / "parts", rows=9) == gone
    assert set(gone) == {"00000900", "00000901"}
    assert all(drop.reason.startswith("outlier: ") for drop in gone.values())


def _prose(seed: int, count: int) -> str:
    """Sentences of one vocabulary, in an order of their own."""
    source = random.Random(seed)
    return " ".join(source.choices(CLEAN.replace("$F \\propto M / d^3$", "so").split(), k=count))


BROKEN = {
    "letters in another order": lambda text: " ".join(word[::-1] for word in text.split()),
    "letters apart": " ".join,
    "words run together": lambda text: text.replace(" ", ""),
    "misread letters": lambda text: (
        text.replace("e", "c").replace("i", "l").replace("n", "ii").replace("t", "f")
    ),
    "another alphabet's encoding": lambda text: text.encode("utf-16-be").decode("utf-16-le", "replace"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_letters_that_do_not_follow_each_other_as_elsewhere_are_an_outlier(how: str, tmp_path: Path) -> None:
    members = [member(number, _prose(number, 150), language="en") for number in range(80)]
    members.append(member(900, BROKEN[how](_prose(900, 150)), language="en"))
    gone = chosen(outliers.bind(), members, tmp_path)
    assert {seed_id: drop.reason for seed_id, drop in gone.items()} == {"00000900": "outlier: surprise"}


def test_a_text_of_which_one_letter_in_twenty_was_misread_is_an_outlier(tmp_path: Path) -> None:
    members = [member(number, _prose(number, 300), language="en") for number in range(80)]
    source, text = random.Random(3), _prose(900, 300)
    misread = [source.choice(ascii_lowercase) if source.random() < 0.05 else letter for letter in text]
    members.append(member(900, "".join(misread), language="en"))
    assert set(chosen(outliers.bind(), members, tmp_path)) == {"00000900"}


def _told(number: int) -> str:
    """Sentences that were written by somebody, in an order of their own."""
    parts = [
        line for paragraph in CLEAN.split("\n\n")[1:] for line in paragraph.replace("\n", " ").split(". ")
    ]
    return ". ".join(random.Random(number).sample([*parts, *(one.rstrip(".") for one in STORY)], 14))


@pytest.mark.parametrize("how", ["in another order", "as a list of keywords"])
def test_words_that_do_not_follow_each_other_as_elsewhere_are_an_outlier(how: str, tmp_path: Path) -> None:
    members = [member(number, _told(number), language="en") for number in range(80)]
    words = _told(900).split()
    if how == "in another order":
        random.Random(1).shuffle(words)
    else:
        words = sorted({word for word in words if len(word) > 5})
    members.append(member(900, " ".join(words), language="en"))
    assert set(chosen(outliers.bind(), members, tmp_path)) == {"00000900"}


def test_code_figures_and_few_words_make_no_outlier(tmp_path: Path) -> None:
    code = "```c\n" + "for (i = 0; i < 9; i++) { xs[i] = qz(xs[i], 0x1f); }\n" * 9 + "```"
    members = [member(number, _prose(number, 150), language="en") for number in range(80)]
    members.append(member(900, f"{_prose(900, 80)}\n\n{code}\n\n{_prose(901, 60)}", language="en"))
    members.append(
        member(901, f"{_prose(902, 80)} " + " ".join(str(17 * n) for n in range(60)), language="en")
    )
    members.append(member(902, _prose(903, 12), language="en"))
    assert not chosen(outliers.bind(), members, tmp_path)


def test_where_most_texts_are_alike_the_others_are_no_outliers(tmp_path: Path) -> None:
    members = [member(number, _prose(5, 150), language="en") for number in range(60)]
    sentences = CLEAN.replace("\n", " ").split(". ")
    members += [
        member(
            100 + number, ". ".join(random.Random(number).sample(sentences, len(sentences))), language="en"
        )
        for number in range(20)
    ]
    assert not chosen(outliers.bind(), members, tmp_path)


# ---------------------------------------------------------------------------------------- mojibake


def test_mojibake_is_mended_and_clean_text_is_the_same_seed() -> None:
    broken = LANGUAGES["de"].encode().decode("cp1252")
    item = passed(mojibake.bind().clean(found(CLEAN + broken)))
    assert item.seed.text == CLEAN + LANGUAGES["de"]  # type: ignore[attr-defined]
    assert int(item.scores["mended"]) >= 2
    capitals = [LANGUAGES[name].upper() for name in ("ru", "de")]
    for text in [CLEAN, *LANGUAGES.values(), *capitals, "“quotes” – ﬁ …", "&lt;b&gt; in HTML", "a\r\nb"]:
        same = found(text)
        assert mojibake.bind().clean(same) is same


NEIGHBOURS = {
    "cs": "Muzeum otevírá v devět hodin ráno a zavírá pozdě večer, každý čtvrtek v roce, kromě svátků. Přijďte včas, "
    "neboť řada u pokladny bývá dlouhá a průvodce na nikoho nečeká. ",
    "hu": "A múzeum reggel kilenckor nyit és csütörtökönként késő este zár, egész évben. Az őrök szívesen segítenek, "
    "ha valaki eltéved a folyosók között. Ősztől hűvösebb a felső szint, ezért jobb a meleg ruha. ",
    "pl": LANGUAGES["pl"]
    + " Przyjdźcie wcześniej, bo kolejka do kasy bywa długa, a przewodnik na nikogo nie czeka. ",
}


@pytest.mark.parametrize("name", NEIGHBOURS)
@pytest.mark.parametrize(
    ("written", "read"), [("cp1250", "cp1252"), ("cp1250", "latin-1"), ("iso8859-2", "latin-1")]
)
def test_texts_of_central_europe_that_were_read_as_latin_are_read_again(
    name: str, written: str, read: str
) -> None:
    said = NEIGHBOURS[name] * 3
    broken = said.encode(written).decode("sloppy-windows-1252" if read == "cp1252" else read)
    assert passed(mojibake.bind().clean(found(broken))).seed.text == said  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        *NEIGHBOURS.values(),
        "På Strøget i København lå caféen Chère Amie, hvor Hélène og Thérèse hver lørdag spiste gåsesteg med brød. ",
        "João não viu as ações, e o côro cantou 'Sûre', 'Août' e 'Où sont-ils?' nas estações de São Simão. ",
    ],
)
def test_letters_of_several_languages_in_one_text_are_no_mojibake(text: str) -> None:
    item = found(text * 3)
    assert mojibake.bind().clean(item) is item


@pytest.mark.parametrize("name", ["ru", "ar", "zh", "ja", "ko", "hi"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_text_that_was_decoded_wrongly_throughout_is_mended_where_nothing_was_lost(
    name: str, times: int
) -> None:
    broken = LANGUAGES[name] * 3
    for _ in range(times):
        broken = broken.encode().decode("latin-1")
    assert passed(mojibake.bind().clean(found(broken))).seed.text == LANGUAGES[name] * 3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "written", "read"),
    [
        ("ru", "koi8-r", "cp1251"),
        ("ru", "cp1251", "koi8-r"),
        ("ru", "cp866", "cp1251"),
        ("ru", "cp1251", "latin-1"),
        ("ru", "utf-8", "koi8-r"),
        ("ar", "cp1256", "latin-1"),
        ("zh", "gbk", "latin-1"),
        ("zh", "gbk", "cp1252"),
        ("ja", "shift_jis", "latin-1"),
        ("ja", "cp932", "gb18030"),
        ("ko", "cp949", "gb18030"),
    ],
)
def test_a_text_that_was_read_in_another_code_page_is_read_again(name: str, written: str, read: str) -> None:
    said = LANGUAGES[name] * 3
    broken = said.encode(written).decode("sloppy-windows-1252" if read == "cp1252" else read)
    item = passed(mojibake.bind().clean(found(broken)))
    assert item.seed.text == said  # type: ignore[attr-defined]
    assert str(item.scores["encoding"]).startswith(
        written.replace("gbk", "gb18030").replace("shift_jis", "cp932")
    )


@pytest.mark.parametrize(("name", "written"), [("ru", "utf-8"), ("zh", "gbk"), ("ja", "shift_jis")])
def test_a_text_of_which_nobody_knows_what_it_said_is_left_out(name: str, written: str) -> None:
    data = (LANGUAGES[name] * 3).encode(written)
    broken = CLEAN[:200] + bytes(byte for place, byte in enumerate(data) if place % 7).decode(
        "cp1252", "replace"
    )
    assert dropped(mojibake.bind().clean(found(broken))).reason == "mojibake that cannot be mended"


# ---------------------------------------------------------------------------------------- quality


SHOP = (
    "Buy now! Free shipping on orders over $50. Add to cart. [Shoes](http://a.b/c) [Boots](http://a.b/d) "
    * 12
)
TEASERS = "\n\n".join(f"[Read more about story number {number}](http://a.b/{number})" for number in range(40))


EXPLAINED = {
    "de": "Die Flut steigt zweimal am Tag, weil der Mond das Wasser anzieht. Zum Beispiel fallen Häfen trocken.",
    "ru": "Прилив бывает дважды в день, потому что Луна притягивает воду. Например, в заливе вода выше.",
    "nl": "Het tij komt twee keer per dag, omdat de maan aan het water trekt. Zo staat bijvoorbeeld een baai vol.",
    "tr": "Gelgit günde iki kez olur, çünkü ay suyu kendine çeker. Örneğin dar bir koyda su daha fazla yükselir.",
    "vi": "Thủy triều lên hai lần mỗi ngày, bởi vì mặt trăng hút nước. Ví dụ, trong một vịnh hẹp nước dâng cao.",
    "zh": "潮汐每天涨落两次，因为月球吸引海水。例如，在狭窄的海湾里，水面比外海升得更高。",
    "th": "น้ำขึ้นวันละสองครั้ง เพราะดวงจันทร์ดึงดูดน้ำทะเล ตัวอย่างเช่น ในอ่าวแคบน้ำจะขึ้นสูงกว่าทะเลเปิด",
    "hi": "ज्वार दिन में दो बार आता है, क्योंकि चंद्रमा पानी को खींचता है। उदाहरण के लिए, खाड़ी में पानी ऊँचा है।",
}  # fmt: skip


@pytest.mark.parametrize("name", EXPLAINED)
def test_heuristics_see_an_explanation_in_many_languages(name: str) -> None:
    explained = passed(heuristics.bind()(found(" ".join([EXPLAINED[name]] * 4)))).scores["education"]
    assert isinstance(explained, float) and explained >= 3.0


@pytest.mark.parametrize(
    "scraps",
    [
        "\n".join(["Home", "About us", "Sign in", "Boats and sails", "Contact"] * 20),
        "\n".join(f"- the {number} boats that lie in the bay at night" for number in range(60)),
        "\n\n".join(f"The tide that comes into the bay {number} times and..." for number in range(60)),
        "\n".join(f"if (window.t{number}) {{ t.push(x[{number}]); }}" for number in range(60)),
        " ".join(f"tide #{number} ... moon" for number in range(90)),
    ],
    ids=["menus", "bullets", "teasers", "scripts", "signs"],
)
def test_heuristics_score_lines_that_are_no_prose_below_what_they_score_prose(scraps: str) -> None:
    good, bad = (passed(heuristics.bind()(found(text))).scores["education"] for text in (CLEAN, scraps))
    assert float(bad) <= 1.3 <= float(good) - 1.5


@pytest.mark.parametrize("poor", [SHOP, TEASERS, "ok"])
def test_heuristics_prefer_explanations_to_shops_and_teasers(poor: str) -> None:
    good, bad = (passed(heuristics.bind()(found(text))).scores for text in (CLEAN, poor))
    assert float(good["education"]) >= float(bad["education"]) + 1.5
    assert good["education_by"] == "heuristics"
    assert dropped(heuristics.bind(min_education=2.5)(found(poor))).reason == "low educational potential"
    passed(heuristics.bind(min_education=2.5)(found(CLEAN)))


def test_topics_are_thinned_out_to_their_shares(tmp_path: Path) -> None:
    members = [member(number, "text", topic="stem") for number in range(8000)]
    members += [member(10_000 + number, "text", topic="arts") for number in range(1000)]
    members += [member(20_000 + number, "text", topic="sport") for number in range(1000)]
    step = balance.bind(shares={"arts": 0.3, "stem": 0.4})
    gone = chosen(step, members, tmp_path)
    left = [one.scores["topic"] for one in members if one.seed_id not in gone]
    assert left.count("arts") >= 950
    assert left.count("stem") / len(left) == pytest.approx(0.4, abs=0.04)
    assert left.count("arts") / len(left) == pytest.approx(0.3, abs=0.04)
    assert chosen(step, members[::-1], tmp_path) == gone
    assert gone["00000000" if "00000000" in gone else min(gone)].scores == {"topic": "stem"}
    for wrong, said in (
        ({"opera": 1.0}, "there are: arts, sport, stem"),
        ({"art": 0.3, "stem": 0.4}, "did you mean 'arts'"),
    ):
        with pytest.raises(FactoryError, match=f"no seed has the topic '{min(wrong)}'; .*{said}"):
            chosen(balance.bind(shares=wrong), members, tmp_path)


def test_a_topic_without_seeds_bounds_nobody_and_an_empty_set_has_no_mix(tmp_path: Path) -> None:
    members = [member(number, "text", topic=("stem", "sport")[number % 2]) for number in range(2000)]
    gone = chosen(balance.bind(shares={"opera": 0.5, "stem": 0.25}), members, tmp_path)
    left = [one.scores["topic"] for one in members if one.seed_id not in gone]
    assert left.count("stem") == pytest.approx(1000, abs=5) and left.count("sport") == pytest.approx(
        1000, abs=5
    )
    assert not chosen(balance.bind(shares={"opera": 0.5}), [], tmp_path / "empty")


# ---------------------------------------------------------------------------------------- paragraphs


def test_paragraphs_of_many_pages_of_a_site_are_cut_and_others_stay(tmp_path: Path) -> None:
    notice = "Subscribe to our weekly letter and never miss a thing."
    code = "```\nimport numpy as np\n\nimport pandas as pd and so on\n```"
    pages = [
        member(
            number,
            f"{_words(60, number)}\n\n{notice.upper() if number % 2 else notice}\n\n{code}",
            "one/a.html",
        )
        for number in range(8)
    ]
    pages.append(member(50, f"{_words(60, 99)}\n\n{notice}", "two/a.html"))
    pages.append(member(60, f"{notice}\n\n{_words(3)}", "one/b.html"))
    gone = chosen(repeated_paragraphs.bind(), pages, tmp_path)
    assert chosen(repeated_paragraphs.bind(), pages, tmp_path / "parts", rows=3, workers=2) == gone
    assert {seed_id for seed_id, drop in gone.items() if isinstance(drop, Drop)} == {"00000060"}
    assert set(gone) == {one.seed_id for one in pages} - {"00000050"}
    assert gone["00000003"].text == f"{_words(60, 3)}\n\n{code}"
    assert gone["00000003"].reason == "paragraphs of other pages cut"
    assert gone["00000003"].scores["repeated_paragraphs"] == 1


# ---------------------------------------------------------------------------------------- tokens


def test_tokens_are_counted_by_a_named_tokenizer(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    (tmp_path / "words").mkdir()
    made.save(str(tmp_path / "words/tokenizer.json"))
    step = tokens.bind(tokenizer=str(tmp_path / "words"), least=3, most=10)
    assert passed(step.clean(found("one two three four"))).scores == {"tokens": 4, "tokenizer": "words"}
    by_file = tokens.bind(tokenizer=str(tmp_path / "words/tokenizer.json"))
    assert passed(by_file.clean(found("one"))).scores == {"tokens": 1, "tokenizer": "words"}
    assert dropped(step.clean(found("one"))).reason == "too few tokens"
    assert dropped(step.clean(found("one " * 11))).reason == "too many tokens"
    with pytest.raises(FactoryError, match="there is no tokenizer"):
        tokens.bind(tokenizer="nowhere").clean(found("one"))
