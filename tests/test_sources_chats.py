"""Logs: chats are threads and what agents did is trajectories, whatever program kept them; secrets are masked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from seed_items import write

from factory.plugins import Broken, Found
from factory.records import Step, Thread, Trajectory
from factory.seeds.sources.chats import chats, masked

KEY = "sk-" + "a1B2" * 8
SHAPES: dict[str, dict[str, Any]] = {
    "openai": {"messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "How deep is the bay?"},
        {"role": "assistant", "content": "I shall look.", "tool_calls": [{"function": {"name": "look", "arguments": '{"bay": 1}'}}]},
        {"role": "tool", "content": f"3 m, token={KEY}"}, {"role": "assistant", "content": "Three metres."}]},
    "anthropic": {"messages": [
        {"role": "user", "content": [{"type": "text", "text": "How deep is the bay?"}]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "I shall look."}, {"type": "tool_use", "name": "look", "input": {"bay": 1}}]},
        {"role": "user", "content": [{"type": "tool_result", "content": [{"type": "text", "text": f"3 m {KEY}"}]}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Three metres."}]}]},
    "sharegpt": {"conversations": [{"from": "human", "value": "How deep is the bay?"}, {"from": "gpt", "value": "Three metres."}]},
    "export": {"title": "Bays", "current_node": "c", "mapping": {
        "a": {"parent": None, "message": None},
        "b": {"parent": "a", "message": {"author": {"role": "user"}, "content": {"parts": ["How deep is the bay?"]}}},
        "x": {"parent": "b", "message": {"author": {"role": "assistant"}, "content": {"parts": ["Two?"]}}},
        "c": {"parent": "b", "message": {"author": {"role": "assistant"}, "content": {"parts": ["Three metres."]}}}}},
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_chats_of_each_shape_are_threads(shape: str, tmp_path: Path) -> None:
    (item,) = chats(write(tmp_path / "a.jsonl", json.dumps(SHAPES[shape])), Thread)
    assert isinstance(item, Found) and isinstance(item.seed, Thread)
    assert (item.seed.posts[0].text, item.seed.posts[0].author) == ("How deep is the bay?", "user")
    assert item.seed.posts[-1].text == "Three metres."
    assert KEY not in item.seed.model_dump_json()
    (listed,) = chats(write(tmp_path / "b.json", json.dumps([SHAPES[shape]], indent=1)), Thread)
    assert isinstance(listed, Found) and listed.seed == item.seed


@pytest.mark.parametrize("shape", ["openai", "anthropic"])
def test_calls_of_tools_are_steps_with_what_came_back(shape: str, tmp_path: Path) -> None:
    (item,) = chats(write(tmp_path / "a.jsonl", json.dumps(SHAPES[shape])), Trajectory)
    assert isinstance(item, Found) and isinstance(item.seed, Trajectory)
    look, answer = item.seed.steps
    assert look.action.replace(" ", "") == 'look({"bay":1})'
    assert look.thought == "I shall look."
    assert look.observation.startswith("3 m") and KEY not in look.observation
    assert answer.action == "Three metres."
    assert item.seed.task == "How deep is the bay?"


def test_logs_of_thought_action_and_observation_are_trajectories(tmp_path: Path) -> None:
    record = {
        "task": "Mend it",
        "trajectory": [
            {"thought": "Look", "action": "ls", "observation": f"api_key: {KEY}"},
            {"action": "edit"},
        ],
    }
    (item,) = chats(write(tmp_path / "a.jsonl", json.dumps(record)), Trajectory)
    assert isinstance(item, Found) and isinstance(item.seed, Trajectory)
    assert [step.action for step in item.seed.steps] == ["ls", "edit"]
    assert item.seed.steps[0].observation == "api_key: [secret]"


OPENHANDS = [
    {
        "id": 1,
        "source": "agent",
        "action": "run",
        "args": {"command": "ls", "thought": "Look", "hidden": False},
    },
    {"id": 2, "source": "agent", "observation": "run", "content": "a.py", "cause": 1, "extras": {}},
    {"id": 3, "source": "agent", "action": "finish", "args": {"final_thought": "Mended."}},
]


@pytest.mark.parametrize(
    "record",
    [
        [{"id": 0, "source": "user", "action": "message", "args": {"content": "Mend it"}}, *OPENHANDS],
        {"instance_id": "a", "instruction": "Mend it", "history": OPENHANDS},
        {"instance_id": "a", "instruction": "Mend it", "history": [OPENHANDS[:2], OPENHANDS[2:]]},
    ],
    ids=["session", "output", "pairs"],
)
def test_events_of_openhands_are_trajectories(record: object, tmp_path: Path) -> None:
    (item,) = chats(write(tmp_path / "a.jsonl", json.dumps(record)), Trajectory)
    assert isinstance(item, Found) and isinstance(item.seed, Trajectory)
    assert item.seed.task == "Mend it"
    told = [(step.thought, step.action, step.observation) for step in item.seed.steps]
    assert told == [("Look", 'run({"command":"ls"})', "a.py"), ("", "Mended.", "")]


def test_an_exported_chat_keeps_the_programs_that_ran_and_needs_no_last_node(tmp_path: Path) -> None:
    said = [
        ({"role": "user"}, {"content_type": "text", "parts": ["Add 1 and 1"]}, "all"),
        ({"role": "assistant"}, {"content_type": "code", "text": "1 + 1"}, "python"),
        ({"role": "tool"}, {"content_type": "execution_output", "text": "2"}, "all"),
        ({"role": "assistant"}, {"content_type": "text", "parts": ["It is 2"]}, "all"),
    ]
    mapping = {
        str(number): {
            "message": {"author": author, "content": content, "recipient": recipient},
            "parent": str(number - 1),
        }
        for number, (author, content, recipient) in enumerate(said)
    }
    path = write(tmp_path / "conversations.json", json.dumps([{"title": "Sums", "mapping": mapping}]))
    (item,) = chats(path, Trajectory)
    assert isinstance(item, Found) and isinstance(item.seed, Trajectory)
    assert [(step.action, step.observation) for step in item.seed.steps] == [
        ("python(1 + 1)", "2"),
        ("It is 2", ""),
    ]
    (thread,) = chats(path, Thread)
    assert isinstance(thread, Found) and isinstance(thread.seed, Thread)
    assert [post.text for post in thread.seed.posts] == ["Add 1 and 1", "It is 2"]


def test_unknown_shapes_and_broken_lines_are_told_and_the_next_is_read(tmp_path: Path) -> None:
    lines = [
        '{"dialogue": [], "id": 3}',
        "nothing",
        json.dumps({"messages": [{"role": "user", "content": "Alone"}]}),
        json.dumps(SHAPES["openai"]),
    ]
    unknown, broken, alone, good = chats(write(tmp_path / "a.jsonl", "\n".join(lines)), Thread)
    assert isinstance(unknown, Broken) and "it has: dialogue, id" in unknown.error
    assert isinstance(broken, Broken) and "no JSON" in broken.error
    assert isinstance(alone, Broken) and "no message from a user" in alone.error
    assert isinstance(good, Found)


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        "ghp_" + "a" * 36,
        "AKIA" + "A1" * 8,
        "hf_" + "b" * 34,
        "xoxb-123456789012-abc",
        "glpat-" + "c" * 20,
        ".".join(("eyJ" + "d" * 30, "eyJ" + "e" * 30, "f" * 30)),
        "-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-128-CBC\n\nMIIE\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_secrets_are_masked_and_words_are_not(secret: str) -> None:
    assert secret not in masked(f"Use {secret} here")
    assert masked("The token economy, a password policy: strong. skeleton-key task-force") == (
        "The token economy, a password policy: strong. skeleton-key task-force"
    )


def test_a_key_that_breaks_off_is_masked_to_where_it_does() -> None:
    assert masked("Mine: -----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg") == "Mine: [secret]"


MORE_SHAPES: dict[str, Any] = {
    "bare list": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "How deep?"}, {"role": "assistant", "content": "Three."}],
    "function call": {"messages": [{"role": "user", "content": "How deep?"}, {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}},
                                   {"role": "function", "name": "look", "content": "3"}, {"role": "assistant", "content": "Three."}]},
    "sharegpt with tools": {"conversations": [{"from": "human", "value": "How deep?"}, {"from": "function_call", "value": "look({})"},
                                              {"from": "observation", "value": "3"}, {"from": "gpt", "value": "Three."}]},
    "export of Claude": {"name": "", "chat_messages": [{"sender": "human", "text": "How deep?", "content": []}, {"sender": "assistant", "text": "", "content": [{"type": "text", "text": "Three."}]}]},
}  # fmt: skip


@pytest.mark.parametrize("shape", MORE_SHAPES)
def test_chats_of_other_programs_are_threads_too(shape: str, tmp_path: Path) -> None:
    (item,) = chats(write(tmp_path / "a.jsonl", json.dumps(MORE_SHAPES[shape])), Thread)
    assert isinstance(item, Found), item
    posts = item.seed.posts  # type: ignore[attr-defined]
    assert [(post.author, post.text) for post in posts] == [("user", "How deep?"), ("assistant", "Three.")]
    if "call" in shape or "tools" in shape:
        (item,) = chats(write(tmp_path / "b.jsonl", json.dumps(MORE_SHAPES[shape])), Trajectory)
        assert isinstance(item, Found)
        look = item.seed.steps[0]  # type: ignore[attr-defined]
        assert (look.action, look.observation) == ("look({})", "3")


@pytest.mark.parametrize("ids", [("x", "y"), ("", "")])
def test_calls_that_are_made_at_once_each_have_what_came_back(ids: tuple[str, str], tmp_path: Path) -> None:
    one, two = ids
    calls = [
        {"id": name, "function": {"name": place, "arguments": "{}"}}
        for name, place in zip(ids, "ab", strict=True)
    ]
    answers = [
        {"role": "tool", "tool_call_id": one, "content": "of a"},
        {"role": "tool", "tool_call_id": two, "content": "of b"},
    ]
    messages = [{"role": "user", "content": "Look"}, {"role": "assistant", "content": "", "tool_calls": calls},
                *(answers[::-1] if one else answers), {"role": "assistant", "content": "Done."}]  # fmt: skip
    (item,) = chats(write(tmp_path / "a.jsonl", json.dumps({"messages": messages})), Trajectory)
    assert isinstance(item, Found)
    steps = item.seed.steps  # type: ignore[attr-defined]
    assert [(step.action, step.observation) for step in steps] == [
        ("a({})", "of a"),
        ("b({})", "of b"),
        ("Done.", ""),
    ]


def test_an_agents_log_of_one_record_over_many_lines_is_read(tmp_path: Path) -> None:
    log = {"history": [{"role": "system", "content": "You mend."}, {"role": "user", "content": "Mend it"}],
           "trajectory": [{"action": "ls\n", "observation": "a.py", "thought": "Look.", "state": "{}"}]}  # fmt: skip
    (item,) = chats(write(tmp_path / "a.traj", json.dumps(log, indent=2)), Trajectory)
    assert isinstance(item, Found)
    assert item.seed == Trajectory(
        task="Mend it", steps=(Step(action="ls", observation="a.py", thought="Look."),)
    )


def test_a_long_export_is_one_list_however_small_shards_are(tmp_path: Path) -> None:
    path = write(tmp_path / "conversations.json", json.dumps([SHAPES["export"]] * 50))
    assert list(chats.split(path, 100)) == []  # type: ignore[misc]
    found = list(chats(path, Thread))
    assert len(found) == 50 and found[49].origin.place == "record 50"


LOOKED = ("How deep?", [('look({"bay":1})', "3"), ("Three.", "Are you sure?"), ("Yes.", "")])
APART: dict[str, Any] = {
    "gemini": {"contents": [
        {"role": "user", "parts": [{"text": "How deep?"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "look", "args": {"bay": 1}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": "3"}}]},
        {"role": "model", "parts": [{"text": "Three."}]}, {"role": "user", "parts": [{"text": "Are you sure?"}]},
        {"role": "model", "parts": [{"text": "Yes."}]}]},
    "responses": {"input": "How deep?", "output": [
        {"type": "function_call", "call_id": "a", "name": "look", "arguments": '{"bay":1}'},
        {"type": "function_call_output", "call_id": "a", "output": "3"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Three."}]},
        {"role": "user", "content": "Are you sure?"}, {"role": "assistant", "content": "Yes."}]},
    "proxy": {"request": {"model": "m", "messages": [
        {"role": "user", "content": "How deep?"},
        {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "look", "arguments": '{"bay":1}'}}]},
        {"role": "tool", "tool_call_id": "a", "content": "3"}, {"role": "assistant", "content": "Three."},
        {"role": "user", "content": "Are you sure?"}]},
        "response": {"choices": [{"message": {"role": "assistant", "content": "Yes."}}]}},
}  # fmt: skip


@pytest.mark.parametrize("shape", APART)
def test_what_a_user_says_on_the_way_is_kept_whatever_shape_it_is_logged_in(
    shape: str, tmp_path: Path
) -> None:
    (item,) = chats(write(tmp_path / "a.jsonl", json.dumps(APART[shape])), Trajectory)
    assert isinstance(item, Found) and isinstance(item.seed, Trajectory), item
    assert (item.seed.task, [(step.action, step.observation) for step in item.seed.steps]) == LOOKED
    (item,) = chats(write(tmp_path / "a.jsonl", json.dumps(APART[shape])), Thread)
    assert isinstance(item, Found) and isinstance(item.seed, Thread)
    assert [post.text for post in item.seed.posts] == ["How deep?", "Three.", "Are you sure?", "Yes."]


def test_pictures_and_files_leave_a_mark_where_they_stood(tmp_path: Path) -> None:
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:x"}},
        {"type": "document", "source": {}},
    ]
    record = {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": "A bay."}]}
    (item,) = chats(write(tmp_path / "a.jsonl", json.dumps(record)), Thread)
    assert isinstance(item, Found) and isinstance(item.seed, Thread)
    assert item.seed.posts[0].text == "What is this?\n\n[image]\n\n[file]"


SESSIONS: dict[str, list[dict[str, Any]]] = {
    "Claude Code": [
        {"type": "summary", "summary": "Depths", "leafUuid": "u"},
        {"type": "user", "sessionId": "s", "message": {"role": "user", "content": "How deep?"}},
        {"type": "user", "sessionId": "s", "isMeta": True, "message": {"role": "user", "content": "a caveat"}},
        {"type": "assistant", "sessionId": "s", "message": {"role": "assistant", "content": [
            {"type": "tool_use", "id": "t", "name": "look", "input": {"bay": 1}}]}},
        {"type": "assistant", "sessionId": "s", "isSidechain": True, "message": {"role": "assistant", "content": "aside"}},
        {"type": "user", "sessionId": "s", "message": {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "content": "3"}]}},
        {"type": "assistant", "sessionId": "s", "message": {"role": "assistant", "content": [{"type": "text", "text": "Three."}]}},
    ],
    "Codex": [
        {"timestamp": "t", "type": "session_meta", "payload": {"id": "s"}},
        {"timestamp": "t", "type": "response_item", "payload": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How deep?"}]}},
        {"timestamp": "t", "type": "response_item", "payload": {"type": "function_call", "call_id": "a", "name": "look", "arguments": '{"bay":1}'}},
        {"timestamp": "t", "type": "response_item", "payload": {"type": "function_call_output", "call_id": "a", "output": "3"}},
        {"timestamp": "t", "type": "response_item", "payload": {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Three."}]}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("program", SESSIONS)
def test_a_session_of_an_agent_that_is_logged_event_by_event_is_one_seed(
    program: str, tmp_path: Path
) -> None:
    lines = [json.dumps(event) for event in SESSIONS[program]]
    path = write(tmp_path / "a.jsonl", "\n".join([*lines[:3], "cut off {", *lines[3:]]))
    broken, item = chats(path, Trajectory)
    assert isinstance(broken, Broken) and broken.origin.place == "line 4"
    assert isinstance(item, Found) and isinstance(item.seed, Trajectory)
    assert item.seed.task == "How deep?"
    assert [(step.action, step.observation) for step in item.seed.steps] == [
        ('look({"bay":1})', "3"),
        ("Three.", ""),
    ]
    assert chats.split is not None and not list(chats.split(path, 10))
