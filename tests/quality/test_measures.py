"""The measures themselves: what they find when one knows what there is to find."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.quality.apparent import flow, speed
from tests.quality.contrast import contrast
from tests.quality.edges import borders, straight_edges
from tests.quality.edges import moved as edge_ways
from tests.quality.shift import shifts
from tests.quality.ssim import ssim

EVERYWHERE = np.ones((192, 192), np.bool_)
INNER = np.s_[16:-16, 16:-16]


@pytest.fixture(scope="module")
def texture() -> NDArray[np.float64]:
    noise = np.random.default_rng(0).normal(128.0, 90.0, EVERYWHERE.shape)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 2.0))


def moved(picture: NDArray[np.float64], x: float, y: float) -> NDArray[np.float64]:
    way = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    size = (picture.shape[1], picture.shape[0])
    drawn = cv2.warpAffine(
        picture, way, size, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(drawn)


def grey(picture: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.rint(np.clip(picture, 0.0, 255.0)).astype(np.uint8)


def test_a_picture_is_alike_to_itself_and_less_so_to_what_is_worse(
    texture: NDArray[np.float64],
) -> None:
    blurred = np.asarray(cv2.GaussianBlur(texture, (0, 0), 1.0))
    assert ssim(texture, texture) == pytest.approx(1.0)
    assert ssim(texture, moved(texture, 1.0, 0.0)) < ssim(texture, moved(texture, 0.25, 0.0)) < 1.0
    assert ssim(texture, blurred) < 0.99


def test_likeness_of_flat_pictures_is_the_papers_term_of_luminance() -> None:
    """Without structure only (2 m1 m2 + C1) / (m1² + m2² + C1) is left."""
    one, other = np.full((32, 32), 100.0), np.full((32, 32), 110.0)
    c1 = (0.01 * 255) ** 2
    assert ssim(one, other) == pytest.approx((2 * 100 * 110 + c1) / (100**2 + 110**2 + c1))


@pytest.mark.parametrize("way", [(0.0, 0.0), (0.25, -0.125), (0.75, 0.5)])
@pytest.mark.parametrize("gain", [0.85, 1.0, 1.15])
def test_shifts_are_found_whatever_the_light_does(
    texture: NDArray[np.float64], way: tuple[float, float], gain: float
) -> None:
    found = shifts(texture, gain * moved(texture, *way) - 9.0, EVERYWHERE, 16)
    assert len(found) == 144
    assert found.mean(axis=0) == pytest.approx(way, abs=0.03)


def test_windows_without_texture_tell_of_no_shift(texture: NDArray[np.float64]) -> None:
    edge = np.where(np.arange(192) < 100, 40.0, 200.0) * np.ones((192, 1))
    assert shifts(np.full_like(texture, 90.0), texture, EVERYWHERE, 16).size == 0
    assert shifts(edge, texture, EVERYWHERE, 16).size == 0


def test_apparent_motion_is_the_way_that_a_texture_goes(texture: NDArray[np.float64]) -> None:
    one, other = grey(texture), grey(moved(texture, 0.5, -0.25))
    assert np.median(flow(one, other)[INNER], axis=(0, 1)) == pytest.approx((0.5, -0.25), abs=0.06)
    assert not speed(one, one).any()


def test_laying_two_pictures_over_each_other_costs_contrast_and_light_does_not(
    texture: NDArray[np.float64],
) -> None:
    calm = 128.0 + 0.4 * (texture - 128.0)
    mixed = (calm + moved(calm, 9.0, 7.0)) / 2.0
    of_calm = contrast(grey(calm), EVERYWHERE, 16)
    assert contrast(grey(mixed), EVERYWHERE, 16) < 0.85 * of_calm
    assert contrast(grey(moved(calm, 3.0, 2.0)), EVERYWHERE, 16) == pytest.approx(of_calm, rel=0.03)
    assert contrast(grey(1.3 * calm), EVERYWHERE, 16) == pytest.approx(of_calm, rel=0.03)
    assert np.isnan(contrast(grey(calm), ~EVERYWHERE, 16))


@pytest.mark.parametrize("way", [0.0, 0.5, 1.5])
def test_a_straight_edge_is_found_where_it_went_whatever_the_light_does(way: float) -> None:
    slanted = np.add.outer(0.4 * np.arange(192.0), np.arange(192.0)) - 130.0
    before = np.asarray(cv2.GaussianBlur(np.where(slanted < 0.0, 60.0, 160.0), (0, 0), 1.2))
    across = np.array([1.0, 0.4]) / np.hypot(1.0, 0.4)
    after = 0.8 * moved(before, *(way * across)) + 12.0
    edges = straight_edges(before, EVERYWHERE)
    assert len(edges.x) > 100
    assert np.median(edge_ways(edges, before, after)) == pytest.approx(way, abs=0.15)


def test_texture_is_no_straight_edge(texture: NDArray[np.float64]) -> None:
    assert len(straight_edges(texture, EVERYWHERE).x) < 0.02 * EVERYWHERE.size


def test_a_border_lies_on_both_sides_of_an_outline() -> None:
    mask = np.zeros((40, 40), np.float32)
    mask[10:30, 10:30] = 1.0
    border = borders(mask, 2)
    assert border[20, 8:12].all()
    assert not border[20, [7, 12, 20]].any()
