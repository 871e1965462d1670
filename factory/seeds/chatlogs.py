"""Logs of chats and of agents as turns: who says what, or calls which tool, in the shapes that programs write."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

import orjson

from factory.records import Step


class Turn(NamedTuple):
    """Who speaks (user, assistant, system, tool, call, thought), what is said, and the id that joins a call with
    what came back, where the log has one."""

    role: str
    text: str
    id: str = ""


ODD = (AttributeError, TypeError, KeyError, RecursionError)
"""What the reading raises of a record that has the names of a known shape, with other values behind them."""

Said: TypeAlias = Sequence[Turn] | Sequence[Step] | None
"""Turns, or the steps of a log that has them as such; None: the record has another shape."""

_ROLES = {"human": "user", "user": "user", "prompter": "user", "gpt": "assistant", "chatgpt": "assistant",
          "assistant": "assistant", "bot": "assistant", "ai": "assistant", "model": "assistant", "system": "system",
          "developer": "system", "claude": "assistant", "bing": "assistant", "bard": "assistant", "tool": "tool",
          "function": "tool", "observation": "tool", "ipython": "tool", "tool_response": "tool",
          "function_call": "call", "tool_call": "call"}  # fmt: skip
# What an action of OpenHands was given; the rest of its `args` is about the run.
_GIVEN = ("command", "code", "path", "content", "file_text", "old_str", "new_str", "insert_line", "view_range",
          "url", "browser_actions", "query", "name", "arguments")  # fmt: skip
# What is no text leaves a mark: an answer to a picture is none to the words beside it.
_SHOWN = {"image": "[image]", "image_url": "[image]", "input_image": "[image]", "image_asset_pointer": "[image]",
          "audio": "[audio]", "input_audio": "[audio]", "audio_asset_pointer": "[audio]", "video": "[video]",
          "document": "[file]", "file": "[file]", "input_file": "[file]", "inlineData": "[file]",
          "fileData": "[file]"}  # fmt: skip


def told(record: Any) -> tuple[str, Said]:
    """The title, and turns or steps, of a record of any known shape. Raises `ODD`."""
    if isinstance(record, list):
        return "", _messages(record) or _events(record)
    if not isinstance(record, dict):
        return "", None
    title = str(record.get("title") or record.get("name") or "")
    if both := _asked_and_answered(record):
        return title, _messages(both) or _items(both)
    readers: dict[str, Callable[[Any], Said]] = {
        "messages": _messages,
        "conversations": _messages,
        "conversation": _messages,
        "chat_messages": _messages,
        "contents": _messages,
        "items": _messages,
        "mapping": lambda mapping: _export(mapping, record.get("current_node")),
        "trajectory": lambda steps: _steps(steps) or _messages(steps),
        "traj": lambda steps: _steps(steps) or _messages(steps),
        "steps": _steps,
        "history": _events,
    }
    for name, read in readers.items():
        if record.get(name):
            known = (record.get(key) for key in ("task", "problem_statement", "instruction"))
            task, said = str(next(filter(None, known), "")), read(record[name])
            turns = [turn for turn in said or () if isinstance(turn, Turn)]
            if task and turns and not any(turn.role == "user" for turn in turns):
                said = [Turn("user", task), *turns]
            return task or title or _first_asked(record), said
    return title, None


def is_event(record: Any) -> bool:
    """Whether a record is one event of a session whose file is the log: of Claude Code, or of Codex."""
    if not isinstance(record, dict) or not isinstance(record.get("type"), str):
        return False
    told_by = ("sessionId", "leafUuid", "snapshot")
    return any(name in record for name in told_by) or ("payload" in record and "timestamp" in record)


def session(records: Iterable[Any]) -> tuple[str, Said]:
    """The title and the turns of a session, event by event; what agents below it did is left out. Raises `ODD`."""
    title, said = "", list[Turn]()
    for record in records:
        if not isinstance(record, dict) or record.get("isSidechain") or record.get("isMeta"):
            continue
        if record.get("type") == "summary":
            title = str(record.get("summary") or "")
        elif record.get("type") in ("user", "assistant"):
            said += _messages([record.get("message")]) or ()
        elif record.get("type") == "response_item":
            said += _items([record.get("payload")]) or ()
    return title, said


def _asked_and_answered(record: Mapping[str, Any]) -> list[Any]:
    """The messages of a record that keeps what was asked and what was answered apart: a call as a proxy logs it,
    OpenAI's responses, prompts and completions of trainers."""
    request, response = record.get("request"), record.get("response")
    if isinstance(request, dict) and isinstance(response, dict):
        body = response.get("body", response)
        given = [choice["message"] for choice in body.get("choices") or ()] or body.get("output")
        return _listed(request.get("messages") or request.get("input")) + _listed(given or [body])
    for asked, answered in (("input", "output"), ("prompt", "completion")):
        if isinstance(record.get(answered), list):
            return _listed(record.get(asked)) + _listed(record[answered])
    return []


def _listed(messages: Any) -> list[Any]:
    """Messages as a list; a text alone is its user's."""
    return [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages or ())


def _first_asked(record: Mapping[str, Any]) -> str:
    """What the user asked for first, where a log of steps keeps the messages beside them."""
    turns = _messages(record.get("history")) or ()
    return next((turn.text for turn in turns if turn.role == "user"), "")


def _messages(messages: Any) -> list[Turn] | None:
    """Messages of OpenAI, Anthropic, Gemini, LangChain and ShareGPT."""
    turns: list[Turn] = []
    for message in messages if isinstance(messages, list) else [None]:
        if not isinstance(message, dict):
            return None
        if pair := _pair(message):
            turns += pair
            continue
        said = (message.get(key) for key in ("role", "from", "sender", "type"))
        role = _ROLES.get(str(next(filter(None, said), "")).lower())
        contents = ("content", "value", "text", "parts", "refusal")
        content = next((message[key] for key in contents if message.get(key)), None)
        if role is None:
            return None
        if isinstance(thought := message.get("reasoning_content") or message.get("reasoning"), str):
            turns.append(Turn("thought", thought))
        turns += _blocks(role, content, str(message.get("tool_call_id") or ""))
        turns += _calls(message)
    return turns


def _pair(message: Mapping[str, Any]) -> list[Turn]:
    """A question and its answer in one record, by the names of who said them."""
    if isinstance(answer := message.get("assistant"), str):
        return [
            Turn("user", str(message.get("human") or message.get("user") or "")),
            Turn("assistant", answer),
        ]
    return []


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


def _blocks(role: str, content: Any, call: str = "") -> list[Turn]:
    """The text of a message as one turn, but for the calls and results among its blocks."""
    if isinstance(content, str):
        return [Turn(role, content, call)] if content.strip() or role == "tool" else []
    found = (_block(role, block, call) for block in content) if isinstance(content, list) else ()
    turns: list[Turn] = []
    for said, alike in itertools.groupby(filter(None, found), key=attrgetter("role")):
        several = list(alike)
        if said == role and len(several) > 1:
            several = [Turn(role, "\n\n".join(turn.text for turn in several), call)]
        turns += several
    return turns


def _block(role: str, block: Any, call: str) -> Turn | None:
    match block:
        case str():
            return Turn(role, block, call)
        case {"type": "thinking", "thinking": thought}:
            return Turn("thought", str(thought))
        case {"type": "tool_use"}:
            given = orjson.dumps(block.get("input", {})).decode()
            return Turn("call", f"{block.get('name', '')}({given})", str(block.get("id") or ""))
        case {"type": "tool_result"}:
            inner = "\n".join(one.text for one in _blocks("tool", block.get("content", "")))
            return Turn("tool", inner, str(block.get("tool_use_id") or ""))
        case {"functionCall": {"name": name} as function}:
            return Turn("call", _call(function), str(name))
        case {"functionResponse": {"name": name} as function}:
            return Turn("tool", _text(function.get("response")), str(name))
        case {"text": str(text)} | {"refusal": str(text)} if text.strip():
            return Turn("thought" if block.get("thought") else role, text, call)
        case {"type": str(kind)} | {"content_type": str(kind)} if kind in _SHOWN:
            return Turn(role, _SHOWN[kind], call)
        case dict():
            return next((Turn(role, _SHOWN[kind], call) for kind in block if kind in _SHOWN), None)
    return None


def _items(items: Any) -> list[Turn] | None:
    """What OpenAI's responses are made of: messages, calls, what came back, and summaries of thoughts."""
    turns: list[Turn] = []
    for item in items if isinstance(items, list) else [None]:
        if not isinstance(item, dict):
            return None
        kind, call = str(item.get("type") or "message"), str(item.get("call_id") or item.get("id") or "")
        if kind.endswith("_output"):
            output = item.get("output")
            turns.append(Turn("tool", _text(output), call))
        elif kind.endswith("_call"):
            given = item.get("arguments") or item.get("input") or item.get("action")
            turns.append(Turn("call", f"{item.get('name') or kind}({_text(given)})", call))
        elif kind == "reasoning":
            turns += _blocks("thought", item.get("summary") or item.get("content"))
        elif kind == "message":
            turns += _messages([item]) or ()
    return turns


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
        parts = _blocks("user", content.get("parts") or [content.get("text")])
        text = "\n".join(part.text for part in parts).strip()
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
        action, observation, thought = map(_text, parts)
        made.append(Step(action=action, observation=observation, thought=thought))
    return made


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()
