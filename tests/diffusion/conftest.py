"""The real classes of diffusers in miniature: saved, packed, hashed, loaded, and run on the CPU.

Needs the environment of `make test-diffusion`.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch

from local import tiny
from story.generation import Direction
from tests.diffusion.miniature import FPS, MODELS, SIZES, accepted, miniature


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The packed weights of a model in miniature; written once, not to be changed."""

    @cache
    def written(name: str) -> Path:
        torch.manual_seed(0)
        folder = tmp_path_factory.mktemp(name)
        described = miniature(name)
        tiny.save(MODELS[name](), folder, described, acknowledged=accepted(described))
        return folder

    return written


@pytest.fixture(scope="session")
def direct() -> Callable[..., Direction]:
    def build(**changes: object) -> Direction:
        fields: dict[str, object] = {
            "story_id": "0" * 32,
            "inference_id": "0" * 32 + "-1-1",
            "prompt": "steam rises from the cup",
            "negative_prompt": "frozen",
            "camera": "auto",
            "ambience": "auto",
            "seed": 7,
            "seconds": 3.0,
            "fps": FPS,
            "width": SIZES["9:16"][0],
            "height": SIZES["9:16"][1],
        }
        return Direction.model_validate({**fields, **changes})

    return build
