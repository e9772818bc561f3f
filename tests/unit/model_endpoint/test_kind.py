from collections.abc import Callable
from typing import get_args

import cv2
import numpy as np
import pytest

from model_endpoint.pixels import Rgb
from model_endpoint.scene.analysis import analyse
from model_endpoint.scene.classes import classify, share_of, tables, tag_kinds, weights_of
from model_endpoint.scene.kind import Light, leaning, name_kind
from model_endpoint.scene.model import SKY, WATER, Face, Region, Scene, SceneKind
from story.generation import Box, Tag

Photo = Callable[[str], Rgb]
Look = Callable[[str], Scene]
DAY = Light(night=0.0, dusk=0.0)

KINDS = {
    "cat_chelsea": {"pet"},
    "coffee_cup": {"drink"},
    "dandelions": {"flower", "meadow"},
    "face_astronaut": {"portrait"},
    "flower_dahlia": {"flower"},
    "food_fig": {"food"},
    "interior_drum": {"interior"},
    "mountain_clouds": {"landscape"},
    "mountain_meadow": {"landscape", "meadow"},
    "night_rocket": {"rocket"},
    "pets_dogs": {"pet"},
    "sky_sea_bridge": {"sea"},
    "stream_waterfall": {"stream"},
    "sunset_hills": {"sunset"},
    "temple_lake_china": {"lake", "landscape"},
}


def region(kind: str, rows: slice) -> Region:
    mask = np.zeros((60, 80), np.float32)
    mask[rows] = 1.0
    return Region(kind=kind, mask=mask, confidence=1.0)


def nothing() -> dict[SceneKind, float]:
    return dict.fromkeys(get_args(SceneKind), 0.0)


@pytest.mark.parametrize("name", KINDS)
def test_every_photo_is_called_what_it_is_of(look: Look, name: str) -> None:
    assert look(name).kind in KINDS[name]
    assert look(name).kind_confidence > 0.25


def test_two_portraits_side_by_side_are_a_group(photo: Photo) -> None:
    portrait = photo("face_astronaut")
    scene = analyse(np.hstack([portrait, portrait[:, ::-1]]))
    assert scene.kind == "group"


def test_a_face_in_the_background_makes_no_portrait() -> None:
    scores = nothing() | {"city": 0.4}
    passer = Face(box=Box(left=0.5, top=0.5, width=0.02, height=0.03))
    assert name_kind(scores, (), (passer,), DAY)[0] == "city"
    near = Face(box=Box(left=0.4, top=0.2, width=0.2, height=0.3))
    assert name_kind(scores, (), (near,), DAY)[0] == "portrait"


def test_a_missile_in_a_room_is_no_rocket_under_the_sky() -> None:
    scores = nothing() | {"rocket": 0.25, "interior": 0.3}
    assert name_kind(scores, (), (), DAY)[0] == "interior"
    assert name_kind(scores, (region(SKY, slice(0, 40)),), (), DAY)[0] == "rocket"
    faint = nothing() | {"rocket": 0.1}
    assert name_kind(faint, (region(SKY, slice(0, 40)),), (), DAY)[0] != "rocket"


def test_water_up_to_the_sky_is_a_sea_and_behind_a_shore_a_lake() -> None:
    sky, shore = region(SKY, slice(0, 30)), region(WATER, slice(40, 60))
    assert name_kind(nothing(), (sky, region(WATER, slice(30, 60))), (), DAY)[0] == "sea"
    leaning_to_lake = nothing() | {"lake": 0.05}
    assert name_kind(leaning_to_lake, (sky, shore), (), DAY)[0] == "lake"


def test_water_without_a_sky_is_a_stream() -> None:
    scores = nothing() | {"landscape": 0.6}
    assert name_kind(scores, (region(WATER, slice(30, 60)),), (), DAY)[0] == "stream"


def test_an_even_grey_picture_is_of_nothing() -> None:
    assert name_kind(nothing(), (), (), DAY) == ("other", 0.0)


def test_a_tag_decides_where_the_picture_does_not(photo: Photo) -> None:
    blurred = cv2.GaussianBlur(photo("interior_drum"), (0, 0), 40)
    told = (Tag(name="Living Room", confidence=0.95),)
    assert analyse(blurred, tags=told).kind == "interior"


def test_tags_and_classes_name_kinds_that_there_are() -> None:
    kinds = set(get_args(SceneKind))
    assert set(tag_kinds().values()) <= kinds
    assert set(tables()["classes"]) <= kinds


def test_no_class_speaks_for_a_name_by_more_than_itself() -> None:
    for table, names in tables().items():
        for name in names:
            weights = weights_of(table, name)
            assert weights.max() <= 1.0
            assert weights.min() >= 0.0
            assert weights.any()


def test_probabilities_sum_to_one_and_know_a_cat(photo: Photo) -> None:
    probabilities = classify(photo("cat_chelsea"))
    assert probabilities.sum() == pytest.approx(1.0)
    assert share_of(probabilities, "classes", "pet") > 0.8
    assert leaning(probabilities)["pet"] > 0.8
