"""`factory init`."""

from __future__ import annotations

from pathlib import Path

import click

from factory.errors import FactoryError

STARTER = Path(__file__).with_name("starter")
FILES = {"catalog.yaml": "catalog.yaml", "questions.jsonl": "seeds/questions.jsonl"}
"""The files of the starter, and where they go."""


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write a first catalogue, with seeds to try it on, into FOLDER (default: here).

    It builds as it stands, with no key and no network. A file that is there already is never overwritten.

    \b
      factory init my_project
    """
    places = {STARTER / name: folder / place for name, place in FILES.items()}
    if there := [str(place) for place in places.values() if place.exists()]:
        raise FactoryError(f"{' and '.join(there)}: there already; name another folder: factory init FOLDER")
    for source, place in places.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(source.read_bytes())
        click.echo(f"wrote {place}")
    at = "" if folder == Path() else f"cd {folder} && "
    click.echo(f"next: {at}factory build && factory show answers")
