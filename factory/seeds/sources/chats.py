"""Seeds from logs of chats and of agents: what was asked, and step by step what was done."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from factory.plugins import Broken, Found, Item, Skipped, Span, source
from factory.records import Origin, Post, Seed, Step, Thread, Trajectory
from factory.seeds.chatlogs import ODD, Said, Turn, is_event, session, told
from factory.seeds.jsonfile import NoJson, first_line, records, spans

_SECRETS = re.compile(
    r"\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or)?[-_A-Za-z0-9]{20,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}|\bglpat-[\w-]{18,}|\bxox[abprs]-[\w-]{10,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{35}|\bhf_[A-Za-z0-9]{30,}|(?<![\w-])ey[A-Za-z0-9_-]{15,}\.[\w-]{15,}\.[\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:(?!-----).)*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
    r"|(?i:\b(?:api[_-]?key|secret|password|passwd|token|authorization)\b[\"']?\s*[:=]\s*(?:bearer\s+)?[\"']?)"
    r"(?P<value>[^\s\"',;]{8,})",
    re.S,
)


def _spans(path: Path, size: int) -> Iterator[Span]:
    """Parts of a file of records; the events of a session are read together."""
    if not _is_session(path):
        yield from spans(path, size)


@source(gives=(Thread, Trajectory), split=_spans)
def chats(path: Path, kind: type[Seed], span: Span | None = None) -> Iterator[Item]:
    """Logs of chats (JSON lines, or a JSON list of conversations): each a thread, or a trajectory of an agent.

    Known shapes, told record by record: OpenAI messages and responses with tool calls, Anthropic and Gemini content
    blocks, calls as proxies log them, LangChain, ShareGPT conversations, exports of ChatGPT and Claude, trajectories
    of thought, action and observation, the events of OpenHands; and told by their first line: sessions of Claude Code
    and Codex, a file each. Keys, tokens and passwords are masked as "[secret]"; a picture, a sound or a file is
    "[image]", "[audio]", "[file]". System prompts are left out. A record of another shape is broken, with its keys.
    """
    if span is None and _is_session(path):
        yield from _sessions(path, kind)
        return
    for place, record in records(path, span):
        origin = Origin(address=str(path), place=place)
        if isinstance(record, NoJson):
            yield Broken(origin, record)
            continue
        try:
            title, said = told(record)
        except ODD:
            title, said = "", None
        if said is None:
            keys = ", ".join(sorted(record)) if isinstance(record, dict) else type(record).__name__
            yield Broken(origin, f"no chat of a known shape; it has: {keys}")
            continue
        yield _seed(kind, title, said, origin)


def _is_session(path: Path) -> bool:
    return is_event(first_line(path))


def _sessions(path: Path, kind: type[Seed]) -> Iterator[Item]:
    """The sessions of a file of events; a line that is none is broken, and the session goes on."""
    events: dict[str, list[Any]] = {}
    name = ""
    for place, record in records(path):
        if isinstance(record, NoJson):
            yield Broken(Origin(address=str(path), place=place), record)
            continue
        if isinstance(record, dict) and (named := str(record.get("sessionId") or "")):
            # What stands before the first name is of that session.
            events.setdefault(named, events.pop("", []))
            name = named
        events.setdefault(name, []).append(record)
    for name, of_it in events.items():
        origin = Origin(address=str(path), place=f"session {name}" if name else "all lines")
        try:
            title, said = session(of_it)
        except ODD:
            title, said = "", None
        if said:
            yield _seed(kind, title, said, origin)
        else:
            yield Skipped(origin, "a session in which nothing is said")


def _seed(kind: type[Seed], title: str, said: Said, origin: Origin) -> Found | Broken:
    seed = _trajectory(title, said) if kind is Trajectory else _thread(title, said)
    if seed is None:
        return Broken(origin, "the chat has no message from a user and an answer to it")
    return Found(seed, origin.model_copy(update={"title": title or None}))


def masked(text: str) -> str:
    """A text with what looks like a secret replaced; a name before it stays."""

    def mask(found: re.Match[str]) -> str:
        value = found["value"]
        return found[0].replace(value, "[secret]") if value else "[secret]"

    return _SECRETS.sub(mask, text)


def _thread(title: str, said: Said) -> Thread | None:
    turns = [turn for turn in said or () if isinstance(turn, Turn)]
    posts = [
        Post(text=masked(turn.text).strip(), author=turn.role)
        for turn in turns
        if turn.role in ("user", "assistant") and turn.text.strip()
    ]
    if len({post.author for post in posts}) < 2:
        return None
    return Thread(title=masked(title), posts=tuple(posts))


def _trajectory(title: str, said: Said) -> Trajectory | None:
    steps = [step for step in said or () if isinstance(step, Step)]
    if not steps:
        return _of_turns([turn for turn in said or () if isinstance(turn, Turn)])
    made = [Step(**{name: masked(text).strip() for name, text in step}) for step in steps]
    return Trajectory(task=masked(title), steps=tuple(made)) if title else None


def _of_turns(turns: Sequence[Turn]) -> Trajectory | None:
    """The first words of the user as the task; each call, or answer, with what came back, be it the user's word."""
    first = next((at for at, turn in enumerate(turns) if turn.role == "user"), 0)
    tasks, thoughts, answers = (
        [masked(turn.text) for turn in turns[first : first + 1]],
        list[str](),
        list[str](),
    )
    steps: list[tuple[str, str, list[str]]] = []  # what is done, why, and what came back
    # Calls without an answer yet, by their ids: several may be made at once.
    waiting: OrderedDict[str | int, int] = OrderedDict()
    for role, text, call in turns[first + 1 :]:
        text = masked(text).strip()
        if role == "call":
            waiting[call if call and call not in waiting else len(steps)] = len(steps)
            steps.append((text, _joined(thoughts + answers), []))
            thoughts, answers = [], []
        elif role in ("tool", "user") and waiting:
            at = waiting.pop(call) if call in waiting else waiting.popitem(last=False)[1]
            steps[at][2].append(text)
        elif role in ("thought", "assistant"):
            (thoughts if role == "thought" else answers).append(text)
            waiting.clear()
        elif role == "user":
            if any(answers):
                steps.append((_joined(answers), _joined(thoughts), []))
                thoughts, answers = [], []
            (steps[-1][2] if steps else tasks).append(text)
    if any(answers):
        steps.append((_joined(answers), _joined(thoughts), []))
    elif any(thoughts):
        steps.append((_joined(thoughts), "", []))
    task = _joined(tasks)
    made = (Step(action=action, thought=why, observation=_joined(back)) for action, why, back in steps)
    return Trajectory(task=task, steps=tuple(made)) if task and steps else None


def _joined(texts: Iterable[str]) -> str:
    return "\n\n".join(filter(None, texts)).strip()
