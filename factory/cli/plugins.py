"""`factory plugins`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from factory.errors import FactoryError, PluginError, did_you_mean

if TYPE_CHECKING:
    from factory.discovery import Group


@click.command()
@click.argument("name", required=False)
def plugins(name: str | None) -> None:
    """List generators, validators, sources and cleaners, or show one of them.

    Each plugin that is listed is imported, and its prompts are read. Exit code 1 when one of them fails, or none
    has that name: what the tests of a plugin may run once it is installed.

    \b
      factory plugins
      factory plugins 'mine.*'         those of one name (globs allowed)
      factory plugins extract.qa       its settings, roles, axes and prompts
    """
    from factory.discovery import CLEANERS, GENERATORS, SOURCES, VALIDATORS, discover

    groups = (GENERATORS, VALIDATORS, SOURCES, CLEANERS)
    found = [(group, one) for group in groups for one in discover(group) if fnmatchcase(one, name or "*")]
    if not found:
        known = [one for group in groups for one in discover(group)]
        raise PluginError(f"no plugin is called '{name}'{did_you_mean(str(name), known)}")
    if any(one == name for _, one in found):
        for group, one in found:
            _show(group, one)
    elif not _list(found):
        sys.exit(1)


def _list(found: Iterable[tuple[Group, str]]) -> bool:
    """A line for each plugin, below the name of its group; false where one of them fails."""
    from factory.discovery import discover

    good, above = True, ""
    for group, name in found:
        if group.noun != above:
            above = group.noun
            click.secho(f"{above}s", bold=True)
        try:
            line = _line(group, name)
        except FactoryError as error:
            line, good = f"fails: {error}", False
        click.echo(f"  {name:24} {line}  [{discover(group)[name].distribution}]")
    return good


def _line(group: Group, name: str) -> str:
    """What a plugin is, once it has been imported and its prompts have been read; FactoryError if it fails."""
    from factory.discovery import load
    from factory.plugins import Generator, Validator
    from factory.teacher.prompts import Prompts

    plugin = load(group, name)
    if isinstance(plugin, Generator | Validator) and plugin.prompts.exists():
        Prompts.read(plugin.prompts)
    return f"{_takes_and_gives(plugin)}{plugin.summary or 'no docstring says what it does'}"


def _takes_and_gives(plugin: object) -> str:
    from factory.plugins import Cleaner, Generator, Source, Validator

    if isinstance(plugin, Generator):
        takes = "|".join(kind.kind for kind in plugin.seeds)
        return f"{takes} -> {'|'.join(kind.kind for kind in plugin.gives)}: "
    if isinstance(plugin, Validator) and plugin.needs:
        return f"needs {' and '.join(kind.kind for kind in plugin.needs)}: "
    if isinstance(plugin, Source):
        return f"gives {'|'.join(kind.kind for kind in plugin.gives)}: "
    if isinstance(plugin, Cleaner):
        takes = "|".join(kind.kind for kind in plugin.takes)
        return f"takes {takes}{', the whole set at once' if plugin.whole else ''}: "
    return ""


def _show(group: Group, name: str) -> None:
    import inspect

    from factory.cli.progress import counted
    from factory.discovery import load
    from factory.plugins import Cleaner, Generator, Source
    from factory.teacher.prompts import Prompts

    plugin = load(group, name)
    click.secho(f"{group.noun} {name}", bold=True)
    click.echo(inspect.getdoc(plugin.target) or "")
    if what := _takes_and_gives(plugin):
        click.echo(f"\n{what.rstrip(': ')}")
    if isinstance(plugin, Generator) and plugin.evidence:
        click.echo(f"evidence: {', '.join(kind.kind for kind in plugin.evidence)}")
    for field_name, info in plugin.settings.model_fields.items():
        default = "required" if info.is_required() else f"default {info.default!r}"
        kind = getattr(info.annotation, "__name__", None) or str(info.annotation)
        click.echo(f"setting {field_name}: {kind}, {default}")
    if isinstance(plugin, Source | Cleaner):
        click.echo(f"code: {plugin.path}")
        return
    click.echo(f"roles: {', '.join(plugin.roles) or 'none'}")
    for axis, values in (plugin.axes if isinstance(plugin, Generator) else {}).items():
        click.echo(f"axis {axis}: {'; '.join(values)}")
    if plugin.prompts.exists():
        for section in Prompts.read(plugin.prompts).sections.values():
            click.echo(f"prompt {section.name}: {counted(len(section.examples), 'example')}")
    click.echo(f"code: {plugin.path}")
