"""`factory sql`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from factory.cli.main import catalog_option
from factory.cli.output import FORMATS, SHOWN_ROWS, write
from factory.errors import FactoryError, StoreError

ENDINGS = {"": "table", "txt": "table", "jsonl": "json", "ndjson": "json"}
"""What endings of files mean that are no name of a format."""


@click.command()
@catalog_option
@click.option(
    "--store", type=click.Path(dir_okay=False, path_type=Path), help="The store. Default: the catalogue's."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="json: a line a row. Default: what --output ends in, or a table.",
)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.option(
    "--all", "show_all", is_flag=True, help=f"Every row of a table, not only the first {SHOWN_ROWS}."
)
@click.argument("query", required=False)
def sql(
    catalog: Path,
    store: Path | None,
    form: str | None,
    output: Path | None,
    show_all: bool,
    query: str | None,
) -> None:
    """Ask the store in SQL: one SELECT, also while a build is running.

    \b
      factory sql "select dataset, count(*) from accepted group by all"
      factory sql -o rows.csv "select * from rejections"
      factory sql                       a prompt; .help says what it offers
      factory sql < question.sql

    Views for people: accepted, rejected, rejections, progress, spend, yield_by_generator, empty_seeds, lineage,
    scores; of seeds: seed_funnel, drop_reasons, seed_scores, topic_mix, and sets.NAME for each seed set. What
    failed: failures.
    "describe accepted" names the columns of a view.
    """
    from factory.catalog import load_catalog
    from factory.store.reader import answer

    path = store or load_catalog(catalog).store
    if query is None and sys.stdin.isatty():
        _prompt(path)
        return
    text = query if query is not None else sys.stdin.read()
    form = form or _form_of(output)
    keep = SHOWN_ROWS if form == "table" and not show_all else None
    found = answer(path, text, keep=keep)
    write(found, form, output, everything=show_all)
    if output is not None:
        click.echo(f"{found.rows:,} row{'' if found.rows == 1 else 's'} in {output}", err=True)


def _form_of(output: Path | None) -> str:
    """The format that a file's ending names; a table for people where none is named. Raises StoreError for another."""
    ending = output.suffix.removeprefix(".").lower() if output else ""
    form = ENDINGS.get(ending, ending)
    if form not in FORMATS:
        raise StoreError(f"{output}: the ending names no format; say --format {', '.join(FORMATS)}")
    return form


HELP = """\
.tables           tables and views
.schema NAME      the columns of one
.quit             leave (or Ctrl-D)
Anything else is SQL, over as many lines as it takes, ended by a semicolon."""


def _prompt(store: Path) -> None:
    """Reads SQL at a prompt with history and completion until the user leaves."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory

    history = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local/state")) / "seedfactory/sql_history"
    history.parent.mkdir(parents=True, exist_ok=True)
    words = WordCompleter(_words(store), ignore_case=True)
    session: PromptSession[str] = PromptSession(history=FileHistory(str(history)), completer=words)
    click.echo(f"{store}: one SELECT at a time, ended by ';'. .help for more.")
    lines: list[str] = []
    while True:
        try:
            line = session.prompt("   ...> " if lines else "factory> ")
        except KeyboardInterrupt:
            lines = []
            continue
        except EOFError:
            return
        if not lines and line.strip().startswith("."):
            if line.strip() in (".quit", ".exit"):
                return
            _command(store, line.split())
            continue
        lines.append(line)
        if line.rstrip().endswith(";"):
            _run(store, "\n".join(lines))
            lines = []


TABLES = """\
select name, kind from (
    select table_name as name, 'table' as kind from duckdb_tables() where not internal
    union all select view_name, 'view' from duckdb_views() where not internal
) order by kind desc, name"""
COLUMNS = """\
select column_name, data_type from duckdb_columns() where table_name = '{}' order by column_index"""


def _command(store: Path, words: list[str]) -> None:
    if words[0] == ".tables":
        _run(store, TABLES)
    elif words[0] == ".schema" and len(words) == 2:
        _run(store, COLUMNS.format(words[1].replace("'", "''")))
    else:
        click.echo(HELP)


def _run(store: Path, query: str) -> None:
    from factory.store.reader import answer

    try:
        write(answer(store, query, keep=SHOWN_ROWS), "table", None)
    except FactoryError as error:
        click.secho(str(error), fg="red", err=True)


def _words(store: Path) -> list[str]:
    """What completion offers: names of tables, views and columns, and SQL's most frequent words."""
    from factory.store.reader import answer

    names = "select table_name from duckdb_columns() where not internal union"
    try:
        found = answer(store, f"{names} select column_name from duckdb_columns() where not internal").table
    except StoreError:
        return []
    common = [
        "select",
        "from",
        "where",
        "group by",
        "order by",
        "limit",
        "count(*)",
        "join",
        "using",
        "having",
    ]
    return [*common, *(str(value) for value in found.column(0).to_pylist())]
