"""Checkpoints: all that a run needs to go on as if it had never stopped, one file a checkpoint."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from factory.errors import FactoryError


@dataclass(frozen=True)
class Checkpoint:
    """The state after `step` steps. `place` is how far the data was used, whatever the number of ranks."""

    step: int
    place: tuple[int, int]
    tokens: int
    model: dict[str, Any]
    optimiser: dict[str, Any]
    random: torch.Tensor
    data: str
    recipe: dict[str, Any]

    def write(self, folder: Path, keep: int) -> Path:
        """Writes ``step-00000040.pt`` aside, renames it, and removes all but the newest `keep`."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"step-{self.step:08d}.pt"
        aside = path.with_suffix(".partial")
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        with aside.open("wb") as file:
            torch.save(fields, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        for old in sorted(folder.glob("step-*.pt"))[:-keep]:
            old.unlink()
        return path

    @classmethod
    def newest(cls, folder: Path) -> Checkpoint | None:
        """The last one in a folder, or None. Raises FactoryError when it cannot be read."""
        paths = sorted(folder.glob("step-*.pt"))
        if not paths:
            return None
        try:
            return cls(**torch.load(paths[-1], map_location="cpu", weights_only=True))
        except Exception as error:
            raise FactoryError(
                f"{paths[-1]}: this checkpoint cannot be read ({error});"
                " remove it to go on from the one before, or pass --fresh to start anew"
            ) from error

    def check(self, recipe: dict[str, object], data: str, output: Path) -> None:
        """Raises FactoryError that names every setting, or the data, that has changed since."""
        changes = [
            f"{key}: {self.recipe.get(key)} then, {recipe.get(key)} now"
            for key in sorted({*self.recipe, *recipe})
            if self.recipe.get(key) != recipe.get(key)
        ]
        if self.data != data:
            changes.append("the rows of the snapshot, or the tokenizer")
        if changes:
            raise FactoryError(
                f"{output}: the checkpoint of step {self.step} was made under another recipe ("
                + "; ".join(changes)
                + "). Change it back, choose another output, or pass --fresh to start anew"
            )
