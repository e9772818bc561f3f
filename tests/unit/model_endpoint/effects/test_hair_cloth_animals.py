"""Hair, cloth, ears and the light in eyes on stages drawn by hand."""

import cv2
import numpy as np
import pytest

from model_endpoint.engines.motion.effects import animals, cloth, hair
from model_endpoint.engines.motion.effects.animals import ears
from model_endpoint.engines.motion.effects.bend import steepness
from model_endpoint.engines.motion.effects.face import mesh
from model_endpoint.engines.motion.effects.pupils import brightest, pupils
from model_endpoint.engines.motion.planes import Planes
from model_endpoint.engines.motion.stage import Effect, FaceMarks, NothingToMove, Part, Stage
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb
from model_endpoint.scene.model import SceneKind
from story.generation import Motion

HEIGHT, WIDTH = 640, 480
MIDDLE = (240, 240)
SKIN, HAIR, COAT, WALL = (215, 170, 150), (60, 40, 25), (40, 60, 120), (200, 205, 210)


def stage(plate: Rgb, masks: dict[str, Map], kind: SceneKind, *faces: FaceMarks) -> Stage:
    return Stage(
        plate=plate,
        home=(0, 0),
        size=(WIDTH, HEIGHT),
        horizon=None,
        depth=np.zeros((HEIGHT, WIDTH), dtype=np.float32),
        masks=masks,
        flows={},
        faces=faces,
        sources=(),
        kind=kind,
        seconds=6.0,
        fps=24,
        loop=True,
    )


def part(motion: Motion, seed: int = 3) -> Part:
    return Part(motion, 1.0, 1.0, None, np.random.default_rng(seed))


def disc(canvas: Rgb, centre: tuple[int, int], axes: tuple[int, int], colour: object) -> None:
    cv2.ellipse(canvas, centre, axes, 0, 0, 360, colour, -1)  # type: ignore[call-overload]


def portrait(hair_axes: tuple[int, int]) -> Stage:
    """A face with hair around it, in front of a wall."""
    plate = as_rgb(np.full((HEIGHT, WIDTH, 3), WALL, dtype=np.uint8))
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    for canvas, colours in ((plate, (COAT, HAIR, SKIN)), (mask, (1, 1, 1))):
        cv2.ellipse(canvas, (240, HEIGHT), (170, 260), 0, 180, 360, colours[0], -1)
        disc(as_rgb(canvas), (MIDDLE[0], MIDDLE[1] - 20), hair_axes, colours[1])
        disc(as_rgb(canvas), MIDDLE, (75, 95), colours[2])
    points = np.full((468, 2), MIDDLE, dtype=np.float32)
    turn = np.linspace(0.0, 2.0 * np.pi, len(mesh.OVAL), endpoint=False)
    oval = np.stack([75.0 * np.sin(turn), -95.0 * np.cos(turn)], axis=1)
    points[list(mesh.OVAL)] = as_map(oval) + as_map(MIDDLE)
    points[[mesh.RIGHT_OUTER, mesh.LEFT_OUTER]] = as_map([[185, 220], [295, 220]])
    return stage(plate, {"subject": as_map(mask)}, "portrait", FaceMarks(as_map(points), 0.9))


def flag() -> Stage:
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    mask[80:420, 100:260] = 1.0
    plate = as_rgb(np.full((HEIGHT, WIDTH, 3), WALL, dtype=np.uint8))
    return stage(plate, {"cloth": mask}, "other")


def cat(*, with_ears: bool = True, with_eyes: bool = True, kind: SceneKind = "pet") -> Stage:
    plate = as_rgb(np.full((HEIGHT, WIDTH, 3), WALL, dtype=np.uint8))
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    for canvas, colour in ((plate, (150, 120, 90)), (mask, 1)):
        disc(as_rgb(canvas), (240, 300), (130, 120), colour)
        cv2.ellipse(canvas, (240, HEIGHT), (150, 260), 0, 180, 360, colour, -1)
        if with_ears:
            for side in (-1, 1):
                corners = [(240 + side * 115, 260), (240 + side * 120, 110), (240 + side * 30, 200)]
                cv2.fillPoly(canvas, [np.array(corners, dtype=np.int32)], colour)
    if with_eyes:
        for x in (190, 290):
            disc(plate, (x, 290), (24, 22), (120, 150, 60))
            disc(plate, (x, 290), (12, 18), (8, 8, 8))
            disc(plate, (x - 4, 282), (3, 3), (250, 250, 250))
    return stage(plate, {"subject": as_map(mask)}, kind)


def of_hair() -> Effect:
    return hair.hair(portrait((130, 150)), part("hair"))


def of_cloth() -> Effect:
    return cloth.cloth(flag(), part("cloth"))


def of_ears() -> Effect:
    return animals.ear(cat(), part("ear"))


MAKINGS = {"hair": of_hair, "cloth": of_cloth, "ear": of_ears}
EVERY = pytest.mark.parametrize("name", MAKINGS)


@EVERY
def test_the_first_and_the_last_frame_are_the_photo(name: str) -> None:
    for warp in MAKINGS[name]().warps:
        assert np.abs(warp.at(0.0)).max() == 0.0
        assert np.abs(warp.at(1.0)).max() < 1e-3


@EVERY
def test_something_moves_gently_and_nothing_at_the_patchs_border(name: str) -> None:
    for warp in MAKINGS[name]().warps:
        fields = [warp.at(k / 72) for k in range(72)]
        assert 1.0 < max(float(np.abs(field).max()) for field in fields) < 25.0
        for field in fields[::6]:
            border = [field[0], field[-1], field[:, 0], field[:, -1]]
            assert max(float(np.abs(edge).max()) for edge in border) == 0.0
            assert steepness(field) < 0.6


@EVERY
def test_the_same_random_moves_the_same(name: str) -> None:
    one, other = MAKINGS[name]().warps, MAKINGS[name]().warps
    assert all(np.array_equal(a.at(0.41), b.at(0.41)) for a, b in zip(one, other, strict=True))


def test_hair_stirs_outside_the_face_only() -> None:
    (warp,) = of_hair().warps
    x, y = warp.patch.coordinates()
    face = ((x - 240.0) / 75.0) ** 2 + ((y - 240.0) / 95.0) ** 2 < 1.0
    outer = ((x - 240.0) / 128.0) ** 2 + ((y - 220.0) / 148.0) ** 2 < 1.0
    coat = (y > 420.0) & (np.abs(x - 240.0) < 60.0)
    peak = np.max([np.abs(warp.at(k / 24)).max(axis=2) for k in range(24)], axis=0)
    assert peak[face].max() == 0.0
    assert peak[coat].max() == 0.0
    assert np.median(peak[outer & ~face & (y < 300.0)]) > 0.5


def test_short_hair_and_bare_heads_are_left_alone() -> None:
    for axes in ((84, 104), (75, 95)):
        with pytest.raises(NothingToMove, match="no loose hair was found"):
            hair.hair(portrait(axes), part("hair"))


def test_cloth_hangs_from_its_upper_edge_and_stays_inside_its_outline() -> None:
    (warp,) = of_cloth().warps
    x, y = warp.patch.coordinates()
    peak = np.max([np.abs(warp.at(k / 24)).max(axis=2) for k in range(24)], axis=0)
    inside = (x > 100) & (x < 260) & (y > 80) & (y < 420)
    assert peak[~inside].max() == 0.0
    assert peak[inside & (y < 110)].mean() < 0.25 * peak[inside & (y > 300)].mean()


def test_without_cloth_there_is_nothing_to_ripple() -> None:
    with pytest.raises(NothingToMove, match="no cloth found"):
        cloth.cloth(cat(), part("cloth"))


def test_a_cats_two_ears_are_found_by_their_tips() -> None:
    found = ears(cat().masks["subject"])
    tips = sorted((float(ear.tip[0]), float(ear.tip[1])) for ear in found)
    assert len(tips) == 2
    assert np.abs(np.array(tips) - [(120.0, 110.0), (360.0, 110.0)]).max() < 16.0


def test_ears_flick_at_times_of_their_own_and_only_for_a_moment() -> None:
    warps = of_ears().warps
    moving = np.array([[np.abs(w.at(k / 144)).max() > 0.3 for k in range(144)] for w in warps])
    assert not moving.all(axis=0).any()
    assert (moving.sum(axis=1) / 24.0 < 1.0).all()
    assert moving.any(axis=1).all()


def test_a_round_animal_or_a_person_has_no_ears_to_flick() -> None:
    for on in (cat(with_ears=False), cat(kind="portrait")):
        with pytest.raises(NothingToMove, match="no ears were found surely"):
            animals.ear(on, part("ear"))


def test_the_highlights_of_an_animals_eyes_are_found() -> None:
    on = cat()
    found = sorted(pupils(on.plate, on.masks["subject"]), key=lambda glint: glint.x)
    places = np.array([(glint.x, glint.y) for glint in found])
    assert np.abs(places - [(186.0, 282.0), (286.0, 282.0)]).max() < 3.0
    assert all(2.0 < glint.radius < 5.0 for glint in found)


class Straight:
    """A camera that shows the plate as it is."""

    def place(self, x: Map, y: Map, depth: Map | float) -> tuple[Map, Map, float]:
        del depth
        return x, y, 1.0


def lit(made: Effect, phase: float) -> Map:
    """What an effect's veils make of an even grey."""
    shapes = ((HEIGHT, WIDTH), *[(HEIGHT // 2, WIDTH // 2)] * 2)
    picture = Planes(*(np.full(shape, 128, np.uint8) for shape in shapes))
    for veil in made.veils:
        veil.over(picture, phase, Straight())
    return as_map(picture.y)


def test_the_light_in_eyes_shimmers_slowly_and_only_there() -> None:
    made = animals.catch_light(cat(), part("catch_light"))
    assert len(made.veils) == 2
    frames = np.stack([lit(made, k / 144) for k in range(145)])
    assert np.abs(frames[[0, -1]] - 128.0).max() == 0.0
    assert 5.0 < np.abs(frames - 128.0).max() < 50.0
    assert np.abs(np.diff(frames, axis=0)).max() <= 4.0
    y, x = np.nonzero((frames != 128.0).any(axis=0))
    assert (np.minimum(np.hypot(x - 186, y - 282), np.hypot(x - 286, y - 282)) < 16.0).all()


def test_dull_eyes_do_not_shimmer() -> None:
    with pytest.raises(NothingToMove, match="no light in the eyes was found surely"):
        animals.catch_light(cat(with_eyes=False), part("catch_light"))


def test_the_white_of_an_eye_is_no_highlight() -> None:
    plate = np.full((60, 60, 3), 60, dtype=np.uint8)
    plate[20:40, 20:45] = 240
    assert brightest(as_rgb(plate), as_map([30.0, 30.0]), (18.0, 12.0)) is None
