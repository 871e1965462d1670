"""Rejects responses that do not follow their checkable instructions to the letter."""

from __future__ import annotations

from typing import Any

from factory.errors import FactoryError
from factory.plugins import validator
from factory.records import Constraints, Sample, Verdict
from factory.seeds.fasttext import file_hash, language_model
from validators.constraints.kinds import read
from validators.constraints.segments import Response
from validators.turns import answers


@validator(needs=Constraints)
class Follows:
    """Rejects responses that do not follow every instruction of their Constraints to the letter.

    Judged is the text, the last turn of a conversation (thoughts in think tags aside), or the chosen response
    of a preference. docs/constraints.md lists the kinds. An unknown kind or a bad argument is an error of the
    generator, never a verdict. Score: the share of instructions that are followed.
    """

    @property
    def fingerprint(self) -> str:
        """Hash of the model that tells languages, where it is installed."""
        try:
            return file_hash(language_model())
        except FactoryError:
            return ""

    async def check(self, sample: Sample, teacher: Any) -> Verdict:
        """Checks every instruction; the first that is not followed names the reason."""
        asked = sample.find(Constraints)
        if asked is None or not asked.constraints or not (said := answers(sample)):
            return Verdict.reject("no instructions to check")
        response = Response(said[-1])
        failed = []
        for constraint in asked.constraints:
            instruction = read(constraint)
            if (fault := instruction.fault(response)) is not None:
                failed.append({"name": constraint.name, "asked": instruction.describe(), "found": fault})
        score = 1 - len(failed) / len(asked.constraints)
        if failed:
            return Verdict.reject(f"instruction not followed: {failed[0]['name']}", score, failed=failed)
        return Verdict.accept(score, followed=[constraint.name for constraint in asked.constraints])
