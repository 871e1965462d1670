"""Seeds from the history of git repositories: changes with their messages."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from factory.errors import FactoryError
from factory.plugins import Found, Item, Skipped, source
from factory.records import Change, Origin, Seed
from factory.seeds.licences import recognised

_FIELD, _RECORD = "\0", "\0\0"
"""What parts the fields of a commit, and what begins one: no name or message can hold it."""
_FORMAT = "%x00%x00%H%x00%P%x00%an%x00%aI%x00%B%x00"
_TRAILERS = re.compile(
    r"^(?:[A-Z][\w-]+-by|Co-authored-by|Change-Id|Cc|git-svn-id|Message-Id)\s*:.*$", re.I | re.M
)
_ADDRESS = re.compile(r"<?[\w.+-]+@[\w-]+(?:\.[\w-]+)+>?")
_FILE = re.compile(r'^diff --git "?a/(.*?)"? "?b/', re.M)
_BINARY = re.compile(r"^(?:Binary files .* differ|GIT binary patch)$", re.M)
_LANGUAGES = {".py": "python", ".c": "c", ".h": "c", ".cc": "cpp", ".cpp": "cpp", ".go": "go", ".java": "java",
              ".js": "javascript", ".ts": "typescript", ".rs": "rust", ".rb": "ruby", ".md": "markdown"}  # fmt: skip
MAX_COMMIT = 4 << 20

# A repository's own configuration may name programs: none of them is run. Nor does it decide what is shown.
_HARDENED = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat",
             "-c", "diff.external=", "-c", "protocol.ext.allow=never", "-c", "log.showSignature=false",
             "-c", "core.attributesFile=/dev/null", "-c", "safe.directory=*", "-c", "core.quotePath=false",
             "-c", "log.showRoot=true", "-c", "diff.mnemonicPrefix=false", "-c", "diff.noprefix=false"]  # fmt: skip


@source(gives=Change)
def git_history(
    path: Path,
    kind: type[Seed],
    *,
    max_files: int = 5,
    max_lines: int = 200,
    min_message: int = 20,
    paths: tuple[str, ...] = (),
    branch: str = "HEAD",
) -> Iterator[Item]:
    """Commits of a repository: the message and the unified diff. Name a file inside it: ``repos/*/.git/HEAD``, or
    ``HEAD`` of a bare repository.

    Merges, changes of more than `max_files` files or `max_lines` lines, binary ones, those of names or modes alone,
    what a shallow clone ends with, and messages shorter than `min_message` characters are left out. `paths`: git
    pathspecs. E-mail addresses and trailers are taken out.
    Nothing that the repository's configuration names is run.
    """
    folder = path.parent
    licence = _licence(folder, branch)
    # Of the last commits of a shallow clone git shows the whole tree as their change.
    listed = folder / "shallow"
    cut_off = frozenset(listed.read_text().split()) if listed.is_file() else frozenset()
    arguments = ["log", "--reverse", "--diff-merges=off", f"--format={_FORMAT}", "-p", "--no-ext-diff", "--no-textconv",
                 "--no-color", "--find-renames=50%", "--unified=3", "--encoding=UTF-8", "--src-prefix=a/",
                 "--dst-prefix=b/", "--no-relative", "--submodule=short", branch, "--", *paths]  # fmt: skip
    for record in _records(folder, arguments):
        commit, parents, author, date, message, diff = (record.split(_FIELD, 5) + [""] * 6)[:6]
        origin = Origin(
            address=str(path),
            place=f"commit {commit}",
            author=_ADDRESS.sub("", author).strip() or None,
            date=date[:10] or None,
            licence=licence,
        )
        words = _ADDRESS.sub("", _TRAILERS.sub("", message)).strip()
        files = _FILE.findall(diff)
        if commit in cut_off:
            why = "the end of a shallow clone, without what it changed"
        elif " " in parents:
            why = "a merge"
        elif len(record) >= MAX_COMMIT:
            why = f"more than {MAX_COMMIT >> 20} MiB"
        else:
            why = _unwanted(diff, len(files), max_files, max_lines)
        if not why and len(words) < min_message:
            why = "a message shorter than min_message"
        if why:
            yield Skipped(origin, why, words)
        else:
            yield Found(Change(message=words, diff=diff.strip("\n"), language=_language(files)), origin)


def _unwanted(diff: str, files: int, max_files: int, max_lines: int) -> str:
    """Why a change is left out; empty where it is not."""
    changed = sum(line.startswith(("+", "-")) and line[:3] not in ("+++", "---") for line in diff.split("\n"))
    if _BINARY.search(diff):
        return "binary files"
    if files > max_files or changed > max_lines:
        return "more files than max_files" if files > max_files else "more lines than max_lines"
    return "" if changed else "names or modes alone"


def _records(folder: Path, arguments: list[str]) -> Iterator[str]:
    """Commits as git writes them, one after the other; what is longer than `MAX_COMMIT` is cut."""
    # Git may have more to complain of than a pipe holds that nobody reads.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        process = _git(folder, arguments, complaints)
        try:
            # Lines end where git ends them, and not at a carriage return in the middle of one.
            output = io.TextIOWrapper(
                cast("IO[bytes]", process.stdout), "utf-8", errors="replace", newline="\n"
            )
            yield from _parted(output)
            if process.wait():
                complaints.seek(0)
                raise FactoryError(f"git cannot read {folder}: {complaints.read(2000).strip()}")
        finally:
            process.kill()
            process.communicate()


def _parted(lines: IO[str]) -> Iterator[str]:
    held: list[str] = []
    size, begins = 0, True
    while line := lines.readline(MAX_COMMIT):
        if begins and line.startswith(_RECORD):
            if held:
                yield "".join(held)[:MAX_COMMIT]
            held, size = [], 0
            line = line.removeprefix(_RECORD)
        begins = line.endswith("\n")
        if size < MAX_COMMIT:
            held.append(line.replace("\r\n", "\n"))
            size += len(line)
    if held:
        yield "".join(held)[:MAX_COMMIT]


def _git(folder: Path, arguments: list[str], complaints: IO[str]) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL")}
    environment = {**kept, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0",
                   "GIT_OPTIONAL_LOCKS": "0", "GIT_ATTR_NOSYSTEM": "1", "HOME": os.devnull}  # fmt: skip
    command = ["git", *_HARDENED, "--git-dir", str(folder), "--no-pager", *arguments]
    try:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
    except FileNotFoundError as error:
        raise FactoryError("the history of repositories needs git: apt install git") from error


def _licence(folder: Path, branch: str) -> str | None:
    for name in ("LICENSE", "LICENSE.txt", "LICENSE.md", "COPYING", "LICENCE"):
        with tempfile.TemporaryFile("w+") as complaints:  # that there is no such file
            arguments = ["cat-file", "-p", f"{branch}:{name}"]
            text, _ = _git(folder, arguments, complaints).communicate(timeout=60)
        if found := recognised(text[:65536].decode("utf-8", "replace")):
            return found
    return None


def _language(files: list[str]) -> str:
    """The language of the changed files, where they have one in common."""
    found = {_LANGUAGES.get(Path(name).suffix.lower(), "") for name in files} - {""}
    return found.pop() if len(found) == 1 else ""
