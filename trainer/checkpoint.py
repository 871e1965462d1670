"""Checkpoints: all that a run needs to go on as if it had never stopped, also on another number of ranks.

A checkpoint is a folder that torch's DCP writes, in the background, every rank its shards. It is written aside and
renamed when every rank is done: a run that is killed leaves the checkpoints before, whole.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Collection, Mapping
from concurrent.futures import Future, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import async_save
from torch.distributed.tensor import DTensor

from factory.errors import FactoryError
from trainer.model import Phi
from trainer.world import World

# A run on one device has no ranks to ask; DCP knows, and says so at every checkpoint.
warnings.filterwarnings("ignore", message="torch.distributed is disabled", category=UserWarning)

STATE = "state.json"
PARTIAL = ".partial"


@dataclass(frozen=True)
class State:
    """Where a run stands after `step` steps. `place` is how far the data was used, whatever the number of ranks, and
    `data` a hash of what comes next."""

    step: int
    place: tuple[int, int]
    tokens: int
    data: str
    recipe: dict[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """A finished checkpoint."""

    path: Path
    state: State

    @property
    def step(self) -> int:
        """How many steps were done."""
        return self.state.step

    @classmethod
    def newest(cls, folder: Path) -> Checkpoint | None:
        """The last one in a folder, or None. Raises FactoryError when it cannot be read."""
        paths = _finished(folder)
        if not paths:
            return None
        try:
            content = json.loads((paths[-1] / STATE).read_text(encoding="utf-8"))
            return cls(paths[-1], State(**{**content, "place": tuple(content["place"])}))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise _unreadable(paths[-1], error) from error

    def check(
        self, recipe: Mapping[str, object], data: str, output: Path, accepted: Collection[str] = ()
    ) -> None:
        """Raises FactoryError that names every setting, or the data, that has changed since. Of the settings, those
        of the optimiser and the loss may be `accepted`."""
        before = self.state.recipe
        refused = [
            key
            for key in sorted({*before, *recipe})
            if before.get(key) != recipe.get(key) and not (key in accepted and _may_change(key))
        ]
        told = [f"{key}: {before.get(key)} then, {recipe.get(key)} now" for key in refused]
        mend = "Change it back, choose another output, or pass --fresh to start anew"
        if self.state.data != data:
            told.append(
                "the data to come: rows of a snapshot, the tokenizer, or code that encodes or packs them"
            )
        elif all(map(_may_change, refused)):
            mend += f"; to go on with what has changed: {' '.join(f'--accept {key}' for key in refused)}"
        if told:
            raise FactoryError(
                f"{output}: the checkpoint of step {self.step} was made under another recipe"
                f" ({'; '.join(told)}). {mend}"
            )

    def restore(self, model: Phi, optimiser: torch.optim.Optimizer, world: World) -> None:
        """Fills model and optimiser, each rank with its shards, however many ranks wrote them."""
        weights, moments = get_state_dict(model, optimiser)
        try:
            load(_content(weights, moments), checkpoint_id=self.path, no_dist=world.size == 1)
        except (Exception, CheckpointException) as error:  # DCP raises whatever its reader met
            raise _unreadable(self.path, error) from error
        set_state_dict(
            model,
            optimiser,
            model_state_dict=weights,
            optim_state_dict=moments,
        )


class Checkpoints:
    """Writes the checkpoints of a run in the background, one at a time, and keeps them by a rule: the `keep` newest,
    and those of every `keep_every` steps for good."""

    def __init__(self, folder: Path, world: World, keep: int, keep_every: int | None) -> None:
        """Removes what a run that was killed had begun to write."""
        self._folder, self._world, self._keep, self._keep_every = folder, world, keep, keep_every
        self._group = world.group()
        self._writing: tuple[Path, State, Future[Any]] | None = None
        if world.first:
            for begun in folder.glob(f"*{PARTIAL}"):
                shutil.rmtree(begun)
        world.wait()

    def save(self, state: State, model: Phi, optimiser: torch.optim.Optimizer) -> None:
        """Copies the state and starts to write it; training goes on meanwhile."""
        self.finish()
        path = self._folder / f"step-{state.step:08d}"
        aside = path.with_name(path.name + PARTIAL)
        if self._world.first:
            aside.mkdir(parents=True)
        self._world.wait()
        writing = async_save(
            _content(*get_state_dict(model, optimiser)),
            checkpoint_id=aside,
            process_group=self._group,
            no_dist=self._world.size == 1,
        )
        assert isinstance(writing, Future)
        self._writing = path, state, writing

    def settle(self) -> None:
        """Finishes what was written meanwhile. DCP's first rank is done only after all others. Raises FactoryError for
        a checkpoint that could not be written."""
        if self._writing is not None and self._writing[2].done():
            path, state, writing = self._writing
            self._writing = None
            try:
                writing.result()
            except (Exception, CheckpointException) as error:
                raise FactoryError(
                    f"{path}: this checkpoint could not be written ({_cause(error)}); those before it are good, and the"
                    " same command goes on from them"
                ) from error
            if self._world.first:
                self._commit(path, state)

    def finish(self) -> None:
        """Waits until this rank has written its share of a checkpoint; until all of it is there, on the first."""
        if self._writing is not None:
            wait([self._writing[2]])
        self.settle()

    def _commit(self, path: Path, state: State) -> None:
        aside = path.with_name(path.name + PARTIAL)
        with (aside / STATE).open("w", encoding="utf-8") as file:
            json.dump(asdict(state), file)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        for old in _finished(self._folder)[: -self._keep]:
            step = int(old.name.removeprefix("step-"))
            if not self._keep_every or step % self._keep_every:
                shutil.rmtree(old)


def _content(weights: Mapping[str, Any], moments: Mapping[str, Any]) -> dict[str, Any]:
    """What DCP copies and writes, or fills: the tensors that model and optimiser hold themselves."""
    states = {
        name: {key: _plain(value) for key, value in state.items()} for name, state in moments["state"].items()
    }
    return {"model": dict(weights), "optimiser": {**moments, "state": states}}


def _plain(moment: Any) -> Any:
    """Moments of 8 bits as their codes and scales, since DCP does not know torchao's tensors; others as they are.

    Of one that lies in shards, both lie in shards of its own kind: rows are whole blocks (see `make_optimiser`).
    """
    here: Any = moment.to_local() if isinstance(moment, DTensor) else moment
    if not hasattr(here, "codes"):
        return moment
    parts = {"codes": here.codes, "scale": here.scale}
    if not isinstance(moment, DTensor):
        return parts
    return {
        name: DTensor.from_local(part, moment.device_mesh, moment.placements, run_check=False)
        for name, part in parts.items()
    }


def _may_change(key: str) -> bool:
    """Whether a run can go on though this setting has changed: what the checkpoint holds does not depend on it."""
    return key.startswith(("optimiser.", "dpo.")) and key != "optimiser.states"


def _finished(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("step-*") if path.suffix != PARTIAL)


def _unreadable(path: Path, error: BaseException) -> FactoryError:
    return FactoryError(
        f"{path}: this checkpoint cannot be read ({_cause(error)});"
        " remove it to go on from the one before, or pass --fresh to start anew"
    )


def _cause(error: BaseException) -> str:
    """The last line of an error, which holds the cause where DCP collects the tracebacks of all ranks."""
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
