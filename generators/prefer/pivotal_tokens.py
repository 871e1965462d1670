"""prefer.pivotal_tokens: single tokens that decide whether an answer succeeds, in pairs of a good and a bad one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from factory.discovery import VALIDATORS, load
from factory.errors import PluginError, TeacherError
from factory.plugins import Judge, generator
from factory.records import Answer, Chat, Evidence, Exercise, Message, Question, Seed, Tests, TokenPreference
from factory.teacher import Teacher
from generators.prefer import bisection, tree
from generators.prefer.rollouts import Discovery, Oracle, Rollouts
from validators.answers import final_answer, same
from validators.settings import Amount, Count, Share
from validators.syntax import program_in

PROGRAMS = "code_execution"
"""The oracle of exercises, where none is named."""


class Estimates(Evidence, kind="estimates"):
    """How sure a pivotal pair is. `gap` and its interval (90%, `low` to `high`) are posterior, over all samples; the
    fresh counts are of rollouts made after the pair was found, which no selection has favoured."""

    method: str
    gap: float
    low: float
    high: float
    fresh_accepted_successes: int
    fresh_accepted_samples: int
    fresh_rejected_successes: int
    fresh_rejected_samples: int


def _asked(settings: Any, seeds: type[Seed]) -> dict[str, dict[str, Any]]:
    """The validator that is the oracle, if one is."""
    name = settings.oracle or (PROGRAMS if issubclass(seeds, Exercise) else "")
    return {name: settings.oracle_settings} if name else {}


@generator(
    seeds=(Question, Exercise), gives=TokenPreference, evidence=Estimates, roles="policy", judges=_asked
)
async def pivotal_tokens(
    question: Question | Exercise,
    teacher: Teacher,
    *,
    method: Literal["tree", "bisection"] = "tree",
    gap: Annotated[float, Field(gt=0, lt=1)] = 0.2,
    samples: Annotated[int, Field(ge=2)] = 8,
    fresh: Count = 4,
    rounds: Amount = 6,
    width: Count = 2,
    more: Count = 4,
    answers: Count = 1,
    low: Share = 0.2,
    high: Share = 0.8,
    temperature: Annotated[float, Field(gt=0)] = 1.0,
    max_tokens: Count = 1024,
    system: str = "",
    oracle: str = "",
    oracle_settings: dict[str, Any] = {},  # noqa: B006 - pydantic copies it
) -> AsyncIterator[TokenPreference]:
    """Pairs of tokens after one prefix, of which one makes success likelier by `gap` or more than the other.

    `samples`: rollouts from the question, and with bisection from every node; only where `low` to `high` of them
    succeed is it searched. `rounds`, `width`, `more`: how the tree goes on; `answers`: how many bisection splits;
    `fresh`: rollouts on each side that confirm a pair. `oracle`: a validator that asks no model and needs no
    evidence but an answer, or of an exercise its tests; without one, the final answer must be the question's, and the
    program must pass (`code_execution`). Source: phi-4 report, pivotal token search; the tree, and all numbers but the
    band of success, are ours.
    """
    policy = teacher.policy("policy")
    turns = [Message(role="system", content=system)] if system else []
    turns.append(Message(role="user", content=question.text))
    rollouts = Rollouts(
        policy,
        policy.prompt([turn.model_dump() for turn in turns]),
        await _oracle(question, teacher, oracle, oracle_settings),
        teacher.random,
        max_tokens=max_tokens,
        temperature=temperature,
    )
    first = await rollouts.add([(rollouts.root, samples)])
    if not low <= rollouts.root.successes / rollouts.root.samples <= high:
        return
    if method == "tree":
        found = await tree.search(rollouts, gap=gap, rounds=rounds, width=width, more=more)
    else:
        paths = first[rollouts.root][:answers]
        found = await bisection.search(rollouts, paths, gap=gap, samples=samples)
    holds = {"tree": tree.holds, "bisection": bisection.holds}[method]
    await rollouts.refresh(found, fresh)
    for one in found:
        counts, others = one.fresh
        if holds(one.pair, gap) and counts.mean > others.mean:
            yield _preference(one, rollouts, method)


def _preference(found: Discovery, rollouts: Rollouts, method: str) -> TokenPreference:
    """The pair with all that is known of it."""
    pair, policy = found.pair, rollouts.policy
    (accepted, rejected), (low, high) = found.fresh, pair.gap.interval()
    estimates = Estimates(
        method=method,
        gap=round(pair.gap.mean, 4),
        low=round(low, 4),
        high=round(high, 4),
        fresh_accepted_successes=accepted.successes,
        fresh_accepted_samples=accepted.samples,
        fresh_rejected_successes=rejected.successes,
        fresh_rejected_samples=rejected.samples,
    )
    prefix = pair.accepted.ids()[:-1]
    shown = policy.decode(prefix)[-80:]
    good, bad = (policy.decode([node.token]) for node in (pair.accepted, pair.rejected))
    return TokenPreference(
        prompt_ids=(*rollouts.prompt, *prefix),
        accepted_id=pair.accepted.token,
        rejected_id=pair.rejected.token,
        accepted_successes=pair.accepted.successes,
        accepted_samples=pair.accepted.samples,
        rejected_successes=pair.rejected.successes,
        rejected_samples=pair.rejected.samples,
        policy=policy.fingerprint,
        tokenizer=policy.tokenizer,
        display=f"...{shown} [{good!r} over {bad!r}]",
        evidence=(estimates,),
    )


# ----------------------------------------------------------------------------------------- oracles


async def _oracle(
    question: Question | Exercise, teacher: Teacher, name: str, settings: dict[str, Any]
) -> Oracle:
    """Who decides whether answers succeed: a validator, or the question's own answer."""
    if isinstance(question, Exercise):
        judge = await _judge(name or PROGRAMS, settings, Tests, teacher)
        return _judged_by(judge, question.text, partial(_tests, question), teacher)
    if name:
        judge = await _judge(name, settings, Answer, teacher)
        return _judged_by(judge, question.text, partial(_answer, question), teacher)
    return _compared_with(question)


def _compared_with(question: Question) -> Oracle:
    """Success is the question's own answer."""
    known = question.answer
    if not known:
        raise TeacherError(
            f"the question '{question.text[:60]}' has no answer to compare with; give its seeds answers, or name an"
            " 'oracle:', a validator that decides"
        )

    async def judged(texts: Sequence[str]) -> list[bool]:
        return [same(final_answer(text) or "", known) for text in texts]

    return judged


def _judged_by(judge: Judge, asked: str, evidence: Callable[[str], Evidence], teacher: Teacher) -> Oracle:
    """Success is what a validator passes, asked about the question and the answer as a conversation."""

    async def one(text: str) -> bool:
        return (await judge.check(Chat.of(asked, text, evidence(text)), teacher)).passed

    async def judged(texts: Sequence[str]) -> list[bool]:
        return await teacher.gather(*(one(text) for text in texts))

    return judged


def _answer(question: Question, text: str) -> Answer:
    return Answer(value=final_answer(text) or "", reference=question.answer)


def _tests(exercise: Exercise, text: str) -> Tests:
    """What the exercise asks of the program in an answer."""
    return Tests(
        program=program_in(text),
        cases=exercise.cases,
        asserts=exercise.asserts,
        exchanges=exercise.exchanges,
    )


async def _judge(name: str, settings: dict[str, Any], given: type[Evidence], teacher: Teacher) -> Judge:
    """The validator of that name, where it can judge a single answer with the evidence `given` and no model."""
    plugin = load(VALIDATORS, name)
    needs = sorted(kind.kind for kind in plugin.needs if kind is not given)
    faults = {
        f"needs evidence that is not there ({', '.join(needs)}; of this seed there is: {given.kind})": bool(
            needs
        ),
        "asks a model": bool(plugin.roles),
        "looks at a whole dataset": plugin.whole,
    }
    for fault, present in faults.items():
        if present:
            raise PluginError(
                f"prefer.pivotal_tokens: the oracle '{name}' {fault}; name a validator that judges one answer alone"
            )
    return await teacher.judge(plugin, plugin.settings.model_validate(settings))
