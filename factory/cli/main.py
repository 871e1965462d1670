"""`factory`: finds its commands without importing them, and shows errors as text a person can act on."""

from __future__ import annotations

import ast
import errno
import importlib
import os
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import click

from factory import __version__
from factory.errors import FactoryError, did_you_mean
from factory.packages import package_folder

COMMANDS: Mapping[str, str] = {
    "init": "Write a first catalogue, with seeds to try it on.",
    "build": "Build datasets: read seeds, ask models, judge, store.",
    "seeds": "Read and clean seed sets, and show where seeds went.",
    "extract": "Show what the HTML extractor makes of pages, and why.",
    "plan": "Show what a build would do, and why.",
    "show": "Show samples, with all that made them.",
    "sql": "Ask the store in SQL.",
    "export": "Write finished datasets as a snapshot.",
    "replay": "Prove that a dataset follows from its recorded replies.",
    "classifier": "Train, evaluate and apply small classifiers of quality and topic.",
    "plugins": "List generators, validators, sources and cleaners.",
    "doctor": "Check this machine and this installation.",
    "rehearsal": "Serve the rehearsal model over HTTP.",
}
"""What the core offers, with the line that `--help` shows, so that help imports no command."""


class Commands(click.Group):
    """Commands of the core by file, and those that upper layers offer as ``factory.commands``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of a first use, then what else is installed."""
        return [*COMMANDS, *sorted(entry.name for entry in _offered() if entry.name not in COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the command that is asked for."""
        if cmd_name in COMMANDS:
            module = importlib.import_module(f"factory.cli.{cmd_name}")
            command: click.Command = getattr(module, cmd_name)
            return command
        for entry in _offered():
            if entry.name == cmd_name:
                offered = entry.load()
                if not isinstance(offered, click.Command):
                    raise FactoryError(f"the command '{cmd_name}': {entry.value} is no click command")
                return offered
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a near miss for a command that does not exist."""
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx):
            ctx.fail(f"no command is called '{name}'{did_you_mean(name, self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        others = [(entry.name, _summary(entry)) for entry in _offered()]
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items(), *others])


def _summary(entry: metadata.EntryPoint) -> str:
    """The first line of a command's docstring, read from its source: some import what is heavy."""
    package, _, module = entry.module.rpartition(".")
    folder = package_folder(package)
    for file in (folder / f"{module}.py", folder / module / "__init__.py") if folder else ():
        if file.is_file():
            for node in ast.parse(file.read_bytes()).body:
                if isinstance(node, ast.FunctionDef) and node.name == entry.attr:
                    return (ast.get_docstring(node) or "").partition("\n")[0]
    command: click.Command = entry.load()
    return command.get_short_help_str(limit=100)


def _offered() -> list[metadata.EntryPoint]:
    return sorted(metadata.entry_points(group="factory.commands"), key=lambda entry: entry.name)


class Selecting(click.Command):
    """A command whose datasets are named by options: says so where they are named without."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with the mend for names that stand bare."""
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        if rest:
            options = " ".join(f"--select {name}" for name in rest)
            ctx.fail(f"datasets are named by an option: factory {self.name} {options}")
        return rest


@click.command(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="factory")
def factory() -> None:
    """Turns seeds into checked training data: seeds -> generators -> validators -> DuckDB -> snapshots.

    \b
    A first round:
      factory plan                                what a build would do
      factory build                               build every dataset of catalog.yaml
      factory show docs_qa                        look at rows, and at what made them
      factory sql "from rejections"               ask for anything else
      factory export sft                          write a mixture as Parquet
      factory train examples/recipes/tiny_sft.yaml

    Exit codes: 0 done, 1 an error or something that failed, 2 a wrong command line, 130 interrupted; others stand in
    the help of their command.
    """


_REFUSED = {"EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EFBIG", "EISDIR", "ENOTDIR", "EEXIST"}
"""What a machine refuses where no program is at fault: rights, room, a folder in the place of a file."""


def main() -> None:
    """Runs a command. A FactoryError, or what the machine refuses, becomes text and exit code 1; anything else is
    a defect."""
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        # In another encoding (LANG=C without Python's UTF-8 mode) names of files and words of a row cannot be told.
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    try:
        from factory.clash import check

        check()
        factory.main(standalone_mode=False)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except FactoryError as error:
        click.secho(f"error: {error}", fg="red", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain at its own end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        if errno.errorcode.get(error.errno or 0) not in _REFUSED:
            raise
        place = f"{error.filename}: " if error.filename else ""
        click.secho(f"error: {place}{error.strerror}", fg="red", err=True)
        sys.exit(1)


catalog_option = click.option(
    "--catalog",
    "-c",
    default="catalog.yaml",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The catalogue to work from.",
)

workers_option = click.option(
    "--workers",
    "-w",
    type=click.IntRange(min=1),
    help="Processes that read and clean seeds; the seeds are the same with any number. Default: one a core.",
)
