from collections.abc import Callable

import cv2
import numpy as np
import pytest

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.analysis import analyse
from model_endpoint.scene.model import SUBJECT, Region, Scene
from model_endpoint.scene.outlines import Mask
from model_endpoint.scene.support import find_pile, lying, nearer, without_support

Photo = Callable[[str], Rgb]
Look = Callable[[str], Scene]

BALL = (100, 90, 40)
CUSHION = (100, 170)


def pile_of_two() -> tuple[Rgb, Mask, Mask]:
    """A blue ball on an orange cushion, (240, 200, 3); where both are, and where the ball is."""
    picture = np.full((240, 200, 3), (120, 130, 110), dtype=np.uint8)
    whole, ball = np.zeros((2, 240, 200), dtype=np.uint8)
    for canvas, colour in ((picture, (220, 140, 60)), (whole, (1,))):
        cv2.ellipse(canvas, CUSHION, (80, 45), 0.0, 0.0, 360.0, colour, -1)
    for canvas, colour in ((picture, (30, 60, 160)), (whole, (1,)), (ball, (1,))):
        cv2.circle(canvas, BALL[:2], BALL[2], colour, -1)
    grain = np.random.default_rng(0).normal(0.0, 4.0, picture.shape)
    noisy = np.clip(picture + grain, 0.0, 255.0).astype(np.uint8)
    return noisy, np.asarray(whole > 0), np.asarray(ball > 0)


def test_an_outline_is_notched_where_one_thing_lies_on_another() -> None:
    _, whole, _ = pile_of_two()
    pile = find_pile(whole)
    assert pile is not None
    assert pile.left[0] < BALL[0] < pile.right[0]
    assert abs(pile.left[1] - pile.right[1]) <= 3
    assert 110 <= pile.left[1] <= 135


@pytest.mark.parametrize("turn", [0.0, 30.0, 90.0])
def test_a_thing_without_notches_is_no_pile(turn: float) -> None:
    whole = np.zeros((240, 200), dtype=np.uint8)
    cv2.ellipse(whole, (100, 120), (80, 45), turn, 0.0, 360.0, (1,), -1)
    assert find_pile(np.asarray(whole > 0)) is None


def test_a_thing_with_a_handle_is_notched_on_one_side_only() -> None:
    whole = np.zeros((240, 200), dtype=np.uint8)
    cv2.rectangle(whole, (40, 60), (120, 200), (1,), -1)
    cv2.rectangle(whole, (120, 110), (170, 150), (1,), -1)
    assert find_pile(np.asarray(whole > 0)) is None


def test_what_lies_on_a_thing_is_told_by_its_colours() -> None:
    picture, whole, ball = pile_of_two()
    pile = find_pile(whole)
    assert pile is not None
    thing = lying(picture, pile)
    assert (thing & ball).sum() / (thing | ball).sum() > 0.95


def test_every_place_belongs_to_what_it_is_nearer_to() -> None:
    thing, support = np.zeros((2, 20, 40), dtype=np.bool_)
    thing[:, :10], support[:, 30:] = True, True
    part: Map = nearer(thing, support)
    assert part[:, :15].min() > 0.95
    assert part[:, 25:].max() < 0.05


def test_a_subject_of_one_piece_stays_as_it_is(photo: Photo, look: Look) -> None:
    for name in ("coffee_cup", "food_fig", "flower_dahlia", "temple_lake_china"):
        subject = look(name).region(SUBJECT)
        assert subject is not None
        height, width = subject.mask.shape
        small = np.asarray(cv2.resize(photo(name), (width, height)), dtype=np.uint8)
        assert without_support(photo(name), small, subject) is subject


def test_a_small_subject_is_not_looked_at_again(photo: Photo) -> None:
    speck = as_map(np.zeros((100, 60)))
    speck[:10, :20] = 1.0
    subject = Region(SUBJECT, speck, 1.0)
    small = np.zeros((100, 60, 3), dtype=np.uint8)
    assert without_support(photo("interior_drum"), small, subject) is subject


def test_a_drum_is_parted_from_its_cushion_in_half_the_size_too(photo: Photo) -> None:
    picture = photo("interior_drum")
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    subject = analyse(np.asarray(half, dtype=np.uint8)).region(SUBJECT)
    assert subject is not None
    assert 0.08 < subject.area < 0.13
    height, width = subject.mask.shape
    assert subject.mask[round(0.62 * height), round(0.47 * width)] > 0.9
    assert subject.mask[round(0.87 * height), round(0.4 * width)] < 0.1
