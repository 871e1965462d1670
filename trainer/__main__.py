"""``python -m trainer RECIPE`` and ``torchrun -m trainer RECIPE``: the same as ``factory train RECIPE``."""

from __future__ import annotations

import os
import sys
import time

import click

from factory.errors import FactoryError
from trainer.command import train

GRACE = 10
"""Seconds that the first rank of a node has to tell an error before another does."""


def main() -> None:
    """Runs the command; an error that the user can mend is told without a traceback."""
    try:
        train(prog_name="python -m trainer")
    except FactoryError as error:
        # Ranks mostly fail alike. Where the node's first fails too, torchrun ends this one before it says so again.
        if os.environ.get("LOCAL_RANK", "0") != "0":
            time.sleep(GRACE)
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
