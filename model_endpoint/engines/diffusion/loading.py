"""From a folder of weights to models that draw: verified, whole, and held as the card says."""

import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from diffusers import (
    FlowMatchEulerDiscreteScheduler,
    LTX2ImageToVideoPipeline,
    WanImageToVideoPipeline,
)
from safetensors import SafetensorError, safe_open

from model_endpoint import metrics
from model_endpoint.engines.diffusion.ltx import LtxModel
from model_endpoint.engines.diffusion.model import Model
from model_endpoint.engines.diffusion.schedule import EvenSchedule
from model_endpoint.engines.diffusion.wan import WanModel
from model_endpoint.manifest import INDEX, MODEL_FOLDER, WeightsRefused, verified
from story.cards import Card, Trained

PIPELINES: dict[str, Any] = {
    "WanImageToVideoPipeline": WanImageToVideoPipeline,
    "LTX2ImageToVideoPipeline": LTX2ImageToVideoPipeline,
}
#: A repository names one pipeline; this one of ours is made of the same parts.
SAVED_AS = {"LTX2ImageToVideoPipeline": ("LTX2ImageToVideoPipeline", "LTX2Pipeline")}
#: Parts that a repository may have and that draw nothing: another writer of prompts, a guess at how
#: long a clip should be.
LEFT_OUT = {"LTX2ImageToVideoPipeline": ("processor", "prompt_enhancer", "duration_head")}
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
TRANSFORMERS = ("transformer", "transformer_2")
#: Wan's autoencoder was trained in 32 bits, and in 16 its pictures get bands.
WHOLE_PRECISION = {"WanImageToVideoPipeline": {"vae": torch.float32}}
LOG = logging.getLogger("enliven.endpoint")


def device_here() -> torch.device:
    """The graphics card, or the processor where there is none."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load(folder: Path, described: Card, device: torch.device | None = None) -> Model:
    """The model of a card, from the folder that was packed for it.

    Raises:
        WeightsRefused: a file is not as it was packed, does not load, or lacks a weight.
    """
    if described.trained is None:
        raise WeightsRefused(f"{described.engine.name} loads no weights")
    trained = described.trained
    place = device or device_here()
    started = time.perf_counter()
    verified(folder, described)
    checked = time.perf_counter()
    pipeline = assembled(folder, trained)
    hold(pipeline, trained)
    model: Model = (
        LtxModel(pipeline, trained, place)
        if isinstance(pipeline, LTX2ImageToVideoPipeline)
        else WanModel(pipeline, trained, place)
    )
    metrics.log(
        LOG,
        "model loaded",
        described.engine.name,
        {
            "VerifySeconds": (round(checked - started, 3), "Seconds"),
            "LoadSeconds": (round(time.perf_counter() - checked, 3), "Seconds"),
        },
        device=str(place),
        **trained.memory.model_dump(),
    )
    return model


def assembled(folder: Path, trained: Trained) -> Any:
    """The pipeline with its adapters folded in and its schedule set, on the processor.

    Raises:
        WeightsRefused: it is of another class, its files do not load, or lack weights.
    """
    expected = trained.weights.pipeline
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        found = index.get("_class_name")
        if found not in SAVED_AS.get(expected, (expected,)):
            raise WeightsRefused(f"{INDEX} is of {found}; the card says {expected}")
        left_out = dict.fromkeys(LEFT_OUT.get(expected, ()))
        needed = {name: origin for name, origin in index.items() if name not in left_out}
        readers = text_models(folder / MODEL_FOLDER, needed, PRECISIONS[trained.memory.precision])
        pipeline = PIPELINES[expected].from_pretrained(
            folder / MODEL_FOLDER,
            **readers,
            **left_out,
            dtype={
                "default": PRECISIONS[trained.memory.precision],
                **WHOLE_PRECISION.get(expected, {}),
            },
            use_safetensors=True,
            local_files_only=True,
        )
        require_every_weight(
            {name: part for name, part in pipeline.components.items() if name not in readers},
            folder / MODEL_FOLDER,
        )
        if trained.weights.adapters:
            fold_in(pipeline, folder, trained)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        # What these libraries raise for damaged files is of many kinds.
        raise WeightsRefused(f"{expected} does not load: {error}") from error
    if trained.sampling.schedule == "even":
        pipeline.scheduler = EvenSchedule(
            num_train_timesteps=pipeline.scheduler.config.num_train_timesteps,
            shift=trained.sampling.shift,
        )
    elif trained.sampling.schedule == "listed":
        # One that bends nothing: it takes the list as it is.
        pipeline.scheduler = FlowMatchEulerDiscreteScheduler(
            num_train_timesteps=pipeline.scheduler.config.num_train_timesteps
        )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def text_models(folder: Path, index: Mapping[str, Any], precision: torch.dtype) -> dict[str, Any]:
    """The parts that `transformers` loads, by name: it may save weights by other names.

    Raises:
        WeightsRefused: the files lack weights, which the library would draw by chance.
    """
    parts = {}
    for name, origin in index.items():
        if not isinstance(origin, list) or origin[0] != "transformers":
            continue
        kind: Any = getattr(transformers, origin[1], None)
        if kind is None or not issubclass(kind, transformers.PreTrainedModel):
            continue
        parts[name], loaded = kind.from_pretrained(
            folder / name,
            dtype=precision,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
        if missing := sorted(loaded["missing_keys"]):
            raise WeightsRefused(
                f"{name} lacks {len(missing)} of its weights, such as {missing[0]}"
            )
    return parts


def require_every_weight(parts: Mapping[str, Any], folder: Path) -> None:
    """Refuse parts of which the files lack weights: the library draws those by chance.

    What is no weight but saved with them, such as the spread of what an autoencoder writes, counts.

    Raises:
        WeightsRefused: names the part and its weights.
    """
    for name, part in parts.items():
        if not isinstance(part, torch.nn.Module):
            continue
        there: set[str] = set()
        for file in (folder / name).glob("*.safetensors"):
            with safe_open(file, framework="pt") as opened:
                there |= set(opened.keys())
        # A weight that two layers share is saved once: whichever of its names was saved will do.
        by_memory: dict[int, list[str]] = {}
        for weight, tensor in part.state_dict(keep_vars=True).items():
            by_memory.setdefault(tensor.data_ptr(), []).append(weight)
        missing = [names[0] for names in by_memory.values() if there.isdisjoint(names)]
        if missing:
            raise WeightsRefused(
                f"{name} lacks {len(missing)} of its weights, such as {missing[0]}"
            )


def fold_in(pipeline: Any, folder: Path, trained: Trained) -> None:
    """Add each adapter's low-rank weights to its transformer's own, for good."""
    for index, adapter in enumerate(trained.weights.adapters):
        name = f"adapter{index}"
        place = folder / adapter.file
        pipeline.load_lora_weights(
            place.parent,
            weight_name=place.name,
            adapter_name=name,
            load_into_transformer_2=adapter.component == "transformer_2",
            use_safetensors=True,
            local_files_only=True,
        )
        part = getattr(pipeline, adapter.component)
        if name not in getattr(part, "peft_config", {}):
            raise WeightsRefused(f"{adapter.file} has no weights for {adapter.component}")
        part.set_adapters([name], [adapter.strength])
        pipeline.fuse_lora(components=[adapter.component], adapter_names=[name], safe_fusing=True)
        part.unload_lora()


def hold(pipeline: Any, trained: Trained) -> None:
    """Tiles of the autoencoder, storage in eight bits, compiled layers: as the card says."""
    memory = trained.memory
    if memory.vae_tiling:
        pipeline.vae.enable_tiling()
    for name in TRANSFORMERS:
        part = getattr(pipeline, name, None)
        if part is None:
            continue
        part.eval()
        if memory.storage == "fp8":
            part.enable_layerwise_casting(
                storage_dtype=torch.float8_e4m3fn, compute_dtype=PRECISIONS[memory.precision]
            )
        # A processor would compile longer than it draws a small clip.
        if memory.compile and torch.cuda.is_available():
            part.compile_repeated_blocks(fullgraph=True)
