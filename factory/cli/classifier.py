"""`factory classifier`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from factory.cli.main import catalog_option

if TYPE_CHECKING:
    from factory.catalog import Catalog

_field = click.option(
    "--field", "-f", required=True, help="The label to learn: education, topic, factual ..."
)
_threshold = click.option(
    "--threshold", "-t", type=float, help="From which score on a text counts as good. Default: mid-scale."
)


@click.group()
def classifier() -> None:
    """Train, evaluate and apply small classifiers of quality and topic.

    They learn from a model's annotations (generators annotate.education and annotate.passage), run on any
    number of documents at no cost, and serve in the catalogue as a step of a seed set:

    \b
      factory build -s annotations
      factory classifier train annotations -f education -o build/classifiers/education.bin
      seeds: {web: {..., clean: [{quality: {model: build/classifiers/education.bin, min_score: 3}}]}}
    """


@classifier.command()
@click.argument("annotations", metavar="DATASET|FILE.jsonl")
@_field
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="The model file.")
@_threshold
@catalog_option
def train(annotations: str, field: str, output: Path | None, threshold: float | None, catalog: Path) -> None:
    """Train on a dataset of labels, or a file of JSON lines with text, the field, and language if known.

    A fifth of the texts, chosen by their hashes, is held out and evaluates the model.
    """
    from factory.seeds.classifier import examples_of
    from factory.seeds.classifier import train as learn

    path = output or Path("build/classifiers") / f"{field}.bin"
    card = learn(examples_of(_rows(annotations, catalog), field), path, threshold=threshold)
    click.echo(f"trained on {card['trained_on']} annotations: {path}, card: {path.with_suffix('.json')}")
    _show(card)


@classifier.command()
@click.argument("model", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("annotations", metavar="DATASET|FILE.jsonl")
@_field
@_threshold
@click.option("--all", "everything", is_flag=True, help="Those that it was trained on too.")
@catalog_option
def evaluate(
    model: Path, annotations: str, field: str, threshold: float | None, everything: bool, catalog: Path
) -> None:
    """Precision, recall and agreement with held-out annotations, in all and by language."""
    from factory.errors import FactoryError
    from factory.seeds.classifier import evaluate as measure
    from factory.seeds.classifier import examples_of

    examples = [one for one in examples_of(_rows(annotations, catalog), field) if everything or one.held_out]
    if not examples:
        raise FactoryError("no annotation is held out; add --all, or annotate more documents")
    _show(measure(model, examples, threshold=threshold))


@classifier.command()
@click.argument("model", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("texts", metavar="SEED_SET|FILE.jsonl")
@catalog_option
def apply(model: Path, texts: str, catalog: Path) -> None:
    """Score texts: JSON lines of id and score, for a seed set of the store or a file of JSON lines with text."""
    import orjson

    from factory.seeds.cleaners.quality import judged
    from factory.seeds.fasttext import load_model, probabilities

    loaded = load_model(model)
    for number, row in enumerate(_texts(texts, catalog), start=1):
        score = judged(probabilities(loaded, str(row.get("text") or "")))
        click.echo(orjson.dumps({"id": row.get("seed_id", number), "score": score}).decode())


def _rows(annotations: str, catalog: Path) -> list[dict[str, Any]]:
    """Annotations out of a file, or of a dataset's accepted labels."""
    import orjson

    from factory.catalog import load_catalog
    from factory.errors import did_you_mean

    if annotations.endswith(".jsonl"):
        return list(_lines(Path(annotations)))
    sql = (
        "select text, extra -> 'labels' as labels,"
        " (select any_value(o.scores ->> 'language') from live_origins o where o.seed_number = a.seed_number)"
        " as language from accepted a where dataset = ? order by sample_id"
    )
    loaded = load_catalog(catalog)
    near = "" if annotations in loaded.datasets else did_you_mean(annotations, loaded.datasets)
    rows = _query(
        loaded, sql, annotations, f"the dataset '{annotations}' has no accepted label; build it first{near}"
    )
    return [
        {"text": text, "labels": orjson.loads(labels), "language": spoken} for text, labels, spoken in rows
    ]


def _texts(texts: str, catalog: Path) -> Any:
    if texts.endswith(".jsonl"):
        yield from _lines(Path(texts))
        return
    from factory.catalog import load_catalog
    from factory.store.sets import identifier

    loaded = load_catalog(catalog)
    loaded.seed_set(texts)
    sql = f"select distinct seed_id, content ->> 'text' from sets.{identifier(texts)} where ? != '' order by seed_id"
    for seed_id, text in _query(
        loaded, sql, texts, f"the seed set '{texts}' is empty; run: factory seeds {texts}"
    ):
        yield {"seed_id": seed_id, "text": text}


def _query(catalog: Catalog, sql: str, value: str, empty: str) -> list[tuple[Any, ...]]:
    from factory.errors import FactoryError
    from factory.store.reader import at_rest, querying

    with at_rest(catalog.store) as store, querying(store) as query:
        rows = query(sql, [value])
    if not rows:
        raise FactoryError(empty)
    return rows


def _lines(path: Path) -> Any:
    import orjson

    from factory.errors import FactoryError

    if not path.is_file():
        raise FactoryError(f"there is no file {path}")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                if line.strip():
                    yield orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise FactoryError(f"{path}, line {number}: no JSON: {error}") from error


def _show(card: dict[str, Any]) -> None:
    from factory.cli.tables import show, summary

    columns = list(next(iter(card["scores"].values()), {}))
    table = summary("held out", *(column.replace("_", " ") for column in columns), words=("held out",))
    for name, scores in card["scores"].items():
        told = (scores.get(column) for column in columns)
        table.add_row(name, *("-" if value is None else str(value) for value in told))
    show(table)
