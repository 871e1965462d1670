"""Instructions about the parts that a response is set in."""

from __future__ import annotations

import re

from pydantic import Field

from validators.constraints.instruction import Counted, Instruction
from validators.constraints.segments import Response, cells

_BOLD = re.compile(r"\*\*(?=[^\s*])[^*\n]*+\*\*|__(?=[^\s_])[^_\n]*+__")
_PLACEHOLDER = re.compile(r"\[(?=[^\W\d_])[^\[\]\n]{2,60}\](?![(\[:])")
_ALIASES = {
    alias: name
    for name, aliases in {
        "python": ("py", "python3"),
        "javascript": ("js",),
        "typescript": ("ts",),
        "bash": ("sh", "shell"),
        "c++": ("cpp",),
        "c#": ("cs", "csharp"),
        "go": ("golang",),
        "rust": ("rs",),
        "ruby": ("rb",),
        "yaml": ("yml",),
    }.items()
    for alias in aliases
}


class Bullets(Counted, name="bullets", touches="layout"):
    """Items of bullet lists, nested ones included."""

    unit, units = "bullet point", "bullet points"

    def describe(self) -> str:
        return f"Use {self.span()}, each on a line that begins with '- '."

    def amount(self, response: Response) -> int:
        return len(response.of_kind("bullet"))


class Steps(Instruction, name="steps", touches="layout"):
    """Steps numbered from 1 to `count`, in order; lists set in further are not looked at."""

    count: int = Field(ge=1)

    def describe(self) -> str:
        return f"Give exactly {self.count} numbered {'step' if self.count == 1 else 'steps'} (1., 2., ...)."

    def fault(self, response: Response) -> str | None:
        steps = response.of_kind("step")
        margin = min((step.indent for step in steps), default=0)
        numbers = [step.level for step in steps if step.indent == margin]
        if len(numbers) != self.count:
            return f"{len(numbers)} steps"
        return None if numbers == list(range(1, self.count + 1)) else "steps not numbered in order"


class Headings(Counted, name="headings", touches="layout"):
    """Markdown headings, of one level or any."""

    level: int | None = Field(None, ge=1, le=6)
    unit, units = "heading", "headings"

    def describe(self) -> str:
        mark = "#" * (self.level or 2)
        return f"Use {self.span()} in Markdown{'' if self.level else ', such as'} ('{mark} Heading')."

    def amount(self, response: Response) -> int:
        return sum(self.level in (None, line.level) for line in response.of_kind("heading"))


class Bold(Counted, name="bold", touches="layout"):
    """Parts set in bold with ** or __."""

    unit, units = "part", "parts"

    def describe(self) -> str:
        return f"Set {self.span()} of the response in bold, with ** before and after."

    def amount(self, response: Response) -> int:
        return len(_BOLD.findall(response.prose))


class Placeholders(Counted, name="placeholders", touches="layout"):
    """Words in square brackets that stand for something to fill in; links and footnotes are none."""

    unit, units = "placeholder", "placeholders"

    def describe(self) -> str:
        return f"Use {self.span()} in square brackets, such as [address]."

    def amount(self, response: Response) -> int:
        return len(_PLACEHOLDER.findall(response.prose))


class Title(Instruction, name="title", touches="opening layout", rules_out="opening"):
    """A title on the first line, between `marks`."""

    marks: tuple[str, str] = ("<<", ">>")

    def describe(self) -> str:
        opening, closing = self.marks
        return f"Let the first line be a title between these marks: {opening}title{closing}"

    def fault(self, response: Response) -> str | None:
        opening, closing = map(re.escape, self.marks)
        first = response.text.partition("\n")[0].strip().lstrip("# ").strip("*")
        titled = re.fullmatch(rf"{opening}(?=.*\w)(?:(?!{closing}).)+{closing}", first)
        return None if titled else "no title on the first line"


class Postscript(Instruction, name="postscript", touches="ending layout", rules_out="ending"):
    """A last paragraph that begins with `mark`."""

    mark: str = Field("P.S.", min_length=1)

    def describe(self) -> str:
        return f'End with a postscript: a last paragraph that begins with "{self.mark}"'

    def fault(self, response: Response) -> str | None:
        last = re.split(r"\n[ \t]*\n", response.text)[-1].strip().lstrip("*_> ")
        begins = last.casefold().startswith(self.mark.casefold())
        return (
            None if begins and any(map(str.isalnum, last[len(self.mark) :])) else "no postscript at the end"
        )


class Table(Instruction, name="table", touches="layout"):
    """A Markdown table with a header, of `columns` columns and at least `rows` rows below the header."""

    columns: int | None = Field(None, ge=1)
    rows: int = Field(1, ge=1)

    def describe(self) -> str:
        wide = (
            f" of exactly {self.columns} {'column' if self.columns == 1 else 'columns'}"
            if self.columns
            else ""
        )
        rows = f"at least {self.rows} {'row' if self.rows == 1 else 'rows'}"
        return f"Include a Markdown table{wide} with a header row and {rows} below it."

    def fault(self, response: Response) -> str | None:
        best = "no table"
        for block in response.blocks:
            rows = [cells(line.content) for line in block if line.kind == "table" and line.level]
            if not rows:
                continue
            if any(len(row) != len(rows[0]) for row in rows):
                best = "a table with rows of different lengths"
            elif self.columns not in (None, len(rows[0])):
                best = f"a table of {len(rows[0])} columns"
            elif len(rows) - 2 < self.rows:
                best = f"a table of {len(rows) - 2} rows"
            else:
                return None
        return best


class CodeBlock(Instruction, name="code_block", touches="layout"):
    """A fenced block of code that is not empty, marked with `language` where one is named."""

    language: str = ""

    def describe(self) -> str:
        marked = f" marked as {self.language}" if self.language else ""
        return f"Put the code into a fenced code block{marked}."

    def fault(self, response: Response) -> str | None:
        filled = [language for language, code in response.fences if code.strip()]
        if not filled:
            return "no code block"
        wanted = _plain_name(self.language)
        if wanted and wanted not in map(_plain_name, filled):
            return f"a code block marked '{filled[0]}'" if filled[0] else "a code block without a language"
        return None


def _plain_name(language: str) -> str:
    return _ALIASES.get(language.lower(), language.lower())


class Sections(Instruction, name="sections", touches="layout"):
    """`count` parts that are not empty, with a line of its own between them that is `separator`."""

    count: int = Field(ge=2)
    separator: str = Field("***", min_length=1)

    def describe(self) -> str:
        return f"Divide the response into exactly {self.count} sections, with a line '{self.separator}' between them."

    def fault(self, response: Response) -> str | None:
        parts = [part.strip() for part in _split(response.text, self.separator)]
        if len(parts) != self.count:
            return f"{len(parts)} parts"
        return None if all(parts) else "an empty part"


class Answers(Sections, name="answers", touches="layout form", rules_out="form"):
    """`count` different answers with a line between them that is `separator`."""

    count: int = Field(2, ge=2)
    separator: str = Field("******", min_length=1)

    def describe(self) -> str:
        return (
            f"Give exactly {self.count} different answers, with a line '{self.separator}' between them and"
            " nothing else around them."
        )

    def fault(self, response: Response) -> str | None:
        parts = {" ".join(part.split()).casefold() for part in _split(response.text, self.separator)}
        found = super().fault(response)
        return found or (None if len(parts) == self.count else "the same answer twice")


def _split(text: str, separator: str) -> list[str]:
    parts: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line.strip() == separator.strip():
            parts.append([])
        else:
            parts[-1].append(line)
    return ["\n".join(part) for part in parts]
