from collections.abc import Callable

import cv2
import numpy as np
import pytest

from model_endpoint.pixels import Map, Rgb
from model_endpoint.scene.horizon import find_level_break
from model_endpoint.scene.outlines import fit, grow, lab_of, meet
from model_endpoint.scene.sky import find_sky

Photo = Callable[[str], Rgb]

HEIGHT, WIDTH = 180, 256
NOTHING_STANDS_OUT: Map = np.zeros((8, 8), dtype=np.float32)


def hazy(horizon: float, *, slope: float = 0.0, drop: float = 28.0) -> Rgb:
    """A pale sky over a plain that is only a little darker, with the noise of a camera."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    sky = np.stack([200 + 0.2 * rows, 212 + 0.15 * rows, 232 + 0.05 * rows], axis=2)
    edge = horizon * HEIGHT + slope * (columns - WIDTH / 2)
    ground = 1.0 / (1.0 + np.exp(-(rows - edge) / 1.5))
    noise = np.random.default_rng(2).normal(0.0, 1.5, sky.shape)
    picture = sky - drop * ground[..., None] * np.array([1.3, 1.0, 0.9]) + noise
    return np.clip(picture, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("slope", [-0.06, 0.0, 0.04])
def test_a_faint_horizon_is_found_where_it_is(slope: float) -> None:
    picture = hazy(0.55, slope=slope)
    line = find_level_break(lab_of(picture), np.ones((HEIGHT, WIDTH), dtype=np.bool_))
    assert line is not None
    assert line.row == pytest.approx(0.55 * HEIGHT, abs=3)
    assert line.slope == pytest.approx(slope, abs=0.021)


def test_a_clear_sky_has_no_level_line() -> None:
    everywhere = np.ones((HEIGHT, WIDTH), dtype=np.bool_)
    assert find_level_break(lab_of(hazy(2.0)), everywhere) is None


def test_a_dark_cloud_over_half_the_width_is_no_horizon() -> None:
    picture = hazy(2.0).astype(float)
    picture[70:90, : WIDTH // 2] -= 40
    everywhere = np.ones((HEIGHT, WIDTH), dtype=np.bool_)
    assert find_level_break(lab_of(picture.astype(np.uint8)), everywhere) is None


def test_a_hazy_sky_ends_at_the_horizon() -> None:
    sky = find_sky(hazy(0.55), (WIDTH, HEIGHT), NOTHING_STANDS_OUT)
    assert sky is not None
    assert sky.mask[: int(0.5 * HEIGHT)].mean() > 0.97
    assert sky.mask[int(0.6 * HEIGHT) :].mean() < 0.03


def test_the_same_photo_gives_the_same_sky(photo: Photo) -> None:
    picture = cv2.resize(photo("mountain_clouds"), (320, 240), interpolation=cv2.INTER_AREA)
    first, again = (find_sky(picture, (320, 240), NOTHING_STANDS_OUT) for _ in range(2))
    assert first is not None
    assert again is not None
    assert (first.mask == again.mask).all()


def test_a_white_wall_is_no_sky(photo: Photo) -> None:
    picture = cv2.resize(photo("pets_dogs"), (213, 320), interpolation=cv2.INTER_AREA)
    assert find_sky(picture, (213, 320), NOTHING_STANDS_OUT) is None


def two_halves() -> tuple[Rgb, np.ndarray]:
    """A picture whose right half is another colour, and which pixels are the left one."""
    picture = np.full((60, 90, 3), (40, 90, 160), dtype=np.uint8)
    picture[:, 45:] = (150, 120, 60)
    left = np.zeros((60, 90), dtype=np.bool_)
    left[:, :45] = True
    return picture, left


def test_a_region_grows_to_its_outline_and_not_beyond() -> None:
    picture, left = two_halves()
    never = np.zeros_like(left)
    likely = left.copy()
    likely[:, 38:] = False
    grown = grow(picture, likely, likely, never, rounds=2)
    assert (grown == left).mean() > 0.98
    met = meet(picture, likely, never, reach=12)
    assert (met == left).mean() > 0.97


def test_what_is_never_it_stays_out() -> None:
    picture, left = two_halves()
    never = np.zeros_like(left)
    never[:20] = True
    assert not grow(picture, left, left, never, rounds=1)[:20].any()
    assert not meet(picture, left & ~never, never, reach=5)[:20].any()


def test_a_border_that_is_a_little_off_is_laid_on_the_edge() -> None:
    picture, left = two_halves()
    off = np.roll(left, 2, axis=1) | left
    before = np.abs(off.astype(float) - left).mean()
    assert np.abs(fit(picture, off, (90, 60)) - left).mean() < before
