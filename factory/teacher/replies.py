"""From the text of a reply to what the generator asked for: text, or an object that fits its schema."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from factory.errors import TeacherError
from factory.fences import fences
from factory.teacher.streams import Mark

_THINKING = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)
_SHOWN = 12


class Misfit(TeacherError):
    """A recorded reply that cannot be used. `mark` says which, so that a retry asks it anew."""

    mark: Mark = Mark()


def parse(text: str, finish_reason: str, schema: type[BaseModel] | None) -> Any:
    """The reply as text or as an instance of `schema`. Raises Misfit with what a model needs to mend it."""
    if finish_reason == "length":
        raise Misfit("the reply was cut at max_tokens before it ended; answer more briefly")
    if finish_reason == "content_filter":
        raise Misfit("the provider's content filter withheld the reply")
    body = _THINKING.sub("", text).strip()
    if not body:
        raise Misfit("the reply was empty")
    if schema is None:
        return body
    try:
        return schema.model_validate_json(_json_in(body))
    except ValidationError as error:
        raise Misfit(f"the reply does not fit: {_faults(error)}") from error


def before_stop(text: str, stops: Iterable[str]) -> str:
    """The text before the first of the strings that end it."""
    return min((text.partition(stop)[0] for stop in stops), key=len, default=text)


def repair_messages(reply: str, fault: str) -> list[dict[str, str]]:
    """The turns that ask for the same again: the reply as it came, and what is wrong with it."""
    request = f"This cannot be used: {fault}\nGive the whole answer again, mended, and nothing else."
    return [{"role": "assistant", "content": reply or "(empty)"}, {"role": "user", "content": request}]


def _json_in(body: str) -> str:
    """The JSON object of a reply that may wrap it in a fence or in a sentence."""
    wrapped = [fence for fence in fences(body) if fence.closed and fence.lines.start == 0]
    if wrapped and wrapped[0].lines.stop == len(body.split("\n")):
        return wrapped[0].content
    start, end = body.find("{"), body.rfind("}")
    return body[start : end + 1] if 0 <= start < end else body


def _faults(error: ValidationError) -> str:
    faults = [
        f"{'.'.join(str(part) for part in fault['loc']) or 'reply'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    ]
    more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return "; ".join(faults[:_SHOWN]) + more
