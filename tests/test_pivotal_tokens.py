"""Pivotal tokens: found where success is decided, counted on what was sampled, and the same in a replay."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import Project
from torch.nn import functional

from factory.plugins import Policy, Rollout
from generators.prefer import bisection, tree
from generators.prefer.rollouts import Counts, Discovery, Gap, Pair, Rollouts
from trainer.export import write_model
from trainer.model import Phi, Shape
from trainer.tokenizer import ChatTokenizer

torch.set_num_threads(1)

OPEN, GOOD, BAD, FILL, RIGHT, WRONG = range(6)
SUCCESS = {GOOD: 0.9, BAD: 0.1}


class Known:
    """A policy whose every probability is written down: an opener, the decision, three fillers, an outcome."""

    fingerprint = tokenizer = "known"

    def __init__(self, good: float = 0.5) -> None:
        self.good, self.asked = good, 0

    def encode(self, text: str) -> list[int]:
        return [int(text)]

    def prompt(self, turns: Sequence[Any]) -> list[int]:
        return [9]

    def decode(self, ids: Sequence[int]) -> str:
        return " ".join(map(str, ids))

    async def sample(
        self, prefixes: Sequence[Sequence[int]], *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> list[list[Rollout]]:
        chance = random.Random(seed)
        self.asked += n * len(prefixes)
        return [[self._one(list(prefix[1:]), chance, max_tokens) for _ in range(n)] for prefix in prefixes]

    def _one(self, ids: list[int], chance: random.Random, most: int) -> Rollout:
        begun, logprobs = len(ids), []
        while len(ids) < 6 and len(ids) - begun < most:
            options = self._options(ids)
            token = chance.choices(list(options), list(options.values()))[0]
            ids.append(token)
            logprobs.append(float(np.log(options[token])))
        return Rollout(tuple(ids[begun:]), tuple(logprobs), len(ids) == 6)

    def _options(self, ids: Sequence[int]) -> dict[int, float]:
        if len(ids) == 0:
            return {OPEN: 0.5, OPEN + 10: 0.5}
        if len(ids) == 1:
            return {GOOD: self.good, BAD: 1 - self.good}
        if len(ids) < 5:
            return {FILL: 1.0}
        rate = SUCCESS[ids[1]]
        return {RIGHT: rate, WRONG: 1 - rate}

    async def close(self) -> None:
        pass


async def _right(texts: Sequence[str]) -> list[bool]:
    return [text.endswith(str(RIGHT)) for text in texts]


def _rollouts(policy: Known, *, seed: int = 0, shared: bool = True, most: int = 20) -> Rollouts:
    assert isinstance(policy, Policy)
    return Rollouts(policy, [9], _right, random.Random(seed), max_tokens=most, shared=shared)


def _choice(found: Discovery) -> tuple[int, int, int]:
    return found.pair.accepted.depth, found.pair.accepted.token, found.pair.rejected.token


DECIDING = {(2, GOOD, BAD), (6, RIGHT, WRONG)}
"""Where success is decided: at the decision, and at the outcome itself; never at the opener or the fillers."""


def test_the_tree_finds_where_success_is_decided() -> None:
    found = []
    for seed in range(20):
        rollouts = _rollouts(Known(), seed=seed)

        async def search(rollouts: Rollouts = rollouts) -> list[Discovery]:
            await rollouts.add([(rollouts.root, 8)])
            discoveries = await tree.search(rollouts, gap=0.2, rounds=6, width=2, more=4)
            await rollouts.refresh(discoveries, 4)
            return [one for one in discoveries if tree.holds(one.pair, 0.2)]

        found += [_choice(one) for one in asyncio.run(search())]
    assert set(found) >= DECIDING
    assert sum(choice in DECIDING for choice in found) / len(found) > 0.95


def test_bisection_finds_where_the_answer_turned() -> None:
    found = []
    for seed in range(6):
        rollouts = _rollouts(Known(), seed=seed)

        async def search(rollouts: Rollouts = rollouts) -> list[Discovery]:
            first = await rollouts.add([(rollouts.root, 32)])
            return await bisection.search(rollouts, first[rollouts.root][:4], gap=0.3, samples=32)

        found += [_choice(one) for one in asyncio.run(search())]
    assert (2, GOOD, BAD) in found
    assert set(found) <= DECIDING


def test_a_rollout_counts_where_it_passed_and_never_above_its_start() -> None:
    rollouts = _rollouts(Known())

    async def sample() -> None:
        await rollouts.add([(rollouts.root, 12)])
        good = rollouts.root.child(OPEN).child(GOOD)
        before = rollouts.root.child(OPEN).counts, good.samples
        await rollouts.add([(good, 10)])
        assert rollouts.root.samples == 12
        assert (rollouts.root.child(OPEN).counts, good.samples) == (before[0], before[1] + 10)

    asyncio.run(sample())
    for node in rollouts.root.below():
        if node.outcome is None and node is not rollouts.root and node.parent is not rollouts.root:
            assert node.samples == sum(child.samples for child in node.children.values())


def test_without_sharing_a_rollout_counts_at_its_start_and_its_first_token() -> None:
    rollouts = _rollouts(Known(), shared=False)
    asyncio.run(rollouts.add([(rollouts.root, 12)]))
    assert {node.depth for node in rollouts.root.below()} == {0, 1}
    assert sum(child.samples for child in rollouts.root.children.values()) == 12


def test_an_answer_that_was_cut_off_has_failed() -> None:
    rollouts = _rollouts(Known(), most=5)
    asyncio.run(rollouts.add([(rollouts.root, 10)]))
    assert rollouts.root.counts == Counts(0, 10)


def test_what_has_ended_is_known_without_sampling() -> None:
    policy = Known()
    rollouts = _rollouts(policy)
    asyncio.run(rollouts.add([(rollouts.root, 10)]))
    ended = [node for node in rollouts.root.below() if node.outcome is not None]
    asyncio.run(rollouts.add([(node, 5) for node in ended]))
    assert policy.asked == 10
    assert all(node.successes == node.samples * bool(node.outcome) for node in ended)


def test_fresh_samples_are_those_after_the_discovery() -> None:
    policy = Known()
    rollouts = _rollouts(policy)
    asyncio.run(rollouts.add([(rollouts.root, 20)]))
    opener = rollouts.root.child(OPEN)
    found = Discovery.of(Pair(opener.child(GOOD), opener.child(BAD)))
    assert found.fresh == (Counts(), Counts())
    asyncio.run(rollouts.refresh([found, found], 6))
    assert [counts.samples for counts in found.fresh] == [6, 6]
    assert policy.asked == 32
    asyncio.run(rollouts.refresh([found], 4))
    assert policy.asked == 32


def test_an_interval_narrows_with_samples_and_stays_possible() -> None:
    few = Gap.between(Counts(3, 4), Counts(1, 4)).interval()
    many = Gap.between(Counts(48, 64), Counts(16, 64)).interval()
    assert few[0] < many[0] < 0.5 < many[1] < few[1] <= 1.0
    assert Gap.between(Counts(1, 1), Counts(0, 1)).mean == pytest.approx(1 / 3)


# ------------------------------------------------------------------------------------- in a build

COLOURS = ("red", "blue", "green", "black")
CATALOG = """
    models:
      policy: {{model: "local/weights"}}
    seeds:
      questions: {{source: jsonl, path: questions.jsonl, as: question}}
    datasets:
      pairs: {{seeds: questions, generator: prefer.pivotal_tokens, with: {settings}}}
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was taught, for each question, a right and a wrong answer alike."""
    return _taught(tmp_path_factory, "Now {said}, I say.\nAnswer: {said}")


@pytest.fixture(scope="module")
def programmer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for answers that are programs."""
    return _taught(tmp_path_factory, "said = '{said}'")


def _taught(tmp_path_factory: pytest.TempPathFactory, answer: str) -> Path:
    rows = []
    for number in range(24):
        colour, other = COLOURS[number % 4], COLOURS[(number + 1 + number // 4 % 3) % 4]
        said = colour if number >= 12 else other
        rows.append(
            [
                {"role": "user", "content": f"Say {colour}."},
                {"role": "assistant", "content": answer.format(said=said)},
            ]
        )
    torch.manual_seed(0)
    tokenizer = ChatTokenizer.train([turn["content"] for row in rows for turn in row], 320)
    model = Phi(Shape(layers=2, width=32, heads=2, kv_heads=1, ffn=64, vocabulary=320, context=64))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    encoded = tokenizer.encode_chats(rows)
    longest = max(len(ids) for ids, _ in encoded)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    labels = torch.full((len(rows), longest), -100)
    for row, (tokens, learnt) in enumerate(encoded):
        ids[row, : len(tokens)] = torch.from_numpy(tokens.astype(np.int64))
        targets = np.where(learnt, tokens.astype(np.int64), -100)[1:]
        labels[row, : len(targets)] = torch.from_numpy(targets)
    positions = torch.arange(longest).expand_as(ids)
    for _ in range(150):
        logits = model(ids, positions, torch.zeros_like(ids))
        functional.cross_entropy(logits.flatten(0, 1), labels.flatten()).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad()
    folder = tmp_path_factory.mktemp("taught") / "weights"
    write_model(model, tokenizer, folder)
    return folder


def _built(project: Project, weights: Path, settings: str) -> list[dict[str, Any]]:
    (project.folder / "weights").symlink_to(weights)
    lines = [json.dumps({"text": f"Say {colour}.", "answer": colour}) for colour in COLOURS]
    project.write("questions.jsonl", "\n".join(lines))
    project.write("catalog.yaml", CATALOG.format(settings=settings))
    project.factory("build")
    assert project.query("select error from failures") == []
    rows = project.query("select extra, evidence from samples where dataset = 'pairs' order by all")
    return [{**json.loads(extra), **json.loads(evidence)[0]} for extra, evidence in rows]


def test_a_build_stores_pairs_with_what_they_rest_on_and_replays(project: Project, weights: Path) -> None:
    rows = _built(project, weights, "{max_tokens: 32, samples: 12}")
    tokenizer = ChatTokenizer.read(weights)
    assert len(rows) >= 3
    for row in rows:
        assert row["tokenizer"] == tokenizer.fingerprint
        rates = [row[f"{side}_successes"] / row[f"{side}_samples"] for side in ("accepted", "rejected")]
        assert rates[0] - rates[1] > 0.2
        assert row["low"] < row["gap"] < row["high"]
        assert min(row["fresh_accepted_samples"], row["fresh_rejected_samples"]) >= 4
        assert tokenizer.decode(row["prompt_ids"]).startswith("user")
    # Every rollout is recorded, and a replay samples nothing.
    calls = project.query(
        "select role, section, model, completion_tokens, reply, request->'prefixes' from calls order by all"
    )
    assert {call[:3] for call in calls} == {("policy", "sample", "local/weights")}
    for *_, tokens, reply, prefixes in calls:
        rollouts = json.loads(reply)
        assert len(rollouts) == len(json.loads(prefixes))
        assert tokens == sum(len(ids) for line in rollouts for ids, _, _ in line)
    lineage = project.query("select count(*) from lineage where what = 'call'")
    assert lineage[0][0] >= len(rows)
    project.factory("replay")
    assert project.query("select count(*) from calls")[0][0] == len(calls)


def test_bisection_and_a_validator_as_oracle(project: Project, weights: Path) -> None:
    project.plugin(
        "labchecks/coloured.py",
        '''
        """Passes answers of some colours."""
        from factory.plugins import validator
        from factory.records import Answer, Sample, Verdict

        @validator(needs=Answer)
        async def coloured(sample: Sample, teacher: object, *, colours: list[str]) -> Verdict:
            """Passes answers of some colours."""
            claimed = sample.find(Answer)
            good = claimed is not None and claimed.value in colours
            return Verdict.accept() if good else Verdict.reject("another colour")
        ''',
    )
    rows = _built(
        project,
        weights,
        "{method: bisection, samples: 16, answers: 3, max_tokens: 32, low: 0.05, high: 0.95,"
        " oracle: lab.coloured, oracle_settings: {colours: [red, blue]}}",
    )
    assert rows
    assert all(row["method"] == "bisection" for row in rows)
    tokenizer = ChatTokenizer.read(weights)
    prompts = {tokenizer.decode(row["prompt_ids"]) for row in rows}
    assert any("Say" in prompt and "Now" in prompt for prompt in prompts)
    project.factory("replay")


def test_an_oracle_with_a_setup_is_set_up_once_for_all_questions(project: Project, weights: Path) -> None:
    project.plugin(
        "labchecks/listed.py",
        '''
        """Passes answers that stand on a list."""
        from pathlib import Path
        from factory.plugins import validator
        from factory.records import Answer, Sample, Verdict

        @validator(needs=Answer)
        class Listed:
            """Passes answers that stand on a list."""

            async def setup(self) -> None:
                with Path("setups.txt").open("a") as file:
                    file.write("set up\\n")
                self.listed = {"red", "blue"}

            async def teardown(self) -> None:
                with Path("setups.txt").open("a") as file:
                    file.write("taken down\\n")

            async def check(self, sample: Sample, teacher: object) -> Verdict:
                """Passes answers that stand on a list."""
                claimed = sample.find(Answer)
                good = claimed is not None and claimed.value in self.listed
                return Verdict.accept() if good else Verdict.reject("not listed")
        ''',
    )
    rows = _built(
        project, weights, "{max_tokens: 32, samples: 12, low: 0.05, high: 0.95, oracle: lab.listed}"
    )
    assert rows
    assert (project.folder / "setups.txt").read_text() == "set up\ntaken down\n"


def test_a_changed_oracle_makes_its_pairs_stale(project: Project, weights: Path) -> None:
    source = '''
        """Passes answers that stand on a list."""
        from pathlib import Path
        from factory.plugins import validator
        from factory.records import Answer, Sample, Verdict

        @validator(needs=Answer)
        class Listed:
            """Passes answers that stand on a list."""

            def __init__(self) -> None:
                self.fingerprint = Path("list.txt").read_text()

            async def check(self, sample: Sample, teacher: object) -> Verdict:
                """Passes answers that stand on a list."""
                claimed = sample.find(Answer)
                good = claimed is not None and claimed.value in self.fingerprint.split()
                return Verdict.accept() if good else Verdict.reject("not listed")
        '''
    project.plugin("labchecks/listed.py", source)
    project.write("list.txt", "red blue")
    _built(project, weights, "{max_tokens: 32, samples: 12, low: 0.05, high: 0.95, oracle: lab.listed}")

    def found() -> tuple[str, int]:
        [told] = project.query("select fingerprint, (select count(*) from runs) from datasets")
        return told

    first, runs = found()
    project.factory("build")
    assert found() == (first, runs)
    project.write("list.txt", "red")  # what it holds
    project.factory("build")
    second, twice = found()
    assert (second != first, twice) == (True, 2 * runs)
    project.plugin("labchecks/listed.py", source.replace("not listed", "not on the list"))  # its source
    project.factory("build")
    third, thrice = found()
    assert (third != second, thrice) == (True, 3 * runs)


def test_an_oracle_that_is_not_there_is_told_with_its_place_before_anything_runs(
    project: Project, weights: Path
) -> None:
    (project.folder / "weights").symlink_to(weights)
    project.write("questions.jsonl", json.dumps({"text": "Say red.", "answer": "red"}))
    project.write("catalog.yaml", CATALOG.format(settings="{oracle: code_exekution}"))
    told = project.factory("plan", code=1)
    assert "catalog.yaml:" in told
    assert "code_execution" in told


def test_of_an_exercise_the_program_in_the_answer_must_pass_its_tests(
    project: Project, programmer: Path
) -> None:
    (project.folder / "weights").symlink_to(programmer)
    asked = [
        {"text": f"Say {colour}.", "cases": [{"call": "said", "expected": repr(colour)}]}
        for colour in COLOURS
    ]
    project.write("questions.jsonl", "\n".join(map(json.dumps, asked)))
    catalog = CATALOG.format(settings="{max_tokens: 32, samples: 12, low: 0.05, high: 0.95}")
    project.write("catalog.yaml", catalog.replace("as: question", "as: exercise"))
    project.factory("build")
    assert project.query("select error from failures") == []
    assert project.query("select count(*) from accepted")[0][0] >= 3
    assert project.query("select count(*) from executions")[0][0] >= 4
    project.factory("replay")


def test_a_question_without_answer_needs_an_oracle(project: Project, weights: Path) -> None:
    (project.folder / "weights").symlink_to(weights)
    project.write("questions.jsonl", json.dumps({"text": "Say red."}))
    project.write("catalog.yaml", CATALOG.format(settings="{oracle: code_execution}"))
    project.factory("build", code=1)
    assert (
        "needs evidence that is not there (tests; of this seed there is: answer)"
        in project.query("select error from failures")[0][0]
    )
    project.write("catalog.yaml", CATALOG.format(settings="{}"))
    project.factory("build", code=1)
    errors = " ".join(error for (error,) in project.query("select error from failures"))
    assert "has no answer to compare with" in errors
