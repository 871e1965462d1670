"""What a snapshot says of itself: its manifest and its card."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import orjson

from factory import __version__
from factory.certificates import told
from factory.store.sets import identifier, literal
from factory.teacher.model import REHEARSAL

ORGANIC = "seeds:"
"""What stands before a seed set's name, in selections and in the column `dataset` of a snapshot."""

_HUB_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]*")


@dataclass(frozen=True)
class Part:
    """A source of a mixture: datasets, seed sets whose texts are taken as they stand, and the share of the
    whole that they are to have, or None for all."""

    name: str
    datasets: tuple[str, ...]
    share: float | None = None
    seed_sets: tuple[str, ...] = ()

    @property
    def members(self) -> list[str]:
        """The datasets, and the seed sets as `dataset` names them in a snapshot."""
        return [*self.datasets, *(ORGANIC + name for name in self.seed_sets)]


def seed_sets_of(parts: Sequence[Part]) -> list[str]:
    """The seed sets that sources take as they stand, each once."""
    return list(dict.fromkeys(name for part in parts for name in part.seed_sets))


def describe(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    parts: Sequence[Part],
    shards: Sequence[Mapping[str, Any]],
    shares: Mapping[str, Any],
    unfinished: Mapping[str, str],
    certified: Sequence[Mapping[str, Any]],
    partial: bool,
) -> dict[str, Any]:
    """The manifest of what the temporary table `chosen` holds."""
    datasets = {
        dataset: {
            "rows": rows,
            "generator": generator,
            "fingerprint": fingerprint,
            "settings": orjson.loads(settings),
            "models": orjson.loads(models),
            "validators": validators,
            "finished": dataset not in unfinished,
        }
        for dataset, rows, generator, fingerprint, settings, models, validators in connection.execute(
            "select dataset, count(*), any_value(d.generator), any_value(d.fingerprint),"
            " any_value(d.settings), any_value(d.models), any_value(list_concat(d.validators, d.checks))"
            " from chosen c join datasets d using (dataset) group by dataset order by dataset"
        ).fetchall()
    }
    models = sorted(
        model
        for (joined,) in connection.execute("select distinct model from chosen").fetchall()
        for model in joined.split("+")
        if model  # texts of seed sets have none
    )
    rejected = connection.execute(
        "select dataset, count(*) from rejected where dataset in (select dataset from chosen)"
        " group by all order by all"
    ).fetchall()
    seeds = connection.execute(
        "select count(distinct coalesce(seed_number::varchar, sample_id)) from chosen"
    ).fetchone()
    return {
        "format": 1,
        "name": name,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "finished": not unfinished,
        "partial": partial,
        "unfinished": dict(unfinished),
        "rehearsal": REHEARSAL in models,
        "models": sorted(set(models)),
        "rows": sum(shard["rows"] for shard in shards),
        "seeds": seeds[0] if seeds else 0,
        "licences": _licences(connection, parts),
        "rejected": dict(rejected),
        "mixture": dict(shares),
        "datasets": datasets,
        "seed_sets": {name: _seed_set(connection, name) for name in seed_sets_of(parts)},
        "certificates": list(certified),
        "shards": list(shards),
        "hash": hashlib.sha256("".join(shard["sha256"] for shard in shards).encode()).hexdigest(),
    }


def _licences(connection: duckdb.DuckDBPyConnection, parts: Sequence[Part]) -> dict[str, int]:
    """Licence -> seeds under it. A seed that was found under two counts for both."""
    queries = [
        "select licence, seed_number::varchar as seed from origins where not withdrawn and seed_number in"
        " (select seed_number from chosen where run_id is not null)"
    ]
    queries += [
        f"select licence, seed_id from sets.{identifier(name)} where seed_id in"
        f" (select sample_id from chosen where dataset = {literal(ORGANIC + name)})"
        for name in seed_sets_of(parts)
    ]
    rows = connection.execute(
        f"select coalesce(licence, 'unknown'), count(distinct seed) from ({' union all '.join(queries)})"
        " group by all order by all"
    ).fetchall()
    return dict(rows)


def _seed_set(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any]:
    """What a manifest says of texts that are taken as they stand: how they were cleaned, and their tokens."""
    steps = connection.execute(
        "select step, seen, kept from seed_funnel where seed_set = ? order by position", [name]
    ).fetchall()
    rows = connection.execute(
        "select count(*), sum((s.scores ->> 'tokens')::bigint)::bigint, any_value(s.scores ->> 'tokenizer')"
        f" from chosen c left join (select distinct on (seed_id) seed_id, scores from sets.{identifier(name)}) s"
        " on s.seed_id = c.sample_id where c.dataset = ?",
        [ORGANIC + name],
    ).fetchall()
    count, tokens, tokenizer = rows[0]
    told = [{"step": step, "seen": seen, "kept": kept} for step, seen, kept in steps]
    return {"rows": count, "tokens": tokens, "tokenizer": tokenizer, "steps": told}


def card(manifest: Mapping[str, Any]) -> str:
    """The dataset card: front matter that `datasets.load_dataset(folder)` reads, then words and tables."""
    kinds = list(dict.fromkeys(shard["kind"] for shard in manifest["shards"]))
    configs = "".join(
        f"- config_name: {kind}\n  data_files: data/{kind}-*.parquet\n{default}"
        for kind, default in zip(kinds, ["  default: true\n", *[""] * len(kinds)], strict=False)
    )
    warning = (
        "\n**Rehearsal rows.** Some or all of these rows come from the rehearsal model, which only repeats"
        " the examples of the prompts. They are for trying things out, not for training.\n"
        if manifest["rehearsal"]
        else ""
    )
    state = (
        ""
        if manifest["finished"]
        else "\n**Unfinished.** "
        + "; ".join(f"{name}: {why}" for name, why in manifest["unfinished"].items())
        + "\n"
    )
    datasets = "".join(
        f"| {dataset} | {one['generator']} | {one['rows']} | {manifest['rejected'].get(dataset, 0)} |\n"
        for dataset, one in manifest["datasets"].items()
    )
    datasets += "".join(
        f"| {ORGANIC}{name} | | {one['rows']} | |\n" for name, one in manifest["seed_sets"].items()
    )
    hub = _hub_licences(manifest["licences"])
    about = f"license: {hub[0] if len(hub) == 1 else '[' + ', '.join(hub) + ']'}\n" if hub else ""
    about += "tags: [synthetic]\n" if manifest["datasets"] else ""
    licences = "".join(f"| {licence} | {count} |\n" for licence, count in manifest["licences"].items())
    return (
        f"---\n{about}configs:\n{configs}---\n\n# {manifest['name']}\n{warning}{state}\n"
        f"{manifest['rows']} rows from {manifest['seeds']} seeds, written by"
        f" {', '.join(manifest['models']) or 'people'};"
        f" made with seedfactory {manifest['version']} on {manifest['created_at'][:10]}.\n\n"
        f"| dataset | generator | rows | rejected |\n|---|---|---|---|\n{datasets}\n"
        f"| licence of seeds | seeds |\n|---|---|\n{licences}{told(manifest['certificates'])}"
    )


def _hub_licences(licences: Iterable[str]) -> list[str]:
    """Licences by the names that dataset hubs have for them: SPDX's in small letters, `other` for words of another
    kind."""
    parts = {part for licence in licences for part in licence.lower().split(" and ")}
    names = {part.removesuffix("-only").removesuffix("-or-later") for part in parts}
    return sorted({name if _HUB_NAME.fullmatch(name) else "other" for name in names})
