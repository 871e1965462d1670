"""Small functions on dates, written as ISO texts such as '2024-02-29'."""

import re
from datetime import date, timedelta


def is_leap(year: int) -> bool:
    """Tell whether a year of the Gregorian calendar has a 29 February.

    >>> [year for year in (1900, 2000, 2023, 2024) if is_leap(year)]
    [2000, 2024]
    """
    if year % 400 == 0:
        return True
    return year % 4 == 0 and year % 100 != 0


def add_months(day: str, months: int) -> str:
    """Move a date by months; where the month is too short, to its last day.

    >>> add_months("2024-01-31", 1)
    '2024-02-29'
    """
    start = date.fromisoformat(day)
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return date(year, month + 1, min(start.day, last)).isoformat()


def add_working_days(day: str, count: int, holidays: list[str]) -> str:
    """Go forward by `count` days that are neither Saturday, Sunday nor one of the holidays.

    >>> add_working_days("2024-05-30", 2, ["2024-05-31"])
    '2024-06-04'
    """
    current = date.fromisoformat(day)
    free = set(holidays)
    while count > 0:
        current += timedelta(days=1)
        if current.weekday() < 5 and current.isoformat() not in free:
            count -= 1
    return current.isoformat()


def parse_duration(text: str) -> int:
    """Read a duration such as '1h 30m' or '2d' as seconds; units are d, h, m and s, each at most once.

    >>> parse_duration("1h 30m")
    5400
    """
    pattern = r"\s*(?:(\d+)\s*d)?\s*(?:(\d+)\s*h)?\s*(?:(\d+)\s*m)?\s*(?:(\d+)\s*s)?\s*"
    found = re.fullmatch(pattern, text)
    if found is None or not any(found.groups()):
        raise ValueError(f"no duration: {text!r}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def age(born: str, today: str) -> int:
    """Count the full years between two dates.

    >>> age("1990-06-15", "2024-06-14")
    33
    """
    first, last = date.fromisoformat(born), date.fromisoformat(today)
    had_birthday = (last.month, last.day) >= (first.month, first.day)
    return last.year - first.year - (0 if had_birthday else 1)
