import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from model_endpoint.pixels import Rgb
from model_endpoint.scene.analysis import analyse
from model_endpoint.scene.coat import only_coat
from model_endpoint.scene.depth import estimate_depth
from model_endpoint.scene.guided import guided_filter
from model_endpoint.scene.model import SKY, SUBJECT, WATER, Face, Region, Scene
from model_endpoint.scene.weights import FACES_FILE, FOLDER, SHA256, weight_file
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
     "flower_dahlia"],
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


def test_a_stream_in_a_wood_is_water_without_sky_and_has_no_horizon(look: Look) -> None:
    scene = look("stream_waterfall")
    assert scene.region(SKY) is None
    assert scene.region(WATER) is not None
    assert scene.horizon is None


def test_the_horizon_is_where_the_sky_ends() -> None:
    # A blue sky that pales towards rough, brown ground.
    height, width = 300, 400
    rows = np.arange(height)[:, None, None]
    sky = np.array([120, 165, 220]) + 0.3 * rows + np.zeros((height, width, 3))
    rough = np.random.default_rng(0).normal(0, 25, (height, width, 1))
    picture = np.where(rows < 180, sky, np.array([90, 75, 60]) + rough)
    scene = analyse(np.clip(picture, 0, 255).astype(np.uint8))
    assert scene.horizon == pytest.approx(0.6, abs=0.03)


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


def blurred_behind(sharp: Rgb, mask: np.ndarray, sigma: float) -> Rgb:
    soft = cv2.GaussianBlur(sharp, (0, 0), sigma) if sigma else sharp
    return np.where(mask[..., None] > 0.5, sharp, soft).astype(np.uint8)


def test_what_is_blurred_behind_a_sharp_subject_is_farther_away() -> None:
    texture = np.random.default_rng(1).integers(0, 255, (240, 320, 1), dtype=np.uint8)
    picture = cv2.GaussianBlur(np.repeat(texture, 3, axis=2), (0, 0), 0.8)
    mask = np.zeros((240, 320), np.float32)
    mask[60:200, 110:210] = 1.0
    subject = (Region(kind=SUBJECT, mask=mask, confidence=1.0),)
    even = estimate_depth(blurred_behind(picture, mask, 0.0), None, subject)
    portrait = estimate_depth(blurred_behind(picture, mask, 6.0), None, subject)
    behind = mask < 0.1
    assert portrait[behind].mean() > even[behind].mean() + 0.05
    assert np.abs(portrait - even)[mask > 0.9].max() < 0.01


def animal_with(bib: int, ground: tuple[int, int, int]) -> tuple[Rgb, np.ndarray, Face]:
    """A brown animal, its lowest third of another colour, on even ground."""
    picture = np.full((200, 200, 3), ground, np.uint8)
    picture[40:140, 60:140] = (130, 80, 40)
    picture[110:140, 60:140] = bib
    mask = np.zeros((200, 200), np.float32)
    mask[40:140, 60:140] = 1.0
    return picture, mask, Face(box=Box(left=0.35, top=0.22, width=0.3, height=0.25))


def test_what_has_the_backgrounds_colours_is_not_the_animals() -> None:
    picture, mask, face = animal_with(bib=225, ground=(228, 228, 226))
    kept = only_coat(picture, mask, (face,))
    assert kept[50:105, 65:135].min() > 0.95
    assert kept[118:135, 65:135].max() < 0.05


def test_a_bib_that_the_background_has_not_stays() -> None:
    picture, mask, face = animal_with(bib=225, ground=(60, 120, 50))
    assert only_coat(picture, mask, (face,))[44:136, 64:136].min() > 0.95


def test_an_animal_whose_face_was_not_found_stays_whole() -> None:
    picture, mask, _ = animal_with(bib=225, ground=(228, 228, 226))
    assert (only_coat(picture, mask, ()) == mask).all()


def test_the_ground_comes_nearer_below_the_horizon_and_the_sky_is_farthest(look: Look) -> None:
    scene = look("mountain_meadow")
    rows = scene.depth.mean(axis=1)
    assert rows[0] == pytest.approx(1.0, abs=0.02)
    below = rows[len(rows) // 3 :]
    assert (np.diff(below) <= 1e-4).all()
    assert below[-1] < 0.2


def test_no_network_is_loaded_that_the_photo_does_not_need() -> None:
    # A process of its own: here, others have loaded networks before.
    script = """
import numpy as np
from model_endpoint.scene import weights
from model_endpoint.scene.analysis import analyse
analyse(np.full((200, 300, 3), 120, np.uint8))
for network in (weights.landmark_network, weights.people_network):
    assert network.cache_info().currsize == 0, network
assert weights.subject_network.cache_info().currsize == 1
"""
    root = Path(__file__).resolve().parents[3]
    path = os.pathsep.join([str(root), str(root / "functions")])
    subprocess.run(  # the script above, by this interpreter
        [sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": path}
    )


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


def test_every_weight_file_is_the_one_that_its_readme_lists() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in FOLDER.iterdir()} - {"README.md"}
    assert files == set(SHA256)
    for name, digest in SHA256.items():
        (row,) = [line for line in readme.splitlines() if line.startswith(f"| `{name}` |")]
        assert digest in row
        assert f"{weight_file(name).stat().st_size:,}" in row
