"""`factory classifier`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from factory.cli.main import catalog_option

if TYPE_CHECKING:
    from factory.seeds.learning import Example

WITHIN = 0.05
"""How well the share that decides is to be known."""

_field = click.option(
    "--field", "-f", required=True, help="The label to learn: education, topic, factual ..."
)


def _wanted(command: Any) -> Any:
    """The options that say where to cut."""
    for option in (
        click.option("--keep", type=float, help="Cut where this share of the texts stays, such as 0.1."),
        click.option(
            "--precision", type=float, help="Cut where this share of what stays is good, such as 0.8."
        ),
        click.option(
            "--threshold",
            "-t",
            type=float,
            help="From which annotation on a text is good. Default: mid-scale.",
        ),
    ):
        command = option(command)
    return command


@click.group()
def classifier() -> None:
    """Train, evaluate and apply small classifiers of quality and topic.

    They learn from a model's annotations (generators annotate.education and annotate.passage), run on any
    number of documents at no cost, and serve in the catalogue as a step of a seed set:

    \b
      factory build -s annotations
      factory classifier train annotations -f education -o build/classifiers/education.bin
      factory classifier evaluate build/classifiers/education.bin annotations -f education --precision 0.8
      seeds: {web: {..., clean: [{quality: {model: build/classifiers/education.bin, min_score: 2.9}}]}}

    A fifth of the annotations is held out, by the hash of the document they are of, and evaluates the model:
    no document is on both sides, and copies of what was learnt are left out.
    """


@classifier.command()
@click.argument("annotations", metavar="DATASET|FILE.jsonl")
@_field
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The model file. Default: build/classifiers/FIELD.bin.",
)
@click.option(
    "--apart",
    type=click.Choice(["document", "site"]),
    default="document",
    show_default=True,
    help="Hold out whole documents, or whole sites: how it does on sites that it never saw.",
)
@_wanted
@catalog_option
def train(
    annotations: str,
    field: str,
    output: Path | None,
    apart: str,
    threshold: float | None,
    precision: float | None,
    keep: float | None,
    catalog: Path,
) -> None:
    """Train on a dataset of labels, or on JSON lines.

    A line of a file has the text and the field; and language, document and url, if known.

    \b
      factory classifier train annotations -f education -o build/classifiers/education.bin
    """
    from factory.seeds.learning import Wanted
    from factory.seeds.learning import train as learn

    wanted = Wanted(threshold, precision, keep)
    path = output or Path("build/classifiers") / f"{field}.bin"
    card = learn(_examples(annotations, field, apart, catalog), path, wanted=wanted, apart=apart)
    click.echo(f"trained on {card['trained_on']} annotations: {path}, card: {path.with_suffix('.json')}")
    _show(card)


@classifier.command()
@click.argument("model", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("annotations", metavar="DATASET|FILE.jsonl")
@_field
@_wanted
@click.option("--all", "everything", is_flag=True, help="Those that it was trained on too.")
@click.option(
    "--again",
    metavar="DATASET|FILE.jsonl",
    help="The same texts annotated again: how far two annotators agree, and so how far a classifier can.",
)
@catalog_option
def evaluate(
    model: Path,
    annotations: str,
    field: str,
    threshold: float | None,
    precision: float | None,
    keep: float | None,
    everything: bool,
    again: str | None,
    catalog: Path,
) -> None:
    """Compare a model with held-out annotations.

    Precision, recall and agreement, in all and by language, with 95% intervals; and where to cut.

    \b
      factory classifier evaluate build/classifiers/education.bin annotations -f education --keep 0.1
    """
    from factory.seeds.classifier import Classifier
    from factory.seeds.learning import Wanted, annotators, unseen
    from factory.seeds.learning import evaluate as measure

    wanted = Wanted(threshold, precision, keep)
    card = Classifier(model).card or {}
    examples = _examples(annotations, field, card.get("apart") or "document", catalog)
    _show(measure(model, examples if everything else unseen(examples), wanted=wanted))
    if again:
        other = _examples(again, field, card.get("apart") or "document", catalog)
        click.echo(f"the annotations of {again}, beside the same texts' of {annotations}:")
        scores = annotators(examples, other, wanted=wanted)
        _table([{"annotated twice": name, **_with_intervals(one)} for name, one in scores.items()])


@classifier.command()
@click.argument("model", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("texts", metavar="SEED_SET|FILE.jsonl")
@catalog_option
def apply(model: Path, texts: str, catalog: Path) -> None:
    """Score texts, as JSON lines of id and score.

    The texts are a seed set of the store, or a file of JSON lines with text.

    \b
      factory classifier apply build/classifiers/education.bin passages > scores.jsonl
    """
    import orjson

    from factory.seeds.classifier import Classifier

    judge = Classifier(model).judge
    for number, row in enumerate(_texts(texts, catalog), start=1):
        score = judge(str(row.get("text") or ""))
        click.echo(orjson.dumps({"id": row.get("id", number), "score": score}).decode())


def _examples(annotations: str, field: str, apart: str, catalog: Path) -> list[Example]:
    from factory.seeds.learning import examples_of

    rows = list(
        _lines(Path(annotations)) if annotations.endswith(".jsonl") else _labelled(annotations, catalog)
    )
    return examples_of(rows, field, apart=apart)


def _labelled(dataset: str, catalog: Path) -> Iterator[dict[str, Any]]:
    """A dataset's accepted labels, each with where its text was found first."""
    import orjson

    from factory.catalog import load_catalog
    from factory.errors import FactoryError, did_you_mean
    from factory.store.reader import at_rest, querying

    loaded = load_catalog(catalog)
    near = "" if dataset in loaded.datasets else did_you_mean(dataset, loaded.datasets)
    sql = (
        "with found as (select seed_number, first(struct_pack(parent, url, scores) order by address, place) as first"
        " from live_origins group by seed_number)"
        " select a.text, a.extra -> 'labels', coalesce(first.scores ->> 'language', s.content ->> 'language'),"
        " coalesce(first.parent, s.seed_id), first.url"
        " from accepted a join seeds s using (seed_number) left join found using (seed_number)"
        " where dataset = ?"
    )
    with at_rest(loaded.store) as store, querying(store) as query:
        rows = query(sql, [dataset])
    if not rows:
        raise FactoryError(f"the dataset '{dataset}' has no accepted label; build it first{near}")
    for text, labels, spoken, document, url in rows:
        about = {"language": spoken, "document": document, "url": url}
        yield {"text": text, "labels": orjson.loads(labels), **about}


def _texts(name: str, catalog: Path) -> Iterator[dict[str, Any]]:
    if name.endswith(".jsonl"):
        yield from _lines(Path(name))
        return
    from factory.catalog import load_catalog
    from factory.errors import FactoryError
    from factory.store.reader import at_rest, open_reader
    from factory.store.texts import streaming, texts

    loaded = load_catalog(catalog)
    loaded.seed_set(name)
    with at_rest(loaded.store) as store, open_reader(store, own_sql=True) as connection:
        found = texts(streaming(connection), store, name)
        if (first := next(found, None)) is None:
            raise FactoryError(f"the seed set '{name}' is empty; run: factory seeds {name}")
        for seed_id, text in chain([first], found):
            yield {"id": seed_id, "text": text}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    import orjson

    from factory.errors import FactoryError

    if not path.is_file():
        raise FactoryError(f"there is no file {path}")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise FactoryError(f"{path}, line {number}: no JSON: {error}") from error
            if not isinstance(row, dict):
                raise FactoryError(f'{path}, line {number}: no object, such as {{"text": ...}}')
            yield row


def _show(card: dict[str, Any]) -> None:
    if not card["scores"]:
        click.echo(
            "no annotation is held out, so nothing is measured; annotate more, or see 'evaluate --all'"
        )
        return
    _table([{"held out": name, **_with_intervals(scores)} for name, scores in card["scores"].items()])
    _advise(card["scores"]["all"])
    if "cuts" in card:
        click.echo(
            f"good from {card['good']:g} on, cut at min_score {card['min_score']:g}; other cuts, in all:"
        )
        _table(
            [
                {name: cut[name] for name in ("min_score", "keeps", "precision", "recall")}
                for cut in card["cuts"]
            ]
        )


def _with_intervals(scores: dict[str, Any]) -> dict[str, Any]:
    """The figures, each with its interval beside it."""
    told = {name: value for name, value in scores.items() if not name.endswith("_interval")}
    for name in told:
        if bounds := scores.get(f"{name}_interval"):
            told[name] = f"{told[name]:.2f} ({bounds[0]:.2f} to {bounds[1]:.2f})"
    return told


def _advise(scores: dict[str, Any]) -> None:
    """How many annotations it takes to know the figure that decides."""
    from factory.seeds.agreement import times_more

    name = "precision" if "precision" in scores else "accuracy"
    more = times_more(scores[f"{name}_interval"], WITHIN)
    if more > 1:
        click.echo(
            f"{name} is known to within {WITHIN * more**0.5:.2f}; to within {WITHIN:g} it takes about {more:.1f} times"
            " as many annotations. All figures are of agreement with the annotations: where those err, they err too"
        )


def _table(rows: list[dict[str, Any]]) -> None:
    from factory.cli.tables import show, summary

    table = summary(*(name.replace("_", " ") for name in rows[0]), words=("held out", "annotated twice"))
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row.values()))
    show(table)
