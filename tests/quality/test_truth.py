"""The drawings that the analysis is measured against have to be sound themselves."""

import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.quality.truth import KINDS, Kind, Mask, Truth, load, names

PHOTOS = Path(__file__).parents[2] / "photos"
#: How far still things keep from what may move, in pixels; thin things cannot keep 12.
CLEARANCE = 12
CLEARANCE_OF_THIN_THINGS = {"night_rocket": 5, "sky_sea_bridge": 5}
#: Two outlines of the same border, each drawn within 3 px, in pixels.
OUTLINES_DIFFER_BY = 7
MOVING: tuple[Kind, ...] = ("sky", "water", "foliage")


@pytest.fixture(params=names())
def truth(request: pytest.FixtureRequest) -> Truth:
    return load(request.param)


def _gap(first: Mask, second: Mask) -> float:
    """The shortest way from one mask to the other, in pixels; infinite when one is empty."""
    if not (first.any() and second.any()):
        return math.inf
    way = cv2.distanceTransform((~second).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(way[first].min())


@pytest.mark.parametrize("photo", sorted(PHOTOS.glob("*.jpg")), ids=lambda path: path.stem)
def test_every_photo_has_a_truth_of_its_size(photo: Path) -> None:
    truth = load(photo.stem)
    with Image.open(photo) as picture:
        assert (truth.photo, truth.width, truth.height) == (photo.name, *picture.size)


def test_every_polygon_is_a_surface_inside_the_picture(truth: Truth) -> None:
    for kind in KINDS:
        for polygon in (*truth.polygons[kind], *truth.holes[kind]):
            assert cv2.contourArea(polygon) > 0
            assert polygon.min() >= 0
            assert (polygon < (truth.width, truth.height)).all()


def test_every_hole_takes_something_away(truth: Truth) -> None:
    for kind in KINDS:
        whole = replace(truth, holes=dict.fromkeys(KINDS, ())).mask(kind)
        for hole in truth.holes[kind]:
            cut = np.zeros((truth.height, truth.width), np.uint8)
            cv2.fillPoly(cut, [hole], 1)
            assert (whole & (cut > 0)).any()
            assert not (truth.mask(kind) & (cut > 0) & ~truth.mask("falling_water")).any()


@pytest.mark.parametrize("kind", MOVING)
def test_still_keeps_clear_of_what_may_move(truth: Truth, kind: Kind) -> None:
    clearance = CLEARANCE_OF_THIN_THINGS.get(Path(truth.photo).stem, CLEARANCE)
    assert _gap(truth.mask("still"), truth.mask(kind)) >= clearance


def _deep(mask: Mask) -> bool:
    """Whether the mask is anywhere wider than what two hand-drawn outlines differ by."""
    brush = np.ones((OUTLINES_DIFFER_BY, OUTLINES_DIFFER_BY), np.uint8)
    return bool(cv2.erode(mask.astype(np.uint8), brush).any())


def test_sky_water_and_foliage_share_no_more_than_their_outlines(truth: Truth) -> None:
    assert not _deep(np.sum([truth.mask(kind) for kind in MOVING], axis=0) > 1)


def test_falling_water_is_drawn_within_the_water(truth: Truth) -> None:
    falling = truth.mask("falling_water")
    lying = replace(truth, polygons={**truth.polygons, "falling_water": ()})
    assert not _deep(falling & ~lying.mask("water"))


def test_every_photo_shows_something(truth: Truth) -> None:
    assert any(truth.shows(kind) for kind in KINDS)
    assert truth.note
