"""Selection: which datasets or seed sets of a catalogue are meant, in the language of dbt.

A selector is a dataset's name (globs allowed), ``tag:NAME``, ``generator:GLOB``, ``state:modified``, ``SEED_SET+``
for what stands on a seed set, ``+NAME`` for a dataset and what it stands on, or several of these joined by commas,
for what all of them select.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from fnmatch import fnmatchcase

from factory.catalog import Catalog
from factory.errors import CatalogError, did_you_mean

METHODS = ("tag", "generator", "state")
STATES = ("modified", "new")
"""What a store knows of datasets: never built; or that, or with rows or verdicts that the catalogue made stale."""

StatesOf = Callable[[Sequence[str]], Mapping[str, Set[str]]]
"""The datasets in each of `STATES`, of those named."""


def select_datasets(
    catalog: Catalog, wanted: Sequence[str] = (), exclude: Sequence[str] = (), states: StatesOf | None = None
) -> list[str]:
    """Names of the datasets of a selection, in the catalogue's order; all of them when none is wanted.

    Raises CatalogError for a selector that selects nothing, but for ``state:``, of which there may be none, and for
    ``state:`` where no store is at hand (`states` is None).
    """
    chosen = set(catalog.datasets) if not wanted else _union(catalog, wanted, states)
    chosen -= _union(catalog, exclude, states)
    return [name for name in catalog.datasets if name in chosen]


def select_seed_sets(catalog: Catalog, wanted: Sequence[str], states: StatesOf | None = None) -> list[str]:
    """Names of the seed sets of a selection, in the catalogue's order; all of them when none is wanted.

    A selector is a seed set's name (globs allowed), or ``+`` and a selector of datasets (or of seed sets), for the
    seed sets that they stand on (or are cut from). Raises CatalogError for one that selects nothing.
    """
    chosen: set[str] = set() if wanted else set(catalog.seeds)
    for selector in wanted:
        chosen.update(_seed_sets(catalog, selector, states))
    return [name for name in catalog.seeds if name in chosen]


def seed_sets_below(catalog: Catalog, seed_set: str) -> list[str]:
    """A seed set, what that is cut from, and so on."""
    found: list[str] = []
    while seed_set in catalog.seeds and seed_set not in found:
        found.append(seed_set)
        seed_set = catalog.seeds[seed_set].from_ or ""
    return found


def _seed_sets(catalog: Catalog, selector: str, states: StatesOf | None) -> set[str]:
    name = selector.removeprefix("+")
    matching = {seeds for seeds in catalog.seeds if fnmatchcase(seeds, name)}
    if not selector.startswith("+"):
        if matching:
            return matching
        near = did_you_mean(selector, catalog.seeds)
        if selector in catalog.datasets:
            near = f", and it is a dataset; '+{selector}' names the seed sets that it stands on"
        raise CatalogError(f"no seed set is called '{selector}'{near}")
    if not matching and not _is_dataset_selector(catalog, name):
        near = did_you_mean(name, [*catalog.datasets, *catalog.seeds])
        raise CatalogError(f"'{selector}': no dataset and no seed set is called '{name}'{near}")
    tops = matching or {catalog.datasets[dataset].seeds for dataset in _selected(catalog, name, states)}
    return {below for top in tops for below in seed_sets_below(catalog, top)}


def _is_dataset_selector(catalog: Catalog, text: str) -> bool:
    return any(mark in text for mark in ":,+") or any(fnmatchcase(name, text) for name in catalog.datasets)


def _union(catalog: Catalog, selectors: Sequence[str], states: StatesOf | None) -> set[str]:
    return {name for selector in selectors for name in _selected(catalog, selector, states)}


def _selected(catalog: Catalog, selector: str, states: StatesOf | None) -> set[str]:
    """What one selector selects: what all of its parts do. The store is asked last, about what is left."""
    chosen = set(catalog.datasets)
    asked = []
    for part in selector.split(","):
        method, colon, value = part.strip().removeprefix("+").partition(":")
        if colon and method == "state":
            asked.append((part, value))
        else:
            chosen &= _matching(catalog, part.strip())
    for part, value in asked:
        chosen &= _in_state(part, value, sorted(chosen), states)
    if not chosen and not asked:
        raise CatalogError(f"no dataset is in all of '{selector}'")
    return chosen


def _in_state(selector: str, state: str, names: Sequence[str], states: StatesOf | None) -> Set[str]:
    if state not in STATES:
        raise CatalogError(f"'{selector}' names no state{did_you_mean(state, STATES)}")
    if states is None:
        raise CatalogError(
            f"'{selector}' depends on what the store holds, and means something in 'factory build', 'factory plan' and"
            " 'factory seeds' alone; select by name, tag or generator here"
        )
    return states(names)[state]


def _matching(catalog: Catalog, selector: str) -> set[str]:
    """What a part selects that the catalogue alone decides."""
    # What a dataset stands on are seed sets, which a build reads whenever it is chosen: its '+' adds no dataset.
    plain = selector.removeprefix("+")
    method, colon, pattern = plain.partition(":")
    options: Collection[str]
    if plain.endswith("+"):
        pattern = plain.removesuffix("+")
        found = {
            name
            for name, entry in catalog.datasets.items()
            if any(fnmatchcase(below, pattern) for below in seed_sets_below(catalog, entry.seeds))
        } or {name for name in catalog.datasets if fnmatchcase(name, pattern)}
        options = [*catalog.seeds, *catalog.datasets]
    elif not colon:
        pattern = plain
        found = {name for name in catalog.datasets if fnmatchcase(name, plain)}
        options = catalog.datasets
    elif method == "tag":
        found = {name for name, entry in catalog.datasets.items() if pattern in entry.tags}
        options = {tag for entry in catalog.datasets.values() for tag in entry.tags}
    elif method == "generator":
        values = {name: entry.generator for name, entry in catalog.datasets.items()}
        found = {name for name, value in values.items() if fnmatchcase(value, pattern)}
        options = set(values.values())
    else:
        raise CatalogError(f"unknown selector '{selector}'{did_you_mean(method, METHODS)}")
    if not found:
        raise CatalogError(f"'{selector}' selects no dataset{_instead(catalog, selector, pattern, options)}")
    return found


def _instead(catalog: Catalog, selector: str, pattern: str, options: Collection[str]) -> str:
    if pattern in catalog.seeds and not selector.endswith("+"):
        return (
            f": '{pattern}' is a seed set; '{pattern}+' selects the datasets that stand on it, and"
            f" 'factory seeds +{pattern}' reads it and what it is cut from"
        )
    return did_you_mean(pattern, options)
