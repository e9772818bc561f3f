"""Every way of drawing a texture shows what sampling it shows, and what was freed is given back."""

import platform

import cv2
import numpy as np
import pytest

from model_endpoint.engines.motion.grid import OUTSIDE_PX, block, centres, enlarged
from model_endpoint.engines.motion.memory import give_back
from model_endpoint.engines.motion.textures import BAND_PX, texture
from model_endpoint.pixels import Map, as_map
from tests.memory import resident_bytes

SIZE = (200, 648)
WHOLE = (0, 0, *SIZE)
RECTS = ((0, 0, 64, 64), (64, 0, 200, 648), (0, 64, 64, 648))


def grain(width: int = 260, height: int = 700) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)


def seen(growth: float) -> Map:
    """Plate pixels that the camera's grid sees when all is grown."""
    x, y = centres(SIZE)
    return as_map(np.dstack([x / growth + 20.0, y / growth + 15.0]))


def test_the_grid_begins_where_it_says() -> None:
    x, y = centres(SIZE)
    assert x[0, 0] == y[0, 0] == -OUTSIDE_PX


@pytest.mark.parametrize("border", [cv2.BORDER_REFLECT_101, cv2.BORDER_CONSTANT])
@pytest.mark.parametrize("growth", [1.0, 1.043, 0.7])
def test_evenly_spaced_places_are_drawn_without_a_grid_as_with_one(
    growth: float, border: int
) -> None:
    fine, places = texture(grain()), seen(growth)
    drawn, even = (np.zeros((SIZE[1], SIZE[0], 4), np.uint8) for _ in range(2))
    fine.draw(drawn, WHOLE, places, RECTS, border)
    fine.draw_even(even, WHOLE, places, RECTS, border)
    away = np.abs(drawn.astype(int) - even)
    # Noise of full contrast: a place that is off by a thousandth of a pixel may round otherwise.
    assert away.max() <= 2
    assert away.mean() < 0.02
    if growth == 1.0:
        assert np.array_equal(drawn, even)


@pytest.mark.parametrize("turn", [0.0, 0.4, 3.0])
def test_bent_places_are_drawn_band_by_band_as_at_once(turn: float) -> None:
    """Also where they lie outside the texture, or run against its rows."""
    fine = texture(grain())
    x, y = centres(SIZE)
    bent = np.dstack([x + 300.0 * np.sin(y / 90.0) * turn, y + turn * x - 100.0 * turn])
    own = fine.own(as_map(bent))
    assert SIZE[0] * SIZE[1] > BAND_PX
    whole = fine.sample(enlarged(block(own, WHOLE), WHOLE))
    assert np.array_equal(fine.drawn_bent(own, WHOLE), whole)
    for rect in RECTS:
        left, top, right, bottom = rect
        assert np.array_equal(fine.drawn_bent(own, rect), whole[top:bottom, left:right])


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what was freed")
def test_free_pages_are_given_back() -> None:
    held = [np.ones(100_000, dtype=np.uint8) for _ in range(500)]
    # What lies at the end keeps the rest from being given back without being asked.
    kept = held[-1]
    before = resident_bytes()
    del held
    give_back()
    assert kept.all()
    assert before - resident_bytes() > 40_000_000
