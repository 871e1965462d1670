"""The discovery of plugins, by the paths of their modules and without importing them.

A distribution registers a *package* of plugins under an entry point group (``factory.generators``,
``factory.validators``, ``factory.sources``, ``factory.cleaners``). Every module in it with a line that starts
with the group's decorator is a plugin, named after its path: ``generators/extract/qa.py`` is ``extract.qa``.
The built-in packages register as ``builtin`` and have no prefix; a third party's prefix is its entry point's
name. Nothing is imported to find them: one that fails to import fails only the datasets that name it.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from factory.errors import FactoryError, PluginError, did_you_mean, told
from factory.packages import package_folder
from factory.plugins import Cleaner, Generator, Plugin, Source, Validator

BUILTIN = "builtin"


class Group(BaseModel):
    """An entry point group of plugin packages."""

    model_config = ConfigDict(frozen=True)

    entry_point: str
    noun: str
    marker: str = Field(description="what a plugin's module has at the start of a line")
    kind: type[Plugin]


GENERATORS = Group(entry_point="factory.generators", noun="generator", marker="@generator", kind=Generator)
VALIDATORS = Group(entry_point="factory.validators", noun="validator", marker="@validator", kind=Validator)
SOURCES = Group(entry_point="factory.sources", noun="source", marker="@source", kind=Source)
CLEANERS = Group(entry_point="factory.cleaners", noun="cleaner", marker="@cleaner", kind=Cleaner)


@dataclass(frozen=True)
class Listing:
    """A plugin that was found and not yet imported."""

    name: str
    module: str
    path: Path
    distribution: str


@functools.cache
def discover(group: Group) -> Mapping[str, Listing]:
    """Every plugin of a group by name, found without importing. Two of one name: PluginError naming both."""
    found: dict[str, Listing] = {}
    for entry in metadata.entry_points(group=group.entry_point):
        distribution = entry.dist.name if entry.dist else "?"
        prefix = "" if (entry.name, distribution) == (BUILTIN, "seedfactory") else f"{entry.name}."
        for module, path in _modules(entry.value, group.marker, distribution):
            name = prefix + module.removeprefix(f"{entry.value}.")
            listing = Listing(name, module, path, distribution)
            # A distribution that lies twice on the path is one all the same.
            if name in found and found[name].path != path:
                other = found[name]
                raise PluginError(
                    f"two {group.noun}s are called '{name}': {other.path} (of {other.distribution})"
                    f" and {path} (of {distribution}); rename one or uninstall its distribution"
                )
            found[name] = listing
    return found


def load(group: Group, name: str) -> Any:
    """Imports one plugin and returns its declaration, with name and path filled in. Raises PluginError for one that is
    not installed, with the near miss, or fails to import."""
    listing = discover(group).get(name)
    if listing is None:
        why = _unmarked(group, name) or did_you_mean(name, discover(group))
        raise PluginError(f"no {group.noun} '{name}' is installed{why}")
    return _import(group, listing)


@functools.cache
def _import(group: Group, listing: Listing) -> Plugin:
    try:
        module = importlib.import_module(listing.module)
    except FactoryError as error:
        at = "" if str(error).startswith(str(listing.path)) else f" ({listing.path})"
        raise PluginError(f"{group.noun} '{listing.name}'{at}: {error}") from error
    except Exception as error:  # a module may raise anything as it is imported
        raise PluginError(
            f"{group.noun} '{listing.name}' ({listing.path}, of {listing.distribution}) fails to import:"
            f" {told(error, listing.path.parent)}"
        ) from error
    declared = [
        value
        for value in vars(module).values()
        if isinstance(value, group.kind) and value.target.__module__ == module.__name__
    ]
    if len(declared) != 1:
        raise PluginError(f"{listing.path}: expected one {group.marker}, found {len(declared)}")
    values = {key: getattr(declared[0], key) for key in declared[0].__dataclass_fields__}
    return type(declared[0])(**values | {"name": listing.name, "path": listing.path})


def _unmarked(group: Group, name: str) -> str:
    """Says so where a module of that name is there and no line of it begins with the group's decorator."""
    for entry in metadata.entry_points(group=group.entry_point):
        root = package_folder(entry.value)
        if root and name.startswith(f"{entry.name}."):
            path = root.joinpath(*name.split(".")[1:]).with_suffix(".py")
            if path.is_file():
                return f": no line of {path} begins with {group.marker}(...)"
    return ""


def offered(group: str, name: str, mend: str = "") -> Any:
    """What an upper layer or a third party offers under an entry point group, loaded; PluginError if none."""
    entries = {entry.name: entry for entry in metadata.entry_points(group=group)}
    if name not in entries:
        raise PluginError(f"nothing is installed for '{name}' in {group}{did_you_mean(name, entries)}{mend}")
    return entries[name].load()


def _modules(package: str, marker: str, distribution: str) -> Iterator[tuple[str, Path]]:
    """Names and paths of the modules below a package that hold a plugin."""
    root = package_folder(package)
    if root is None:
        raise PluginError(
            f"{distribution} registers the package '{package}', which is not there; install it again"
        )
    pattern = re.compile(rf"^{re.escape(marker)}\b", re.MULTILINE)
    for path in sorted(root.rglob("*.py")):
        if pattern.search(path.read_text(encoding="utf-8")):
            parts = list(path.relative_to(root).with_suffix("").parts)
            if parts[-1] == "__init__":
                parts.pop()
            yield ".".join([package, *parts]), path
