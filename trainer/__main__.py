"""``python -m trainer RECIPE`` and ``torchrun -m trainer RECIPE``: the same as ``factory train RECIPE``."""

from __future__ import annotations

import sys

import click

from factory.errors import FactoryError
from trainer.command import train


def main() -> None:
    """Runs the command; an error that the user can mend is told without a traceback."""
    try:
        train(prog_name="python -m trainer")
    except FactoryError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
