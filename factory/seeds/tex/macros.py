"""The author's simple macros: collected, and expanded where they are used."""

from __future__ import annotations

import re
from dataclasses import dataclass

from factory.seeds.files import UnreadableError
from factory.seeds.tex.scan import NAME, argument, option, raw_parts

MOST = 300_000
"""Expansions of a whole paper: beyond it a macro is a bomb."""

_DEFINES = re.compile(
    r"\\(?:(?P<new>newcommand|renewcommand|providecommand|DeclareRobustCommand)\*?\s*"
    r"|(?P<document>(?:New|Renew|Provide|Declare)DocumentCommand)\s*"
    r"|(?P<pair>DeclarePairedDelimiter)\s*"
    r"|(?P<operator>DeclareMathOperator)(?P<star>\*?)\s*"
    r"|(?P<environment>newenvironment|renewenvironment)\*?\s*\{(?P<name>[a-zA-Z*]+)\}"
    r"|(?P<let>let)\s*\\(?P<alias>[a-zA-Z]+)\s*=?\s*\\(?P<target>[a-zA-Z]+)"
    r"|(?P<def>def|gdef|edef)\s*(?=\\))"
)
_NAMED = re.compile(r"\s*\{?\s*\\([a-zA-Z]+)\s*\}?")
_COUNT = re.compile(r"\s*\[(\d)\]")
_SIGNATURE = re.compile(r"\s*(?:[oO]\s*(?:\{[^{}]*\})?)?\s*[m\s]*")
_PARAMETERS = re.compile(r"((?:#\d)*)\s*(?=\{)")
_CLEVER = re.compile(r"\\(?:expandafter|csname|def|if[a-z]*|futurelet|@|let|newcommand|catcode|else|fi)\b|@")
_PARAMETER = re.compile(r"#(\d)")
_BEGINS = re.compile(r"\s*\{([a-zA-Z]+\*?)\}")
_ENDS_IN_NAME = re.compile(r"\\[a-zA-Z]+$")
_KNOWN = frozenset(
    ["section", "subsection", "paragraph", "item", "begin", "end", "label", "cite", "ref", "caption"]
)


@dataclass(frozen=True)
class Macro:
    """A macro of so many arguments, the first of them optional where there is a `default`. What is `final` is
    not expanded again: the old meaning that an author keeps before giving its name another."""

    arguments: int
    body: str
    default: str | None = None
    final: bool = False


def expand(text: str) -> str:
    """A text with its author's macros expanded and their definitions taken out.

    Macros that decide or redefine anything are left as they stand. Raises UnreadableError where expansion has no
    end or makes too much.
    """
    macros, bare = _collect(text)
    if not macros:
        return bare
    made = [0]
    parts: list[str] = []
    at = 0
    for start, end, _ in raw_parts(bare):
        parts += [_expanded(bare[at:start], macros, 0, made), bare[start:end]]
        at = end
    return "".join([*parts, _expanded(bare[at:], macros, 0, made)])


def _collect(text: str) -> tuple[dict[str, Macro], str]:
    macros: dict[str, Macro] = {}
    parts: list[str] = []
    at = 0
    while found := _DEFINES.search(text, at):
        parts.append(text[at : found.start()])
        if found["environment"]:
            made, at = _environment(text, found)
        elif found["let"]:
            same = macros.get(found["target"], Macro(0, f"\\{found['target']}", final=True))
            made, at = {found["alias"]: same}, found.end()
        else:
            name, macro, at = _definition(text, found)
            made = {name: macro} if macro and name else {}
            if found["pair"]:  # a star, or a size in brackets, asks for other sizes of the same
                made |= {f"{name}*": one for one in made.values()}
        simple = {name: macro for name, macro in made.items() if not _CLEVER.search(macro.body)}
        if len(simple) == len(made):
            macros.update((name, macro) for name, macro in simple.items() if name not in _KNOWN)
    return macros, "".join([*parts, text[at:]])


def _environment(text: str, found: re.Match[str]) -> tuple[dict[str, Macro], int]:
    """What an environment of the author begins and ends with, as two macros, and the place behind."""
    count, default, at = _parameters(text, found.end())
    begin, at = argument(text, at)
    end, at = argument(text, at)
    name = found["name"]
    return {f"begin {name}": Macro(count, begin, default), f"end {name}": Macro(0, end)}, at


def _parameters(text: str, at: int) -> tuple[int, str | None, int]:
    """How many arguments, the default of the first, and the place behind."""
    counted = _COUNT.match(text, at)
    if not counted:
        return 0, None, at
    default, at = option(text, counted.end())
    return int(counted[1]), default, at


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
    if found["pair"]:
        left, at = argument(text, at)
        right, at = argument(text, at)
        return named[1], Macro(2, rf"\left{left} #2 \right{right}", ""), at
    if found["document"]:
        return _by_signature(text, named[1], at)
    if found["def"]:
        parameters = _PARAMETERS.match(text, at)
        if not parameters:
            return "", None, at
        body, at = argument(text, parameters.end())
        return named[1], Macro(parameters[1].count("#"), body), at
    count, default, at = _parameters(text, at)
    body, at = argument(text, at)
    return named[1], Macro(count, body, default), at


def _by_signature(text: str, name: str, at: int) -> tuple[str, Macro | None, int]:
    """A definition that names the kinds of its arguments: mandatory ones, the first optional or not."""
    kinds, at = argument(text, at)
    body, at = argument(text, at)
    if not _SIGNATURE.fullmatch(kinds) or r"\If" in body:
        return name, None, at
    optional = kinds.strip()[:1].lower() == "o"
    default = kinds[kinds.find("{") + 1 : kinds.rfind("}")] if "{" in kinds else ""
    bare = re.sub(r"\{.*\}", "", kinds)
    return name, Macro(bare.count("m") + optional, body, default if optional else None), at


def _expanded(text: str, macros: dict[str, Macro], depth: int, made: list[int]) -> str:
    if depth > 30:
        raise UnreadableError("the author's macros use each other without end")
    parts: list[str] = []
    at = 0
    while found := NAME.search(text, at):
        name, behind = found[1], found.end()
        if name in ("begin", "end") and (named := _BEGINS.match(text, behind)):
            name, behind = f"{name} {named[1]}", named.end()
        macro = macros.get(name)
        parts.append(text[at : found.start()])
        at = behind if macro else found.end()
        if macro is None:
            parts.append(found[0])
            continue
        body, at = _filled(macro, text, at)
        made[0] += 1 + len(body) // 1000
        if made[0] > MOST:
            raise UnreadableError(f"the author's macros expand more than {MOST} times; refused")
        inner = body if macro.final else _expanded(body, macros, depth + 1, made)
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
