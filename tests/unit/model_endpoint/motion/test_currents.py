from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from model_endpoint.engines.motion.currents import Stream, changed, pieces, turns
from model_endpoint.engines.motion.grid import centres
from model_endpoint.engines.motion.stage import LayerName, Patch
from model_endpoint.engines.motion.textures import texture
from model_endpoint.pixels import Map, Rgb, as_map

SIDE = 160
WAY_PX = 24.0


@dataclass
class Drift:
    """A steady drift to the right, as the simplest current."""

    patch: Patch
    mask: Map
    layer: LayerName = "ground"

    def copies(self, phase: float) -> tuple[tuple[float, Map], ...]:
        field = np.zeros((*self.patch.field_shape, 2), dtype=np.float32)
        field[..., 0] = -WAY_PX
        return (1.0 - phase, as_map(field * phase)), (phase, as_map(field * (phase - 1.0)))


def grain() -> Rgb:
    random = np.random.default_rng(5)
    few = random.integers(40, 215, (SIDE // 3, SIDE // 3, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(few).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def places() -> Map:
    return as_map(np.dstack(centres((SIDE, SIDE))))


def drawn(phase: float) -> Map:
    patch = Patch(0, 0, SIDE, SIDE)
    stream = Stream(Drift(patch, np.ones((SIDE, SIDE), np.float32)), texture(grain()))
    return as_map(stream.draw(phase, places(), (0, 0, SIDE, SIDE))[..., 0])


def contrast(picture: Map) -> float:
    blocks = picture.reshape(SIDE // 32, 32, SIDE // 32, 32)
    return float(blocks.std(axis=(1, 3)).mean())


def test_places_change_over_one_after_another_and_all_in_the_end() -> None:
    when = turns((40, 30))
    assert changed(0.0, when).max() == 0.0
    assert changed(1.0, when).min() == 1.0
    half = changed(0.5, when)
    assert 0.3 < half.mean() < 0.7
    assert ((half > 0.05) & (half < 0.95)).mean() < 0.35


def test_a_current_begins_and_ends_as_the_photo() -> None:
    first = drawn(0.0)
    assert np.abs(first - drawn(1.0)).mean() < 0.5
    assert np.abs(drawn(0.999) - first).mean() < 2.0


def test_contrast_holds_where_plain_mixing_would_lose_a_third() -> None:
    full = contrast(drawn(0.0))
    for phase in (0.25, 0.4, 0.5, 0.6, 0.75):
        assert contrast(drawn(phase)) == pytest.approx(full, rel=0.1)


def test_what_lies_outside_the_mask_is_never_carried_in() -> None:
    picture = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    picture[:, SIDE // 2 :] = grain()[:, SIDE // 2 :]
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[:, SIDE // 2 :] = 1.0
    patch = Patch(0, 0, SIDE, SIDE)
    below = texture(picture).pixels[::2, ::2].copy()
    before = below.copy()
    Stream.over(Drift(patch, mask), picture).lay(below, 0.4, places(), (0, 0, SIDE, SIDE))
    assert np.array_equal(below[:, : SIDE // 2 - 4], before[:, : SIDE // 2 - 4])
    entering = below[20:-20, SIDE // 2 + 2 : SIDE // 2 + 8, 0]
    assert entering.min() > 35
    assert np.abs(below[:, -20:].astype(int) - before[:, -20:]).mean() > 3.0


def test_falls_apart_from_each_other_are_drawn_apart() -> None:
    mask = np.zeros((40, 40), np.float32)
    mask[4:8, 4:8] = mask[30:36, 20:24] = 1.0
    patch = Patch(100, 200, 160, 160)
    found = pieces(mask, patch)
    assert [(piece.left, piece.top) for piece in found] == [(108, 208), (172, 312)]
    assert sum(piece.width * piece.height for piece in found) < 0.1 * 160 * 160
    assert pieces(np.zeros((40, 40), np.float32), patch) == (patch,)
