"""What trafilatura knows of a page: title, author, date; and its reading, where ours returns too little.

trafilatura is imported when a page needs it: its import costs more than a hundred pages.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# lxml refuses these in text.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Metadata:
    """Title, author and date (ISO 8601) of a page, each empty where the page does not tell."""

    title: str = ""
    author: str = ""
    date: str = ""


def _quietly(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Calls into trafilatura without its log: a broken page is told of by what it gives."""
    logger = logging.getLogger("trafilatura")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        return function(*arguments, **options)
    finally:
        logger.setLevel(level)


def describe(html: str) -> Metadata:
    """The metadata of a page. What trafilatura cannot parse has none."""
    from trafilatura.metadata import extract_metadata

    try:
        found = _quietly(extract_metadata, _CONTROL.sub(" ", html))
    except (
        Exception
    ):  # whatever a stranger's page makes of a stranger's parser, the page's text is still good
        return Metadata()
    if found is None:
        return Metadata()
    date = found.date or ""
    return Metadata(found.title or "", found.author or "", date if _DATE.fullmatch(date) else "")


def fallback_text(html: str) -> list[str]:
    """The paragraphs that trafilatura reads from a page."""
    from trafilatura import extract

    try:
        found = _quietly(extract, _CONTROL.sub(" ", html), favor_recall=True)
    except Exception:  # as above
        return []
    return [line for line in (found or "").split("\n") if line.strip()]
