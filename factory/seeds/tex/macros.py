"""The author's simple macros: collected, and expanded where they are used."""

from __future__ import annotations

import re
from dataclasses import dataclass

from factory.errors import FactoryError
from factory.seeds.tex.scan import NAME, VERBATIM, argument, option

MOST = 300_000
"""Expansions of a whole paper: beyond it a macro is a bomb."""

_DEFINES = re.compile(
    r"\\(?:(?P<new>newcommand|renewcommand|providecommand|DeclareRobustCommand)\*?\s*"
    r"|(?P<operator>DeclareMathOperator)(?P<star>\*?)\s*"
    r"|(?P<def>def|gdef|edef)\s*(?=\\))"
)
_NAMED = re.compile(r"\s*\{?\s*\\([a-zA-Z]+)\s*\}?")
_COUNT = re.compile(r"\s*\[(\d)\]")
_PARAMETERS = re.compile(r"((?:#\d)*)\s*(?=\{)")
_CLEVER = re.compile(r"\\(?:expandafter|csname|def|if[a-z]*|futurelet|@|let|newcommand|catcode|else|fi)\b|@")
_RAW = re.compile(
    r"\\begin\{(" + "|".join(re.escape(name) for name in VERBATIM) + r")\}.*?\\end\{\1\}", re.DOTALL
)
_PARAMETER = re.compile(r"#(\d)")
_ENDS_IN_NAME = re.compile(r"\\[a-zA-Z]+$")
_KNOWN = frozenset(
    ["section", "subsection", "paragraph", "item", "begin", "end", "label", "cite", "ref", "caption"]
)


@dataclass(frozen=True)
class Macro:
    """A macro of so many arguments, the first of them optional where there is a `default`."""

    arguments: int
    body: str
    default: str | None = None


def expand(text: str) -> str:
    """A text with its author's macros expanded and their definitions taken out.

    Macros that decide or redefine anything are left as they stand. Raises FactoryError where expansion has no
    end or makes too much.
    """
    macros, bare = _collect(text)
    if not macros:
        return bare
    made = [0]
    parts: list[str] = []
    at = 0
    for found in _RAW.finditer(bare):
        parts += [_expanded(bare[at : found.start()], macros, 0, made), found[0]]
        at = found.end()
    return "".join([*parts, _expanded(bare[at:], macros, 0, made)])


def _collect(text: str) -> tuple[dict[str, Macro], str]:
    macros: dict[str, Macro] = {}
    parts: list[str] = []
    at = 0
    while found := _DEFINES.search(text, at):
        parts.append(text[at : found.start()])
        name, macro, at = _definition(text, found)
        if macro and name and not _CLEVER.search(macro.body) and name not in _KNOWN:
            macros[name] = macro
    return macros, "".join([*parts, text[at:]])


def _definition(text: str, found: re.Match[str]) -> tuple[str, Macro | None, int]:
    """Name and meaning of a definition, and the place behind it."""
    at = found.end()
    named = _NAMED.match(text, at)
    if not named:
        return "", None, at
    at = named.end()
    if found["operator"]:
        body, at = argument(text, at)
        star = "*" if found["star"] else ""
        return named[1], Macro(0, rf"\operatorname{star}{{{body}}}"), at
    if found["def"]:
        parameters = _PARAMETERS.match(text, at)
        if not parameters:
            return "", None, at
        body, at = argument(text, parameters.end())
        return named[1], Macro(parameters[1].count("#"), body), at
    count, default = 0, None
    if counted := _COUNT.match(text, at):
        count, at = int(counted[1]), counted.end()
        default, at = option(text, at)
    body, at = argument(text, at)
    return named[1], Macro(count, body, default), at


def _expanded(text: str, macros: dict[str, Macro], depth: int, made: list[int]) -> str:
    if depth > 30:
        raise FactoryError("the author's macros use each other without end")
    parts: list[str] = []
    at = 0
    while found := NAME.search(text, at):
        macro = macros.get(found[1])
        parts.append(text[at : found.start()])
        at = found.end()
        if macro is None:
            parts.append(found[0])
            continue
        body, at = _filled(macro, text, at)
        made[0] += 1 + len(body) // 1000
        if made[0] > MOST:
            raise FactoryError(f"the author's macros expand more than {MOST} times; refused")
        inner = _expanded(body, macros, depth + 1, made)
        # A command before a letter needs something between the two.
        between = " " if _ENDS_IN_NAME.search(inner) and text[at : at + 1].isalpha() else ""
        parts.append(inner + between)
    return "".join([*parts, text[at:]])


def _filled(macro: Macro, text: str, at: int) -> tuple[str, int]:
    """A macro's body with its arguments, which stand at `at`, and the place behind them."""
    values: list[str] = []
    if macro.default is not None:
        given, at = option(text, at)
        values.append(macro.default if given is None else given)
    while len(values) < macro.arguments:
        value, at = argument(text, at)
        values.append(value)
    filled = _PARAMETER.sub(
        lambda one: values[int(one[1]) - 1] if 0 < int(one[1]) <= len(values) else "", macro.body
    )
    return filled, at
