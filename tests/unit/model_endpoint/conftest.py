"""Real photos and small directions: the engine runs for real, only smaller and shorter."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from model_endpoint.photo import read_photo
from model_endpoint.pixels import Rgb
from model_endpoint.scene.analysis import analyse
from model_endpoint.scene.model import Scene
from story.generation import Direction

PHOTOS = Path(__file__).resolve().parents[3] / "photos"


@pytest.fixture(scope="session")
def photo() -> Callable[[str], Rgb]:
    def read(name: str) -> Rgb:
        return read_photo((PHOTOS / f"{name}.jpg").read_bytes())

    return read


@pytest.fixture(scope="session")
def look(photo: Callable[[str], Rgb]) -> Callable[[str], Scene]:
    @cache
    def analysed(name: str) -> Scene:
        return analyse(photo(name))

    return analysed


@pytest.fixture(scope="session")
def direct() -> Callable[..., Direction]:
    def build(**changes: object) -> Direction:
        fields: dict[str, object] = {
            "story_id": "0" * 32,
            "inference_id": "0" * 32 + "-1-1",
            "prompt": "make this photo come alive",
            "negative_prompt": "",
            "camera": "auto",
            "ambience": "auto",
            "seed": 7,
            "seconds": 1.0,
            "fps": 12,
            "width": 180,
            "height": 320,
        }
        return Direction.model_validate({**fields, **changes})

    return build
