r"""Numbers what a paper labels, as TeX does, so that "by Theorem~\ref{main}" says which."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from factory.seeds.tex.scan import raw_parts
from factory.seeds.tex.words import FORMULAS, pairs

NUMBERED = "numberedas"
"""The command with which a statement, or a caption, tells its number, behind where it begins."""

_TOKEN = re.compile(
    r"\\(?:(?P<heading>chapter|section|subsection|subsubsection)\s*(?=[\[{])"
    r"|begin\s*\{(?P<begin>[^{}\\]+)\}|end\s*\{(?P<end>[^{}\\]+)\}|label\s*\{(?P<label>[^{}]+)\}"
    r"|tag\*?\s*\{(?P<tag>[^{}]*)\}|(?P<word>nonumber|notag|caption|appendix)(?![a-zA-Z])|(?P<row>\\))"
)
_REFERENCE = re.compile(r"\\(ref|eqref|[cC]ref|autoref)\*?\s*\{([^{}]+)\}")
_DECLARED = re.compile(
    r"\\newtheorem\s*\{([^{}]+)\}\s*(?:\[([^\]]*)\])?\s*\{[^{}]+\}\s*(?:\[([^\]]*)\])?|\\numberwithin\s*\{([^{}]+)\}\s*\{([^{}]+)\}"
)
_BIBITEM = re.compile(r"\\bibitem\s*\[([^\]]{1,400})\]\s*\{([^{}]{1,200})\}")
_CITED = re.compile(r"\\(?:citet|textcite|Citet|citeauthor)\*?\s*(?:\[[^\]]{0,200}\]\s*){0,2}\{([^{}]+)\}")
_WHO = re.compile(r"\s*\{*([^()]*?)\}*\s*\((\d{4}[a-z]?)\)")
_LEVELS = ("chapter", "section", "subsection", "subsubsection")
_FLOATS = pairs("figure=Figure wrapfigure=Figure table=Table longtable=Table algorithm=Algorithm")
_ROWS = frozenset({"align", "alignat", "flalign", "gather", "eqnarray"})
_DEEPEST = 100
_UNNUMBERED = frozenset({"math", "displaymath", "split", "proof"})


@dataclass
class _Scope:
    """An environment that is open: what a label in it names, and its number. A formula counts with its `counter`, one
    of several rows with each; `taken`: whether that of this row stands; `labels`: what names this row."""

    name: str
    kind: str = ""
    number: str = ""
    counter: str = ""
    rows: bool = False
    taken: bool = False
    labels: list[str] = field(default_factory=list)


def referred(text: str, preamble: str, theorems: Mapping[str, str]) -> str:
    """A body whose references to sections, formulas, statements and floats are their numbers, whose statements and
    captions tell theirs by the command `NUMBERED`, and whose citations that are part of a sentence are names, where the
    bibliography has them. `theorems`: the titles of environments that state something. What refers to nothing stays."""
    numbers = _Numbers(theorems, preamble)
    numbered = numbers.run(text)
    people = dict(_people(text))
    parts, at = [], 0
    for start, end, _ in raw_parts(numbered):
        parts += [numbers.resolved(numbered[at:start], people), numbered[start:end]]
        at = end
    return "".join([*parts, numbers.resolved(numbered[at:], people)])


def _people(text: str) -> Iterator[tuple[str, str]]:
    """The keys of a bibliography with who wrote what when, where natbib's style lists that."""
    for found in _BIBITEM.finditer(text):
        if (who := _WHO.match(found[1])) and who[1].strip():
            yield found[2].strip(), f"{who[1].strip()} ({who[2]})"


@dataclass
class _Numbers:
    """Counters as TeX has them, and the labels that took their numbers."""

    theorems: Mapping[str, str]
    preamble: str
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    shared: dict[str, str] = field(default_factory=dict)
    """By environments that state something: the counter of each, which may be another's."""
    within: dict[str, str] = field(default_factory=dict)
    """By counters: the heading with which they begin anew."""
    open: list[_Scope] = field(default_factory=list)
    section: str = ""
    lettered: str = ""
    """The level of the appendices, once they have begun."""

    def run(self, text: str) -> str:
        """Numbers a body, and gives it with its statements' numbers."""
        declared = _DECLARED.findall(self.preamble)
        for name, shared, within, counter, counted in declared:
            if name:
                self.shared[name] = self.shared.get(shared, shared) or name
            if within or counter:
                self.within[name or counter] = within or counted
        if self.shared:  # what else states something has no numbers
            self.theorems = {name: title for name, title in self.theorems.items() if name in self.shared}
        parts: list[str] = []
        at = 0
        for start, end, _ in [*raw_parts(text), (len(text), len(text), "")]:
            parts += [self._piece(text, at, start), text[start:end]]
            at = end
        return "".join(parts)

    def _piece(self, text: str, at: int, stop: int) -> str:
        parts: list[str] = []
        for found in _TOKEN.finditer(text, at, stop):
            if number := self._read(found):
                parts += [text[at : found.end()], f"\\{NUMBERED}{{{number}}}"]
                at = found.end()
        return "".join([*parts, text[at:stop]])

    def _read(self, found: re.Match[str]) -> str:
        """Counts what a mark counts; the number of a statement that it begins, or of a caption."""
        if name := found["begin"]:
            return self._begin(name)
        if heading := found["heading"]:
            self._head(heading)
        elif name := found["end"]:
            self._end(name)
        elif label := found["label"]:
            self._label(label.strip())
        elif found["word"] == "caption":
            return self._caption()
        else:
            self._mark(found)
        return ""

    def _label(self, label: str) -> None:
        scope = next((one for one in reversed(self.open) if one.number), None)
        self.labels[label] = (scope.kind, scope.number) if scope else ("Section", self.section)
        if scope:
            scope.labels.append(label)

    def _caption(self) -> str:
        for scope in reversed(self.open):
            if scope.name.removesuffix("*") in _FLOATS and not scope.number:
                scope.number = self._next(scope.kind.lower())
                return f"{scope.kind} {scope.number}"
        return ""

    def _mark(self, found: re.Match[str]) -> None:
        """A row of formulas, a tag, or the appendices."""
        last = self.open[-1] if self.open else _Scope("")
        if found["word"] == "appendix":
            self.lettered = "chapter" if self.counts["chapter"] else "section"
            self.counts[self.lettered] = 0
        elif last.counter and (found["tag"] is not None or found["word"]):
            self.counts[last.counter] -= last.taken
            last.taken, last.number = False, found["tag"] or ""
            self.labels |= dict.fromkeys(last.labels, (last.kind, last.number))
        elif last.rows and found["row"]:
            last.taken, last.number, last.labels = True, self._next(last.counter), []

    def _head(self, level: str) -> None:
        place = _LEVELS.index(level)
        self.counts[level] += 1
        for lower in _LEVELS[place + 1 :]:
            self.counts[lower] = 0
        for counter, within in self.within.items():
            if within in _LEVELS[place:]:
                self.counts[self.shared.get(counter, counter)] = 0
        self.section = self._section(level)

    def _section(self, level: str) -> str:
        """The number of the section of a level that is open: "2.1", "A.1" """
        counts = {one: self.counts[one] for one in _LEVELS[: _LEVELS.index(level) + 1]}
        return ".".join(
            chr(64 + count) if one == self.lettered and count <= 26 else str(count)
            for one, count in counts.items()
            if count
        )

    def _next(self, counter: str) -> str:
        self.counts[counter] += 1
        within = self.within.get(counter, "")
        before = self._section(within) if within in _LEVELS else ""
        return f"{before}.{self.counts[counter]}" if before else str(self.counts[counter])

    def _begin(self, written: str) -> str:
        name = written.removesuffix("*")
        scope = _Scope(written)
        if len(self.open) >= _DEEPEST:
            return ""
        if any(one.counter for one in self.open) or name in _UNNUMBERED:
            pass  # within a numbered formula all is part of it
        elif name in FORMULAS and name == written:
            scope = _Scope(written, "equation", self._next("equation"), "equation", name in _ROWS, taken=True)
        elif written in self.theorems:
            scope = _Scope(written, self.theorems[name], self._next(self.shared.get(name, name)))
        elif name in _FLOATS:
            scope = _Scope(written, _FLOATS[name])
        self.open.append(scope)
        return scope.number if written in self.theorems else ""

    def _end(self, name: str) -> None:
        while self.open and any(one.name == name for one in self.open[-8:]):
            if self.open.pop().name == name:
                return

    def resolved(self, text: str, people: Mapping[str, str]) -> str:
        """A text with the numbers of what it refers to, and the names that its sentences cite."""
        text = _REFERENCE.sub(self._told, text)
        return _CITED.sub(lambda found: _names(found, people), text)

    def _told(self, found: re.Match[str]) -> str:
        command, keys = found[1], [key.strip() for key in found[2].split(",")]
        told = [self.labels[key] for key in keys if self.labels.get(key, ("", ""))[1]]
        if not told or len(told) < len(keys):
            return found[0]
        numbers = [
            f"({number})" if kind == "equation" and command != "ref" else number for kind, number in told
        ]
        if command in ("ref", "eqref"):
            return ", ".join(numbers)
        kinds = [kind.capitalize() if command != "cref" or kind != "equation" else kind for kind, _ in told]
        return " and ".join(f"{kind} {number}" for kind, number in zip(kinds, numbers, strict=True))


def _names(found: re.Match[str], people: Mapping[str, str]) -> str:
    keys = [key.strip() for key in found[1].split(",")]
    if not all(key in people for key in keys):
        return found[0]
    whole = " and ".join(people[key] for key in keys)
    return re.sub(r" \(\d{4}[a-z]?\)", "", whole) if "citeauthor" in found[0] else whole
