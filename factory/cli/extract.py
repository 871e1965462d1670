"""`factory extract`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

ENDINGS = (".html", ".htm", ".xhtml", ".mhtml")
ARCHIVES = (".warc", ".warc.gz", ".warc.zst")


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE|FOLDER|WARC|-...")
@click.option(
    "--format",
    "-f",
    "form",
    type=click.Choice(["markdown", "text", "json"]),
    default="markdown",
    show_default=True,
    help="json: a line a page, with metadata and typed blocks.",
)
@click.option("--explain", is_flag=True, help="Show which parts were kept and dropped, and by which rule.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many pages.")
def extract(paths: tuple[str, ...], form: str, explain: bool, limit: int | None) -> None:
    """Show what the HTML extractor makes of pages: files, folders, web archives, or standard input.

    \b
      factory extract page.html                the main content as Markdown
      factory extract page.html --explain      why each part was kept or dropped
      curl -s ADDRESS | factory extract -      a page from elsewhere
      factory extract crawl.warc.gz -f json    a line of JSON a page
    """
    shown = 0
    for name, raw in _pages(paths):
        if limit is not None and shown == limit:
            break
        shown += 1
        if explain:
            _explain(name, raw)
        else:
            _show(name, raw, form)
    if not shown:
        raise click.ClickException(f"no page in {', '.join(paths)}; pages end in {', '.join(ENDINGS)}")


def _pages(paths: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    from factory.errors import FactoryError, did_you_mean

    for text in paths:
        path = Path(text)
        if text == "-":
            yield "-", sys.stdin.buffer.read()
        elif path.is_dir():
            for file in sorted(one for one in path.rglob("*") if one.suffix.lower() in ENDINGS):
                yield str(file), file.read_bytes()
        elif not path.is_file():
            near = did_you_mean(path.name, (one.name for one in path.parent.glob("*")))
            raise FactoryError(f"there is no file {path}{near}")
        elif text.lower().endswith(ARCHIVES):
            yield from _archived(path)
        else:
            yield text, path.read_bytes()


def _archived(path: Path) -> Iterator[tuple[str, bytes]]:
    from factory.seeds.sources.warc import pages_of

    yield from pages_of(path)


def _show(name: str, raw: bytes, form: str) -> None:
    from dataclasses import asdict

    import orjson

    from factory.seeds.html import extract as read

    page = read(raw)
    if form == "json":
        about = {key: value for key, value in asdict(page.metadata).items() if value}
        row = {
            "page": name,
            **about,
            "language": page.language,
            "markdown": page.markdown,
            "blocks": page.tree(),
        }
        click.echo(orjson.dumps(row).decode())
        return
    click.secho(f"{name}", fg="cyan", err=True)
    said = {
        key: value for key, value in {**asdict(page.metadata), "language": page.language}.items() if value
    }
    for key, value in said.items():
        click.secho(f"  {key}: {value}", dim=True, err=True)
    click.echo(page.markdown if form == "markdown" else page.text)


def _explain(name: str, raw: bytes) -> None:
    from factory.seeds.html import explain as decide

    click.secho(name, fg="cyan")
    for one in decide(raw):
        if not one.text:
            continue
        mark, colour = ("kept   ", "green") if one.kept else ("dropped", "red")
        click.echo(f"{click.style(mark, fg=colour)} {one.path}  [{len(one.text):,} characters]")
        click.secho(f"        {one.why}", dim=True)
        click.secho(f"        {one.text[:110]}{'…' if len(one.text) > 110 else ''}", dim=True)
