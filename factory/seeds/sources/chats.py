"""Seeds from logs of chats and of agents: what was asked, and step by step what was done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from factory.plugins import Broken, Found, Item, Span, source
from factory.records import Origin, Post, Seed, Step, Thread, Trajectory
from factory.seeds.jsonfile import NoJson, records, spans


class Turn(NamedTuple):
    """Who speaks (user, assistant, system, tool, call, thought), what is said, and the id that joins a call with
    what came back, where the log has one."""

    role: str
    text: str
    id: str = ""


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
          "developer": "system", "claude": "assistant", "bing": "assistant", "bard": "assistant", "tool": "tool",
          "function": "tool", "observation": "tool", "ipython": "tool", "tool_response": "tool",
          "function_call": "call", "tool_call": "call"}  # fmt: skip
# What an action of OpenHands was given; the rest of its `args` is about the run.
_GIVEN = ("command", "code", "path", "content", "file_text", "old_str", "new_str", "insert_line", "view_range",
          "url", "browser_actions", "query", "name", "arguments")  # fmt: skip


@source(gives=(Thread, Trajectory), split=spans)
def chats(path: Path, kind: type[Seed], span: Span | None = None) -> Iterator[Item]:
    """Logs of chats (JSON lines, or a JSON list of conversations): each a thread, or a trajectory of an agent.

    Known shapes, told record by record: OpenAI messages with tool calls, Anthropic content blocks, ShareGPT
    conversations, exports of ChatGPT and Claude, trajectories of thought, action and observation, and the events of
    OpenHands. Keys, tokens and
    passwords are masked as "[secret]". A record of another shape is kept as broken, with the keys it has.
    """
    for place, record in records(path, span):
        origin = Origin(address=str(path), place=place)
        if isinstance(record, NoJson):
            yield Broken(origin, record)
            continue
        try:
            title, said = _shape(record)
        except (
            AttributeError,
            TypeError,
            KeyError,
            RecursionError,
        ):  # names of a known shape, with other values
            title, said = "", None
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


def _shape(record: Any) -> tuple[str, list[Turn] | list[Step] | None]:
    """The title, and turns or steps, of a record of any known shape."""
    if isinstance(record, list):
        return "", _messages(record) or _events(record)
    if not isinstance(record, dict):
        return "", None
    title = str(record.get("title") or record.get("name") or "")
    readers: dict[str, Callable[[Any], list[Turn] | list[Step] | None]] = {
        "messages": _messages,
        "conversations": _messages,
        "conversation": _messages,
        "chat_messages": _messages,
        "mapping": lambda mapping: _export(mapping, record.get("current_node")),
        "trajectory": _steps,
        "steps": _steps,
        "history": _events,
    }
    for name, read in readers.items():
        if record.get(name):
            told = (record.get(key) for key in ("task", "problem_statement", "instruction"))
            task, said = str(next(filter(None, told), "")), read(record[name])
            if task and said and isinstance(said[0], Turn) and not any(turn[0] == "user" for turn in said):
                said = [Turn("user", task), *said]
            return task or title or _asked(record), said
    return title, None


def _asked(record: Mapping[str, Any]) -> str:
    """What the user asked for first, where a log of steps keeps the messages beside them."""
    turns = _messages(record.get("history")) or ()
    return next((turn.text for turn in turns if turn.role == "user"), "")


def _messages(messages: Any) -> list[Turn] | None:
    """Messages of OpenAI, Anthropic and ShareGPT."""
    turns: list[Turn] = []
    for message in messages if isinstance(messages, list) else [None]:
        if not isinstance(message, dict):
            return None
        said = (message.get(key) for key in ("role", "from", "sender"))
        role = _ROLES.get(str(next(filter(None, said), "")).lower())
        content = next((message[key] for key in ("content", "value", "text") if message.get(key)), None)
        if role is None:
            return None
        if isinstance(thought := message.get("reasoning_content") or message.get("reasoning"), str):
            turns.append(Turn("thought", thought))
        turns += _blocks(role, content, str(message.get("tool_call_id") or ""))
        turns += _calls(message)
    return turns


def _calls(message: Mapping[str, Any]) -> Iterator[Turn]:
    """The calls of tools beside a message's text."""
    if isinstance(message.get("function_call"), dict):
        yield Turn("call", _call(message["function_call"]))
    for call in message.get("tool_calls") or ():
        if isinstance(call, dict):
            function = call.get("function")
            yield Turn(
                "call", _call(function if isinstance(function, dict) else call), str(call.get("id") or "")
            )


def _call(function: Mapping[str, Any]) -> str:
    return f"{function.get('name', '')}({_text(function.get('arguments', function.get('args')))})"


def _blocks(role: str, content: Any, call: str = "") -> Iterator[Turn]:
    """The text of a message, and the calls and results among its blocks."""
    if isinstance(content, str):
        if content.strip() or role == "tool":
            yield Turn(role, content, call)
        return
    for block in content if isinstance(content, list) else ():
        match block.get("type") if isinstance(block, dict) else None:
            case "text" | "input_text" | "output_text":
                yield Turn(role, str(block.get("text", "")), call)
            case "thinking":
                yield Turn("thought", str(block.get("thinking", "")))
            case "tool_use":
                given = orjson.dumps(block.get("input", {})).decode()
                yield Turn("call", f"{block.get('name', '')}({given})", str(block.get("id") or ""))
            case "tool_result":
                inner = block.get("content", "")
                told = (
                    inner if isinstance(inner, str) else "\n".join(one.text for one in _blocks("tool", inner))
                )
                yield Turn("tool", told, str(block.get("tool_use_id") or ""))


def _export(mapping: Any, last: Any) -> list[Turn] | None:
    """The branch of a ChatGPT export that its user saw last; where none is named, that of the last message."""
    turns: list[Turn] = []
    seen: set[Any] = set()
    if isinstance(mapping, Mapping) and last is None:
        last = next(reversed(mapping), None)
    while isinstance(mapping, Mapping) and last in mapping and last not in seen:
        seen.add(last)
        message = mapping[last].get("message") or {}
        author, content = message.get("author") or {}, message.get("content") or {}
        role = _ROLES.get(author.get("role", ""))
        parts = content.get("parts") or [content.get("text")]
        text = "\n".join(part for part in parts if isinstance(part, str)).strip()
        tool = message.get("recipient") or "all"
        if role == "assistant" and tool != "all":
            role, text = "call", f"{tool}({text})"
        elif content.get("content_type") in ("thoughts", "reasoning_recap"):
            role = "thought"
        if role and text:
            turns.append(Turn(role, text))
        last = mapping[last].get("parent")
    return turns[::-1] or None


def _events(events: Any) -> list[Turn] | None:
    """The events of OpenHands: what was asked, what the agent did and why, and what came of it."""
    turns: list[Turn] = []
    for event in _flat(events):
        if not isinstance(event, dict):
            return None
        action, args = event.get("action"), event.get("args")
        if "observation" in event:
            turns.append(Turn("tool", _text(event.get("content")), str(event.get("cause") or "")))
        elif action == "message" and isinstance(args, dict):
            role = "user" if event.get("source") == "user" else "assistant"
            turns.append(Turn(role, _text(args.get("content"))))
        elif action not in ("system", "recall", "change_agent_state") and action and isinstance(args, dict):
            thought = args.get("final_thought") or args.get("thought")
            turns.append(Turn("thought", _text(thought)))
            if action != "finish":
                given = {name: args[name] for name in _GIVEN if args.get(name)}
                turns.append(Turn("call", f"{action}({_text(given)})", str(event.get("id") or "")))
    return [turn for turn in turns if turn.text.strip()] or None


def _flat(events: Any) -> Iterator[Any]:
    """Events one by one; older logs hold pairs of what was done and what came of it."""
    for event in events if isinstance(events, list) else ():
        yield from event if isinstance(event, list) else (event,)


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
    turns = [turn for turn in said if isinstance(turn, Turn)]
    posts = [
        Post(text=masked(turn.text).strip(), author=turn.role)
        for turn in turns
        if turn.role in ("user", "assistant") and turn.text.strip()
    ]
    if len({post.author for post in posts}) < 2:
        return None
    return Thread(title=masked(title), posts=tuple(posts))


def _trajectory(title: str, said: Sequence[Turn] | Sequence[Step]) -> Trajectory | None:
    """The first words of the user as the task; each call, or answer, with what came back."""
    steps = [step for step in said if isinstance(step, Step)]
    if steps:
        return Trajectory(task=masked(title), steps=tuple(steps)) if title else None
    turns = [turn for turn in said if isinstance(turn, Turn)]
    first = next((at for at, turn in enumerate(turns) if turn.role == "user"), 0)
    task = turns[first].text if turns else ""
    thought = answer = ""
    waiting: dict[int, str] = {}  # calls without an answer yet: several may be made at once
    for role, text, call in turns[first + 1 :]:
        text = masked(text).strip()
        if role == "call":
            waiting[len(steps)] = call
            steps.append(Step(action=text, thought=f"{thought}\n\n{answer}".strip()))
            thought = answer = ""
        elif role in ("tool", "user") and waiting:
            at = next((at for at, asked in waiting.items() if call and asked == call), min(waiting))
            steps[at] = steps[at].model_copy(update={"observation": text})
            del waiting[at]
        elif role == "thought":
            thought, waiting = f"{thought}\n\n{text}".strip(), {}
        elif role == "assistant":
            answer, waiting = f"{answer}\n\n{text}".strip(), {}
    if answer:
        steps.append(Step(action=answer, thought=thought))
    elif thought:
        steps.append(Step(action=thought))
    return Trajectory(task=masked(task).strip(), steps=tuple(steps)) if task and steps else None
