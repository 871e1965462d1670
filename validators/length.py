"""Rejects samples that are too short or too long, part by part, in characters, words or tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator

from factory.errors import FactoryError
from factory.plugins import validator
from factory.records import Chat, Message, Preference, Sample, Verdict
from factory.seeds.cleaners.tokens import read_tokenizer
from factory.seeds.fasttext import file_hash
from validators.constraints.segments import count, words
from validators.settings import Amount

Unit: TypeAlias = Literal["characters", "words", "tokens"]


def _ordered(bounds: tuple[int | None, int | None]) -> tuple[int | None, int | None]:
    least, most = bounds
    if bounds == (None, None) or (least is not None and most is not None and least > most):
        raise ValueError(f"[{least}, {most}] bounds nothing: write [least, most], null for none")
    return bounds


Bounds = Annotated[tuple[Amount | None, Amount | None], AfterValidator(_ordered)]


@validator()
class Length:
    """Rejects samples of which a part is shorter or longer than its bounds, `[least, most]`, null for none.

    `answer`: each turn of the assistant, and both responses of a preference; `prompt`: all before the last
    answer, together; `turn`: each turn of anybody; `whole`: everything together, and plain text. `unit`:
    words (counted as docs/constraints.md says, code included), characters, or tokens of `tokenizer` (a
    tokenizer.json or a folder that holds one), without the marks of a chat template.
    """

    def __init__(
        self,
        *,
        unit: Unit = "words",
        tokenizer: str = "",
        whole: Bounds | None = None,
        prompt: Bounds | None = None,
        answer: Bounds | None = None,
        turn: Bounds | None = None,
    ) -> None:
        self._bounds = {"whole": whole, "prompt": prompt, "answer": answer, "turn": turn}
        if not any(self._bounds.values()):
            raise FactoryError("length: nothing is bounded; write for example answer: [20, 2000]")
        if (unit == "tokens") != bool(tokenizer):
            raise FactoryError("length: 'unit: tokens' and 'tokenizer: a file or folder' go together")
        self._unit = unit
        self._path = _file(tokenizer) if tokenizer else None
        self._tokenizer: Any = None

    @property
    def fingerprint(self) -> str:
        """Hash of the tokenizer's file."""
        return file_hash(self._path) if self._path else ""

    async def check(self, sample: Sample, teacher: Any) -> Verdict:
        """Measures the parts that are bounded; the first out of bounds decides."""
        measured: dict[str, list[int]] = {}
        for part, texts in _parts(sample):
            bounds = self._bounds[part]
            if bounds is None:
                continue
            amount = sum(map(self._measure, texts))
            least, most = bounds
            low = least is not None and amount < least
            if low or (most is not None and amount > most):
                fault = "too short" if low else "too long"
                place = len(measured.get(part, []))
                told: dict[str, Any] = {"part": part, "place": place, "unit": self._unit, "found": amount}
                return Verdict.reject(f"{part} {fault}", None, **told, bounds=[least, most])
            measured.setdefault(part, []).append(amount)
        return Verdict.accept(unit=self._unit, measured=measured)

    def _measure(self, text: str) -> int:
        if self._unit == "characters":
            return len(text)
        if self._unit == "words":
            return count(words(text))
        if self._tokenizer is None and self._path:
            self._tokenizer = read_tokenizer(self._path)
        return len(self._tokenizer.encode(text, add_special_tokens=False))


def _file(tokenizer: str) -> Path:
    path = Path(tokenizer)
    return path / "tokenizer.json" if path.is_dir() else path


def _parts(sample: Sample) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each part with the texts that it consists of."""
    yield "whole", sample.texts()
    if isinstance(sample, Preference):
        turns: tuple[Message, ...] = sample.prompt
        answers = [sample.chosen, sample.rejected]
        before = turns
    elif isinstance(sample, Chat):
        turns = sample.messages
        answers = [message.content for message in turns if message.role == "assistant"]
        last = max(
            (at for at, message in enumerate(turns) if message.role == "assistant"), default=len(turns)
        )
        before = turns[:last]
    else:
        return
    yield "prompt", tuple(message.content for message in before)
    yield from (("answer", (answer,)) for answer in answers)
    yield from (("turn", (message.content,)) for message in turns)
    if isinstance(sample, Preference):
        yield from (("turn", (answer,)) for answer in answers)
