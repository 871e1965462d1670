"""Seeds from logs of chats and of agents: what was asked, and step by step what was done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from factory.plugins import Broken, Found, Span, source
from factory.records import Origin, Post, Seed, Step, Thread, Trajectory
from factory.seeds.files import line_spans, lines_of

Turn: TypeAlias = tuple[str, str]
"""Who speaks (user, assistant, system, tool), and what is said."""

_SECRETS = re.compile(
    r"\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or)?[-_A-Za-z0-9]{20,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}|\bglpat-[\w-]{18,}|\bxox[abprs]-[\w-]{10,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{35}|\bhf_[A-Za-z0-9]{30,}|\bey[A-Za-z0-9_-]{15,}\.[\w-]{15,}\.[\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----"
    r"|(?i:\b(?:api[_-]?key|secret|password|passwd|token|authorization)\b[\"']?\s*[:=]\s*(?:bearer\s+)?[\"']?)"
    r"(?P<value>[^\s\"',;]{8,})",
    re.S,
)
_ROLES = {"human": "user", "user": "user", "prompter": "user", "gpt": "assistant", "chatgpt": "assistant",
          "assistant": "assistant", "bot": "assistant", "ai": "assistant", "model": "assistant", "system": "system",
          "tool": "tool", "function": "tool", "observation": "tool", "ipython": "tool"}  # fmt: skip


@source(gives=(Thread, Trajectory), split=line_spans)
def chats(path: Path, kind: type[Seed], span: Span | None = None) -> Iterator[Found | Broken]:
    """Logs of chats (JSON lines, or a JSON list of conversations): each a thread, or a trajectory of an agent.

    Known shapes, told record by record: OpenAI messages with tool calls, Anthropic content blocks, ShareGPT
    conversations, ChatGPT exports, and trajectories of thought, action and observation. Keys, tokens and
    passwords are masked as "[secret]". A record of another shape is kept as broken, with the keys it has.
    """
    for origin, record in _records(path, span):
        if isinstance(record, str):
            yield Broken(origin, record)
            continue
        title, said = _shape(record)
        if said is None:
            keys = ", ".join(sorted(record)) if isinstance(record, dict) else type(record).__name__
            yield Broken(origin, f"no chat of a known shape; it has: {keys}")
            continue
        seed = _trajectory(title, said) if kind is Trajectory else _thread(title, said)
        if seed is None:
            yield Broken(origin, "the chat has no message from a user and an answer to it")
        else:
            yield Found(seed, origin.model_copy(update={"title": title or None}))


def masked(text: str) -> str:
    """A text with what looks like a secret replaced; a name before it stays."""

    def mask(found: re.Match[str]) -> str:
        value = found["value"]
        return found[0].replace(value, "[secret]") if value else "[secret]"

    return _SECRETS.sub(mask, text)


def _records(path: Path, span: Span | None) -> Iterator[tuple[Origin, Any]]:
    """Each conversation with its place; a text instead says what is wrong."""
    lines = lines_of(path, span)
    for number, (start, line) in enumerate(lines, start=1):
        if not line.strip():
            continue
        if number == 1 and start == 0 and line.lstrip()[:1] == b"[" and span is None:
            yield from _listed(path, line + b"".join(rest for _, rest in lines))
            return
        origin = Origin(address=str(path), place=f"byte {start}" if span else f"line {number}")
        try:
            yield origin, orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield origin, f"no JSON: {error}"


def _listed(path: Path, data: bytes) -> Iterator[tuple[Origin, Any]]:
    try:
        records = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        yield Origin(address=str(path), place="byte 0"), f"no JSON: {error}"
        return
    for number, record in enumerate(records, start=1):
        yield Origin(address=str(path), place=f"conversation {number}"), record


def _shape(record: Any) -> tuple[str, list[Turn] | list[Step] | None]:
    """The title, and turns or steps, of a record of any known shape."""
    if not isinstance(record, dict):
        return "", None
    title = str(record.get("title") or record.get("name") or "")
    readers: dict[str, Callable[[Any], list[Turn] | list[Step] | None]] = {
        "messages": _messages,
        "conversations": _messages,
        "conversation": _messages,
        "mapping": lambda mapping: _export(mapping, record.get("current_node")),
        "trajectory": _steps,
        "steps": _steps,
    }
    for name, read in readers.items():
        if record.get(name):
            task = str(
                record.get("task") or record.get("problem_statement") or record.get("instruction") or title
            )
            return task or title, read(record[name])
    return title, None


def _messages(messages: Any) -> list[Turn] | None:
    """Messages of OpenAI, Anthropic and ShareGPT."""
    turns: list[Turn] = []
    for message in messages if isinstance(messages, list) else [None]:
        if not isinstance(message, dict):
            return None
        role = _ROLES.get(str(message.get("role") or message.get("from") or "").lower())
        content = message.get("content", message.get("value"))
        if role is None:
            return None
        turns += _blocks(role, content)
        for call in message.get("tool_calls") or ():
            function = call.get("function", {})
            turns.append(("call", f"{function.get('name', '')}({function.get('arguments', '')})"))
    return turns


def _blocks(role: str, content: Any) -> Iterator[Turn]:
    """The text of a message, and the calls and results among its blocks."""
    if isinstance(content, str):
        if content.strip():
            yield role, content
        return
    for block in content if isinstance(content, list) else ():
        match block.get("type") if isinstance(block, dict) else None:
            case "text":
                yield role, str(block.get("text", ""))
            case "thinking":
                yield "thought", str(block.get("thinking", ""))
            case "tool_use":
                given = orjson.dumps(block.get("input", {})).decode()
                yield "call", f"{block.get('name', '')}({given})"
            case "tool_result":
                inner = block.get("content", "")
                yield (
                    "tool",
                    inner
                    if isinstance(inner, str)
                    else "\n".join(text for _, text in _blocks("tool", inner)),
                )


def _export(mapping: Any, last: Any) -> list[Turn] | None:
    """The branch of a ChatGPT export that its user saw last."""
    turns: list[Turn] = []
    seen: set[Any] = set()
    while isinstance(mapping, Mapping) and last in mapping and last not in seen:
        seen.add(last)
        node = mapping[last]
        message = node.get("message") or {}
        role = _ROLES.get((message.get("author") or {}).get("role", ""))
        parts = (message.get("content") or {}).get("parts") or []
        text = "\n".join(part for part in parts if isinstance(part, str)).strip()
        if role and text:
            turns.append((role, text))
        last = node.get("parent")
    return turns[::-1] or None


def _steps(steps: Any) -> list[Step] | None:
    """A list of thought, action and observation."""
    made = []
    for step in steps if isinstance(steps, list) else [None]:
        if not isinstance(step, dict) or not (step.get("action") or step.get("tool")):
            return None
        parts = (step.get("action") or step.get("tool"), step.get("observation") or step.get("result"),
                 step.get("thought") or step.get("reasoning"))  # fmt: skip
        action, observation, thought = (masked(_text(part)).strip() for part in parts)
        made.append(Step(action=action, observation=observation, thought=thought))
    return made


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()


def _thread(title: str, said: Sequence[Turn] | Sequence[Step]) -> Thread | None:
    turns = [turn for turn in said if isinstance(turn, tuple)]
    posts = [
        Post(text=masked(text).strip(), author=role) for role, text in turns if role in ("user", "assistant")
    ]
    if len({post.author for post in posts}) < 2:
        return None
    return Thread(title=masked(title), posts=tuple(posts))


def _trajectory(title: str, said: Sequence[Turn] | Sequence[Step]) -> Trajectory | None:
    """The first words of the user as the task; each call, or answer, with what came back."""
    steps = [step for step in said if isinstance(step, Step)]
    if steps:
        return Trajectory(task=masked(title), steps=tuple(steps)) if title else None
    turns = [turn for turn in said if isinstance(turn, tuple)]
    task = next((text for role, text in turns if role == "user"), "")
    thought = ""
    for role, text in turns[next((at for at, turn in enumerate(turns) if turn[0] == "user"), 0) + 1 :]:
        text = masked(text).strip()
        if role == "call":
            steps.append(Step(action=text, thought=thought))
            thought = ""
        elif role in ("tool", "user") and steps and not steps[-1].observation:
            steps[-1] = steps[-1].model_copy(update={"observation": text})
        elif role in ("assistant", "thought"):
            thought = f"{thought}\n\n{text}".strip()
    if thought:
        steps.append(Step(action=thought))
    return Trajectory(task=masked(task).strip(), steps=tuple(steps)) if task and steps else None
