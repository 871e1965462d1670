"""The ranks of a run, as torchrun starts them; a run without torchrun is a world of one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    set_model_state_dict,
)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import (
    FSDPModule,
    MixedPrecisionPolicy,
    fully_shard,
    register_fsdp_forward_method,
)
from torch.distributed.tensor import DTensor

from factory.errors import FactoryError
from trainer.model import Phi, Shape

LONGEST_WAIT = timedelta(hours=6)
"""How long ranks wait for the first to check and tokenise the snapshot."""


@dataclass(frozen=True)
class World:
    """How many ranks there are, which one this is, and where it computes."""

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """This rank writes the files and speaks to the terminal."""
        return self.rank == 0

    def wait(self) -> None:
        """Returns when every rank has come here."""
        if self.size > 1:
            dist.barrier()

    def group(self) -> dist.ProcessGroup | None:
        """A way for all ranks to speak beside the training, such as while a checkpoint is written."""
        return dist.new_group(backend="gloo") if self.size > 1 else None

    def place(
        self,
        make: Callable[[torch.device], Phi],
        shape: Shape,
        weights: torch.dtype,
        compute: torch.dtype,
        shard: int | None = None,
    ) -> Phi:
        """The model that `make` makes, on the device of a single rank or spread over the ranks by FSDP2.

        Each copy lies on `shard` ranks (default: all). Only the first rank holds all of it, for a moment, on its CPU.
        """
        if self.size == 1:
            return make(self.device).to(self.device, weights)
        with torch.device("meta"):
            model = Phi(shape).to(weights)
        policy = MixedPrecisionPolicy(param_dtype=compute, reduce_dtype=torch.float32)
        for module in (*model.model.layers, model):
            fully_shard(module, mesh=self._mesh(shard), mp_policy=policy)
            assert isinstance(module, FSDPModule)
            # Losses are divided by what the whole batch holds, so gradients are added up and not averaged.
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)
        register_fsdp_forward_method(model, "logprobs")
        model.to_empty(device=self.device)
        whole = (
            {name: tensor.to(weights) for name, tensor in make(torch.device("cpu")).state_dict().items()}
            if self.first
            else {}
        )
        set_model_state_dict(
            model, whole, options=StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)
        )
        return model

    def gather(self, model: Phi) -> dict[str, Tensor]:
        """All parameters, on the first rank's CPU; the others get nothing."""
        options = StateDictOptions(full_state_dict=True, cpu_offload=True)
        weights: dict[str, Any] = get_model_state_dict(model, options=options)
        return weights

    def add_up(self, tensor: Tensor) -> None:
        """Replaces a tensor by its sum over the ranks."""
        if self.size > 1:
            dist.all_reduce(tensor)

    def _mesh(self, shard: int | None) -> Any:
        size = shard or self.size
        if self.size % size:
            raise FactoryError(
                f"shard: {size} ranks do not divide the {self.size} that torchrun started; give a divisor"
            )
        if size == self.size:
            return init_device_mesh(self.device.type, (size,))
        return init_device_mesh(
            self.device.type, (self.size // size, size), mesh_dim_names=("copies", "shards")
        )


def whole(tensor: Tensor) -> Tensor:
    """A tensor as every rank sees it, such as the norm of gradients that lie in shards."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


@contextmanager
def joined(device: str) -> Iterator[World]:
    """Joins the ranks that torchrun announces in the environment; leaves them at the end.

    Raises FactoryError for a GPU that is asked for and not there.
    """
    size, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        raise FactoryError(
            "device: cuda, and torch sees no GPU here; take 'device: auto', or install a torch that is built for CUDA"
        )
    cuda = there and device != "cpu"
    place = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(place)
    if size > 1:
        # DCP asks for a backend of the CPU, where it stages what it writes in the background.
        dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=LONGEST_WAIT)
    world = World(rank, size, place)
    try:
        yield world
        world.wait()  # none leaves while another still speaks to it
    finally:
        if size > 1:
            dist.destroy_process_group()
