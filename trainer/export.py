"""Folders of weights that transformers reads, and the reading of such folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from factory.errors import FactoryError
from trainer.data import Manifest
from trainer.model import Phi, Shape
from trainer.recipe import Recipe
from trainer.tokenizer import CHAT_TEMPLATE, END_OF_TEXT, IM_END, ChatTokenizer
from trainer.tokens import told_left_out

WEIGHTS = "model.safetensors"


def write_model(
    model: Phi,
    tokenizer: ChatTokenizer,
    folder: Path,
    dtype: torch.dtype = torch.float32,
    weights: Mapping[str, Tensor] | None = None,
) -> None:
    """Writes weights, configuration, generation configuration, tokenizer and chat template.

    `weights` are those of a model that lies in shards. The folder appears whole or not at all, and replaces one
    that is there.
    """
    from transformers import GenerationConfig, Phi3Config, PreTrainedTokenizerFast

    aside = folder.with_name(folder.name + ".partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    shape = model.shape
    Phi3Config(
        architectures=["Phi3ForCausalLM"],
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.ffn,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        max_position_embeddings=shape.context,
        original_max_position_embeddings=shape.context,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_base},
        rms_norm_eps=shape.norm_eps,
        tie_word_embeddings=shape.tied,
        bos_token_id=tokenizer.end_of_text,
        eos_token_id=tokenizer.end_of_turn,
        pad_token_id=tokenizer.end_of_text,
        dtype=str(dtype).removeprefix("torch."),
    ).save_pretrained(aside)
    GenerationConfig(
        bos_token_id=tokenizer.end_of_text,
        eos_token_id=[tokenizer.end_of_turn, tokenizer.end_of_text],
        pad_token_id=tokenizer.end_of_text,
    ).save_pretrained(aside)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer.backend,
        bos_token=END_OF_TEXT,
        eos_token=IM_END,
        pad_token=END_OF_TEXT,
        chat_template=CHAT_TEMPLATE,
        model_max_length=shape.context,
        clean_up_tokenization_spaces=False,
    ).save_pretrained(aside)
    # As it is in training, to the byte: transformers adds an empty post-processor, and with it another hash.
    tokenizer.write(aside)
    # As the released phi-4 has them: by this class llama.cpp's converter knows phi-4's kind of tokenizer, and earlier
    # versions of transformers look for this place of the base.
    _amend(aside / "tokenizer_config.json", tokenizer_class="GPT2Tokenizer")
    _amend(aside / "config.json", rope_theta=shape.rope_base)
    found = model.state_dict() if weights is None else weights
    narrow = {
        name: tensor.to("cpu", dtype).contiguous()
        for name, tensor in found.items()
        if not (shape.tied and name == "lm_head.weight")
    }
    save_file(narrow, aside / WEIGHTS, metadata={"format": "pt"})
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)


def _amend(path: Path, **values: Any) -> None:
    content = json.loads(path.read_text(encoding="utf-8")) | values
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_shape(folder: Path) -> Shape:
    """The shape of a folder of weights. Raises FactoryError for a configuration that cannot be read, another
    architecture, a scaled RoPE or attention that sees less than the context."""
    path = folder / "config.json"
    if not path.is_file():
        raise FactoryError(
            f"{path}: there is no such file; 'start' names a folder of weights with its config.json"
        )
    try:
        return _shape(path, json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise FactoryError(f"{path}: is no JSON ({error}); export or copy the weights again") from error
    except KeyError as error:
        raise FactoryError(f"{path}: lacks {error}; export or copy the weights again") from error


def _shape(path: Path, config: dict[str, Any]) -> Shape:
    if config.get("model_type") != "phi3":
        raise FactoryError(
            f"{path}: model_type is '{config.get('model_type')}'; this trainer knows 'phi3' (phi-4's)"
        )
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    base = rope.get("rope_theta", config.get("rope_theta", 10_000.0))
    partial = rope.get("partial_rotary_factor", config.get("partial_rotary_factor", 1.0))
    if rope.get("rope_type", rope.get("type", "default")) != "default" or partial != 1.0:
        raise FactoryError(
            f"{path}: its RoPE is scaled or partial ({rope}); this trainer knows the plain one"
        )
    heads, context = config["num_attention_heads"], config["max_position_embeddings"]
    if (config.get("sliding_window") or context) < context:
        raise FactoryError(
            f"{path}: its attention sees {config['sliding_window']} tokens of {context} (sliding_window); this trainer"
            " knows attention to the whole document"
        )
    return Shape(
        layers=config["num_hidden_layers"],
        width=config["hidden_size"],
        heads=heads,
        kv_heads=config.get("num_key_value_heads") or heads,
        ffn=config["intermediate_size"],
        vocabulary=config["vocab_size"],
        context=context,
        rope_base=float(base),
        norm_eps=config["rms_norm_eps"],
        tied=bool(config.get("tie_word_embeddings", False)),
    )


def read_model(folder: Path, shape: Shape | None = None) -> Phi:
    """Reads a folder of safetensors weights in float32, one file or many; `shape` may ask for another context.

    Raises FactoryError that names the parameters that are missing, that the model does not have, or of another shape.
    """
    with torch.device("meta"):  # to draw 14B weights that are then replaced would take minutes
        model = Phi(shape or read_shape(folder))
    model.to_empty(device="cpu").tie()
    parameters = dict(model.named_parameters())
    faults = dict.fromkeys(parameters, "missing")
    for name, found in _weights(folder):
        wanted = parameters.get(name)
        if wanted is not None and found.shape == wanted.shape:
            wanted.data.copy_(found)
            faults.pop(name, None)
        elif wanted is not None:
            faults[name] = f"of shape {list(found.shape)} and not {list(wanted.shape)}"
        elif not (model.shape.tied and name == "lm_head.weight"):
            faults[name] = "unknown"
    if faults:
        told = ", ".join(f"{name} is {fault}" for name, fault in sorted(faults.items())[:4])
        raise FactoryError(
            f"{folder}: {len(faults)} parameters do not fit its config.json: {told}; export or copy the weights again"
        )
    return model


def _weights(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a folder by name, one at a time."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise FactoryError(f"{folder}: holds no *.safetensors; convert the weights to safetensors first")
    for file in files:
        try:
            with safe_open(file, framework="pt") as weights:
                for name in weights.keys():  # noqa: SIM118 - not a dictionary
                    yield name, weights.get_tensor(name)
        except SafetensorError as error:
            raise FactoryError(f"{file}: cannot be read ({error}); export or copy it again") from error


def write_card(
    folder: Path, recipe: Recipe, data: Sequence[Manifest], counts: Mapping[str, int], training: str
) -> None:
    """Writes ``README.md``: the data, the training (in words) and the recipe of an export; the data also as
    ``training.json``, by which scores of the model lead back to it."""
    snapshots_told = [{"name": one.name, "hash": one.hash, "datasets": one.members} for one in data]
    (folder / "training.json").write_text(json.dumps({"snapshots": snapshots_told}, indent=2) + "\n")
    warning = (
        "\n> Trained on rows of the rehearsal model, which teach nothing: this is a trial of the trainer.\n"
        if any(manifest.rehearsal for manifest in data)
        else ""
    )
    snapshots = "\n".join(
        f"- snapshot `{manifest.name}` of {manifest.created_at}: {manifest.rows:,} rows" for manifest in data
    )
    settings = yaml.safe_dump(recipe.model_dump(mode="json", exclude_none=True), sort_keys=False)
    (folder / "README.md").write_text(
        f"""---
library_name: transformers
tags: [seedfactory, {recipe.stage}]
---
# {recipe.output.name}
{warning}
## Data
{snapshots}

Of them {counts["documents"]:,} documents were trained on. Left out or cut: {told_left_out(counts) or "nothing"}.

## Training
{training}

## Recipe
```yaml
{settings}```
""",
        encoding="utf-8",
    )
