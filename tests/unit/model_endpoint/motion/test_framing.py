from collections.abc import Callable

import numpy as np

from model_endpoint.engines.motion.framing import frame
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


def test_friends_who_do_not_fit_a_crop_are_all_shown(direct: Direct) -> None:
    framing = frame(PHOTO, scene(0.1, 0.8), direct(), "push_in")
    assert framing.fit == "contain"
    assert framing.size == (180, 90)
    assert framing.crop.width == 1.0


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
