"""The final answer in a reply."""

from __future__ import annotations

import re

from validators.answers.wording import ANSWER

_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)|\A.*?</think>", re.DOTALL)
_STATED = re.compile(
    rf"^[ \t>*_#-]*(?:the )?{ANSWER}[*_ \t]*(?:(?:is|ist|est|es|é|è)\b[ \t]*:?|[:：=是は])[*_ \t]*(.*)$"
    rf"|^(?:#+|\*\*)[ \t]*{ANSWER}(?:\*\*)?[ \t]*()$"
    r"|^####[ \t]*(\S+)$"
    r"|\b(?:the|my) (?:final |correct )?answer is:?[ \t]*(.+)$"
    r"|(?:答案|答え|正解)(?:是|为|は)[:：]?[ \t]*(.+)$",
    re.IGNORECASE | re.MULTILINE,
)
_MARKS = re.compile(r"^(?:[#>]+|[-*•]|\d+[.)])[ \t]+")


def final_answer(reply: str) -> str | None:
    """The answer that a reply ends with: the last \\boxed{...}, else the last "Answer: ..." (or "The answer
    is ...", "#### ..."), else the last line. What stands in think tags counts only where nothing follows
    it. None for a reply without words."""
    text = _THOUGHT.sub("", reply).strip() or reply
    return _boxed(text) or _stated(text) or _last_line(text)


def _boxed(text: str) -> str | None:
    boxes = {found.end() for found in _BOXED.finditer(text)}
    opened: list[int] = []
    closed: dict[int, int] = {}
    for brace in re.finditer(r"[{}]", text):
        if brace[0] == "{":
            opened.append(brace.end())
        elif opened and (start := opened.pop()) in boxes:
            closed[start] = brace.start()
    last = max(closed, default=None)
    return None if last is None else text[last : closed[last]].strip() or None


def _stated(text: str) -> str | None:
    for found in reversed(list(_STATED.finditer(text))):
        said = next(filter(None, found.groups()), "")
        if answer := _bare(said):
            return answer
        following = _lines(text[found.end() :])
        if following:
            return following[0]
    return None


def _last_line(text: str) -> str | None:
    lines = _lines(text)
    return lines[-1] if lines else None


def _lines(text: str) -> list[str]:
    lines = (
        _bare(_MARKS.sub("", line.strip()))
        for line in text.splitlines()
        if not line.strip().startswith("```")
    )
    return [line for line in lines if line]


def _bare(text: str) -> str:
    """Without emphasis around it and the full stop behind it."""
    text = text.strip()
    for mark in ("**", "__", "*", "`"):
        if text.count(mark) == 1 and text.endswith(mark):
            text = text.removesuffix(mark)
        elif len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
            text = text[len(mark) : -len(mark)]
    text = text.strip().rstrip("。")
    return text[:-1].rstrip() if text.endswith(".") and not text.endswith("..") else text
