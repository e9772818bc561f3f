from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model_endpoint.pixels import Rgb
from model_endpoint.scene.analysis import analyse
from model_endpoint.scene.guided import guided_filter
from model_endpoint.scene.model import SKY, SUBJECT, WATER, Scene
from model_endpoint.scene.weights import FACES_FILE, weight_file
from story.errors import SettingInvalid
from story.generation import Box

Photo = Callable[[str], Rgb]
Look = Callable[[str], Scene]


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("sky_sea_bridge", 0.6, 0.9),
        ("mountain_clouds", 0.2, 0.4),
        ("mountain_meadow", 0.1, 0.3),
        ("sunset_hills", 0.35, 0.55),
    ],
)
def test_sky_is_found_with_about_its_area(look: Look, name: str, low: float, high: float) -> None:
    sky = look(name).region(SKY)
    assert sky is not None
    assert low < sky.area < high
    assert sky.confidence > 0.7


@pytest.mark.parametrize(
    "name",
    ["interior_drum", "cat_chelsea", "coffee_cup", "food_fig", "face_astronaut", "pets_dogs",
     "flower_dahlia", "stream_waterfall"],
)  # fmt: skip
def test_a_photo_without_sky_has_neither_sky_nor_water(look: Look, name: str) -> None:
    scene = look(name)
    assert scene.region(SKY) is None
    assert scene.region(WATER) is None
    assert scene.horizon is None


def test_a_cloud_belongs_to_the_sky_and_the_mountain_does_not(look: Look) -> None:
    sky = look("mountain_clouds").region(SKY)
    assert sky is not None
    height, width = sky.mask.shape
    assert sky.mask[int(0.22 * height), int(0.2 * width)] > 0.9
    assert sky.mask[int(0.4 * height), int(0.65 * width)] < 0.1


def test_water_under_a_gradient_sky_is_found_where_it_is() -> None:
    # A blue sky over a darker lake with level waves, over a brown, rough shore.
    height, width = 300, 400
    rows = np.arange(height)[:, None, None]
    random = np.random.default_rng(0)
    picture = np.zeros((height, width, 3))
    picture[:] = np.where(rows < 150, np.array([120, 165, 220]) + 0.3 * rows, 0)
    waves = 10 * np.sin(np.arange(height) * 1.3)[:, None, None]
    lake = np.array([105, 145, 190]) + waves + random.normal(0, 2, (height, width, 1))
    shore = np.array([110, 85, 50]) + random.normal(0, 25, (height, width, 1))
    picture = np.where(rows < 150, picture, np.where(rows < 230, lake, shore))
    scene = analyse(np.clip(picture, 0, 255).astype(np.uint8))
    water = scene.region(WATER)
    assert water is not None
    part = water.mask.shape[0] / height
    assert water.mask[int(170 * part) : int(215 * part)].mean() > 0.8
    assert water.mask[: int(140 * part)].mean() < 0.05
    assert water.mask[int(245 * part) :].mean() < 0.1
    assert scene.horizon == pytest.approx(0.5, abs=0.06)


def test_the_subject_is_where_the_flower_is(look: Look) -> None:
    subject = look("flower_dahlia").region(SUBJECT)
    assert subject is not None
    height, width = subject.mask.shape
    assert subject.mask[height // 2, width // 2] > 0.9
    assert subject.mask[height // 2, width // 20] < 0.1


def test_a_subject_is_nearer_than_what_is_behind_it(look: Look) -> None:
    scene = look("temple_lake_china")
    subject = scene.region(SUBJECT)
    assert subject is not None
    assert scene.depth[subject.mask > 0.9].mean() < scene.depth[subject.mask < 0.1].mean() - 0.3


def test_a_face_that_was_known_before_and_is_not_seen_again_stays(photo: Photo) -> None:
    known = Box(left=0.0, top=0.0, width=0.1, height=0.1)
    faces = analyse(photo("face_astronaut"), (known,)).faces
    assert [face.points is not None for face in faces] == [True, False]
    assert faces[1].box == known


def test_the_guided_filter_keeps_the_guides_edge() -> None:
    guide = np.zeros((60, 60), np.float32)
    guide[:, 30:] = 1.0
    rough = np.zeros_like(guide)
    rough[:, 28:] = 1.0
    fitted = guided_filter(guide, rough, radius=8, eps=1e-4)
    assert rough[30, 29] == 1.0
    assert fitted[30, 29] < 0.4
    assert fitted[30, 30] > 0.8


def test_missing_and_changed_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="missing"):
        weight_file(FACES_FILE, tmp_path)
    (tmp_path / FACES_FILE).write_bytes(b"not a network")
    with pytest.raises(SettingInvalid, match="SHA-256"):
        weight_file(FACES_FILE, tmp_path)
