"""Recipes: one YAML file describes one training run. Every fault is told with file, line and key."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from factory.errors import CatalogError
from factory.yamlfile import read_yaml

SMALLEST_TOKENIZER = 264
"""The 256 bytes, the seven special tokens and one merge."""


class Settings(BaseModel):
    """A frozen part of a recipe without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSettings(Settings):
    """The shape of a new model. phi-4 has 40 layers, width 5120, 40 heads, 10 kv_heads, ffn 17920."""

    layers: PositiveInt
    width: PositiveInt
    heads: PositiveInt
    kv_heads: PositiveInt
    ffn: PositiveInt
    rope_base: PositiveFloat = 10_000.0
    vocabulary: PositiveInt | None = Field(None, description="default: the tokenizer's, padded to 64")

    @model_validator(mode="after")
    def _heads_divide(self) -> ModelSettings:
        if self.width % self.heads or self.width // self.heads % 2:
            raise ValueError(f"width {self.width} is not an even number of channels for {self.heads} heads")
        if self.heads % self.kv_heads:
            raise ValueError(f"{self.heads} heads cannot share {self.kv_heads} kv_heads evenly")
        return self


class TokenizerSettings(Settings):
    """Either a `size`, to train a byte-level BPE on the snapshot, or a `folder` with a tokenizer.json."""

    size: int | None = Field(None, ge=SMALLEST_TOKENIZER)
    folder: Path | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> TokenizerSettings:
        if (self.size is None) == (self.folder is None):
            raise ValueError("give either 'size' (train on the snapshot) or 'folder' (use that one)")
        return self


class BatchSettings(Settings):
    """Both in tokens. How many micro-batches a rank accumulates follows from them and the ranks."""

    tokens: PositiveInt = Field(description="tokens of one optimiser step, over all ranks")
    at_once: PositiveInt | None = Field(
        None, description="tokens a rank holds at once; default: all its share"
    )


class OptimiserSettings(Settings):
    """AdamW, linear warm-up, then decay to `final` of the peak. The report's SFT peak for 14B is 1e-6."""

    lr: PositiveFloat = 1e-6
    warmup: int = Field(0, ge=0, description="steps")
    decay: Literal["linear", "cosine", "none"] = "linear"
    final: float = Field(0.0, ge=0, le=1, description="share of the peak rate at the last step")
    weight_decay: float = Field(0.1, ge=0, description="on matrices; norms are spared")
    betas: tuple[float, float] = (0.9, 0.95)
    eps: PositiveFloat = 1e-8
    clip: PositiveFloat | None = Field(1.0, description="bound on the global gradient norm; null for none")


class Recipe(Settings):
    """One training run."""

    stage: Literal["sft"]
    snapshot: Path = Field(description="a folder that `factory export` wrote")
    output: Path
    allow_rehearsal: bool = False
    model: ModelSettings | None = None
    start: Path | None = Field(None, description="a folder of weights to go on from, instead of `model`")
    tokenizer: TokenizerSettings | None = Field(None, description="default: the one in the `start` folder")
    context: PositiveInt = Field(description="tokens of a packed row: the longest document that fits")
    long: Literal["stop", "truncate", "drop"] = Field(
        "stop", description="what to do with documents that do not fit; always counted and told"
    )
    batch: BatchSettings
    optimiser: OptimiserSettings = OptimiserSettings()
    steps: PositiveInt | None = None
    epochs: PositiveFloat | None = None
    seed: int = Field(0, ge=0)
    dtype: Literal["float32", "bfloat16"] = Field(
        "float32", description="of the computation; weights and optimiser stay float32"
    )
    device: Literal["auto", "cpu", "cuda"] = "auto"
    checkpoint_every: PositiveInt = Field(500, description="steps")
    keep: PositiveInt = Field(2, description="checkpoints kept")
    log_every: PositiveInt = Field(10, description="steps between lines on the terminal")

    @model_validator(mode="after")
    def _complete(self) -> Recipe:
        if (self.model is None) == (self.start is None):
            raise ValueError("give either 'model' (a new one of that shape) or 'start' (a folder of weights)")
        if self.start is None and self.tokenizer is None:
            raise ValueError("a new model needs a 'tokenizer', such as {size: 2048}")
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give either 'steps' or 'epochs'")
        for name, tokens in (("batch.tokens", self.batch.tokens), ("batch.at_once", self.batch.at_once)):
            if tokens is not None and tokens % self.context:
                raise ValueError(f"{name} ({tokens}) is not a multiple of context ({self.context})")
        return self

    @property
    def batch_rows(self) -> int:
        """Packed rows of one optimiser step, over all ranks."""
        return self.batch.tokens // self.context

    @property
    def rows_at_once(self) -> int:
        """The most packed rows that a rank holds at once."""
        return (self.batch.at_once or self.batch.tokens) // self.context

    def deciding(self) -> dict[str, object]:
        """The settings that decide the weights, flat by dotted key: a checkpoint goes on only under these."""
        reporting = {
            "allow_rehearsal",
            "output",
            "snapshot",
            "device",
            "checkpoint_every",
            "keep",
            "log_every",
        }
        settings = self.model_dump(mode="json", exclude=reporting)
        settings["batch"].pop("at_once")
        return _flat(settings)


def read_recipe(path: Path) -> Recipe:
    """Reads a recipe; paths in it are relative to the working folder.

    Raises CatalogError with file, line and key of every fault, and a near miss for an unknown key.
    """
    file = read_yaml(path)
    if not isinstance(file.content, dict):
        raise CatalogError(f"{path}: a recipe is a mapping of settings, such as 'stage: sft'")
    return file.check(Recipe, file.content)


def _flat(settings: dict[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
