"""The plugin surface: the decorators, and the protocols of what upper layers offer.

A plugin is one function or class behind one decorator; `factory.discovery` finds it by its path.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, ParamSpec, Protocol, TypeAlias, TypeVar, get_args, runtime_checkable

from pydantic import BaseModel, ConfigDict, create_model

from factory.errors import FactoryError, PluginError, told
from factory.passing import (
    Broken,
    Drop,
    Found,
    Item,
    Member,
    Rewritten,
    SamplesInOrder,
    Score,
    SeedsInOrder,
    Skipped,
    SomeSeeds,
    Span,
    Submitted,
)
from factory.records import Evidence, Outcome, Program, Sample, Seed, Verdict

# `factory.passing` is a part of this surface: a plugin imports all that it needs from here.
__all__ = [
    "Broken",
    "Drop",
    "Found",
    "Item",
    "Member",
    "Rewritten",
    "SamplesInOrder",
    "Score",
    "SeedsInOrder",
    "Skipped",
    "SomeSeeds",
    "Span",
    "Submitted",
]

Axes = Mapping[str, Sequence[str]]
AskedOf: TypeAlias = Callable[[Any, type[Seed]], Mapping[str, Mapping[str, Any]]]
"""From a generator's settings and the kind of its seeds to validators by name, with their settings."""

Items = TypeVar("Items")
OneOrMore: TypeAlias = Items | tuple[Items, ...] | list[Items]

# ------------------------------------------------------------------------------------ protocols


Isolation: TypeAlias = Literal["bubblewrap", "unsafe"]
ISOLATIONS: tuple[Isolation, ...] = get_args(Isolation)


@runtime_checkable
class Executor(Protocol):
    """Runs programs of one language in isolation. Found as an entry point of ``factory.executors``,
    whose name is the language. Must be safe to call from many tasks at once. Made without arguments; one that
    has a parameter `isolation` is given 'unsafe' where the catalogue says ``sandbox: unsafe``."""

    async def run(self, program: Program) -> Outcome:
        """Runs one program. Raises SandboxError where isolation cannot be had; never for a bad program."""
        ...

    async def close(self) -> None:
        """Ends every process it started."""
        ...


@dataclass(frozen=True)
class Rollout:
    """One sampled continuation: token ids, their log-probabilities under the model (at temperature 1), and
    whether it ended by itself; the token that ended it is the last of `ids`."""

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finished: bool


@runtime_checkable
class Policy(Protocol):
    """A model that samples token ids. Found as an entry point of ``factory.policies``, whose name is the provider
    of the catalogue's model and whose value makes a policy of that ``Model``."""

    fingerprint: str
    """Hash of weights and tokenizer: part of every key."""
    tokenizer: str
    """Hash of the tokenizer alone: what ids mean."""

    def encode(self, text: str) -> list[int]:
        """The token ids of a text, without any that begin or end one."""
        ...

    def prompt(self, turns: Sequence[Mapping[str, str]]) -> list[int]:
        """A conversation (role and content of each turn) up to where the assistant is to speak."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, special tokens left out."""
        ...

    async def sample(
        self, prefixes: Sequence[Sequence[int]], *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> list[list[Rollout]]:
        """Returns `n` rollouts for each prefix, the same for the same seed; temperature 0 takes the likeliest."""
        ...

    async def close(self) -> None:
        """Gives back threads and connections."""
        ...


# ------------------------------------------------------------------------------------- plugins


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """What every kind of plugin has. `name` and `path` are filled in by the discovery."""

    target: Callable[..., Any]
    settings: type[BaseModel]
    name: str = ""
    path: Path = Path()

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.target) or "").partition("\n")[0]


@dataclass(frozen=True, kw_only=True)
class Generator(Plugin):
    """An async function from one seed to samples, with its declarations."""

    seeds: tuple[type[Seed], ...]
    gives: tuple[type[Sample], ...]
    evidence: tuple[type[Evidence], ...] = ()
    roles: tuple[str, ...] = ("writer",)
    axes: Axes = field(default_factory=dict)
    judges: AskedOf | None = None

    def __call__(self, seed: Seed, teacher: Any, **settings: Any) -> AsyncGenerator[Sample, None]:
        """Starts the generator on a seed."""
        samples: AsyncGenerator[Sample, None] = self.target(seed, teacher, **settings)
        return samples

    @property
    def prompts(self) -> Path:
        """The Markdown file beside the module."""
        return self.path.with_suffix(".md")


@dataclass(frozen=True, kw_only=True)
class Validator(Plugin):
    """A judge of single samples: a function ``check(sample, teacher)``, or a class with that method and,
    where it holds something costly, ``setup()``, ``teardown()`` and a property ``fingerprint``.
    With `whole`, a dataset check: a class with ``choose(samples)`` that looks at a finished dataset."""

    needs: tuple[type[Evidence], ...] = ()
    roles: tuple[str, ...] = ()
    whole: bool = False

    @property
    def prompts(self) -> Path:
        """The Markdown file beside the module (or in the package), for a validator that asks a model."""
        home = self.path.parent if self.path.name == "__init__.py" else self.path
        return home / "prompts.md" if home.is_dir() else home.with_suffix(".md")


@dataclass(frozen=True, kw_only=True)
class Source(Plugin):
    """A generator function from one file to what was found in it. `split` cuts a large file into spans that
    can be read apart; without one, a file is read as a whole."""

    gives: tuple[type[Seed], ...]
    split: Callable[[Path, int], Iterable[Span]] | None = None

    def __call__(
        self, path: Path, kind: type[Seed], span: Span | None = None, **settings: Any
    ) -> Iterator[Item]:
        """Starts reading a file; every seed it finds is of class `kind`, which is one of `gives`."""
        part = {} if span is None else {"span": span}
        found: Iterator[Item] = self.target(path, kind, **part, **settings)
        return found


@dataclass(frozen=True, kw_only=True)
class Cleaner(Plugin):
    """A step that seeds go through: one seed at a time, or, with `whole`, once over the whole seed set."""

    takes: tuple[type[Seed], ...]
    whole: bool = False

    def bind(self, **settings: Any) -> Any:
        """The step with its settings, checked: a function of one seed, or an instance with `clean` or `choose`."""
        values = dict(self.settings.model_validate(settings))
        if not inspect.isclass(self.target):
            return functools.partial(self.target, **values)
        try:
            return self.target(**values)
        except FactoryError:
            raise
        except Exception as error:  # a plugin may raise anything
            raise PluginError(f"{self.name} cannot be set up: {told(error, self.path.parent)}") from error


Given = ParamSpec("Given")
Declared = TypeVar("Declared")


def _in_parentheses(declarations: str) -> Callable[[Callable[Given, Declared]], Callable[Given, Declared]]:
    """For a decorator that is written with parentheses: without them it says so, as Python would not."""

    def checked(decorator: Callable[Given, Declared]) -> Callable[Given, Declared]:
        @functools.wraps(decorator)
        def called(*bare: Given.args, **given: Given.kwargs) -> Declared:
            if bare:
                name = decorator.__name__
                raise PluginError(
                    f"{_where(bare[0])}: @{name} is written with parentheses: @{name}({declarations})"
                )
            return decorator(*bare, **given)

        return called

    return checked


@_in_parentheses("seeds=Passage, gives=Chat")
def generator(
    *,
    seeds: OneOrMore[type[Seed]],
    gives: OneOrMore[type[Sample]],
    evidence: OneOrMore[type[Evidence]] = (),
    roles: OneOrMore[str] = "writer",
    axes: Axes | None = None,
    judges: AskedOf | None = None,
) -> Callable[[Callable[..., AsyncIterator[Sample]]], Generator]:
    """Declares a generator: an async generator function ``(seed, teacher, *, settings...)``.

    `seeds`: the kinds it takes; `gives`: the kinds of sample it yields; `evidence`: what every sample
    carries; `roles`: the models it asks; `axes`: what `teacher.draw` may draw from; `judges`: the validators that
    it asks by `teacher.judge`, whose change makes its rows stale as its own does. Raises PluginError for a target of
    another form, as do the other decorators.
    """

    def declare(function: Callable[..., AsyncIterator[Sample]]) -> Generator:
        if not inspect.isasyncgenfunction(function):
            raise PluginError(f"{_where(function)}: a generator is an 'async def' that yields samples")
        return Generator(
            target=function,
            settings=_settings(function, "seed", "teacher"),
            seeds=_kinds(function, "seeds", seeds, Seed),
            gives=_kinds(function, "gives", gives, Sample),
            evidence=_kinds(function, "evidence", evidence, Evidence),
            roles=_many(roles),
            axes={name: tuple(values) for name, values in (axes or {}).items()},
            judges=judges,
        )

    return declare


@_in_parentheses("")
def validator(
    *, needs: OneOrMore[type[Evidence]] = (), roles: OneOrMore[str] = ()
) -> Callable[[Callable[..., Any]], Validator]:
    """Declares a validator: an async function ``(sample, teacher, *, settings...) -> Verdict``, or a class
    whose constructor takes the settings and whose ``check(sample, teacher)`` judges.

    A class with ``choose(samples: SamplesInOrder)`` instead is a dataset check. It runs when the dataset is
    finished, asks no model, and yields ``(sample id, Verdict)`` for each sample that it has something to say of;
    the others pass. It may leave a mapping `figures` behind: what it measured of the whole.
    """

    def declare(target: Callable[..., Any]) -> Validator:
        is_class = inspect.isclass(target)
        whole = is_class and inspect.isfunction(getattr(target, "choose", None))
        if is_class and not whole and not inspect.iscoroutinefunction(getattr(target, "check", None)):
            raise PluginError(
                f"{_where(target)}: a validator class has 'async def check(sample, teacher)', a dataset check"
                " 'def choose(samples)'"
            )
        if whole and roles:
            raise PluginError(f"{_where(target)}: a dataset check asks no model: leave out 'roles'")
        if not is_class and not inspect.iscoroutinefunction(target):
            raise PluginError(f"{_where(target)}: a validator is an 'async def' that returns a Verdict")
        settings = _settings(target, *(() if is_class else ("sample", "teacher")))
        kinds = _kinds(target, "needs", needs, Evidence)
        return Validator(target=target, settings=settings, needs=kinds, roles=_many(roles), whole=whole)

    return declare


@_in_parentheses("gives=Document")
def source(
    *, gives: OneOrMore[type[Seed]], split: Callable[[Path, int], Iterable[Span]] | None = None
) -> Callable[[Callable[..., Iterator[Item]]], Source]:
    """Declares a source: a generator function ``(path, kind, *, settings...)`` over one file.

    `path` is a Path, or a UPath where the catalogue names a remote file: open it with ``path.open("rb")``.
    `split(path, size)`, where given, cuts a file into spans of about `size` bytes; the function then has a
    third parameter, ``span: Span | None = None``, and reads that part alone.
    """

    def declare(function: Callable[..., Iterator[Item]]) -> Source:
        if not inspect.isgeneratorfunction(function):
            raise PluginError(
                f"{_where(function)}: a source is a 'def' that yields Found, Broken and Skipped"
            )
        settings = _settings(function, "path", "kind", *(("span",) if split else ()))
        kinds = _kinds(function, "gives", gives, Seed)
        return Source(target=function, settings=settings, gives=kinds, split=split)

    return declare


@_in_parentheses("takes=Document")
def cleaner(*, takes: OneOrMore[type[Seed]]) -> Callable[[Callable[..., Any]], Cleaner]:
    """Declares a step of a seed set's ``clean:`` list, for the kinds of seed that it takes.

    One of three forms, settings keyword-only as everywhere: a function ``(item: Found, *, settings...) ->
    Found | Drop`` that keeps a seed (changed or scored, or as it is) or says why not; a class with
    ``clean(item)`` where it holds a model; a class with ``choose(seeds: SeedsInOrder)`` that goes through the
    whole seed set and yields ``(seed id, Drop)`` for each that is to go, ``(seed id, Rewritten)`` for each
    whose text is to be another. A class may have a property
    `fingerprint`, a string that changes when its judgements could. What it gives depends on nothing else.
    """

    def declare(target: Callable[..., Any]) -> Cleaner:
        is_class = inspect.isclass(target)
        if is_class and hasattr(target, "clean") == hasattr(target, "choose"):
            raise PluginError(f"{_where(target)}: a cleaner class has 'clean(item)' or 'choose(seeds)'")
        if inspect.iscoroutinefunction(getattr(target, "clean", target)):
            raise PluginError(f"{_where(target)}: a cleaner is a plain 'def', not an 'async def'")
        settings = _settings(target, *(() if is_class else ("item",)))
        whole = is_class and hasattr(target, "choose")
        kinds = _kinds(target, "takes", takes, Seed)
        return Cleaner(target=target, settings=settings, takes=kinds, whole=whole)

    return declare


@runtime_checkable
class Judge(Protocol):
    """A validator with its settings, ready to judge."""

    async def check(self, sample: Sample, teacher: Any) -> Verdict:
        """Judges one sample by itself."""
        ...


@runtime_checkable
class DatasetCheck(Protocol):
    """A dataset check with its settings."""

    def choose(self, samples: SamplesInOrder) -> Iterable[tuple[str, Verdict]]:
        """What it says of samples, by id; those that it does not name pass."""
        ...


@dataclass(frozen=True)
class FunctionJudge:
    """A validator function with its settings, as a Judge."""

    function: Callable[..., Awaitable[Verdict]]
    settings: dict[str, Any]

    async def check(self, sample: Sample, teacher: Any) -> Verdict:
        """Calls the function."""
        return await self.function(sample, teacher, **self.settings)


def instantiate(plugin: Validator, settings: BaseModel) -> Any:
    """A Judge with its settings, or a DatasetCheck where the plugin is one."""
    values = dict(settings)
    if inspect.isclass(plugin.target):
        return plugin.target(**values)
    return FunctionJudge(plugin.target, values)


def _many(items: OneOrMore[Items]) -> tuple[Items, ...]:
    return tuple(items) if isinstance(items, tuple | list) else (items,)


def _kinds(
    target: Callable[..., Any], name: str, items: OneOrMore[type[Items]], base: type[Any]
) -> tuple[type[Items], ...]:
    """The classes that a decorator was given. Raises PluginError for one of another kind."""
    for item in _many(items):
        if not (inspect.isclass(item) and issubclass(item, base)):
            shown = getattr(item, "__name__", repr(item))
            raise PluginError(f"{_where(target)}: {name}={shown} is no class of {base.__name__}")
    return _many(items)


def _where(target: Any) -> str:
    """File, line and name of what was decorated."""
    name = getattr(target, "__qualname__", repr(target))
    try:
        code = inspect.unwrap(target)
        return f"{inspect.getsourcefile(code)}:{inspect.getsourcelines(code)[1]} {name}"
    except (OSError, TypeError):
        return name


def _settings(target: Callable[..., Any], *takes: str) -> type[BaseModel]:
    """The keyword-only parameters of a plugin as a pydantic model: the catalogue's ``with:`` fits it.

    `takes`: what stands before them. Raises PluginError where more or less does."""
    signature = inspect.signature(target)
    hints = typing.get_type_hints(target.__init__ if inspect.isclass(target) else target, include_extras=True)
    fields: dict[str, Any] = {}
    before = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    if len(before) < len(takes):
        raise PluginError(f"{_where(target)}: its first parameters must be ({', '.join(takes)})")
    if len(before) > len(takes):
        name = before[len(takes)].name
        raise PluginError(
            f"{_where(target)}: parameter '{name}' must be keyword-only; settings follow a bare '*'"
        )
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            if parameter.name not in hints:
                raise PluginError(f"{_where(target)}: setting '{parameter.name}' needs a type")
            empty = parameter.default is inspect.Parameter.empty
            fields[parameter.name] = (hints[parameter.name], ... if empty else parameter.default)
    config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=False)
    return create_model(f"{target.__name__}_settings", __config__=config, **fields)
