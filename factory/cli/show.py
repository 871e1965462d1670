"""`factory show`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from factory.cli.main import catalog_option

_SHORT = 240
_CONTENT = ("text", "messages", "prompt", "chosen", "rejected", "extra")
_MARKS = {True: "passed", False: "rejected by"}
Row = Mapping[str, Any]


@click.command()
@catalog_option
@click.option("--rejected", is_flag=True, help="Samples that were rejected, not those that were accepted.")
@click.option("--limit", "-n", type=click.IntRange(min=1), default=3, show_default=True, help="Samples.")
@click.option("--full", is_flag=True, help="Prompts, replies and evidence whole, not their beginnings.")
@click.argument("what", metavar="DATASET|SAMPLE_ID")
def show(catalog: Path, rejected: bool, limit: int, full: bool, what: str) -> None:
    """Show samples, with all that made them: seed, prompts, replies, program runs, verdicts.

    Samples of a dataset come in the order of their ids, which is as good as drawn. The beginning of an id is
    enough to name one sample, whatever became of it. It also works while a build is running.

    \b
      factory show docs_qa
      factory show docs_qa --rejected -n 20
      factory show 039c5532 --full
    """
    from factory.catalog import load_catalog
    from factory.errors import FactoryError, did_you_mean
    from factory.store.reader import query
    from factory.store.sets import literal

    loaded = load_catalog(catalog)
    state = "rejected" if rejected else "accepted"
    wanted = f"dataset = {literal(what)} and state = '{state}'"
    if what not in loaded.datasets:
        wanted = f"starts_with(sample_id, {literal(what)})"
    sql = f"select * from judged where {wanted} order by sample_id limit {limit}"
    rows = query(loaded.store, sql).to_pylist()
    if not rows and what in loaded.datasets:
        raise FactoryError(f"'{what}' has no {state} sample; 'factory plan' says how far it is")
    if not rows:
        near = did_you_mean(what, loaded.datasets)
        raise FactoryError(f"no dataset is called '{what}', and no sample's id begins so{near}")
    steps: dict[str, list[Row]] = {}
    ids = ", ".join(literal(row["sample_id"]) for row in rows)
    for step in query(
        loaded.store, f"select * from lineage where sample_id in ({ids}) order by what, step"
    ).to_pylist():
        steps.setdefault(step["sample_id"], []).append(step)
    os.environ.setdefault("LESS", "-FRX")  # what fits the screen needs no pager
    longest = 10**9 if full else _SHORT
    click.echo_via_pager(
        f"{line}\n" for row in rows for line in _sample(row, steps[row["sample_id"]], longest)
    )


def _sample(row: Row, steps: list[Row], longest: int) -> Iterator[str]:
    from factory.cli.output import cut, told

    head = f"{row['dataset']}  {row['sample_id']}  {row['state']}, written by {row['model']}"
    yield click.style(head, bold=True)
    for name in _CONTENT:
        if row[name] is not None:
            text = cut(told(row[name]), 10**9)
            yield text if name in ("text", "messages") else f"{name}: {text}"
    for name in ("evidence", "draws"):
        if row[name] not in ("[]", "{}"):
            yield _item(name, cut(row[name], longest))
    for origin in (steps[0]["origins"] if steps else None) or []:
        told_of = (origin[name] for name in ("address", "place", "url", "licence"))
        yield _item("seed", ", ".join(filter(None, told_of)))
    before = ""
    for step in steps:
        if step["what"] == "call":
            yield _item("asked", _call(step))
            if step["request"] != before:
                yield _indented(cut(_last_message(step["request"]), longest))
            before = step["request"]
            yield _item("answered", "")
            yield _indented(cut(step["reply"], longest))
        elif step["what"] == "execution":
            yield _item("ran a program", step["status"])
            yield _indented(cut(step["program"] if longest > _SHORT else step["outcome"], longest))
        else:
            reason = f": {step['reason']}" if step["reason"] else ""
            details = f"  {cut(step['details'], longest)}" if step["details"] not in (None, "{}") else ""
            yield _item(_MARKS[step["passed"]], f"{step['plugin']}{reason}{details}")
    yield ""


def _call(step: Row) -> str:
    again = f", draw {step['draw'] + 1}" if step["draw"] else ""
    return f"{step['plugin']} {step['section']} ({step['role']}, {step['model']}{again})"


def _last_message(request: str) -> str:
    import orjson

    messages = orjson.loads(request)["messages"]
    return str(messages[-1]["content"]) if messages else request


def _item(name: str, text: str) -> str:
    return f"  {click.style(name, fg='cyan')} {text}".rstrip()


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
