"""Seeds from the dumps of Stack Exchange: questions with their answers."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import duckdb
import orjson

from factory.errors import FactoryError
from factory.plugins import Broken, Found, Item, Skipped, source
from factory.records import Origin, Post, Question, Seed, Thread
from factory.seeds.dumps import elements
from factory.seeds.files import open_bytes
from factory.seeds.html import extract
from factory.seeds.pages import guarded

MAX_POST = 1 << 20
BATCH = 2_000
_TAGS = re.compile(r"[<|]([^<>|]+)(?=[>|])")
_COLUMNS = {"id": "bigint", "parent": "bigint", "score": "bigint", "owner": "varchar", "name": "varchar",
            "date": "varchar", "title": "varchar", "tags": "varchar", "accepted": "bigint", "body": "varchar",
            "place": "bigint", "licence": "varchar", "closed": "boolean"}  # fmt: skip


@source(gives=(Thread, Question))
def stackexchange(
    path: Path,
    kind: type[Seed],
    *,
    min_score: int = 0,
    min_answers: int = 1,
    max_answers: int = 10,
    tags: tuple[str, ...] = (),
    closed: bool = True,
    licence: str = "",
    comments: bool = False,
) -> Iterator[Item]:
    """Posts.xml of a dump, packed or not: each question a thread, its accepted answer first, then by votes.

    Users.xml beside it gives the authors' names, Comments.xml with `comments` what was remarked on each post. As
    questions, the accepted answer (or the best) is the reference answer. `min_score`: least votes of a question;
    `min_answers`, `max_answers`: of a thread; `tags`: only questions with one of them; `closed`: also those that
    were closed. `licence`: where the posts do not say theirs (CC-BY-SA-4.0). Unpack the .7z of a dump first. Places
    are bytes of the dump.
    """
    if path.suffix.lower() == ".7z":
        raise FactoryError(f"{path.name}: unpack it first (7z x {path.name}), and name its Posts.xml")
    # A dump lists answers far from their questions: they meet in a scratch database, whatever their number.
    with (
        tempfile.TemporaryDirectory(prefix="threads-") as folder,
        duckdb.connect(f"{folder}/posts.duckdb", config={"memory_limit": "1GB", "threads": 1}) as scratch,
    ):
        yield from _gather(scratch, path, Path(folder), comments)
        _tell(scratch, min_score, min_answers, tags, closed)
        yield from _left_out(scratch, path)
        for rows in _threads(scratch):
            about = Origin(address=str(path), place=f"row at byte {rows[0][9]}, question {rows[0][0]}")
            yield from guarded((_seed(rows, kind, path, max_answers, licence) for _ in "1"), about)


def _gather(
    scratch: duckdb.DuckDBPyConnection, path: Path, folder: Path, with_comments: bool
) -> Iterator[Item]:
    """Puts every post, the names of users and the comments into the scratch database."""
    scratch.execute(f"create table posts ({', '.join(f'{name} {kind}' for name, kind in _COLUMNS.items())})")
    scratch.execute("create table users (owner varchar, name varchar)")
    scratch.execute(
        "create table comments (id bigint, post bigint, score bigint, owner varchar, name varchar,"
        " date varchar, text varchar)"
    )
    users, comments = (path.with_name(path.name.replace("Posts", other)) for other in ("Users", "Comments"))
    if users != path and users.exists():
        names = ({"owner": row.get("Id"), "name": row.get("DisplayName")} for _, row in _rows(users))
        yield from _insert(scratch, "users", names, folder)
    if with_comments and comments != path:
        if comments.exists():
            yield from _insert(scratch, "comments", _comments(comments), folder)
        else:
            yield Broken(Origin(address=str(path), place=""), f"there is no {comments.name} beside it")
    scratch.execute(
        "create or replace table users as select owner, min(name) as name from users group by owner"
    )
    yield from _insert(scratch, "posts", _posts(path), folder)
    yield from _repeated(scratch, path)
    if not scratch.execute("select 1 from posts limit 1").fetchall():
        yield Broken(
            Origin(address=str(path), place=""), "no question and no answer in it: name a dump's Posts.xml"
        )


def _repeated(scratch: duckdb.DuckDBPyConnection, path: Path) -> Iterator[Skipped]:
    """Takes out posts whose number came before: each would stand in its thread as often as the two come to."""
    rows = scratch.execute(
        "delete from posts where rowid in (select rowid from posts"
        " where id in (select id from posts group by id having count(*) > 1)"
        " qualify row_number() over (partition by id order by place) > 1) returning place, id"
    ).fetchall()
    if rows:
        place, number = min(rows)
        origin = Origin(address=str(path), place=f"row at byte {place}, post {number}")
        yield Skipped(origin, "a post whose number came before", records=len(rows))


def _rows(path: Path) -> Iterator[tuple[int, Element]]:
    with open_bytes(path) as stream:
        yield from elements(stream, "row", path.name, most=MAX_POST)


def _posts(path: Path) -> Iterator[dict[str, Any] | Item]:
    """The questions and answers of a dump; other kinds of post have no text of their own."""
    for at, row in _rows(path):
        origin = Origin(address=str(path), place=f"row at byte {at}")
        if row.get("PostTypeId") not in ("1", "2"):
            yield Skipped(origin, "neither a question nor an answer")
            continue
        try:
            number = _number(row.get("Id", ""))
            yield {
                "id": number,
                "parent": _number(row.get("ParentId", "")) if row.get("PostTypeId") == "2" else number,
                "score": _number(row.get("Score", "0")),
                "owner": row.get("OwnerUserId"),
                "name": row.get("OwnerDisplayName"),
                "date": (row.get("CreationDate") or "")[:10],
                "title": row.get("Title"),
                "tags": row.get("Tags"),
                "accepted": _number(row.get("AcceptedAnswerId") or "0"),
                "body": row.get("Body", "")[:MAX_POST],
                "place": at,
                "licence": (row.get("ContentLicense") or "").strip().replace(" ", "-").upper(),
                "closed": bool(row.get("ClosedDate")),
            }
        except ValueError as error:
            yield Broken(origin, f"no post: {error}")


def _number(text: str) -> int:
    """A whole number of a dump. Raises ValueError for what is none, or none that a database holds."""
    if not -(2**63) <= (number := int(text)) < 2**63:
        raise ValueError(f"{text[:40]} is no number of a dump")
    return number


def _comments(path: Path) -> Iterator[dict[str, Any] | Item]:
    """The comments of a dump."""
    for at, row in _rows(path):
        try:
            yield {
                "id": _number(row.get("Id", "")),
                "post": _number(row.get("PostId", "")),
                "score": _number(row.get("Score", "0")),
                "owner": row.get("UserId"),
                "name": row.get("UserDisplayName"),
                "date": (row.get("CreationDate") or "")[:10],
                "text": row.get("Text", "")[:MAX_POST],
            }
        except ValueError as error:
            place = f"{path.name}, row at byte {at}"
            yield Broken(Origin(address=str(path), place=place), f"no comment: {error}")


def _insert(
    scratch: duckdb.DuckDBPyConnection, table: str, rows: Iterator[dict[str, Any] | Item], folder: Path
) -> Iterator[Item]:
    """Puts rows into a table, and gives what is none."""
    file = folder / f"{table}.jsonl"
    with file.open("wb") as out:
        for row in rows:
            if isinstance(row, dict):
                out.write(orjson.dumps(row) + b"\n")
            else:
                yield row
    if file.stat().st_size:
        scratch.execute(
            f"insert into {table} by name select * from read_json('{file}', format = 'newline_delimited')"
        )
    file.unlink()


def _tell(
    scratch: duckdb.DuckDBPyConnection, min_score: int, min_answers: int, tags: tuple[str, ...], closed: bool
) -> None:
    """Writes down of each post why it is left out, or nothing; of an answer, only that its question is not there."""
    # "<python><c++>" in the dumps before 2024, "|python|c++|" since.
    tagged = (f"contains(translate(p.tags, '<>', '||'), ${number})" for number, _ in enumerate(tags, start=4))
    scratch.execute(
        "create table told as"
        " with answers as (select parent as id, count(*) as answers from posts where id != parent group by all)"
        " select p.id, p.parent, p.place, p.title, p.accepted, case"
        "  when p.id != p.parent then if(q.id is null, 'an answer to a question that is not there', null)"
        "  when p.title is null then 'a question without a title'"
        "  when p.score < $1 then 'fewer votes than min_score'"
        f" when not coalesce({' or '.join(tagged) or 'true'}, false) then 'with none of the tags'"
        "  when p.closed and not $2 then 'closed'"
        "  when coalesce(a.answers, 0) < $3 then 'fewer answers than min_answers' end as why"
        " from posts p left join posts q on q.id = p.parent and q.id = q.parent left join answers a on a.id = p.id",
        [min_score, closed, min_answers, *(f"|{tag}|" for tag in tags)],
    )


def _left_out(scratch: duckdb.DuckDBPyConnection, path: Path) -> Iterator[Skipped]:
    """Posts that are in no thread, counted by why."""
    rows = scratch.execute(
        "select why, count(*), min(place), arg_min(id, place), arg_min(title, place) from told"
        " where why is not null group by why order by why"
    )
    for why, count, place, number, title in rows.fetchall():
        origin = Origin(address=str(path), place=f"row at byte {place}, post {number}")
        yield Skipped(origin, why, title or "", count)


def _threads(scratch: duckdb.DuckDBPyConnection) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of each thread: the question, then its answers."""
    result = scratch.execute(
        "with questions as (select id, accepted from told where id = parent and why is null),"
        " remarks as (select post, list({'text': c.text, 'author': coalesce(u.name, c.name, ''),"
        "  'date': c.date, 'votes': c.score} order by c.id) as comments"
        "  from comments c left join users u using (owner) group by post)"
        " select p.parent, p.id, p.score, coalesce(u.name, p.name, ''), p.date, p.title, p.tags,"
        "        q.accepted = p.id as accepted, p.body, p.place,"
        "        count(*) over (partition by p.parent) - 1 as answers, p.licence, coalesce(r.comments, [])"
        " from posts p join questions q on q.id = p.parent left join users u using (owner)"
        " left join remarks r on r.post = p.id"
        " order by p.parent, p.id != p.parent, q.accepted != p.id, p.score desc, p.id"
    )

    def rows() -> Iterator[tuple[Any, ...]]:
        while batch := result.fetchmany(BATCH):
            yield from batch

    for _, group in groupby(rows(), key=lambda row: row[0]):
        yield list(group)


def _seed(
    rows: list[tuple[Any, ...]], kind: type[Seed], path: Path, max_answers: int, licence: str
) -> Found | Broken:
    number, _, _, author, date, title, tags, _, _, place, *_ = rows[0]
    rows = rows[: max_answers + 1]
    said = sorted({row[11] for row in rows} - {"", None})
    origin = Origin(
        address=str(path),
        place=f"row at byte {place}, question {number}",
        title=title,
        author=author or None,
        date=date or None,
        licence=licence or " AND ".join(said) or "CC-BY-SA-4.0",
    )
    posts = [
        Post(
            text=_markdown(row[8]),
            author=row[3],
            date=row[4],
            votes=row[2],
            accepted=bool(row[7]),
            comments=row[12],
        )
        for row in rows
    ]
    if not posts[0].text:
        return Broken(origin, "the question has no text")
    if kind is Thread:
        return Found(Thread(title=title, posts=tuple(posts)), origin)
    answer = posts[1].text if len(posts) > 1 else None
    subject = ", ".join(_TAGS.findall(tags or ""))
    return Found(Question(text=f"{title}\n\n{posts[0].text}", answer=answer, subject=subject), origin)


def _markdown(body: str) -> str:
    """The HTML of a post as Markdown, code to the letter."""
    return extract(body, whole=True).markdown
