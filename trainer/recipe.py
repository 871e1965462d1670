"""Recipes: one YAML file describes one training run. Every fault is told with file, line and key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from factory.errors import CatalogError, did_you_mean
from factory.yamlfile import read_yaml

SMALLEST_TOKENIZER = 264
"""The 256 bytes, the seven special tokens and one merge."""

Long = Literal["stop", "split", "truncate", "drop"]
"""What to do with a document that is longer than the context."""

SHARES_MAY_MISS = 1e-3
"""Shares are written with few digits."""


SIZES: Mapping[str, Mapping[str, int]] = {
    "14B": {"layers": 40, "width": 5120, "heads": 40, "kv_heads": 10, "ffn": 17_920, "vocabulary": 100_352},
    "3.6B": {"layers": 24, "width": 3072, "heads": 24, "kv_heads": 6, "ffn": 10_752, "vocabulary": 100_352},
    "tiny": {"layers": 3, "width": 128, "heads": 4, "kv_heads": 2, "ffn": 384},
}
"""Shapes by name: phi-4 (its report, section 3), a quarter of it, and one for two cores."""


class Settings(BaseModel):
    """A frozen part of a file without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSettings(Settings):
    """The shape of a model: one of SIZES by name, as `14B` or `{size: 14B, ...}`, or every number of it."""

    layers: PositiveInt
    width: PositiveInt
    heads: PositiveInt
    kv_heads: PositiveInt
    ffn: PositiveInt
    rope_base: PositiveFloat = 10_000.0
    vocabulary: PositiveInt | None = Field(None, description="default: the tokenizer's, padded to 64")

    @model_validator(mode="before")
    @classmethod
    def _size(cls, given: Any) -> Any:
        if isinstance(given, str):
            given = {"size": given}
        if not isinstance(given, dict) or "size" not in given:
            return given
        size = str(given["size"])
        if size not in SIZES:
            raise ValueError(f"there is no size '{size}'{did_you_mean(size, SIZES)}")
        return {**SIZES[size], **{key: value for key, value in given.items() if key != "size"}}

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
    """One optimiser step. How many micro-batches a rank accumulates follows from it and the ranks."""

    tokens: PositiveInt | None = Field(None, description="tokens of one optimiser step, over all ranks")
    rows: PositiveInt | None = Field(None, description="the same in packed rows of `context` tokens")
    pairs: PositiveInt | None = Field(None, description="the same for DPO, in pairs")
    at_once: PositiveInt | None = Field(
        None, description="tokens a rank holds at once; default: all its share"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> BatchSettings:
        if [self.tokens, self.rows, self.pairs].count(None) != 2:
            raise ValueError("give one of 'tokens', 'rows' and, for DPO, 'pairs'")
        return self


class Upweight(Settings):
    """Documents of at least `over` tokens count `by` times in every epoch (midtraining: texts of 16K and more)."""

    over: PositiveInt
    by: int = Field(2, ge=2)


class SourceSettings(Settings):
    """A snapshot in a mixture: organic seed sets and datasets alike."""

    snapshot: Path
    share: float | None = Field(None, gt=0, le=1, description="of the tokens of the run")
    pairs: PositiveInt | None = Field(None, description="for DPO: how many pairs it gives; default: all")
    shortest: int = Field(0, ge=0, description="leave out documents of fewer tokens")
    upweight: Upweight | None = None
    most_epochs: PositiveFloat | None = Field(
        None, description="stop before anything runs when the source is too small for its share"
    )
    unique: PositiveInt | None = Field(
        None, description="tokens it will hold, for a dry run before the snapshot is made"
    )


class PreferenceSettings(Settings):
    """Direct preference optimisation. Beta and the weight of the NLL of what is preferred are unpublished."""

    beta: PositiveFloat = 0.1
    preference: float = Field(
        1.0, ge=0, description="weight of the preference itself; 0 leaves the NLL alone"
    )
    nll: float = Field(0.0, ge=0, description="weight of the accepted tokens' mean cross-entropy")

    @model_validator(mode="after")
    def _something(self) -> PreferenceSettings:
        if not self.preference and not self.nll:
            raise ValueError("'preference' and 'nll' are both 0: there is nothing to learn")
        return self


class OptimiserSettings(Settings):
    """AdamW, linear warm-up, then decay to `final` of the peak. The report's SFT peak for 14B is 1e-6."""

    lr: PositiveFloat = 1e-6
    warmup: int = Field(0, ge=0, description="steps")
    decay: Literal["linear", "cosine", "none"] = "linear"
    final: float = Field(
        0.0, ge=0, le=1, description="share of the peak rate that is left after the last step"
    )
    weight_decay: float = Field(0.1, ge=0, description="on matrices; norms are spared")
    betas: tuple[float, float] = (0.9, 0.95)
    eps: PositiveFloat = 1e-8
    clip: PositiveFloat | None = Field(1.0, description="bound on the global gradient norm; null for none")
    states: Literal["float32", "8bit"] = Field(
        "float32", description="of the two moments; 8bit (torchao) takes a quarter of their memory"
    )


class Recipe(Settings):
    """One training run. The data is one `snapshot`, or a `mixture` of several by shares of tokens."""

    stage: Literal["pretrain", "midtrain", "sft", "dpo"]
    snapshot: Path | None = Field(None, description="a folder that `factory export` wrote")
    mixture: dict[str, SourceSettings] | None = None
    output: Path
    allow_rehearsal: bool = False
    model: ModelSettings | None = Field(None, description="of a new model, or the one that `start` must have")
    start: Path | None = Field(None, description="a folder of weights to go on from")
    rope_base: PositiveFloat | None = Field(
        None, description="a new base for the weights of `start`: what lets their context grow"
    )
    tokenizer: TokenizerSettings | None = Field(None, description="default: the one in the `start` folder")
    context: int = Field(ge=2, description="tokens of a packed row: the longest document that fits")
    long: Long = Field(
        "stop", description="what to do with documents that do not fit; always counted and told"
    )
    batch: BatchSettings
    optimiser: OptimiserSettings = OptimiserSettings()
    dpo: PreferenceSettings = PreferenceSettings()
    steps: PositiveInt | None = None
    epochs: PositiveFloat | None = None
    tokens: PositiveInt | None = Field(None, description="tokens of the whole run, at full rows")
    seed: int = Field(0, ge=0)
    dtype: Literal["float32", "bfloat16"] = Field("float32", description="of the computation")
    weights: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="of the weights and gradients; bfloat16, for one device, is rounded stochastically and needs 8bit"
        " states",
    )
    device: Literal["auto", "cpu", "cuda"] = "auto"
    recompute: bool = Field(False, description="make each layer's activations again in the backward pass")
    compile: bool | None = Field(None, description="torch.compile of the layers; default: on a GPU")
    shard: PositiveInt | None = Field(
        None,
        description="ranks that hold one copy of the model together, such as those of a node; default: all",
    )
    checkpoint_every: PositiveInt = Field(500, description="steps")
    keep: PositiveInt = Field(2, description="newest checkpoints kept")
    keep_every: PositiveInt | None = Field(
        None, description="checkpoints of every so many steps are kept for good"
    )
    log_every: PositiveInt = Field(10, description="steps between lines on the terminal")
    metrics: tuple[str, ...] = Field(
        (), description="functions, as package.module:function, that are called with each step's metrics"
    )

    @model_validator(mode="after")
    def _complete(self) -> Recipe:
        if self.model is None and self.start is None:
            raise ValueError("give 'model' (a new one of that shape), 'start' (a folder of weights) or both")
        if self.start is None and self.tokenizer is None:
            raise ValueError("a new model needs a 'tokenizer', such as {size: 2048}")
        if self.start is not None and self.tokenizer is not None and self.tokenizer.size is not None:
            raise ValueError(
                "'tokenizer: {size: ...}' trains a new one, which the weights of 'start' do not know: leave it out"
            )
        if self.start is None and self.rope_base is not None:
            raise ValueError("'rope_base' changes the weights of 'start'; a new model has model.rope_base")
        if [self.steps, self.epochs, self.tokens].count(None) != 2:
            raise ValueError("give one of 'steps', 'epochs' and 'tokens'")
        for name, tokens in (("batch.tokens", self.batch.tokens), ("batch.at_once", self.batch.at_once)):
            if tokens is not None and tokens % self.context:
                raise ValueError(f"{name} ({tokens}) is not a multiple of context ({self.context})")
        if (self.weights == "bfloat16") > (self.optimiser.states == "8bit"):
            raise ValueError(
                "weights in bfloat16 lose small updates unless they are rounded stochastically: set optimiser.states"
                " to 8bit, or leave 'weights' at float32"
            )
        return self

    @model_validator(mode="after")
    def _data(self) -> Recipe:
        if (self.snapshot is None) == (self.mixture is None):
            raise ValueError("give either 'snapshot' (one folder) or 'mixture' (several, by shares)")
        if self.mixture is None:
            return self
        if self.epochs is not None and self.stage != "dpo":
            raise ValueError("a mixture has no epochs of its own: give 'steps' or 'tokens'")
        unit, other = ("pairs", "share") if self.stage == "dpo" else ("share", "pairs")
        for name, source in self.mixture.items():
            if getattr(source, other) is not None:
                raise ValueError(f"mixture.{name}: sources of '{self.stage}' have '{unit}', not '{other}'")
            if unit == "share" and source.share is None:
                raise ValueError(f"mixture.{name}: 'share' is missing")
        total = sum(source.share or 0 for source in self.mixture.values())
        if self.stage != "dpo" and abs(total - 1) > SHARES_MAY_MISS:
            raise ValueError(f"the shares of the mixture add up to {total:.4f}, not to 1")
        return self

    @model_validator(mode="after")
    def _preferences(self) -> Recipe:
        if (self.stage == "dpo") != (self.batch.pairs is not None):
            raise ValueError(
                "the batch of 'dpo' is counted in 'pairs', that of every other stage in 'tokens' or 'rows'"
            )
        if self.stage == "dpo":
            if self.start is None:
                raise ValueError("DPO starts from a model that answers already: give 'start'")
            if self.long in ("split", "truncate") or self.tokens is not None:
                raise ValueError(
                    "a truncated answer is no preference, and pairs are counted in 'steps' or 'epochs':"
                    " use 'long: stop' or 'long: drop'"
                )
        return self

    @property
    def sources(self) -> dict[str, SourceSettings]:
        """The snapshots by name, in that order; a single one has the whole share."""
        if self.mixture is not None:
            return dict(sorted(self.mixture.items()))
        assert self.snapshot is not None  # the recipe was checked
        return {"snapshot": SourceSettings(snapshot=self.snapshot, share=None if self.stage == "dpo" else 1)}

    @property
    def batch_items(self) -> int:
        """Packed rows of one optimiser step over all ranks; for DPO, pairs."""
        return self.batch.pairs or self.batch.rows or (self.batch.tokens or 0) // self.context

    @property
    def rows_at_once(self) -> int | None:
        """The most packed rows that a rank holds at once; None for all its share."""
        return None if self.batch.at_once is None else self.batch.at_once // self.context

    @property
    def planned_steps(self) -> int | None:
        """The steps, where they do not depend on how documents pack."""
        if self.tokens is not None:
            return -(-self.tokens // (self.batch_items * self.context))
        return self.steps

    def deciding(self) -> dict[str, object]:
        """The settings that decide the weights, flat by dotted key: a checkpoint goes on only under these."""
        settings = self.model_dump(mode="json", exclude=NOT_DECIDING)
        settings["batch"].pop("at_once")
        for source in (settings["mixture"] or {}).values():
            for key in ("snapshot", "unique", "most_epochs"):  # the data has a fingerprint of its own
                source.pop(key)
        return _flat(settings)


NOT_DECIDING = {
    "allow_rehearsal",
    "output",
    "snapshot",
    "device",
    "recompute",
    "compile",
    "shard",
    "checkpoint_every",
    "keep",
    "keep_every",
    "log_every",
    "metrics",
}
"""Settings that may change while a run goes on: its data has a fingerprint, the rest decides no weight."""


def read_recipe(path: Path, changes: Mapping[str, str] | None = None) -> Recipe:
    """Reads a recipe; paths in it are relative to the working folder. `changes` are dotted keys and their values
    as YAML, such as ``{"optimiser.lr": "1e-4"}``, that replace the file's.

    Raises CatalogError with file, line and key of every fault, and a near miss for an unknown key.
    """
    file = read_yaml(path)
    if not isinstance(file.content, dict):
        raise CatalogError(f"{path}: a recipe is a mapping of settings, such as 'stage: sft'")
    for key, value in (changes or {}).items():
        *above, last = key.split(".")
        part = file.content
        for name in above:
            part = part.setdefault(name, {})
            if not isinstance(part, dict):
                raise CatalogError(
                    f"--set {key}={value}: '{name}' is not a mapping in {path}; set it as a whole"
                )
        try:
            part[last] = yaml.safe_load(value)
        except (yaml.YAMLError, ValueError) as error:
            raise CatalogError(f"--set {key}={value}: is not YAML: {error}") from error
    return file.check(Recipe, file.content)


def _flat(settings: dict[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
