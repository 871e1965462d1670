"""What a scan reads: files, snapshots, and datasets and seed sets of a store, as rows of texts."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.errors import FactoryError, did_you_mean
from factory.manifest import ORGANIC
from factory.snapshot import MANIFEST
from validators.decontamination.items import FORMATS, column, records

PLAIN = (".txt", ".md")
"""Files that are one text as a whole."""

COLUMNS = ("messages", "conversations", "text", "content", "prompt", "chosen", "rejected")
"""Columns of a snapshot that hold what a model reads. Any other file is compared with all its strings: a leak may
stand under any name."""

_NO_TEXT = ("role", "from", "id")


@dataclass(frozen=True)
class Row:
    """A row of data: where it stands, and its texts."""

    place: str
    texts: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of its texts."""
        return sum(len(text.encode("utf-8", "surrogatepass")) for text in self.texts)


@dataclass(frozen=True)
class Source:
    """Data to scan: its name, how many bytes it is about, and its rows."""

    name: str
    size: int
    rows: Callable[[], Iterator[Row]]


def sources(data: Sequence[str], catalog: Path, columns: Sequence[str] = ()) -> list[Source]:
    """What arguments of a scan name: files and globs, folders, snapshots, else datasets of the catalogue's store,
    or its seed sets as ``seeds:NAME``. FactoryError for one that is none of these."""
    found: list[Source] = []
    for name in data:
        paths = [path for match in sorted(glob.glob(name, recursive=True)) for path in _files(Path(match))]  # noqa: PTH207 - Path.glob takes no absolute pattern
        if paths:
            found += [_file(path, columns) for path in paths]
        elif Path(name).exists():
            raise FactoryError(f"{name}: no file to scan in it; there are: {', '.join((*FORMATS, *PLAIN))}")
        else:
            found.append(_stored(name, catalog))
    return found


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if (path / MANIFEST).exists():
        return sorted((path / "data").glob("*.parquet"))
    return [one for one in sorted(path.rglob("*")) if one.suffix.lower() in (*FORMATS, *PLAIN)]


def _file(path: Path, columns: Sequence[str]) -> Source:
    usual = COLUMNS if (path.parent.parent / MANIFEST).exists() else ()

    def rows() -> Iterator[Row]:
        if path.suffix.lower() in PLAIN:
            yield Row(path.name, (path.read_text(encoding="utf-8", errors="replace"),))
            return
        for place, record in records(path):
            if columns and not any(column(name) in record for name in columns):
                raise FactoryError(
                    f"{path}: no column {', '.join(columns)}{did_you_mean(columns[0], list(record))}"
                )
            yield Row(place, texts_of(record, columns or usual))

    return Source(str(path), path.stat().st_size, rows)


def texts_of(record: Mapping[str, Any], columns: Sequence[str] = ()) -> tuple[str, ...]:
    """The texts of a record, in order: those of the columns, where it has any of them, or all its strings."""
    wanted = [name for name in map(column, columns) if name in record] or list(record)
    return tuple(text for name in wanted for text in _strings(record.get(name)) if text)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            if name not in _NO_TEXT:
                yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)


def _stored(name: str, catalog: Path) -> Source:
    from factory.catalog import load_catalog

    if not catalog.exists():
        raise FactoryError(f"{name}: no such file, and there is no {catalog} whose store could hold it")
    loaded = load_catalog(catalog)
    if name.startswith(ORGANIC):
        seeds = loaded.seed_set(name.removeprefix(ORGANIC)).name
        return Source(name, 0, lambda: _seeds(loaded.store, seeds))
    if name not in loaded.datasets:
        near = did_you_mean(name, [*loaded.datasets, *(ORGANIC + seeds for seeds in loaded.seeds)])
        raise FactoryError(f"{name}: no such file, and no dataset of {catalog}{near}")
    return Source(name, 0, lambda: _samples(loaded.store, name))


def _samples(store: Path, dataset: str) -> Iterator[Row]:
    from factory.store.reader import at_rest, open_reader
    from factory.store.rows import SAMPLE_COLUMNS, sample_of
    from factory.store.sets import literal
    from factory.store.texts import streaming

    columns = ", ".join(f"s.{column}" for column in SAMPLE_COLUMNS)
    sql = (
        f"select {columns} from samples s join accepted a using (run_id, sample_id)"
        f" where a.dataset = {literal(dataset)} order by s.sample_id"
    )
    with at_rest(store) as still, open_reader(still, own_sql=True) as connection:
        for values in streaming(connection)(sql):
            row = dict(zip(SAMPLE_COLUMNS, values, strict=True))
            yield Row(f"{dataset}:{row['sample_id']}", sample_of(row).texts())


def _seeds(store: Path, name: str) -> Iterator[Row]:
    from factory.store.reader import at_rest, open_reader
    from factory.store.texts import streaming, texts

    with at_rest(store) as still, open_reader(still, own_sql=True) as connection:
        for seed_id, text in texts(streaming(connection), still, name):
            yield Row(f"{ORGANIC}{name}:{seed_id}", (text,))
