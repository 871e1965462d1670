"""The records that flow through a build: seeds, samples, evidence, verdicts, programs and their outcomes.

All are frozen pydantic models. Seeds and evidence are open families: a plugin adds a kind by subclassing `Seed` or
`Evidence` with ``kind="..."``. Ids are hashes of content: the same content is the same record on every machine.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from factory.errors import FactoryError, did_you_mean

Json = Any
"""A value that JSON can hold. (A recursive alias would cost pydantic more than it tells a reader.)"""


def content_hash(*parts: Json) -> str:
    """32 hexadecimal digits that depend on the parts' values alone, not on dictionary order or machine."""
    payload = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.blake2b(payload, digest_size=16).hexdigest()


class Record(BaseModel):
    """A frozen value without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Kinded(Record):
    """A record of an open family: every subclass names its kind, and is found again by it."""

    kind: ClassVar[str] = ""
    _family: ClassVar[dict[str, type[Kinded]]]

    def __init_subclass__(cls, *, kind: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.kind = kind
        if Kinded in cls.__bases__:
            cls._family = {}
        elif kind:
            known = cls._family.get(kind)
            if known is not None and (known.__module__, known.__qualname__) != (
                cls.__module__,
                cls.__qualname__,
            ):
                raise FactoryError(
                    f"two classes claim the kind '{kind}': {known.__module__}.{known.__qualname__}"
                    f" and {cls.__module__}.{cls.__qualname__}; rename one"
                )
            cls._family[kind] = cls

    @classmethod
    def of_kind(cls, kind: str) -> type[Self]:
        """The class of that kind. Raises FactoryError with a near miss when no loaded plugin defines it."""
        found = cls._family.get(kind)
        if found is None or not issubclass(found, cls):
            raise FactoryError(f"no {cls.__name__.lower()} of kind '{kind}'{did_you_mean(kind, cls._family)}")
        return found

    def tagged(self) -> dict[str, Json]:
        """The record as JSON with its kind, as `untagged` reads it."""
        return {"kind": self.kind, **self.model_dump(mode="json")}

    @classmethod
    def untagged(cls, data: Any) -> Any:
        """Reads what `tagged` wrote; leaves a record as it is."""
        if isinstance(data, dict) and "kind" in data:
            content = {key: value for key, value in data.items() if key != "kind"}
            return cls.of_kind(data["kind"]).model_validate(content)
        return data


# ---------------------------------------------------------------------------------------------- seeds


class Seed(Kinded):
    """Content that a generator starts from. Every field is content; where it was found is its `Origin`."""

    @cached_property
    def id(self) -> str:
        """Hash of kind and content: the same content found twice is one seed."""
        return content_hash(self.kind, self.model_dump(mode="json"))


class Origin(Record):
    """One place where a seed was found. A seed may have many."""

    address: str = Field(description="path inside the project, or URL, of the file or page")
    place: str = Field("", description="where in it: 'bytes 120-980', 'lines 10-42', 'line 7'")
    url: str | None = Field(None, description="the page's own address, where a file holds many pages")
    parent: str | None = Field(None, description="id of the document seed that this one was cut from")
    licence: str | None = Field(None, description="SPDX identifier where there is one")
    title: str | None = None
    author: str | None = None
    date: str | None = Field(None, description="ISO 8601")


class Document(Seed, kind="document"):
    """A whole page, paper, chapter or file, as Markdown."""

    text: str
    title: str = ""
    language: str = ""


class Passage(Seed, kind="passage"):
    """A part of a document that stands on its own, cut at headings and paragraphs."""

    text: str
    title: str = Field("", description="title of the document")
    section: str = Field("", description="headings above it, outermost first, joined by ' > '")
    language: str = ""


class Code(Seed, kind="code"):
    """A function, class, snippet or file of source code."""

    text: str
    language: str = "python"
    name: str = Field("", description="name of the function or class")


class Table(Seed, kind="table"):
    """A table with its header; every row has as many cells as the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    section: str = ""


class Post(Record):
    """One contribution to a thread. Remarks on it that are no posts of the thread are its comments."""

    text: str
    author: str = ""
    date: str = ""
    votes: int | None = None
    accepted: bool = False
    comments: tuple[Post, ...] = Field((), exclude_if=lambda comments: not comments)


class Thread(Seed, kind="thread"):
    """A forum or question page: the opening post first, the others in the page's order."""

    title: str
    posts: tuple[Post, ...]


class Question(Seed, kind="question"):
    """A question, with its reference answer where the source has one."""

    text: str
    answer: str | None = None
    subject: str = ""


class Topic(Seed, kind="topic"):
    """A concept or skill to make something about."""

    name: str
    description: str = ""
    domain: str = ""


class Change(Seed, kind="change"):
    """A change to code: the message and the unified diff."""

    message: str
    diff: str
    language: str = ""


class Step(Record):
    """One step of an agent's log."""

    action: str
    observation: str = ""
    thought: str = ""


class Trajectory(Seed, kind="trajectory"):
    """A log of what an agent did for a task."""

    task: str
    steps: tuple[Step, ...]


# ------------------------------------------------------------------------------------------- evidence


class Evidence(Kinded):
    """What a validator needs to judge a sample, put there by its generator."""


class Case(Record):
    """One test: an expression, and the value (a Python literal) or the exception it must give."""

    call: str = Field(description="an expression evaluated after the program, such as 'median([3, 1, 2])'")
    expected: str = Field("None", description="the value as a Python literal, such as '2'")
    raises: str | None = Field(None, description="name of the exception it must raise instead")


class Exchange(Record):
    """One run of a whole program: what it reads, and what it must print."""

    stdin: str = ""
    stdout: str = Field(description="compared by tokens or lines, as the validator's settings say")


class Exercise(Seed, kind="exercise"):
    """A seed too: a Python program that is asked for in words, and what it must pass, in the forms of `Tests`."""

    text: str
    cases: tuple[Case, ...] = ()
    asserts: str = ""
    exchanges: tuple[Exchange, ...] = ()


class Tests(Evidence, kind="tests"):
    """A program and what it must pass, in any of three forms. Expected values never enter its process."""

    __test__: ClassVar[bool] = False  # or pytest takes it for a test class

    program: str
    cases: tuple[Case, ...] = ()
    asserts: str = Field("", description="assert statements, test functions as pytest's, or unittest classes")
    exchanges: tuple[Exchange, ...] = ()
    language: str = "python"


class Vote(Record):
    """One independent answer to a question."""

    answer: str = Field(description="the final answer alone")
    solution: str = Field("", description="the reasoning that led to it")


class Answer(Evidence, kind="answer"):
    """The answer that a sample claims, the votes it was chosen by, and the reference where one exists."""

    value: str
    votes: tuple[Vote, ...] = ()
    reference: str | None = None


class Grounding(Evidence, kind="grounding"):
    """The source that a sample must agree with, and the quotes from it that carry the claims."""

    source: str
    quotes: tuple[str, ...] = ()


class Constraint(Record):
    """An instruction that a program can check, by name with its arguments."""

    name: str
    arguments: dict[str, Json] = {}


class Constraints(Evidence, kind="constraints"):
    """What a response must satisfy to the letter."""

    constraints: tuple[Constraint, ...]


class Reversal(Evidence, kind="reversal"):
    """An original, the instruction drawn from it, and what was made again from the instruction alone."""

    original: str
    instruction: str
    regenerated: str
    calls: tuple[str, ...] = Field((), description="expressions on which both were run")
    agreement: float = Field(description="share of the calls on which both gave the same, 0 to 1")
    similarity: float = Field(description="likeness of the two texts, 0 to 1")


EvidenceT = TypeVar("EvidenceT", bound=Evidence)
AnyEvidence = Annotated[Evidence, BeforeValidator(Evidence.untagged), PlainSerializer(Evidence.tagged)]


# -------------------------------------------------------------------------------------------- samples


class Message(Record):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str


class Sample(Kinded):
    """A row of training data with its evidence."""

    evidence: tuple[AnyEvidence, ...] = ()

    def id_in(self, dataset: str, seed_id: str) -> str:
        """Hash of dataset, seed id and content, evidence included."""
        return content_hash(dataset, seed_id, self.tagged())

    def find(self, kind: type[EvidenceT]) -> EvidenceT | None:
        """The first evidence of that class, or None."""
        return next((item for item in self.evidence if isinstance(item, kind)), None)

    def texts(self) -> tuple[str, ...]:
        """The texts a reader or a model sees, in order: what validators of wording look at."""
        raise NotImplementedError


class Text(Sample, kind="text"):
    """Plain text for pretraining."""

    text: str

    @classmethod
    def of(cls, text: str, *evidence: Evidence) -> Text:
        """A text with its evidence."""
        return cls(text=text, evidence=evidence)

    def texts(self) -> tuple[str, ...]:
        """The text."""
        return (self.text,)


class Chat(Sample, kind="chat"):
    """A conversation for supervised training: the assistant's turns are learnt."""

    messages: tuple[Message, ...]

    @classmethod
    def of(cls, question: str, answer: str, *evidence: Evidence) -> Chat:
        """A question and its answer as one user and one assistant turn."""
        turns = (Message(role="user", content=question), Message(role="assistant", content=answer))
        return cls(messages=turns, evidence=evidence)

    def texts(self) -> tuple[str, ...]:
        """The turns' contents."""
        return tuple(message.content for message in self.messages)


class Preference(Sample, kind="preference"):
    """A prompt with a better and a worse response; `loss_tokens` bounds how many of their tokens count."""

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str
    loss_tokens: int | None = Field(None, ge=1)

    def texts(self) -> tuple[str, ...]:
        """The prompt's turns, then the chosen and the rejected response."""
        return (*(message.content for message in self.prompt), self.chosen, self.rejected)


class TokenPreference(Sample, kind="token_preference"):
    """A pair of pivotal tokens (phi-4 report, pivotal token search): ids, never decoded and encoded again."""

    prompt_ids: tuple[int, ...]
    accepted_id: int
    rejected_id: int
    accepted_successes: int
    accepted_samples: int
    rejected_successes: int
    rejected_samples: int
    policy: str = Field(description="hash of the policy's weights")
    tokenizer: str = Field(description="hash of the tokenizer")
    display: str = Field("", description="the pair decoded, for people")

    def texts(self) -> tuple[str, ...]:
        """The decoded pair."""
        return (self.display,)


class Label(Sample, kind="label"):
    """A judgement of a seed, for training small classifiers; no training sample itself."""

    text: str
    labels: dict[str, Json]

    def texts(self) -> tuple[str, ...]:
        """Nothing: a label is not read by a model."""
        return ()


# ------------------------------------------------------------------------------- verdicts and programs


class Verdict(Record):
    """What a validator says of one sample. `reason` is read by people, and grouped by in SQL."""

    passed: bool
    reason: str = ""
    score: float | None = None
    details: dict[str, Json] = {}

    @classmethod
    def accept(cls, score: float | None = None, **details: Json) -> Verdict:
        """A verdict in favour."""
        return cls(passed=True, score=score, details=details)

    @classmethod
    def reject(cls, reason: str, score: float | None = None, **details: Json) -> Verdict:
        """A verdict against; the reason names the fault in a few words that many samples can share."""
        return cls(passed=False, reason=reason, score=score, details=details)


class Program(Record):
    """Code to run in the sandbox: the source, then each call, an expression evaluated in its namespace.

    With `tests`, a text of asserts or test functions judges it instead, from a process of its own; with `stdin`,
    the source runs as a whole program and its output is what counts.
    """

    source: str
    calls: tuple[str, ...] = ()
    tests: str = ""
    stdin: str | None = None
    language: str = "python"
    cpu_seconds: float = Field(5.0, gt=0, le=3600, description="CPU time for source and calls together")
    memory_mb: int = Field(512, gt=0, le=1 << 20)


class Result(Record):
    """What one call gave: a value as a Python literal, or the exception it raised."""

    value: str | None = None
    error: str | None = Field(None, description="'ValueError: empty input'")


class Outcome(Record):
    """How a program ended. `results`: one for each call that was reached; of tests, how much each asserted."""

    status: Literal["ok", "error", "timeout", "memory", "crashed"]
    results: tuple[Result, ...] = ()
    output: str = Field("", description="what it printed, cut at a bound")
    error: str = Field("", description="the traceback, or why it was ended")

    @property
    def ok(self) -> bool:
        """The source ran to its end and every call was evaluated (each may still have raised)."""
        return self.status == "ok"
