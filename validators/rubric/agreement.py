"""How far a judge can be relied on: its verdicts on pairs of which one has a planted fault.

``factory agreement DATASET`` plants faults in the accepted rows of a dataset and asks the judge of its `rubric`.
"""

from __future__ import annotations

import asyncio
import math
import random
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from factory.cli.main import catalog_option
from factory.errors import FactoryError
from factory.records import Chat, Message, Preference, Sample, Text, Verdict

if TYPE_CHECKING:
    from factory.catalog import Catalog
    from factory.teacher import Teacher

DATASET = "(agreement)"


class Judging(Protocol):
    """A judge of texts, chats and pairs, as `validators.rubric` has it."""

    async def check(self, sample: Sample, teacher: Teacher) -> Verdict: ...


@dataclass(frozen=True)
class Pair:
    """A good sample, its twin with a planted fault, both as a preference, and the kind of the fault."""

    clean: Sample
    faulty: Sample
    both: Preference
    fault: str


@dataclass
class Counts:
    """What a judge said of pairs. `caught`: the faulty twin was rejected; `passed`: the clean one was not;
    `apart`: the faulty one scored lower; `preferred`: the clean one, in both orders; `steady`: the same
    preference in both orders, whichever it was."""

    pairs: int = 0
    caught: int = 0
    passed: int = 0
    apart: int = 0
    preferred: int = 0
    steady: int = 0

    def add(self, clean: Verdict, faulty: Verdict, both: Verdict) -> None:
        """Counts one pair."""
        named = both.details["preferred"]
        self.pairs += 1
        self.caught += not faulty.passed
        self.passed += clean.passed
        self.apart += (clean.score or 0) > (faulty.score or 0)
        self.preferred += both.passed
        self.steady += named[0] == named[1]

    @property
    def blind(self) -> bool:
        """Whether faulty twins are rejected no more often than clean ones are."""
        return self.caught <= self.pairs - self.passed

    @property
    def by_chance(self) -> bool:
        """Whether a coin might have given as many right verdicts (95%, one side)."""
        of = 2 * self.pairs
        return self.caught + self.passed <= of / 2 + 1.64 * math.sqrt(of) / 2

    def shares(self) -> dict[str, float]:
        """The counts as shares of the pairs; `accuracy` is that of the verdicts on single samples."""
        of = max(1, self.pairs)
        return {
            "accuracy": (self.caught + self.passed) / (2 * of),
            **{
                name: getattr(self, name) / of
                for name in ("caught", "passed", "apart", "preferred", "steady")
            },
        }


@dataclass
class Agreement:
    """The counts over all pairs, and by kind of fault."""

    overall: Counts = field(default_factory=Counts)
    by_fault: dict[str, Counts] = field(default_factory=dict)


async def measure(
    judge: Judging, pairs: Sequence[Pair], teacher_for: Callable[[int, str], Teacher]
) -> Agreement:
    """Asks a judge about every pair: each twin alone, and both in either order.

    `teacher_for`: the teacher of a pair's number and of "clean", "faulty" or "both".
    """
    found = Agreement()

    async def one(number: int, pair: Pair) -> tuple[Verdict, Verdict, Verdict]:
        asked = {"clean": pair.clean, "faulty": pair.faulty, "both": pair.both}
        verdicts = [judge.check(sample, teacher_for(number, name)) for name, sample in asked.items()]
        clean, faulty, both = await asyncio.gather(*verdicts)
        return clean, faulty, both

    verdicts = await asyncio.gather(*(one(number, pair) for number, pair in enumerate(pairs)))
    for pair, three in zip(pairs, verdicts, strict=True):
        found.overall.add(*three)
        found.by_fault.setdefault(pair.fault, Counts()).add(*three)
    return found


def pairs_of(samples: Sequence[Sample], chance: random.Random) -> Iterator[Pair]:
    """Pairs of the texts and chats among samples, of every kind of fault that each has room for."""
    from validators.rubric.planting import plant

    for sample in samples:
        if not isinstance(sample, (Text, Chat)):
            continue
        prompt = () if isinstance(sample, Text) else sample.messages[:-1]
        good = sample.texts()[-1]
        for fault, bad in plant(good, chance):
            both = Preference(prompt=prompt, chosen=good, rejected=bad, evidence=sample.evidence)
            yield Pair(sample, _with(sample, bad), both, fault)


def _with(sample: Text | Chat, response: str) -> Sample:
    if isinstance(sample, Text):
        return sample.model_copy(update={"text": response})
    last = Message(role=sample.messages[-1].role, content=response)
    return sample.model_copy(update={"messages": (*sample.messages[:-1], last)})


def conclusions(found: Agreement) -> Iterator[str]:
    """What the counts come to, in words."""
    if found.overall.by_chance:
        yield "Its verdicts on single samples may be chance: a coin would be right as often."
    blind = [name for name, counts in sorted(found.by_fault.items()) if counts.blind]
    if blind:
        yield f"It does not see: {', '.join(blind)}."
    if 2 * found.overall.steady < found.overall.pairs:
        yield "Its preferences follow the order of the responses more often than what they say."


# ------------------------------------------------------------------------------------- the command


@click.command()
@catalog_option
@click.argument("dataset")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(min=1), help="Rows to plant faults in."
)
@click.option("--json", "as_json", is_flag=True, help="JSON for programs, on standard output.")
def agreement(catalog: Path, dataset: str, limit: int, as_json: bool) -> None:
    """Measure the judge of a DATASET's rubric on planted faults.

    Faults (another number, a denial, a sentence left out, ...) are planted in accepted rows. The judge scores
    each row and its faulty twin alone, and compares them in both orders. The rows have passed this judge before,
    so `passed` flatters it: look at `caught`. Replies are kept in agreement.duckdb
    beside the store, so that a second run asks only for what is new; models' budgets hold for that file.

    \b
      factory agreement textbook --limit 50
    """
    import orjson

    from factory.catalog import load_catalog

    found = asyncio.run(_run(load_catalog(catalog), dataset, limit))
    rows = {"all": found.overall, **dict(sorted(found.by_fault.items()))}
    if as_json:
        shares = {name: {"pairs": counts.pairs, **counts.shares()} for name, counts in rows.items()}
        click.echo(orjson.dumps(shares, option=orjson.OPT_INDENT_2).decode())
        return
    columns = list(found.overall.shares())
    click.echo(f"{'fault':<22}{'pairs':>6}" + "".join(f"{name:>11}" for name in columns))
    for name, counts in rows.items():
        click.echo(
            f"{name:<22}{counts.pairs:>6}" + "".join(f"{value:>11.2f}" for value in counts.shares().values())
        )
    for line in conclusions(found):
        click.echo(line)


async def _run(catalog: Catalog, name: str, limit: int) -> Agreement:
    from contextlib import AsyncExitStack

    from factory.build import open_resources
    from factory.discovery import VALIDATORS, load
    from factory.plugins import Validator, instantiate
    from factory.store.writer import Writer
    from factory.teacher.journal import Journal
    from factory.teacher.ledger import Ledger
    from factory.teacher.prompts import Prompts
    from factory.teacher.teacher import Subject, Teacher

    plugin: Validator = load(VALIDATORS, "rubric")
    checks = [check for check in catalog.dataset(name).checks if check.plugin.name == plugin.name]
    judge: Any = instantiate(plugin, checks[0].settings if checks else plugin.settings())
    pairs = list(pairs_of(_accepted(catalog, name, limit), random.Random(name)))
    if not pairs:
        raise FactoryError(
            f"the dataset '{name}' has no accepted text or chat to plant a fault in; build it first"
        )
    prompts = Prompts.read(plugin.prompts)
    async with AsyncExitStack() as stack:
        writer = stack.enter_context(Writer(catalog.store.with_name("agreement.duckdb")))
        resources = await open_resources(catalog, stack)
        build_id = uuid.uuid4().hex[:12]
        journal, ledger = Journal(writer, build_id), Ledger(writer, build_id)
        journal.keep_within(await ledger.open(catalog.models, resources.stand_in))
        stack.push_async_callback(ledger.close)
        memory = await journal.recorded(0, len(pairs))

        def teacher_for(number: int, which: str) -> Teacher:
            pair = pairs[number]
            key = pair.both.id_in(DATASET, pair.fault)
            subject = Subject(DATASET, key, number, f"{plugin.name}:{which}")
            return Teacher(plugin, prompts, subject, resources, journal, memory)

        return await measure(judge, pairs, teacher_for)


def _accepted(catalog: Catalog, name: str, limit: int) -> list[Sample]:
    """Accepted rows of a dataset in the order of their ids, which is as good as drawn."""
    from factory.store.reader import query
    from factory.store.rows import SAMPLE_COLUMNS, sample_of
    from factory.store.sets import literal

    columns = ", ".join(SAMPLE_COLUMNS)
    sql = f"select {columns} from accepted where dataset = {literal(name)} order by sample_id limit {limit}"
    rows: list[Mapping[str, Any]] = query(catalog.store, sql).to_pylist()
    return [sample_of(row) for row in rows]
