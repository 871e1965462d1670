"""What `factory doctor`, `factory plugins` and the start of every command say of an installation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from factory import clash
from factory.errors import PluginError

if TYPE_CHECKING:
    from conftest import Project


def install(site: Path, name: str, **files: str) -> None:
    """Lays down the list of files of a distribution, as pip does."""
    folder = site / f"{name}.dist-info"
    folder.mkdir(parents=True)
    for file, text in files.items():
        (folder / file).write_text(text)


def test_nothing_clashes_here() -> None:
    clash.check()


@pytest.mark.parametrize(
    "files",
    [
        {"RECORD": "validators/__init__.py,sha256=x,120\nvalidators/email.py,sha256=y,9\n"},
        {"top_level.txt": "docs\nvalidators\n"},
    ],
)
def test_a_distribution_that_claims_a_package_of_ours_is_named_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> None:
    install(tmp_path, "validators-0.35.0", **files)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PluginError, match=r"'validators' .* by validators; .* pip uninstall validators"):
        clash.check()


def test_packages_of_like_names_do_not_clash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(
        tmp_path,
        "factory_boy-3.3",
        RECORD="factory_boy/__init__.py,x,1\nmore/factory/__init__.py,x,1\nmyvalidators/__init__.py,x,1\n",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    clash.check()


def test_another_project_that_comes_first_on_the_path_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trainer").mkdir()
    (tmp_path / "trainer" / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(PluginError, match=rf"'trainer' .* finds one of that name in {tmp_path}"):
        clash.check()


def test_every_command_stops_at_a_clash(project: Project) -> None:
    install(project.site, "validators-0.35.0", RECORD="validators/__init__.py,sha256=x,120\n")
    assert "pip uninstall validators" in project.factory("plugins", code=1)


def test_doctor_finds_the_plugins_the_sandbox_and_the_extras(project: Project) -> None:
    told = project.factory("doctor")
    assert "plugins found, and all of them import" in told
    assert "sandbox for python: programs run in isolation" in told
    assert "extra train: installed" in told
    assert "extra litellm: " in told
    assert "extra dev" not in told


def test_doctor_names_a_plugin_that_does_not_import(project: Project) -> None:
    project.plugin("lab/torn.py", "import nothing_of_that_name\n@generator(")
    told = project.factory("doctor", code=1)
    assert "generator 'lab.torn'" in told
    assert "torn.py" in told


def test_plugins_lists_what_is_installed_with_its_distribution(project: Project) -> None:
    told = project.factory("plugins")
    assert "extract.qa" in told
    (line,) = [line for line in told.splitlines() if "lab.steps" in line]
    assert "question -> chat: Draws, branches, votes" in line
    assert line.endswith("[lab]")


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        (
            "lab/torn.py",
            "import nothing_of_that_name\n@generator()\ndef torn(): ...",
            "No module named 'nothing_of_that_name'",
        ),
        ("lab/steps.md", "## vote\n{{ seed.text", "steps.md"),
    ],
    ids=["it does not import", "its prompts do not parse"],
)
def test_plugins_exits_with_1_where_one_that_it_lists_fails(
    project: Project, name: str, text: str, fault: str
) -> None:
    project.plugin(name, text)
    (line,) = [line for line in project.factory("plugins", code=1).splitlines() if "fails: " in line]
    assert fault in line
    assert fault in project.factory("plugins", "lab.*", code=1)
    told = project.factory("plugins", "extract.*")
    assert "extract.qa" in told and "lab." not in told


def test_plugins_shows_settings_roles_axes_and_prompts_of_one(project: Project) -> None:
    told = project.factory("plugins", "lab.steps")
    for words in (
        "question -> chat",
        "evidence: answer",
        "setting fragile: bool, default False",
        "roles: writer",
        "axis tone: dry; warm; terse",
        "prompt vote: 2 examples",
    ):
        assert words in told


def test_a_plugin_that_is_not_there_is_answered_with_a_near_miss(project: Project) -> None:
    assert "did you mean 'lab.steps'?" in project.factory("plugins", "lab.step", code=1)
