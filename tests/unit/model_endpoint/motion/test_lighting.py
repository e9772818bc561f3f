"""Lights and the colours of the photo they fall on."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from model_endpoint.engines.motion.lighting import Lighting, colourfulness
from model_endpoint.engines.motion.planes import Planes
from model_endpoint.engines.motion.stage import FIELD_PX, Patch
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

SIDE = 64


@dataclass(frozen=True)
class Warm:
    """A light that brightens and reddens all of it."""

    layer: None = None
    patch: Patch = field(default_factory=lambda: Patch(0, 0, SIDE, SIDE))

    def at(self, phase: float) -> Map:
        del phase
        return as_map(np.full((SIDE // FIELD_PX, SIDE // FIELD_PX, 3), (1.2, -8.0, 8.0)))


def noise(spread: tuple[float, float, float], mean: tuple[float, float, float]) -> Rgb:
    random = np.random.default_rng(4)
    common = random.normal(0.0, 30.0, (SIDE, SIDE, 1))
    own = random.normal(0.0, 1.0, (SIDE, SIDE, 3)) * np.array(spread)
    return as_rgb(np.clip(np.array(mean) + common + own, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("mean", [(128.0, 128.0, 128.0), (150.0, 125.0, 95.0)])
def test_black_and_white_and_sepia_have_no_colours(mean: tuple[float, float, float]) -> None:
    assert colourfulness(noise((0.0, 0.0, 0.0), mean)) < 0.05


def test_a_colour_photo_has_colours() -> None:
    assert colourfulness(noise((40.0, 40.0, 40.0), (128.0, 128.0, 128.0))) == 1.0


@pytest.mark.parametrize("colour", [0.0, 1.0])
def test_a_light_tints_only_what_has_colours_but_brightens_all(colour: float) -> None:
    picture = Planes(
        np.full((SIDE, SIDE), 100, np.uint8),
        np.full((SIDE // 2, SIDE // 2), 128, np.uint8),
        np.full((SIDE // 2, SIDE // 2), 128, np.uint8),
    )
    x, y = np.meshgrid(*(np.arange(SIDE // FIELD_PX + 2) * FIELD_PX - FIELD_PX / 2.0 - 0.5,) * 2)
    lighting = Lighting([Warm()], (SIDE, SIDE), 5.0, colour)
    lighting.apply(picture, 0.3, as_map(np.dstack([x, y])))
    assert picture.y[SIDE // 2, SIDE // 2] > 110
    shift = int(picture.v[SIDE // 4, SIDE // 4]) - 128
    assert shift == pytest.approx(8.0 * colour, abs=1.0)
