"""Makes a store, or brings an older one to this version. A file is never thrown away."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from factory.errors import StoreError
from factory.store.sets import make_views

HERE = Path(__file__).parent


def open_writer_schema(connection: duckdb.DuckDBPyConnection, migrations: Path = HERE) -> None:
    """Creates the tables in an empty file, applies the migrations that an older one lacks, renews the views.

    `migrations` holds files such as ``0002_what_it_does.sql``, each of which leads from the version before
    it. Raises StoreError, leaving the file as it was, when it is not a store, is newer than this program,
    or a migration fails.
    """
    steps = _steps(migrations)
    newest = max(steps, default=1)
    name = _name(connection)
    version = _version(connection, name)
    _refuse_newer(name, version, newest)
    connection.begin()
    try:
        # A view may not stand in the way of a migration, and one that a new version dropped must go.
        _drop_views(connection)
        if version == 0:
            connection.execute((HERE / "schema.sql").read_text(encoding="utf-8"))
        for number in range(max(version, 1) + 1, newest + 1):
            _apply(connection, name, number, steps[number])
        connection.execute((HERE / "views.sql").read_text(encoding="utf-8"))
        make_views(connection, Path(name))
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def check_version(connection: duckdb.DuckDBPyConnection) -> None:
    """Raises StoreError where a store that is opened for reading has another version than this program's."""
    newest = max(_steps(HERE), default=1)
    name = _name(connection)
    version = _version(connection, name)
    _refuse_newer(name, version, newest)
    if version == 0:
        raise StoreError(
            f"the store {name} is empty: its first build was cut off at once; run 'factory build'"
        )
    if version < newest:
        raise StoreError(
            f"the store {name} was written by an earlier seedfactory (version {version} of {newest}); 'factory build',"
            " or 'factory seeds', brings it up to date and loses nothing"
        )


def _refuse_newer(name: str, version: int, newest: int) -> None:
    if version > newest:
        raise StoreError(
            f"the store {name} has version {version} and this seedfactory knows versions up to"
            f" {newest}; upgrade with 'pip install --upgrade seedfactory'"
        )


def _steps(folder: Path) -> dict[int, Path]:
    """The migrations of a folder by the version that they lead to: 2, 3, 4 and so on, each once."""
    steps: dict[int, Path] = {}
    for path in sorted(folder.glob("[0-9]*.sql")):
        digits = re.match(r"\d+", path.name)
        number = int(digits.group()) if digits else 0
        if number != len(steps) + 2:
            raise StoreError(f"{path}: expected the migration to version {len(steps) + 2} here")
        steps[number] = path
    return steps


def _apply(connection: duckdb.DuckDBPyConnection, name: str, number: int, path: Path) -> None:
    try:
        connection.execute(path.read_text(encoding="utf-8"))
        connection.execute("update meta set version = ?", [number])
    except duckdb.Error as error:
        raise StoreError(
            f"the store {name} could not be brought to version {number} by {path.name}, and stays as it was:"
            f" {error}"
        ) from error


def _version(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    """The version of a store; 0 for an empty file."""
    tables = connection.execute("select table_name from duckdb_tables() where not internal").fetchall()
    if not tables:
        return 0
    if ("meta",) not in tables:
        raise StoreError(f"{name} is a DuckDB file but not a store of seedfactory; name another in 'store:'")
    row = connection.execute("select version from meta").fetchone()
    return int(row[0]) if row else 0


def _drop_views(connection: duckdb.DuckDBPyConnection) -> None:
    views = connection.execute(
        "select schema_name, view_name from duckdb_views() where not internal"
    ).fetchall()
    for schema, view in views:
        connection.execute(f'drop view "{schema}"."{view}"')


def _name(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute("select path from duckdb_databases() where not internal").fetchone()
    return str(row[0]) if row and row[0] else "in memory"
