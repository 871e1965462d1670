"""`factory doctor`."""

from __future__ import annotations

import asyncio
import platform
import re
import sys
from importlib import metadata

import click

from factory.errors import FactoryError
from factory.extras import install

_REQUIRED = re.compile(r"([\w.-]+).*; extra == ['\"](\w+)['\"]")
_NOT_SHOWN = ("all", "bench", "dev")


@click.command()
def doctor() -> None:
    """Check this machine and this installation, and say how to mend what is missing.

    Exit code 1 when something that a default build needs does not work.
    """
    good = [_python(), _clashes(), _plugins(), *_executors()]
    for extra, missing in _extras().items():
        lacks = f"lacks {', '.join(missing)}: {install(extra)}"
        click.echo(f"  -   extra {extra}: {lacks if missing else 'installed'}")
    sys.exit(0 if all(good) else 1)


def _extras() -> dict[str, list[str]]:
    """What each extra lacks here."""
    lacking: dict[str, list[str]] = {}
    for line in metadata.requires("seedfactory") or ():
        required = _REQUIRED.match(line)
        if required and required[2] not in _NOT_SHOWN:
            missing = lacking.setdefault(required[2], [])
            if not any(metadata.distributions(name=required[1])):
                missing.append(required[1])
    return lacking


def _say(good: bool, text: str) -> bool:
    click.secho(f"  {'ok' if good else '!!'}  {text}", fg=None if good else "red")
    return good


def _python() -> bool:
    return _say(sys.version_info >= (3, 11), f"Python {platform.python_version()} (3.11 or newer is needed)")


def _clashes() -> bool:
    from factory.clash import clashes

    found = clashes()
    return _say(not found, "\n".join(found) or "no other distribution claims a package of ours")


def _plugins() -> bool:
    from factory.discovery import CLEANERS, GENERATORS, SOURCES, VALIDATORS, discover, load

    faults, count = [], 0
    for group in (GENERATORS, VALIDATORS, SOURCES, CLEANERS):
        try:
            names = list(discover(group))
        except FactoryError as error:
            faults.append(str(error))
            continue
        for name in names:
            count += 1
            try:
                load(group, name)
            except FactoryError as error:
                faults.append(str(error))
    return _say(not faults, "\n".join(faults) or f"{count} plugins found, and all of them import")


NEEDED = ("python",)
"""Languages that a default build runs programs in. Others are told, and missed by nobody who does not use them."""


def _executors() -> list[bool]:
    from factory.build import executor_languages

    return [asyncio.run(_executor(language)) for language in executor_languages()]


async def _executor(language: str) -> bool:
    """Runs the smallest program there is: the one proof that isolation works here."""
    from factory.discovery import offered
    from factory.plugins import Executor
    from factory.records import Outcome, Program

    executor: Executor = offered("factory.executors", language)()
    try:
        outcome = await executor.run(Program(source="", language=language))
    except FactoryError as error:
        outcome = Outcome(status="crashed", error=str(error))
    finally:
        await executor.close()
    if not outcome.ok and language not in NEEDED:
        click.echo(f"  -   sandbox for {language}: {outcome.error}")
        return True
    about = getattr(executor, "about", None)
    given = f"; programs have {about()}" if outcome.ok and about else ""
    return _say(outcome.ok, f"sandbox for {language}: {outcome.error or 'programs run in isolation'}{given}")
