import itertools
from collections.abc import Callable
from typing import get_args

import cv2
import numpy as np
import pytest
from PIL import Image

from model_endpoint.engines.motion.engine import camera, produce
from model_endpoint.engines.motion.planes import Planes, rgb
from model_endpoint.engines.motion.render import Renderer
from model_endpoint.engines.motion.stage import FIELD_PX, Effect, LayerName, Patch
from model_endpoint.engines.motion.staging import Staged, prepare
from model_endpoint.engines.motion.surfaces import Surfaces
from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.model import Scene
from story.generation import CameraMove, Direction

Photo = Callable[[str], Rgb]
Look = Callable[[str], Scene]
Direct = Callable[..., Direction]
MOVES: tuple[CameraMove, ...] = get_args(CameraMove)


def bare(
    picture: Rgb, scene: Scene, direction: Direction, *effects: Effect
) -> tuple[Renderer, Staged]:
    """A renderer with these effects and no others."""
    move = direction.camera
    assert move != "auto"
    staged = prepare(picture, scene, direction, move)
    lens, path = camera(staged, direction, move)
    return Renderer(staged, Surfaces.of(staged), lens, path, effects), staged


def home_of(staged: Staged) -> Rgb:
    (left, top), (width, height) = staged.framing.home, staged.framing.size
    return staged.framing.plate[top : top + height, left : left + width]


def psnr(one: Rgb, other: Rgb) -> float:
    error = float(np.mean((one.astype(float) - other) ** 2))
    return 10.0 * float(np.log10(255.0**2 / max(error, 1e-9)))


def difference(one: Planes, other: Planes) -> float:
    return float(np.abs(one.y.astype(int) - other.y).mean())


@pytest.mark.parametrize("camera_move", MOVES)
def test_the_first_frame_is_the_crop_of_the_photo(
    photo: Photo, look: Look, direct: Direct, camera_move: CameraMove
) -> None:
    picture = photo("temple_lake_china")
    renderer, staged = bare(picture, look("temple_lake_china"), direct(camera=camera_move))
    crop, (width, height) = staged.framing.crop, (picture.shape[1], picture.shape[0])
    resized = Image.fromarray(picture).resize(
        staged.framing.size, Image.Resampling.LANCZOS, box=crop.in_pixels(width, height)
    )
    assert psnr(rgb(renderer.draw(0.0)), np.asarray(resized)) > 33.0


def test_a_still_camera_without_effects_returns_the_photo_at_every_phase(
    photo: Photo, look: Look, direct: Direct
) -> None:
    for name in ("stream_waterfall", "mountain_clouds", "flower_dahlia"):
        renderer, staged = bare(photo(name), look(name), direct(camera="none"))
        for phase in (0.0, 0.4):
            luma = cv2.cvtColor(rgb(renderer.draw(phase)), cv2.COLOR_RGB2GRAY)
            expected = cv2.cvtColor(home_of(staged), cv2.COLOR_RGB2GRAY)
            assert psnr(np.asarray(luma), np.asarray(expected)) > 40.0, name


@pytest.mark.parametrize("camera_move", [move for move in MOVES if move != "none"])
def test_every_camera_moves_and_loops_without_a_jump(
    photo: Photo, look: Look, direct: Direct, camera_move: CameraMove
) -> None:
    renderer, _ = bare(photo("coffee_cup"), look("coffee_cup"), direct(camera=camera_move))
    count = 24
    pictures = [renderer.draw(index / count) for index in range(count)]
    steps = [difference(a, b) for a, b in itertools.pairwise(pictures)]
    assert difference(pictures[-1], pictures[0]) <= 1.5 * max(steps)
    assert max(difference(pictures[0], later) for later in pictures) > 0.5


@pytest.mark.parametrize("camera_move", MOVES)
def test_the_camera_never_sees_beyond_the_plate(
    photo: Photo, look: Look, direct: Direct, camera_move: CameraMove
) -> None:
    renderer, staged = bare(photo("pets_dogs"), look("pets_dogs"), direct(camera=camera_move))
    height, width = staged.framing.plate.shape[:2]
    (left, top), (w, h) = staged.framing.home, staged.framing.size
    edge, down = as_map([[0.0, w - 1.0]] * 2), as_map([[0.0, 0.0], [h - 1.0, h - 1.0]])
    slack = 0.012 * max(w, h)
    for phase in np.linspace(0, 1, 21):
        pose = renderer._path.at(float(phase))
        for share in (float(staged.layers.share.min()), float(staged.layers.share.max())):
            x, y = renderer._lens.source(edge, down, share, pose)
            assert x.min() + left > -slack
            assert x.max() + left < width - 1 + slack
            assert y.min() + top > -slack
            assert y.max() + top < height - 1 + slack


def test_a_subject_keeps_its_place_while_the_ground_behind_it_shifts(
    photo: Photo, look: Look, direct: Direct
) -> None:
    renderer, staged = bare(photo("flower_dahlia"), look("flower_dahlia"), direct(camera="orbit"))
    left, top = staged.framing.home
    width, height = staged.framing.size
    cover = staged.stage.masks["subject"][top : top + height, left : left + width]
    first, moved = (as_map(renderer.draw(phase).y) for phase in (0.0, 0.02))
    gradient = 1.0 + np.abs(np.diff(first, axis=1, prepend=0))
    changes = np.abs(moved - first) / gradient
    assert changes[cover > 0.99].mean() < changes[cover < 0.01].mean()


def test_the_focus_leaves_the_background_and_not_the_subject(
    photo: Photo, look: Look, direct: Direct
) -> None:
    renderer, staged = bare(
        photo("face_astronaut"), look("face_astronaut"), direct(camera="rack_focus")
    )
    left, top = staged.framing.home
    width, height = staged.framing.size
    cover = staged.stage.masks["subject"][top : top + height, left : left + width]
    sharpness = [np.abs(cv2.Laplacian(renderer.draw(phase).y, cv2.CV_32F)) for phase in (0.0, 0.5)]
    behind, subject = cover < 0.01, cover > 0.99
    assert sharpness[1][behind].mean() < 0.8 * sharpness[0][behind].mean()
    assert sharpness[1][subject].mean() > 0.7 * sharpness[0][subject].mean()


class Shove:
    """A warp that samples so many pixels further right, inside a patch."""

    def __init__(self, patch: Patch, way_px: float, layer: LayerName = "ground") -> None:
        self.patch, self.layer, self._way = patch, layer, way_px

    def at(self, phase: float) -> Map:
        field = np.zeros((*self.patch.field_shape, 2), dtype=np.float32)
        field[2:-2, 2:-2, 0] = self._way * (phase > 0)
        return field


class Lamp:
    """A light that doubles what is above black, inside a patch."""

    layer = None

    def __init__(self, patch: Patch) -> None:
        self.patch = patch

    def at(self, phase: float) -> Map:
        field = np.zeros((*self.patch.field_shape, 3), dtype=np.float32)
        field[..., 0] = 1.0
        field[3:-3, 3:-3, 0] = 1.0 + (phase > 0)
        return field


def test_a_warp_moves_its_patch_by_its_field_and_nothing_else(
    photo: Photo, look: Look, direct: Direct
) -> None:
    picture, scene = photo("interior_drum"), look("interior_drum")
    direction = direct(camera="none")
    still, staged = bare(picture, scene, direction)
    left, top = staged.framing.home
    patch = Patch((left + 40) // FIELD_PX * FIELD_PX, (top + 60) // FIELD_PX * FIELD_PX, 80, 60)
    layer: LayerName = "ground"
    renderer, _ = bare(
        picture, scene, direction, Effect("foliage", "leaves sway", warps=(Shove(patch, 6, layer),))
    )
    moved = renderer.displacement(0.5)
    x, y = patch.left - left, patch.top - top
    assert moved[y + 30, x + 40] == pytest.approx((6.0, 0.0), abs=1e-3)
    outside = np.ones(moved.shape[:2], bool)
    outside[y : y + patch.height, x : x + patch.width] = False
    assert np.abs(moved[outside]).max() == 0.0
    before, after = as_map(still.draw(0.5).y), as_map(renderer.draw(0.5).y)
    inside = (slice(y + 20, y + 40), slice(x + 20, x + 50))
    shifted = (slice(y + 20, y + 40), slice(x + 26, x + 56))
    assert np.abs(after[inside] - before[shifted]).mean() < 1.5
    assert np.abs(after[outside] - before[outside]).max() <= 1.0


def test_a_light_doubles_what_is_above_black_and_keeps_grey_grey(
    photo: Photo, look: Look, direct: Direct
) -> None:
    picture, scene, direction = photo("coffee_cup"), look("coffee_cup"), direct(camera="none")
    still, staged = bare(picture // 3, scene, direction)
    left, top = staged.framing.home
    patch = Patch(left // FIELD_PX * FIELD_PX + 40, top // FIELD_PX * FIELD_PX + 80, 80, 80)
    renderer, _ = bare(
        picture // 3, scene, direction, Effect("twinkle", "lights twinkle", lights=(Lamp(patch),))
    )
    x, y = patch.left - left, patch.top - top
    part = (slice(y + 24, y + 56), slice(x + 24, x + 56))
    before, after = as_map(still.draw(0.5).y)[part], as_map(renderer.draw(0.5).y)[part]
    assert np.abs((after - 16.0) - 2.0 * (before - 16.0)).max() <= 2.5
    assert np.array_equal(renderer.draw(0.0).y, still.draw(0.0).y)


def test_the_engines_own_plan_moves_every_sample_photo_in_two_ways(
    photo: Photo, look: Look, direct: Direct
) -> None:
    for name in ("mountain_clouds", "coffee_cup", "stream_waterfall", "cat_chelsea"):
        production = produce(photo(name), direct(), look(name))
        assert len(production.plan.effects) >= 2, name
        assert difference(production.renderer.draw(0.0), production.renderer.draw(0.4)) > 0.3, name
