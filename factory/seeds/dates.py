"""Days as people write them, in the languages of many pages, as ISO 8601."""

from __future__ import annotations

import re
from calendar import monthrange, weekday
from collections.abc import Iterable

_YEAR = re.compile(r"\d{4}|\d/\d\d/\d|\D\d\d,?\s+\d{1,2}:")  # all that is read has it, and few texts do
_DAY = re.compile(r"(?<!\d)(\d{4})(?:[-/]|\s?[.年년]\s?)(\d{1,2})(?:[-/]|\s?[.月월]\s?)(\d{1,2})(?!\d)")
_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?!\d)")
_SLASHED = re.compile(r"(?<![\d/-])(\d{1,2})([/-])(\d{1,2})\2(\d{4})(?![\d/-])")
_WORD = r"([^\W\d_][^\s\d,;:/()-]{1,11})"
_NAMED = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|er|º)?[.\s-]\s*(?:de\s+|ngày\s+)?{_WORD}[.,-]?\s*(?:de(?:l)?\s+)?(\d{{4}})(?!\d)"
)
_CLOCK = (
    r"(?:\d{1,2}:\d\d(?::\d\d)?\s+(?:[A-Z]{2,4}\s+|[+-]\d{4}\s+)?)?"  # of letters: "Mar  5 21:47:00 CET 2019"
)
_AMERICAN = re.compile(rf"(?<![^\W\d_]){_WORD}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_CLOCK}(\d{{4}})(?!\d)")
_SHORT_NAMED = re.compile(
    rf"(?<!\d)(\d{{1,2}})[\s.-]{_WORD}[.-]?\s?'?(\d\d),?\s+\d{{1,2}}:\d\d"
)  # "5 Mar 19, 9:05"
_YEAR_FIRST = re.compile(rf"(?<!\d)(\d{{4}})[.,]?\s+{_WORD}\s+(\d{{1,2}})(?!\d)")
_NUMBERED = re.compile(r"(?<!\d)(\d{1,2})\s+tháng\s+(\d{1,2}),?\s+(?:năm\s+)?(\d{4})(?!\d)", re.I)
_SHORT = re.compile(r"(?<![\d/])(\d\d)/(\d\d)/(\d\d)\s?\(([^\W\d_]{1,3})\)")
_ORDERS = ((_NAMED, (3, 2, 1)), (_AMERICAN, (3, 1, 2)), (_YEAR_FIRST, (1, 2, 3)), (_SHORT_NAMED, (3, 2, 1)))
_WEEKDAYS = {
    name: day
    for day, names in enumerate(
        ("mon 月 월", "tue 火 화", "wed 水 수", "thu 木 목", "fri 金 금", "sat 土 토", "sun 日 일")
    )
    for name in names.split()
}
_BUDDHIST = 543  # years by which the calendar of Thailand is ahead
_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "jan ene gen ian oca sty led tam янв січ яну ιαν ม.ค. มกร ينا جان ژان",
            "feb fev fév fév. şub lut úno hel фев лют φεβ ก.พ. กุม فبر فيف فور",
            "mar mär mrt már bře maa мар бер μαρ มี.ค มีน مار",
            "apr abr avr ápr nis kwi dub huh апр кві απρ เม.ย เมษ أبر ابر أفر آور",
            "may mai mei mag maj máj kvě tou мая май тра μαΐ μάι μαι พ.ค. พฤษ ماي مای مه",
            "jun juin giu jún iun haz cze čer kes июн юни чер ιουν มิ.ย มิถ يون جوا ژوئن",
            "jul juil lug júl iul tem lip čvc črc červenc hei июл юли лип ιουλ ก.ค. กรก يول جوي ژوئی جول",
            "aug ago aoû ağu srp sie elo agu авг сер αυγ αύγ ส.ค. สิง أغس اغس أوت آگو اوت",
            "sep set sze eyl zář wrz syy сен вер σεπ ก.ย. กัน سبت سپت",
            "oct okt out ott eki ekm říj paź lok окт жов οκτ ต.ค. ตุล أكت اكت اکت",
            "nov noi kas lis marr ноя ное νοε νοέ พ.ย. พฤศ نوف نوا",
            "dec dez dic déc des ara pro gru jou дек гру δεκ ธ.ค. ธัน ديس دسا",
        ),
        start=1,
    )
    for name in names.split()
}
_LONGEST = max(map(len, _MONTHS))


def iso_date(text: str, day_first: bool | None = None) -> str:
    """The first day that a text names, as ISO 8601; empty where it names none, or one that may be read in two ways.

    Dots part day, month, year. Years in two digits are read beside a day of the week, which tells the order. Of two
    numbers before a year the greater than 12 is the day; where neither is, `day_first` tells, where it is known.
    """
    text = text[:200]
    if not _YEAR.search(text):
        return ""
    if found := _DAY.search(text):
        year, month, day = (int(part) for part in found.groups())
    elif found := _DOTTED.search(text) or _NUMBERED.search(text):
        day, month, year = (int(part) for part in found.groups())
    elif named := _named(text):
        year, month, day = named
    elif found := _SLASHED.search(text):
        year, month, day = int(found[4]), int(found[3]), int(found[1])
        if month > 12 or (day <= 12 and day_first is False):
            month, day = day, month
        if max(month, day) <= 12 and month != day and day_first is None:
            return ""
    elif found := _SHORT.search(text):
        year, month, day = _of_weekday(found)
    else:
        return ""
    if year > 2400:
        year -= _BUDDHIST
    if not (1990 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= 31):
        return ""
    return f"{year:04}-{month:02}-{day:02}"


def _of_weekday(found: re.Match[str]) -> tuple[int, int, int]:
    """Year, month and day of three short numbers, in the order in which the day is of the week that stands beside."""
    one, two, three = (int(found[place]) for place in (1, 2, 3))
    for year, month, day in ((one, two, three), (three, one, two), (three, two, one)):
        fits = 1 <= month <= 12 and 1 <= day <= monthrange(2000 + year, month)[1]
        if fits and weekday(2000 + year, month, day) == _WEEKDAYS.get(found[4].lower()):
            return 2000 + year, month, day
    return 0, 0, 0


def is_day_first(texts: Iterable[str]) -> bool | None:
    """Whether texts write the day before the month: as those of them do that can be read in one way only."""
    for text in texts:
        if (found := _SLASHED.search(text)) and max(int(found[1]), int(found[3])) > 12:
            return int(found[1]) > 12
    return None


def _named(text: str) -> tuple[int, int, int] | None:
    """Year, month and day of a text that calls the month by its name."""
    for pattern, order in _ORDERS:
        for found in pattern.finditer(text):
            year, name, day = (found[place] for place in order)
            if month := _month(name):
                return int(year) + (2000 if len(year) == 2 else 0), month, int(day)
    return None


def names_month(word: str) -> bool:
    """Whether a word is the name of a month, in any of thirty languages, or begins with a short one."""
    return _month(word) > 0


def _month(name: str) -> int:
    """The number of a month by its name in any of thirty languages, or the beginning of that; 0 where it is none."""
    name = name.lower()
    return next((_MONTHS[name[:end]] for end in range(_LONGEST, 1, -1) if name[:end] in _MONTHS), 0)
