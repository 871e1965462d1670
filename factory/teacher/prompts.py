"""Prompts: the Markdown file beside a plugin, read into templates.

    # extract.qa
    Words for people.
    ## system
    The system message of every section; optional.
    ## chains
    A user message, a template over the variables of `teacher.ask`.
    ### example: failing
    A reply that a model could give, a template over the same variables.

Headings inside code fences are text. One code fence around a whole example is taken off.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import jinja2

from factory.errors import PluginError, did_you_mean
from factory.fences import closes, fences, opening
from factory.records import content_hash
from factory.teacher.filters import Environment

SYSTEM = "system"
_ENVIRONMENT = Environment()
_HEADING = re.compile(r"^(#{1,3})[ \t]+(.*?)[ \t]*#*$")
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_UNDEFINED = re.compile(r"^'(\w+)' is undefined")


class PromptError(PluginError):
    """A prompt file cannot be read, or a template in it fails; the text holds file, section and line."""


@dataclass(frozen=True)
class Template:
    """A template and where it stands: `place` names file and section, `line` is its first line there."""

    source: str
    place: str
    path: Path
    line: int
    _compiled: jinja2.Template = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            code = _ENVIRONMENT.compile(self.source, filename=str(self.path))
        except jinja2.TemplateSyntaxError as error:
            raise self._fault(error.lineno, f"template syntax: {error.message}") from error
        compiled = jinja2.Template.from_code(_ENVIRONMENT, code, _ENVIRONMENT.make_globals(None))
        object.__setattr__(self, "_compiled", compiled)

    def render(self, variables: Mapping[str, Any]) -> str:
        """The text for these variables. Raises PromptError naming the line and what is wrong with it."""
        try:
            return self._compiled.render(variables).strip("\n")
        except jinja2.UndefinedError as error:
            unknown = _UNDEFINED.match(str(error))
            mend = did_you_mean(unknown.group(1), variables) if unknown else ""
            raise self._fault(self._line_of(error), f"{error}{mend}") from error
        except jinja2.exceptions.SecurityError as error:
            raise self._fault(self._line_of(error), f"not allowed in a prompt: {error}") from error
        except Exception as error:  # an expression of the template, or a filter, may raise anything
            raise self._fault(self._line_of(error), f"{type(error).__name__}: {error}") from error

    def _line_of(self, error: BaseException) -> int:
        """The template's line in an error's traceback, which Jinja2 rewrites to the template's own lines."""
        frames: TracebackType | None = error.__traceback__
        line = 1
        while frames is not None:
            if frames.tb_frame.f_code.co_filename == str(self.path):
                line = frames.tb_lineno
            frames = frames.tb_next
        return line

    def _fault(self, line: int, text: str) -> PromptError:
        return PromptError(f"{self.path}: {self.place}, line {self.line + line - 1}: {text}")


@dataclass(frozen=True)
class Example:
    """A reply that a model could give. `note` says what it shows."""

    note: str
    template: Template


@dataclass(frozen=True)
class Section:
    """A prompt by name, with its examples."""

    name: str
    template: Template
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Prompts:
    """The prompts of one plugin."""

    path: Path
    system: Template | None
    sections: Mapping[str, Section]

    @staticmethod
    def read(path: Path) -> Prompts:
        """The prompts of a Markdown file, kept until it changes. Raises PromptError for any fault in it."""
        try:
            state = path.stat()
        except OSError as error:
            raise PromptError(
                f"{path}: no prompts there ({error.strerror}); a plugin that asks has them"
            ) from None
        return _read(path, state.st_mtime_ns, state.st_size)

    def section(self, name: str) -> Section:
        """A section by name. Raises PromptError with a near miss."""
        found = self.sections.get(name)
        if found is None:
            raise PromptError(f"{self.path}: no section '{name}'{did_you_mean(name, self.sections)}")
        return found

    def messages(self, section: str, variables: Mapping[str, Any]) -> list[dict[str, str]]:
        """The rendered messages that ask a section: the system message, if there is one, and the user's."""
        content = self.section(section).template.render(variables)
        messages = [{"role": "user", "content": content}]
        if self.system is not None:
            messages.insert(0, {"role": "system", "content": self.system.render(variables)})
        return messages

    def example(self, section: str, variables: Mapping[str, Any], pick: int = 0) -> str:
        """The text of example number `pick` modulo their count. Raises PromptError where there is none."""
        examples = self.section(section).examples
        if not examples:
            raise PromptError(f"{self.path}: section '{section}' has no '### example'")
        return examples[pick % len(examples)].template.render(variables)

    def fingerprint(self, examples: bool = False) -> str:
        """Hash of everything a model is shown and, when asked, of the examples that rehearsals use."""
        system = self.system.source if self.system else None
        prompts = {name: section.template.source for name, section in self.sections.items()}
        shown = {
            name: [example.template.source for example in section.examples]
            for name, section in self.sections.items()
        }
        return content_hash(system, prompts, shown if examples else None)


# ----------------------------------------------------------------------------------------- parsing


@dataclass
class _Part:
    """A heading with the lines under it. `line` is the heading's own."""

    level: int
    title: str
    line: int
    lines: list[str] = field(default_factory=list)

    def body(self) -> tuple[str, int]:
        """Its text without empty lines around it, and the number of its first line."""
        filled = [number for number, line in enumerate(self.lines) if line.strip()]
        if not filled:
            return "", self.line + 1
        text = "\n".join(self.lines[filled[0] : filled[-1] + 1])
        return text, self.line + 1 + filled[0]


@functools.lru_cache(maxsize=256)
def _read(path: Path, changed: int, size: int) -> Prompts:
    del changed, size  # part of the key: a file that changed is read again
    system: Template | None = None
    sections: dict[str, Section] = {}
    for part in _parts(path, path.read_text(encoding="utf-8")):
        if part.level == 1:
            continue
        if part.level == 2:
            template = _section_template(path, part)
            if part.title in sections or (part.title == SYSTEM and system is not None):
                raise PromptError(f"{path}, line {part.line}: a second section '{part.title}'; rename one")
            if part.title == SYSTEM:
                system = template
            else:
                sections[part.title] = Section(part.title, template, ())
            last = part.title
        elif last == SYSTEM:
            raise PromptError(f"{path}, line {part.line}: 'system' is no question, so it has no examples")
        else:
            section = sections[last]
            example = _example(path, last, part)
            sections[last] = Section(last, section.template, (*section.examples, example))
    if not sections:
        raise PromptError(f"{path}: no sections; a prompt starts with '## name'")
    return Prompts(path, system, MappingProxyType(sections))


def _parts(path: Path, text: str) -> Iterator[_Part]:
    """The file cut at headings of sections and examples; other headings, and fenced ones, are text."""
    part = _Part(1, "", 0)
    fence, fence_line = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        heading = None if fence else _HEADING.match(line)
        if fence:
            fence = "" if closes(line, fence) else fence
        elif opened := opening(line):
            fence, fence_line = opened.run, number
        if heading and _starts_part(path, number, heading, part):
            yield part
            part = _Part(len(heading.group(1)), heading.group(2), number)
        else:
            part.lines.append(line)
    if fence:
        raise PromptError(f"{path}, line {fence_line}: the code fence that opens here is never closed")
    yield part


def _starts_part(path: Path, number: int, heading: re.Match[str], part: _Part) -> bool:
    level, title = len(heading.group(1)), heading.group(2)
    if level == 2:
        if not _NAME.match(title):
            raise PromptError(
                f"{path}, line {number}: '## {title}' is no section name (lower-case letters, digits, '_'); a"
                " heading inside a prompt takes '###' or stands in a code fence"
            )
        return True
    if level == 1 or part.level == 1:
        return False
    word = title.partition(":")[0].strip()
    if word == "example":
        return True
    if difflib.get_close_matches(word.lower(), ["example"], cutoff=0.8):
        raise PromptError(f"{path}, line {number}: '### {title}'; did you mean '### example'?")
    return False


def _section_template(path: Path, part: _Part) -> Template:
    source, line = part.body()
    if not source:
        raise PromptError(f"{path}, line {part.line}: section '{part.title}' is empty")
    return Template(source, f"section '{part.title}'", path, line)


def _example(path: Path, section: str, part: _Part) -> Example:
    source, line = part.body()
    first = next(iter(fences(source)), None)
    if first and first.closed and first.lines == range(len(source.split("\n"))):
        source, line = first.content, line + 1
    if not source.strip():
        raise PromptError(f"{path}, line {part.line}: the example is empty; write a reply under it")
    note = part.title.partition(":")[2].strip()
    return Example(note, Template(source, f"section '{section}', example", path, line))
