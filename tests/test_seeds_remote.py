"""Files elsewhere, through fsspec: a real server of files over HTTP, archives in archives, and what may break."""

from __future__ import annotations

import gzip
import json
import re
import threading
import traceback
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as arrow
import pyarrow.parquet as columns
import pytest
import zstandard
from conftest import Project
from fsspec.implementations.memory import MemoryFileSystem
from seed_items import rows
from test_sources_warc import PAGES, archive

from factory.errors import CatalogError
from factory.records import Question
from factory.seeds.files import address, files_of
from factory.seeds.remote import without_secrets
from factory.seeds.sources.jsonl import jsonl

LINES = b"".join(json.dumps({"text": f"What is {n} + {n}?"}).encode() + b"\n" for n in range(2_000))


@dataclass
class Server:
    """Serves files, by ranges and with lists of its folders; of those in `cut` it sends half."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, *, with_body: bool) -> None:
            name = self.path.partition("?")[0].lstrip("/")
            served.asked.append(name)
            links = (f'<a href="{file[len(name) :]}">.</a>' for file in served.files if file.startswith(name))
            data = "\n".join(links).encode() if name.endswith("/") else served.files.get(name)
            span = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
            if data is None:
                data = b""
                self.send_response(404)
            elif span:
                first, last = int(span[1]), min(int(span[2] or len(data)), len(data) - 1)
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
                data = data[first : last + 1]
            else:
                self.send_response(200)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if with_body:
                self.close_connection = name in served.cut
                self.wfile.write(data[: len(data) // 2] if name in served.cut else data)

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Server(f"http://127.0.0.1:{web.server_port}")
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield served
    web.shutdown()
    web.server_close()


def catalog(project: Project, source: str, path: str, kind: str = "question") -> None:
    seeds = f"{{source: {source}, path: '{path}', as: {kind}, shard_mb: 1}}"
    project.write("catalog.yaml", f"seeds:\n  far: {seeds}\ndatasets: {{}}\n")


def test_lines_and_tables_are_read_from_a_server_as_from_a_disk(server: Server, project: Project) -> None:
    table = project.folder / "a.parquet"
    columns.write_table(arrow.table({"text": [f"q {n}" for n in range(3_000)]}), table, row_group_size=500)
    long = b"".join(
        json.dumps({"text": f"What is {n}?", "more": "x" * 500}).encode() + b"\n" for n in range(4_000)
    )
    served = {"q.jsonl": LINES, "q.jsonl.gz": gzip.compress(LINES), "long.jsonl": long,
              "q.jsonl.zst": zstandard.compress(LINES), "a.parquet": table.read_bytes()}  # fmt: skip
    server.files |= {f"data/{name}": content for name, content in served.items()}
    for name, count in (
        ("q.jsonl", 2_000),
        ("q.jsonl.gz?a=b", 2_000),
        ("*.zst", 2_000),
        ("long.jsonl", 4_000),
    ):
        catalog(project, "jsonl", f"{server.url}/data/{name}")
        project.factory("seeds", "-w", "2")
        assert project.query("select count(*) from sets.far") == [(count,)], name
    assert project.query("select count(*) from files") == [(3,)]  # in parts, by ranges
    catalog(project, "parquet", f"{server.url}/data/a.parquet")
    project.factory("seeds")
    assert project.query("select count(*) from sets.far") == [(3_000,)]
    assert project.query("from failures") == []


def test_archives_of_pages_are_named_by_a_glob_of_a_server(server: Server, project: Project) -> None:
    plain = archive(project.folder / "a.warc", compressed=False).read_bytes()
    server.files["crawl/1.warc.gz"] = archive(project.folder / "a.warc.gz").read_bytes()
    server.files["crawl/2.warc.zst"] = zstandard.compress(plain)
    server.files["crawl/readme.txt"] = b"Words."
    catalog(project, "warc", f"{server.url}/crawl/*.warc.*", "document")
    project.factory("seeds", "-w", "2")
    assert project.query("select count(*), count(distinct address) from origins") == [(2 * len(PAGES), 2)]
    assert project.query("select distinct url from origins where url like '%/0'") == [
        ("https://docs.example.org/0",)
    ]


def test_a_broken_connection_is_a_failure_and_that_file_alone_is_read_again(
    server: Server, project: Project
) -> None:
    for name in ("one", "two"):
        server.files[f"d/{name}.jsonl"] = LINES.replace(b"What", name.encode())
    server.cut.add("d/two.jsonl")
    catalog(project, "jsonl", f"{server.url}/d/*.jsonl")
    project.factory("seeds", code=1)
    assert project.query("select count(*) from sets.far") == [(2_000,)]
    ((error, where),) = project.query("select error, address from failures")
    assert "two.jsonl: the connection broke at byte 0" in error and where == f"{server.url}/d/two.jsonl"
    server.cut.clear()
    server.asked.clear()
    assert "1 of 2 files unchanged" in project.factory("seeds")
    assert project.query("select count(*) from sets.far") == [(4_000,)]
    assert "4,000 seeds, 0 of them new; 2 of 2 files unchanged" in project.factory("seeds")


@pytest.mark.parametrize("name", ["q.jsonl.gz", "a.warc.gz", "a.parquet"])
def test_a_packed_file_that_was_cut_off_on_its_way_is_not_taken_for_a_damaged_one(
    name: str, server: Server, project: Project
) -> None:
    table = project.folder / "a.parquet"
    columns.write_table(arrow.table({"text": ["q"] * 50}), table)
    pages = archive(project.folder / "a.warc.gz").read_bytes()
    server.files = {"q.jsonl.gz": gzip.compress(LINES), "a.warc.gz": pages, "a.parquet": table.read_bytes()}
    server.cut.add(name)
    source = name.split(".")[1]
    catalog(project, source, f"{server.url}/{name}", "document" if source == "warc" else "question")
    project.factory("seeds", code=1)
    assert "the connection broke" in project.query("select error from failures")[0][0]
    server.cut.clear()
    assert "0 of 1 file unchanged" in project.factory("seeds")
    assert project.query("select count(*) > 0 from sets.far") == [(True,)]


def test_no_secret_of_an_address_is_stored_or_shown(server: Server, project: Project) -> None:
    server.files |= {"q.jsonl": LINES, "broken.jsonl": LINES}
    server.cut.add("broken.jsonl")
    user = server.url.replace("://", "://ada:s3cret@")
    for name, code in (("q", 0), ("broken", 1), ("nowhere", 1)):
        catalog(project, "jsonl", f"{user}/{name}.jsonl?X-Amz-Signature=f00ba4&part=1")
        told = project.factory("seeds", code=code)
        assert "s3cret" not in told and "f00ba4" not in told
    names = [f"{server.url}/{name}.jsonl?X-Amz-Signature=...&part=1" for name in ("broken", "q")]
    assert [
        one
        for (one,) in project.query(
            "select address from failures union select address from origins order by 1"
        )
    ] == names
    for path in (project.folder / "build").rglob("*"):
        assert not path.is_file() or not re.search(rb"s3cret|f00ba4", path.read_bytes())
    assert without_secrets("no address: a@b") == "no address: a@b"


class Grudging(MemoryFileSystem):
    """A file system that raises an error of its own make, as those of clouds do, and says in it what it was asked."""

    protocol = "grudging"

    def info(self, path: str, **_: Any) -> Any:
        raise NoCredentialsError(f"no credentials for {path}")

    glob = info


class NoCredentialsError(Exception):
    pass


@pytest.mark.filterwarnings("ignore:UPath 'grudging'")
@pytest.mark.parametrize("name", ["a.jsonl", "*.jsonl"])
def test_what_a_file_system_says_in_its_own_words_is_told_without_secrets(name: str, tmp_path: Path) -> None:
    fsspec.register_implementation("grudging", Grudging, clobber=True)
    url = f"grudging://ada:s3cret@bucket/{name}"
    with pytest.raises(CatalogError) as told:
        files_of([url], tmp_path, "far")
    assert "seed set 'far': grudging://bucket/" in str(told.value)
    assert "NoCredentialsError: no credentials for " in str(told.value)
    assert "s3cret" not in "".join(traceback.format_exception(told.value))


def test_folders_archives_and_memory_are_file_systems_too(server: Server, tmp_path: Path) -> None:
    packed = tmp_path / "a.zip"
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("in/q.jsonl", LINES)
        made.writestr("in/other.txt", b"Words.")
    server.files["a.zip"] = packed.read_bytes()
    with fsspec.open("memory://sources/q.jsonl", "wb") as out:
        out.write(LINES)
    (tmp_path / "q.jsonl").write_bytes(LINES)
    for url in (
        f"{tmp_path.as_uri()}/*.jsonl",
        f"zip://in/q.jsonl::file://{packed}",
        f"zip://in/*.jsonl::{server.url}/a.zip",
        "memory://sources/*.jsonl",
    ):
        (path,) = files_of([url], tmp_path, "far")
        assert len(rows(jsonl(path, Question))) == 2_000
        assert path.name in address(path, tmp_path)
