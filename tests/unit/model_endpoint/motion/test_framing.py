from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from model_endpoint.engines.motion.camera import kept
from model_endpoint.engines.motion.engine import camera, produce
from model_endpoint.engines.motion.framing import frame
from model_endpoint.pixels import as_map
from model_endpoint.scene.model import Face, Scene
from story.generation import Box, Direction

Direct = Callable[..., Direction]
PHOTO = np.random.default_rng(0).integers(0, 255, (200, 400, 3), dtype=np.uint8)


def scene(*lefts: float) -> Scene:
    """A wide photo with faces at these places, fractions of its width."""
    return Scene(
        regions=(),
        horizon=None,
        depth=np.full((100, 200), 0.5, np.float32),
        faces=tuple(Face(Box(left=left, top=0.3, width=0.08, height=0.2)) for left in lefts),
    )


def test_one_face_is_kept_in_a_crop_that_fills_the_clip(direct: Direct) -> None:
    framing = frame(PHOTO, scene(0.1), direct(), "push_in")
    assert framing.fit == "cover"
    assert framing.size == (180, 320)
    assert framing.crop.left <= 0.1
    assert framing.crop.left + framing.crop.width >= 0.18


def test_friends_who_do_not_fit_a_crop_are_all_shown_as_large_as_they_may_be(
    direct: Direct,
) -> None:
    framing = frame(PHOTO, scene(0.1, 0.8), direct(), "push_in")
    assert framing.fit == "contain"
    assert framing.crop.left < 0.1 - 0.3 * 0.08
    assert framing.crop.left + framing.crop.width > 0.88 + 0.3 * 0.08
    assert framing.crop.width < 0.95
    width, height = framing.size
    assert width == 180
    assert height > 90 / 0.95
    assert height == pytest.approx(180 / (400 * framing.crop.width) * 200, abs=1.0)


def test_the_whole_photo_is_shown_if_that_was_asked_for(direct: Direct) -> None:
    framing = frame(PHOTO, scene(0.1, 0.8), direct(fit="contain"), "push_in")
    assert framing.size == (180, 90)
    assert framing.crop.width == 1.0


def test_friends_one_above_the_other_are_shown_in_a_wide_clip(direct: Direct) -> None:
    tall = np.ascontiguousarray(PHOTO.transpose(1, 0, 2))
    faces = tuple(Face(Box(left=0.4, top=top, width=0.2, height=0.08)) for top in (0.1, 0.8))
    stacked = replace(scene(), faces=faces, depth=np.full((200, 100), 0.5, np.float32))
    framing = frame(tall, stacked, direct(width=320, height=180), "push_in")
    assert framing.fit == "contain"
    # Sides of whole even pixels leave up to a pixel of it aside.
    assert framing.crop.width >= 1.0 - 1.0 / framing.size[0]
    assert framing.crop.top <= 0.1
    assert framing.crop.top + framing.crop.height >= 0.88
    assert framing.size[1] == 180


def test_a_zoom_leaves_what_it_is_to_keep_in_the_picture() -> None:
    random = np.random.default_rng(0)
    for _ in range(500):
        first = random.uniform(0.0, 300.0)
        last = min(400.0, first + random.uniform(1.0, 400.0))
        wished, growth = random.uniform(0.0, 400.0), random.uniform(1.001, 1.4)
        centre, borne = kept((first, last), 400.0, growth, wished)
        assert borne <= growth
        if borne > 1.0:
            assert centre + (first - centre) * borne >= -1e-3
            assert centre + (last - centre) * borne <= 400.0 + 1e-3


def test_a_zoom_that_loses_nothing_is_as_it_was_wished() -> None:
    assert kept((150.0, 250.0), 400.0, 1.1, 200.0) == (200.0, 1.1)


def test_a_push_takes_no_head_out_of_the_picture(direct: Direct) -> None:
    shown = scene(0.1, 0.8)
    production = produce(PHOTO, direct(camera="push_in"), shown)
    heads = production.staged.framing.heads
    assert heads is not None
    lens, path = camera(production.staged, direct(camera="push_in"), "push_in")
    nearest = path.at(0.5)
    assert nearest.zoom > 0.0
    x, y = np.array([heads.left, heads.left + heads.width]), np.array([heads.top, heads.top])
    columns, _ = lens.seen(as_map(x), as_map(y), lens.pivot, nearest)
    assert columns[0] >= -0.5
    assert columns[1] <= production.staged.framing.size[0] + 0.5


def test_a_crop_that_was_asked_for_is_made_whoever_it_cuts(direct: Direct) -> None:
    assert frame(PHOTO, scene(0.1, 0.8), direct(fit="cover"), "push_in").fit == "cover"


def test_a_pan_begins_on_the_side_that_it_leaves(direct: Direct) -> None:
    from_the_right = frame(PHOTO, scene(), direct(), "pan_left").crop.left
    from_the_left = frame(PHOTO, scene(), direct(), "pan_right").crop.left
    assert from_the_left < from_the_right


def test_plates_of_extreme_shapes_are_bounded(direct: Direct) -> None:
    for height, width in ((64, 4000), (4000, 64)):
        photo = np.zeros((height, width, 3), np.uint8)
        framing = frame(photo, scene(), direct(), "push_in")
        assert max(framing.plate.shape) <= 1.3 * 320
