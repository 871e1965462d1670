"""The documents: what they name exists, and what they show works as shown."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from conftest import ROOT, Project

from factory.catalog import DatasetEntry, MixtureSource, SeedSetEntry, load_catalog
from factory.cli.main import COMMANDS, factory
from factory.discovery import CLEANERS, GENERATORS, SOURCES, VALIDATORS, discover, load
from factory.errors import FactoryError
from factory.store.reader import query
from factory.store.writer import Writer
from factory.teacher.model import Faults, Model, Price
from factory.yamlfile import read_yaml

PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/README.md")])
BENCHMARKS = ROOT / "benchmarks" / "README.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = {"models", "seeds", "datasets", "mixtures", "store", "sandbox"}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _blocks(*languages: str) -> list[Any]:
    """Every block in one of the languages, named after its page and line."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            if match[1] in languages:
                line = text.count("\n", 0, match.start()) + 1
                found.append(pytest.param(match[2], id=f"{_name(page)}:{line}"))
    return found


# ------------------------------------------------------------------------------------------------ links


@pytest.mark.parametrize("page", [*PAGES, BENCHMARKS], ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


# --------------------------------------------------------------------------------------------- commands


def _commands() -> Iterator[tuple[str, str]]:
    """Every command of ours in a block or in the running text, with its page."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            if match[1] == "sh":
                lines = (line.removeprefix("$ ") for line in match[2].splitlines())
                yield from ((_name(page), line) for line in lines if line.startswith("factory "))
        prose = " ".join(_BLOCK.sub("", text).split())
        yield from ((_name(page), code) for code in re.findall(r"`(factory [^`]+)`", prose))


@pytest.mark.parametrize(("page", "line"), sorted(set(_commands())))
def test_every_command_and_option_exists(page: str, line: str) -> None:
    words = shlex.split(line.replace("...", "x"), comments=True)[1:]
    for end in ("|", "&&", "<", ">"):
        words = words[: words.index(end)] if end in words else words
    command: click.Command = factory
    context = click.Context(factory)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"no command {words[0]}"
        command, words = found, words[1:]
    command.make_parser(click.Context(command)).parse_args(words)
    # What lies in the repository, as opposed to what a reader would have, must be there.
    for word in words:
        if word.startswith(("examples/", "recipes/", "docs/")):
            assert list(ROOT.glob(word)), f"there is no {word}"


_PROGRAM = re.compile(r"(?:^(?: {4}|\$ )?|`)(python (?:-m )?[\w./]+(?: [^`\n#]*)?|make [\w-]+)", re.MULTILINE)


@pytest.mark.parametrize("page", [*PAGES, BENCHMARKS], ids=_name)
def test_every_other_program_that_is_named_is_there_with_its_options(page: Path) -> None:
    """Programs of the repository by path or module, targets of the Makefile, and extras that are installed."""
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for command in _PROGRAM.findall(text):
        start, *words = command.split()
        if start == "make":
            assert words[0] in targets, command
            continue
        path = Path(words[1].replace(".", "/") if words[0] == "-m" else words[0])
        homes = [ROOT / path, page.parent / path, ROOT / path.with_suffix(".py")]
        found = next((home for home in homes if home.exists()), None)
        assert found, command
        files = found.rglob("*.py") if found.is_dir() else [found]
        source = "".join(file.read_text(encoding="utf-8") for file in files)
        for option in re.findall(r"(?<![\w-])--[\w-]+", command):
            assert option in source, command
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for names in re.findall(r"seedfactory\[([\w,]+)\]", text):
        assert set(names.split(",")) <= extras.keys(), names


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    context = click.Context(factory)
    for name, line in COMMANDS.items():
        command = factory.get_command(context, name)
        assert command and (command.help or "").startswith(
            line.rstrip(".").partition(",")[0].partition(":")[0]
        )


# -------------------------------------------------------------------------------------------------- SQL


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store."""
    path = tmp_path_factory.mktemp("store") / "factory.duckdb"
    with Writer(path):
        pass
    return path


def _queries() -> Iterator[Any]:
    for page, line in sorted(set(_commands())):
        words = shlex.split(line, comments=True)
        if words[1] == "sql" and " " in words[-1] and "sets." not in words[-1]:
            yield pytest.param(words[-1], id=f"{page}: {words[-1]}")
    yield from _blocks("sql")


@pytest.mark.parametrize("sql", list(_queries()))
def test_every_query_runs(store: Path, sql: str) -> None:
    query(store, sql)


# ------------------------------------------------------------------------------------------------- YAML


def _filled(content: dict[str, Any]) -> dict[str, Any]:
    """A catalogue of which a part is shown; the default catalogue gives the seed sets that the part names."""
    default = yaml.safe_load(re.sub(r"\$\{[^}]*\}", "", (ROOT / "catalog.yaml").read_text()))
    seeds = default["seeds"] | content.get("seeds", {})
    datasets = {name: one for name, one in content.get("datasets", {}).items() if "generator" in one}
    return {**content, "seeds": seeds, "datasets": datasets}


def _check_catalogue(content: dict[str, Any], folder: Path) -> None:
    path = folder / "catalog.yaml"
    path.write_text(yaml.safe_dump(_filled(content)))
    catalog = load_catalog(path, {})
    for name in catalog.seeds:
        catalog.seed_set(name)
    for name, entry in catalog.datasets.items():
        if entry.generator.startswith("glossary."):
            continue  # of the example plugin, which has tests of its own
        catalog.dataset(name)


def _check_plugins(items: list[Any], group: Any, folder: Path) -> None:
    for item in items:
        name, settings = (item, {}) if isinstance(item, str) else next(iter(item.items()))
        path = folder / "settings.yaml"
        path.write_text(yaml.safe_dump(settings))
        read_yaml(path).check(load(group, name).settings, settings or {})


@pytest.mark.parametrize("text", _blocks("yaml"))
def test_every_catalogue_recipe_and_setting_is_one(text: str, tmp_path: Path) -> None:
    content = yaml.safe_load(text)
    if isinstance(content, list):
        _check_plugins(content, VALIDATORS, tmp_path)
    elif content.keys() <= SECTIONS:
        for entry in content.get("datasets", {}).values():
            _check_plugins(
                entry.get("validators", []) if "generator" not in entry else [], VALIDATORS, tmp_path
            )
        _check_catalogue(content, tmp_path)
    elif content.keys() & {"validators", "clean"}:
        _check_plugins(content.get("validators", []), VALIDATORS, tmp_path)
        _check_plugins(content.get("clean", []), CLEANERS, tmp_path)
    elif all(isinstance(entry, dict) and "generator" in entry for entry in content.values()):
        for entry in content.values():
            load(GENERATORS, entry["generator"])
        _check_catalogue({"datasets": content}, tmp_path)
    elif all(isinstance(entry, dict) and "model" in entry for entry in content.values()):
        _check_catalogue({"models": content}, tmp_path)
    else:
        _check_training(content, tmp_path)


def _check_training(content: dict[str, Any], folder: Path) -> None:
    """A recipe, a part of one, or a tuning."""
    from trainer.recipe import read_recipe
    from trainer.tuning.settings import read_tuning

    path = folder / "training.yaml"
    if "domains" in content:
        path.write_text(yaml.safe_dump(content))
        read_tuning(path)
        return
    if "stage" not in content:
        whole = yaml.safe_load((ROOT / "examples/recipes/tiny_sft.yaml").read_text())
        if "mixture" in content:
            whole.pop("snapshot")
        stage = {"stage": "dpo", "start": "build/models/tiny/export"} if "dpo" in content else {}
        if stage:
            whole = {key: whole[key] for key in ("output", "snapshot", "context", "steps")}
            whole["batch"] = {"pairs": 8, "at_once": 2048}
        content = whole | stage | content
    path.write_text(yaml.safe_dump(content))
    read_recipe(path)


def test_the_page_of_generators_lists_them_with_what_they_take_give_and_carry() -> None:
    page = (ROOT / "docs/generators.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")][1:]
    told = {row[0]: (row[1], row[2], row[4].strip("| ") if len(row) > 4 else "") for row in rows}
    there = {}
    for name, listing in discover(GENERATORS).items():
        if listing.distribution == "seedfactory":
            plugin = load(GENERATORS, name)
            there[name] = tuple(
                ", ".join(kind.kind for kind in kinds)
                for kinds in (plugin.seeds, plugin.gives, plugin.evidence)
            )
    assert told == there


@pytest.mark.parametrize(
    ("group", "page"), [(VALIDATORS, "validators.md"), (CLEANERS, "seeds.md"), (SOURCES, "seeds.md")]
)
def test_every_plugin_stands_in_the_table_of_its_page(group: Any, page: str) -> None:
    tables = [line for line in (ROOT / "docs" / page).read_text().splitlines() if line.startswith("|")]
    words = set(re.findall(r"\w+", " ".join(line.split("|")[1] for line in tables)))
    ours = {name for name, one in discover(group).items() if one.distribution == "seedfactory"}
    assert ours <= words


def _keys_told(table: str) -> dict[str, str]:
    """The keys of a table of a page, each with its default as it stands there."""
    told: dict[str, str] = {}
    for keys, default in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|([^|]*)\|", table, re.MULTILINE):
        names, values = re.findall(r"\w+", keys), default.replace("`", "").strip().split(", ")
        told |= dict(zip(names, values if len(values) == len(names) else values * len(names), strict=False))
    return told


def test_the_page_of_the_catalogue_names_every_key_with_its_default_and_no_other() -> None:
    page = (ROOT / "docs/catalog.md").read_text(encoding="utf-8")
    for section, model in {"models": Model, "seeds": SeedSetEntry, "datasets": DatasetEntry}.items():
        told = _keys_told(page.partition(f"## {section}\n")[2].partition("\n## ")[0])
        fields = {info.alias or name: info.default for name, info in model.model_fields.items()}
        assert told.keys() == fields.keys()
        for name, default in fields.items():
            if isinstance(default, bool | str):
                assert told[name] == str(default).lower(), name
            elif isinstance(default, int | float):
                assert told[name] == f"{default:g}", name
    for name in (*Price.model_fields, *Faults.model_fields, *MixtureSource.model_fields):
        assert f"`{name}`" in page


# ----------------------------------------------------------------------------------------------- Python


@pytest.mark.parametrize("text", _blocks("python"))
def test_every_piece_of_python_is_python_and_gives_what_it_says(text: str) -> None:
    body = "\n".join(f"    {line}" for line in text.splitlines())
    # A declaration may be shown without its body, which the text below it describes.
    tail = "\n        ..." if text.rstrip().endswith(":") else ""
    ast.parse(f"async def shown():\n{body}{tail}\n")
    names: dict[str, Any] = {}
    for node in ast.parse(text).body if "import" in text.splitlines()[0] and not tail else []:
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Yield):
            said = text.splitlines()[node.lineno - 1].partition("  # ")[2]
            told = ast.literal_eval(said.partition(": no ")[0])
            assert eval(compile(ast.Expression(node.value), "<docs>", "eval"), names) == told
        elif not isinstance(node, ast.Expr):
            exec(compile(ast.Module([node], []), "<docs>", "exec"), names)


def test_the_readme_s_generator_runs_as_it_stands(project: Project) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = {
        match[1]: match[2]
        for match in _BLOCK.finditer(text)
        if "riddle" in match[2] or "my_plugin" in match[2]
    }
    project.plugin("my_plugin/generators/__init__.py", "")
    project.plugin("my_plugin/generators/riddle.py", shown["python"])
    project.plugin("my_plugin/generators/riddle.md", shown["markdown"])
    project.plugin("my_plugin-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: my_plugin\nVersion: 1\n")
    entry_points = shown["toml"].replace('project.entry-points."factory.generators"', "factory.generators")
    project.plugin("my_plugin-1.dist-info/entry_points.txt", entry_points.replace('"', ""))
    project.write("topics.jsonl", '{"name": "a shadow"}\n')
    seeds = "{topics: {source: jsonl, path: topics.jsonl, as: topic}}"
    datasets = "{riddles: {seeds: topics, generator: mine.riddle, with: {lines: 3}, validators: [format]}}"
    project.write("catalog.yaml", f"seeds: {seeds}\ndatasets: {datasets}\n")
    project.factory("build")
    assert project.query("select messages[2].content from accepted") == [("a shadow",)]


# ------------------------------------------------------------------------------------------------ layout


IN_DETAIL = ("factory", "factory/teacher", "factory/store", "factory/seeds", "generators", "trainer")
"""Folders of which the layout names every module; of the others it says what they hold."""


@pytest.mark.parametrize("package", ["factory", "validators", "generators", "trainer"])
def test_the_layout_in_the_architecture_is_that_of_the_folders(package: str) -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    layout = page[page.index("    catalog.yaml ") : page.index("What an upper layer offers")]
    part = layout.partition(f"\n    {package}/")[2].partition("\n\n")[0]
    told = set(re.findall(r"\b[a-z]\w*(?:\.(?:py|sql)\b|/)", part))
    modules = [path for path in (ROOT / package).rglob("*.py") if not path.stem.startswith("__")]
    folders = {path.parent for path in modules}
    files = {path.name for path in (ROOT / package).rglob("*.*")}
    assert told <= files | {f"{folder.name}/" for folder in folders}
    in_detail = [path for path in modules if _name(path.parent) in IN_DETAIL]
    assert [_name(path) for path in in_detail if path.name not in told] == []
    ours = {f"{folder.name}/" for folder in folders if _name(folder.parent) in IN_DETAIL}
    assert ours <= told


def test_every_folder_that_the_architecture_lists_is_there() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if line.startswith("    catalog.yaml "))
    assert all((ROOT / name).exists() for name in re.findall(r"[\w.]+/?", line.replace("(of training)", "")))


def test_the_catalogues_of_the_examples_have_no_faults() -> None:
    for path in [ROOT / "catalog.yaml", *sorted(ROOT.glob("examples/*/catalog.yaml"))]:
        catalog = load_catalog(path)
        for name in catalog.datasets:
            try:
                catalog.dataset(name)
            except FactoryError as error:
                assert "is installed" in str(error)  # a plugin that the example itself brings
