from collections.abc import Callable

import numpy as np
import pytest

from model_endpoint.engines.motion import layers as layers_module
from model_endpoint.engines.motion.camera import share_of
from model_endpoint.engines.motion.fill import push_pull
from model_endpoint.engines.motion.framing import frame
from model_endpoint.engines.motion.layers import before_blue, cut_out, take_apart, warm
from model_endpoint.engines.motion.staging import prepare
from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.model import Scene
from story.generation import Direction

Photo = Callable[[str], Rgb]
Look = Callable[[str], Scene]
Direct = Callable[..., Direction]


def over(layer: Rgb, below: Map) -> Map:
    return np.asarray(layer[..., :3] + (1.0 - layer[..., 3:] / 255.0) * below, np.float32)


def test_layers_laid_over_each_other_give_the_picture_again() -> None:
    random = np.random.default_rng(0)
    picture = random.uniform(0, 255, (40, 50, 3)).astype(np.float32)
    below = random.uniform(0, 255, (40, 50, 3)).astype(np.float32)
    cover = random.uniform(0.01, 1, (40, 50)).astype(np.float32)
    cover[:, :10] = 1.0
    whole = over(cut_out(picture, below, cover), below)
    assert np.abs(whole - picture).max() < 6.0


def test_an_outline_is_the_same_in_pieces_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    picture, below = (random.uniform(0, 255, (40, 50, 3)).astype(np.float32) for _ in range(2))
    cover = random.uniform(0, 1, (40, 50)).astype(np.float32)
    whole = cut_out(picture, below, cover)
    monkeypatch.setattr(layers_module, "EDGE_AT_ONCE", 7)
    assert np.array_equal(cut_out(picture, below, cover), whole)


@pytest.mark.parametrize("name", ["temple_lake_china", "night_rocket", "pets_dogs"])
def test_the_layers_of_a_photo_give_its_plate_again(
    photo: Photo, look: Look, direct: Direct, name: str
) -> None:
    picture = photo(name)
    framing = frame(picture, look(name), direct(), "push_in")
    layers = take_apart(framing, look(name), (picture.shape[1], picture.shape[0]))
    sky = layers.sky if layers.sky is not None else np.zeros_like(framing.plate)
    whole = layers.ground.astype(np.float32)
    if layers.sky is not None:
        whole = over(layers.ground, sky.astype(np.float32))
    if layers.subject is not None:
        whole = over(layers.subject.pixels, whole[..., :3])
    assert np.abs(whole[..., :3] - framing.plate).mean() < 0.5


def test_filling_keeps_what_is_known_and_stays_within_its_range() -> None:
    values = np.zeros((64, 64, 1), np.float32)
    values[:, :32], values[:, 32:] = 10.0, 20.0
    known = np.ones((64, 64), np.float32)
    known[20:44, 10:54] = 0.0
    filled = push_pull(values * known[..., None], known)
    assert np.allclose(filled[known > 0], values[known > 0], atol=1e-3)
    gap = filled[known == 0]
    assert gap.min() > 8.0
    assert gap.max() < 22.0
    assert filled[32, 14, 0] < filled[32, 50, 0]


def test_a_gap_begins_with_the_colour_that_it_touches() -> None:
    values = np.zeros((64, 64, 3), np.float32)
    values[:, :20], values[:, 40:] = 200.0, 20.0
    known = np.zeros((64, 64), np.float32)
    known[:, :20] = known[:, 40:] = 1.0
    filled = push_pull(values, known)
    assert filled[32, 22].mean() > 150.0
    assert filled[32, 37].mean() < 70.0


def test_masks_stop_where_the_subject_hides_them(photo: Photo, look: Look, direct: Direct) -> None:
    name = "temple_lake_china"
    staged = prepare(photo(name), look(name), direct(), "push_in")
    masks = staged.stage.masks
    assert {"sky", "subject"} <= set(masks)
    for kind in set(masks) - {"subject"}:
        assert (masks[kind] + masks["subject"]).max() < 1.05, kind


def test_what_is_near_shows_more_of_the_cameras_motion(
    photo: Photo, look: Look, direct: Direct
) -> None:
    staged = prepare(photo("mountain_clouds"), look("mountain_clouds"), direct(), "push_in")
    share = staged.layers.share
    assert share[-5:].mean() > share[:5].mean() + 0.2
    assert share.min() >= float(share_of(1.0)) - 1e-3


def test_a_face_and_a_lamp_are_where_the_plate_has_them(
    photo: Photo, look: Look, direct: Direct
) -> None:
    picture, scene = photo("face_astronaut"), look("face_astronaut")
    staged = prepare(picture, scene, direct(), "push_in")
    face, points = scene.faces[0].box, staged.stage.faces[0].points
    left, top = staged.framing.home
    width, height = staged.framing.size
    crop = staged.framing.crop
    middle = (face.left + face.width / 2 - crop.left) / crop.width * width + left
    row = (face.top + face.height / 2 - crop.top) / crop.height * height + top
    assert abs(points[:, 0].mean() - middle) < 0.1 * width
    assert abs(points[:, 1].mean() - row) < 0.1 * height


def blue_sky() -> Map:
    """A plate (h, w, 3) that is all blue sky."""
    return as_map(np.full((200, 120, 3), (120.0, 160.0, 215.0)))


def test_straw_before_a_blue_sky_is_no_sky() -> None:
    plate = blue_sky()
    plate[60:200, 50:56] = (190.0, 120.0, 50.0)
    found = before_blue(warm(plate), as_map(np.ones((200, 120))))
    assert found[61:199, 51:55].min() > 0.9
    assert found[:, :40].max() == 0.0


def test_white_clouds_and_the_many_warm_ones_of_an_evening_are_sky() -> None:
    everywhere = as_map(np.ones((200, 120)))
    white = blue_sky()
    white[40:80, 20:70] = 240.0
    assert before_blue(warm(white), everywhere).max() == 0.0
    evening = blue_sky()
    evening[100:] = (240.0, 150.0, 90.0)
    evening[:20] = (240.0, 150.0, 90.0)
    assert before_blue(warm(evening), everywhere).max() == 0.0
