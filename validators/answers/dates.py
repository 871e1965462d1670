"""Dates and times of day."""

from __future__ import annotations

import re

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_ABROAD = (
    "januar februar märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
)
_MONTHS_ABROAD = {name: at for names in _ABROAD for at, name in enumerate(names.split(), start=1)}
_MONTH = "(" + "|".join(f"{month[:3]}(?:t\\b|{month[3:]})?\\.?" for month in _MONTHS) + ")"
_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_DAY_FIRST = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH},? (\d{{4}})", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"{_MONTH} (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})", re.IGNORECASE)
_MONTH_ONLY = re.compile(rf"{_MONTH},? (\d{{4}})", re.IGNORECASE)
_YEARLESS = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}", re.IGNORECASE)
_YEARLESS_MONTH_FIRST = re.compile(rf"{_MONTH} (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?", re.IGNORECASE)
_SLASHED = re.compile(r"(\d{1,2})([/.])(\d{1,2})\2(\d{4})")
_WEEKDAY = re.compile(r"(?:mon|tues|wednes|thurs|fri|satur|sun)day,? (?=.*\d)", re.IGNORECASE)
_DAY_ABROAD = re.compile(
    rf"(\d{{1,2}})(?:\.|er|°)? (?:de )?({'|'.join(_MONTHS_ABROAD)})(?:,? (?:de |del )?(\d{{4}})(?: ?г\.?| года)?)?",
    re.IGNORECASE,
)
_EAST_ASIAN = re.compile(r"(\d{4}) ?[年년] ?(\d{1,2}) ?[月월](?: ?(\d{1,2}) ?[日일])?")
_NAMED_HOURS = {"noon": 12, "midday": 12, "12 noon": 12, "midnight": 0, "12 midnight": 0}
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?(?: ?([ap])\.?m\.?)?", re.IGNORECASE)


def date(text: str) -> tuple[int | str, ...] | None:
    """Year, month and day as far as they are given, or None. 5/6/2024 is two dates, and kept as written."""
    text = _WEEKDAY.sub("", text)
    if found := _ISO.fullmatch(text):
        return _day(*map(int, found.groups()))
    if found := _DAY_FIRST.fullmatch(text):
        return _day(int(found[3]), _month(found[2]), int(found[1]))
    if found := _MONTH_FIRST.fullmatch(text):
        return _day(int(found[3]), _month(found[1]), int(found[2]))
    if found := _MONTH_ONLY.fullmatch(text):
        return int(found[2]), _month(found[1])
    if found := _YEARLESS.fullmatch(text):
        return _yearless(_month(found[2]), int(found[1]))
    if found := _YEARLESS_MONTH_FIRST.fullmatch(text):
        return _yearless(_month(found[1]), int(found[2]))
    if found := _DAY_ABROAD.fullmatch(text):
        month, day = _MONTHS_ABROAD[found[2].lower()], int(found[1])
        return _day(int(found[3]), month, day) if found[3] else _yearless(month, day)
    if found := _EAST_ASIAN.fullmatch(text):
        year, month = int(found[1]), int(found[2])
        return _day(year, month, int(found[3])) if found[3] else (year, month)
    if found := _SLASHED.fullmatch(text):
        return _slashed(int(found[1]), int(found[3]), int(found[4]))
    return None


def clock(text: str) -> tuple[int, int, str] | None:
    """Hour, minute and "", or "24" where the half of the day is known; None for what is no time of day."""
    if (named := _NAMED_HOURS.get(text.lower())) is not None:
        return named, 0, "24"
    found = _CLOCK.fullmatch(text)
    if found is None or not (found[2] or found[3]):
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if minute > 59 or hour > 23 or (half and not 1 <= hour <= 12):
        return None
    if half:
        return hour % 12 + 12 * (half == "p"), minute, "24"
    return hour, minute, "24" if hour > 12 or found[1].startswith("0") else ""


def _month(name: str) -> int:
    return next(at for at, month in enumerate(_MONTHS, start=1) if month.startswith(name.lower()[:3]))


def _day(year: int, month: int, day: int) -> tuple[int, ...] | None:
    return (year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None


def _yearless(month: int, day: int) -> tuple[int | str, ...] | None:
    return ("every year", month, day) if 1 <= day <= 31 else None


def _slashed(first: int, second: int, year: int) -> tuple[int | str, ...] | None:
    if first > 12 >= second or first == second:
        return _day(year, second, first)
    if second > 12 >= first:
        return _day(year, first, second)
    return ("as written", f"{first}/{second}", year) if max(first, second) <= 12 else None
