"""The catalogue: `catalog.yaml` read into checked objects, every fault told with file, line and key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from factory.discovery import CLEANERS, GENERATORS, SOURCES, VALIDATORS, load
from factory.errors import CatalogError, PluginError, did_you_mean
from factory.plugins import ISOLATIONS, Cleaner, Generator, Isolation, Source, Validator
from factory.records import Document, Seed
from factory.seeds.files import SHARD_MB
from factory.teacher.model import Model
from factory.teacher.prompts import Prompts
from factory.yamlfile import KeyPath, YamlFile, read_yaml


class Section(BaseModel):
    """A part of the catalogue: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)


CUT = "passages"
"""The source that cuts the documents of another seed set."""


def _listed(value: Any) -> Any:
    """One item may be written without its list."""
    return [value] if isinstance(value, str | dict) else value


Listed = BeforeValidator(_listed)


class PluginEntry(Section):
    """An item of ``validators:`` or ``clean:``: a name, or ``name: {settings}``."""

    name: str
    settings: dict[str, Any] = {}


def _plugin_entry(value: Any) -> Any:
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict) and len(value) == 1 and "name" not in value:
        name, settings = next(iter(value.items()))
        return {"name": name, "settings": settings or {}}
    return value


PluginItem = Annotated[PluginEntry, BeforeValidator(_plugin_entry)]


class SeedSetEntry(Section):
    """An entry of ``seeds:``: read from files by a source, or cut from the documents of another seed set."""

    source: str | None = None
    path: Annotated[tuple[str, ...], Listed] = Field(
        (), description="files, globs allowed, from the project's folder; or URLs that fsspec knows"
    )
    from_: str | None = Field(None, alias="from", description="the seed set whose documents are cut")
    take: int | None = Field(None, gt=0, description="so many of its documents, drawn by their ids")
    kind: str = Field(
        alias="as", description="kind of seed: document, passage, code, table, question, topic ..."
    )
    with_: dict[str, Any] = Field({}, alias="with")
    licence: str | None = Field(None, description="SPDX identifier, or a YAML file of glob: identifier")
    clean: tuple[PluginItem, ...] = Field((), description="the steps that seeds go through, in order")
    keep: Literal["store", "shards"] = Field(
        "store", description="where seeds live: in the store, or as Parquet shards beside it"
    )
    shard_mb: int = Field(SHARD_MB, ge=1, description="about how many MB of its files make a shard")
    max_failed: int = Field(0, ge=0, description="records that may fail while the seed set counts as read")

    @model_validator(mode="after")
    def _read_or_cut(self) -> Self:
        if self.from_ is None:
            if self.source is None or not self.path:
                raise ValueError("a seed set needs 'source:' and 'path:', or 'from:' another seed set")
            if self.take is not None:
                raise ValueError("'take:' draws from another seed set: it needs 'from:'")
        elif self.source is not None or self.path or self.licence is not None:
            raise ValueError(
                "'from:' takes documents as another seed set found them: leave out 'source:',"
                " 'path:' and 'licence:'"
            )
        return self


class DatasetEntry(Section):
    """An entry of ``datasets:``."""

    seeds: str
    generator: str
    with_: dict[str, Any] = Field({}, alias="with")
    validators: tuple[PluginItem, ...] = ()
    tags: Annotated[tuple[str, ...], Listed] = ()
    limit: int | None = Field(None, gt=0, description="at most so many seeds")
    max_failed: int = Field(0, ge=0, description="seeds that may fail while the dataset counts as finished")
    alarm: bool = Field(True, description="pause the dataset in a build when what is generated collapses")


class MixtureSource(Section):
    """A part of a mixture: what is selected, and its share of the whole."""

    select: Annotated[tuple[str, ...], Listed]
    share: float | None = Field(None, gt=0, le=1)


@dataclass(frozen=True)
class Step:
    """A step of ``clean:`` with its settings."""

    plugin: Cleaner
    settings: BaseModel


@dataclass(frozen=True)
class SeedSet:
    """A checked entry of ``seeds:`` with its plugins. `parent` is the seed set that it is cut from."""

    name: str
    paths: tuple[str, ...]
    kind: type[Seed]
    source: Source
    settings: BaseModel
    licence: str | None
    steps: tuple[Step, ...] = ()
    keep: Literal["store", "shards"] = "store"
    shard_mb: int = SHARD_MB
    max_failed: int = 0
    parent: SeedSet | None = None
    take: int | None = None


@dataclass(frozen=True)
class Check:
    """A validator of a dataset with its settings."""

    plugin: Validator
    settings: BaseModel


@dataclass(frozen=True)
class Dataset:
    """A checked entry of ``datasets:`` with its plugins."""

    name: str
    seeds: SeedSet
    generator: Generator
    settings: BaseModel
    asked: tuple[Check, ...]
    """The validators that the generator asks itself."""
    checks: tuple[Check, ...]
    tags: tuple[str, ...]
    limit: int | None
    max_failed: int
    alarm: bool = True

    def judges(self, *, whole: bool) -> list[Check]:
        """The validators of single samples, or those of the whole dataset, which come after them."""
        return [check for check in self.checks if check.plugin.whole is whole]


@dataclass(frozen=True)
class Catalog:
    """What a build works from. Datasets are resolved on demand, so that a plugin that fails to import
    fails only the datasets that name it."""

    file: YamlFile
    store: Path
    models: Mapping[str, Model]
    seeds: Mapping[str, SeedSetEntry]
    datasets: Mapping[str, DatasetEntry]
    mixtures: Mapping[str, Mapping[str, MixtureSource]]
    sandbox: Isolation = "bubblewrap"
    _resolved: dict[str, Dataset] = field(default_factory=dict, compare=False, repr=False)

    @property
    def root(self) -> Path:
        """The folder of the catalogue: its paths start here."""
        return self.file.path.parent

    def dataset(self, name: str) -> Dataset:
        """A dataset with its plugins loaded and its settings checked. Raises CatalogError or PluginError."""
        if name not in self.datasets:
            raise CatalogError(
                f"{self.file.path}: no dataset is called '{name}'{did_you_mean(name, self.datasets)}"
            )
        if name not in self._resolved:
            self._resolved[name] = self._resolve(name)
        return self._resolved[name]

    def _resolve(self, name: str) -> Dataset:
        entry, at = self.datasets[name], ("datasets", name)
        if entry.seeds not in self.seeds:
            near = did_you_mean(entry.seeds, self.seeds)
            raise CatalogError(
                f"{self.file.where(*at, 'seeds')}: no seed set is called '{entry.seeds}'{near}"
            )
        seeds = self.seed_set(entry.seeds)
        if seeds.keep == "shards":
            raise CatalogError(
                f"{self.file.where(*at, 'seeds')}: '{seeds.name}' is kept as shards, which no generator reads;"
                f" add a seed set '{{from: {seeds.name}, take: 10000, as: ...}}' and name that"
            )
        generator: Generator = self._plugin(GENERATORS, entry.generator, (*at, "generator"))
        if not issubclass(seeds.kind, generator.seeds):
            takes = " or ".join(kind.kind for kind in generator.seeds)
            raise CatalogError(
                f"{self.file.where(*at, 'seeds')}: {generator.name} takes {takes},"
                f" and '{seeds.name}' gives {seeds.kind.kind}; change 'as:' or the seed set"
            )
        settings = self._settings(generator.settings, entry.with_, (*at, "with"))
        return Dataset(
            name=name,
            seeds=seeds,
            generator=generator,
            settings=settings,
            asked=tuple(self._asked(generator, settings, seeds.kind, (*at, "with"))),
            checks=tuple(self._checks(entry, generator, at)),
            tags=entry.tags,
            limit=entry.limit,
            max_failed=entry.max_failed,
            alarm=entry.alarm,
        )

    def _asked(
        self, generator: Generator, settings: BaseModel, kind: type[Seed], at: KeyPath
    ) -> Iterable[Check]:
        for name, given in (generator.judges(settings, kind) if generator.judges else {}).items():
            plugin: Validator = self._plugin(VALIDATORS, name, at)
            yield Check(plugin, self._settings(plugin.settings, dict(given), at))

    def _checks(self, entry: DatasetEntry, generator: Generator, at: KeyPath) -> Iterable[Check]:
        whole = ""
        for place, item in enumerate(entry.validators):
            here: KeyPath = (*at, "validators", place)
            plugin: Validator = self._plugin(VALIDATORS, item.name, here)
            if whole and not plugin.whole:
                raise CatalogError(
                    f"{self.file.where(*here)}: {plugin.name} judges single samples, and {whole} before it the"
                    " whole dataset; put it before"
                )
            whole = plugin.name if plugin.whole else ""
            if item.name in (one.name for one in entry.validators[:place]):
                raise CatalogError(
                    f"{self.file.where(*here)}: {plugin.name} is named twice, and of each validator a sample has one"
                    " verdict; put its settings together"
                )
            missing = [kind.kind for kind in plugin.needs if not issubclass(kind, generator.evidence)]
            if missing:
                carried = ", ".join(kind.kind for kind in generator.evidence) or "none"
                raise CatalogError(
                    f"{self.file.where(*here)}: {plugin.name} needs evidence '{missing[0]}',"
                    f" and {generator.name} carries {carried}; remove the validator or change the generator"
                )
            yield Check(plugin, self._settings(plugin.settings, item.settings, (*here, item.name)))

    def seed_set(self, name: str, _below: tuple[str, ...] = ()) -> SeedSet:
        """A seed set with its plugins loaded and their settings checked. Raises CatalogError for an unknown
        name."""
        if name not in self.seeds:
            raise CatalogError(
                f"{self.file.path}: no seed set is called '{name}'{did_you_mean(name, self.seeds)}"
            )
        entry, at = self.seeds[name], ("seeds", name)
        parent = self._parent(entry, at, (*_below, name)) if entry.from_ is not None else None
        source: Source = self._plugin(SOURCES, entry.source or CUT, (*at, "source"))
        kinds = {kind.kind: kind for kind in source.gives}
        if entry.kind not in kinds:
            near = did_you_mean(entry.kind, kinds)
            raise CatalogError(f"{self.file.where(*at, 'as')}: {source.name} gives no '{entry.kind}'{near}")
        return SeedSet(
            name=name,
            paths=entry.path,
            kind=kinds[entry.kind],
            source=source,
            settings=self._settings(source.settings, entry.with_, (*at, "with")),
            licence=entry.licence,
            steps=tuple(self._steps(entry, kinds[entry.kind], at)),
            keep=entry.keep,
            shard_mb=entry.shard_mb,
            max_failed=entry.max_failed,
            parent=parent,
            take=entry.take,
        )

    def _parent(self, entry: SeedSetEntry, at: KeyPath, below: tuple[str, ...]) -> SeedSet:
        """The seed set that another is cut from: it holds documents, and is not cut from what is below."""
        name, here = str(entry.from_), self.file.where(*at, "from")
        if name not in self.seeds:
            raise CatalogError(f"{here}: no seed set is called '{name}'{did_you_mean(name, self.seeds)}")
        if name in below:
            raise CatalogError(
                f"{here}: {' <- '.join([*below, name])} is a circle; give one of them a source"
            )
        parent = self.seed_set(name, below)
        if not issubclass(parent.kind, Document):
            raise CatalogError(
                f"{here}: '{name}' holds {parent.kind.kind} seeds, and only documents can be cut; write"
                " 'as: document' there"
            )
        return parent

    def _steps(self, entry: SeedSetEntry, kind: type[Seed], at: KeyPath) -> Iterable[Step]:
        whole = ""
        for place, item in enumerate(entry.clean):
            here: KeyPath = (*at, "clean", place)
            plugin: Cleaner = self._plugin(CLEANERS, item.name, here)
            if not issubclass(kind, plugin.takes):
                takes = " or ".join(one.kind for one in plugin.takes)
                raise CatalogError(
                    f"{self.file.where(*here)}: {plugin.name} takes {takes}, and this seed set gives {kind.kind}"
                )
            if whole and not plugin.whole:
                raise CatalogError(
                    f"{self.file.where(*here)}: {plugin.name} looks at one seed, and {whole} before it at the"
                    " whole set; put it before, or into a seed set 'from:' this one"
                )
            whole = plugin.name if plugin.whole else ""
            yield Step(plugin, self._settings(plugin.settings, item.settings, (*here, item.name)))

    def _plugin(self, group: Any, name: str, at: KeyPath) -> Any:
        try:
            plugin = load(group, name)
            if group in (GENERATORS, VALIDATORS) and plugin.prompts.exists():
                Prompts.read(plugin.prompts)
            return plugin
        except PluginError as error:
            raise PluginError(f"{self.file.where(*at)}: {error}") from error

    def _settings(self, model: type[BaseModel], values: dict[str, Any], at: KeyPath) -> BaseModel:
        return self.file.check(model, values, at)


def load_catalog(path: Path, environment: Mapping[str, str] | None = None) -> Catalog:
    """Reads and checks a catalogue. Raises CatalogError listing faults with file, line and key.

    Plugins are not loaded here: `Catalog.dataset` does that, dataset by dataset.
    """
    if not path.exists():
        raise CatalogError(
            f"there is no catalogue {path}; name one with --catalog, or write a first one: factory init"
        )
    file = read_yaml(path, environment)
    content = file.content if file.content is not None else {}
    if not isinstance(content, dict):
        raise CatalogError(
            f"{path}:1: a catalogue is a mapping with the keys models, seeds, datasets, mixtures"
        )
    faults: list[str] = []
    known = ("store", "sandbox", "models", "seeds", "datasets", "mixtures")
    faults += [
        f"{file.where(key)}: unknown key '{key}'{did_you_mean(key, known)}"
        for key in content
        if key not in known
    ]
    models = _entries(file, content, "models", Model, faults)
    seeds = _entries(file, content, "seeds", SeedSetEntry, faults)
    datasets = _entries(file, content, "datasets", DatasetEntry, faults)
    mixtures: dict[str, dict[str, MixtureSource]] = {}
    for name, parts in _mapping(file, content, "mixtures", faults).items():
        mixtures[name] = _entries(file, {name: parts}, name, MixtureSource, faults, ("mixtures",))
    sandbox = content.get("sandbox", "bubblewrap")
    if sandbox not in ISOLATIONS:
        near = did_you_mean(str(sandbox), ISOLATIONS)
        faults.append(
            f"{file.where('sandbox')}: programs run in 'bubblewrap' or 'unsafe', not '{sandbox}'{near}"
        )
    if faults:
        raise CatalogError("\n".join(faults))
    if "writer" not in models:
        models["writer"] = Model(model="rehearsal")
    store = path.parent / str(content.get("store") or "build/factory.duckdb")
    return Catalog(file, store, models, seeds, datasets, mixtures, sandbox)


def _mapping(
    file: YamlFile, content: dict[str, Any], key: str, faults: list[str], at: KeyPath = ()
) -> dict[str, Any]:
    value = content.get(key) or {}
    if isinstance(value, dict):
        return value
    faults.append(f"{file.where(*at, key)}: expected 'name: {{...}}' entries")
    return {}


def _entries(
    file: YamlFile,
    content: dict[str, Any],
    key: str,
    model: type[Any],
    faults: list[str],
    at: KeyPath = (),
) -> dict[str, Any]:
    """The checked entries of a section; faults are gathered, so that all are told at once."""
    entries = {}
    for name, value in _mapping(file, content, key, faults, at).items():
        try:
            entries[name] = file.check(model, value if value is not None else {}, (*at, key, name))
        except CatalogError as error:
            faults.append(str(error))
    return entries
