"""Fingerprints: what decides a dataset's rows, hashed, so that a change makes exactly those rows stale."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.catalog import Check, Dataset, SeedSet, Step
from factory.plugins import DatasetCheck, Judge, Plugin
from factory.records import content_hash
from factory.teacher.local import weights_hash
from factory.teacher.model import REHEARSAL, Model, serving
from factory.teacher.prompts import Prompts

CORE = "factory"
SEEDS = "factory.seeds"


def run_fingerprint(
    dataset: Dataset, models: Mapping[str, Model], prompts: Prompts | None, asked: Sequence[str]
) -> str:
    """Hash of a generator's source and helpers, its prompts, its settings, its roles' models, and the validators
    that it asks itself (their fingerprints)."""
    roles = serving(dataset.generator.roles, models)
    rehearsed = any(model.model == REHEARSAL for model in roles.values())
    return content_hash(
        dataset.generator.name,
        source_hash(dataset.generator),
        prompts.fingerprint(examples=rehearsed) if prompts else "",
        dataset.settings.model_dump(mode="json"),
        {role: _deciding(model) for role, model in roles.items()},
        *asked,
    )


def _deciding(model: Model) -> dict[str, Any]:
    """What decides a model's replies. Other weights in the same folder are another model."""
    local = model.provider == "local"
    return model.sampling() | ({"weights": weights_hash(Path(model.name).expanduser())} if local else {})


def check_fingerprint(
    check: Check, judge: Judge | DatasetCheck, models: Mapping[str, Model], prompts: Prompts | None
) -> str:
    """Hash of a validator's source and helpers, its settings, what it holds, its prompts and models."""
    return content_hash(
        check.plugin.name,
        source_hash(check.plugin),
        prompts.fingerprint(examples=True) if prompts else "",
        check.settings.model_dump(mode="json"),
        {role: _deciding(model) for role, model in serving(check.plugin.roles, models).items()},
        getattr(judge, "fingerprint", ""),
    )


def source_hash(plugin: Plugin) -> str:
    """Hash of a plugin's module and of every helper that it imports from its own distribution's packages."""
    return _hash_of(tuple(sorted(_closure(plugin.path, plugin.target.__module__))))


@functools.cache
def _hash_of(paths: tuple[Path, ...]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _closure(path: Path, module: str) -> set[Path]:
    """The files of a module and of what it imports, as far as they lie beside the plugin packages."""
    home = _family(module)
    seen: set[Path] = set()
    waiting = [(path, module)]
    while waiting:
        file, name = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for imported in _imports(file, name):
            at_home = any(imported == one or imported.startswith(f"{one}.") for one in home)
            if at_home and (found := _file_of(imported)):
                waiting.append((found, imported))
    return seen


def _family(module: str) -> frozenset[str]:
    """Packages whose source counts: the plugin's own, and those of the same distribution. Of the core only
    the seeds: the rest is contracts, not procedure, and is told by its version."""
    top = module.partition(".")[0]
    builtin = frozenset({"generators", "validators", SEEDS})
    return builtin if top in ("generators", "validators", CORE) else frozenset({top})


def _imports(path: Path, module: str) -> Iterator[str]:
    """Full names of what a file imports, relative imports resolved."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


@functools.cache
def _file_of(module: str) -> Path | None:
    """The source file of a module, or None where the name is not a module."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


def seed_set_fingerprint(seeds: SeedSet, steps: Sequence[tuple[Step, Any]]) -> str:
    """Hash of what decides the seeds of a file, beside the file itself: source, settings, steps."""
    return content_hash(
        seeds.source.name,
        source_hash(seeds.source),
        seeds.settings.model_dump(mode="json"),
        seeds.kind.kind,
        seeds.licence,
        seeds.keep,
        [step_fingerprint(step, made) for step, made in steps],
    )


def step_fingerprint(step: Step, made: Any) -> str:
    """Hash of a cleaner's source and helpers, its settings, and what it holds."""
    settings = step.settings.model_dump(mode="json")
    return content_hash(
        step.plugin.name, source_hash(step.plugin), settings, getattr(made, "fingerprint", "")
    )
