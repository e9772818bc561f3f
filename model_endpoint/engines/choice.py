"""The engine of a name: the motion engine, or a trained model by its card."""

import os
from pathlib import Path

from model_endpoint.engines.motion.encoders import Encoder
from model_endpoint.engines.motion.engine import MotionEngine
from model_endpoint.engines.protocol import Engine
from story.cards import FALLBACK, card

#: What keeps the libraries of trained models from asking the network for anything.
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TRANSFORMERS_OFFLINE": "1"}


def engine_named(name: str, model_folder: Path, encoder: Encoder) -> Engine:
    """Make and load an engine.

    Raises:
        SettingInvalid: no engine has that name.
        WeightsRefused: `model_folder` does not hold what its card describes.
    """
    if name == FALLBACK:
        return MotionEngine(encoder)
    described = card(name)
    os.environ.update(OFFLINE)
    # Only here: the motion engine's image has neither PyTorch nor diffusers.
    from model_endpoint.engines.diffusion.engine import DiffusionEngine  # noqa: PLC0415

    return DiffusionEngine(described, model_folder, encoder)
