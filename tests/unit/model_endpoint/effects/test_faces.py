"""Blinks, looks, smiles and sways of a face drawn by hand."""

import time

import cv2
import numpy as np
import pytest

from model_endpoint.engines.motion.effects.bend import steepness
from model_endpoint.engines.motion.effects.face import blink, mesh
from model_endpoint.engines.motion.effects.face.clock import rests
from model_endpoint.engines.motion.effects.faces import MAKERS
from model_endpoint.engines.motion.planes import Planes
from model_endpoint.engines.motion.stage import (
    Effect,
    FaceMarks,
    LayerName,
    NothingToMove,
    Part,
    Stage,
    Warp,
)
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb
from story.generation import Motion

FPS = 24
MOTIONS: tuple[Motion, ...] = ("blink", "gaze", "smile", "head_sway")
EYE_WIDE, EYE_OPEN = 48.0, 16.0


def face_at(x: float, y: float, size: float = 1.0) -> Map:
    """468 points of a frontal face, about 150 × 190 pixels at size 1."""
    points = np.empty((468, 2), dtype=np.float32)
    points[:] = np.random.default_rng(5).uniform((-45, -60), (45, 60), (468, 2))
    for upper, lower, brow, side in (
        (mesh.RIGHT_UPPER, mesh.RIGHT_LOWER, mesh.RIGHT_BROW, -1.0),
        (mesh.LEFT_UPPER, mesh.LEFT_LOWER, mesh.LEFT_BROW, 1.0),
    ):
        across = np.linspace(1.0, -1.0, 9)
        arch = 1.0 - across**2
        centre = 36.0 + across * EYE_WIDE / 2.0
        points[list(upper)] = np.stack([side * centre, -20.0 - 0.6 * EYE_OPEN * arch], axis=1)
        points[list(lower)] = np.stack([side * centre, -20.0 + 0.4 * EYE_OPEN * arch], axis=1)
        over = np.linspace(62.0, 14.0, 5)
        points[list(brow)] = np.stack([side * over, np.full(5, -50.0)], axis=1)
    turn = np.linspace(0.0, 2.0 * np.pi, len(mesh.OVAL), endpoint=False)
    points[list(mesh.OVAL)] = np.stack([75.0 * np.sin(turn), -95.0 * np.cos(turn)], axis=1)
    points[[mesh.RIGHT_MOUTH, mesh.LEFT_MOUTH]] = [[-34.0, 48.0], [34.0, 48.0]]
    return as_map(points * size + np.array([x, y], dtype=np.float32))


def drawn(points: list[Map], height: int, width: int) -> Rgb:
    plate = np.full((height, width, 3), 190, dtype=np.uint8)
    for face in points:
        for upper, lower in (
            (mesh.RIGHT_UPPER, mesh.RIGHT_LOWER),
            (mesh.LEFT_UPPER, mesh.LEFT_LOWER),
        ):
            outline = np.concatenate([face[list(upper)], face[list(lower)][::-1]])
            cv2.fillPoly(plate, [np.rint(outline).astype(np.int32)], (235.0, 235.0, 235.0))
            middle = np.rint(outline.mean(axis=0)).astype(int)
            cv2.circle(plate, (int(middle[0]), int(middle[1])), 8, (40.0, 30.0, 20.0), -1)
    return as_rgb(plate)


def stage(
    *places: tuple[float, float],
    size: float = 1.0,
    confidence: float = 0.9,
    seconds: float = 6.0,
    subject: bool = True,
) -> Stage:
    height, width = 640, 720
    faces = [face_at(x, y, size) for x, y in places]
    mask = np.zeros((height, width), dtype=np.float32)
    for x, y in places:
        cv2.ellipse(mask, (int(x), int(y)), (100, 130), 0, 0, 360, (1.0,), -1)
        cv2.ellipse(mask, (int(x), height), (160, 300), 0, 180, 360, (1.0,), -1)
    return Stage(
        plate=drawn(faces, height, width),
        home=(0, 0),
        size=(width, height),
        horizon=None,
        depth=np.zeros((height, width), dtype=np.float32),
        masks={"subject": as_map(mask)} if subject else {},
        flows={},
        faces=tuple(FaceMarks(points, confidence) for points in faces),
        sources=(),
        kind="portrait",
        seconds=seconds,
        fps=FPS,
        loop=True,
    )


def make(motion: Motion, on: Stage, seed: int = 3) -> Effect:
    return MAKERS[motion](on, Part(motion, 1.0, 1.0, None, np.random.default_rng(seed)))


ONE = (240.0, 250.0)
TWO = (500.0, 260.0)
EVERY = pytest.mark.parametrize("motion", MOTIONS)


def moved(warps: tuple[Warp, ...], points: Map, phase: float) -> Map:
    """What all warps displace at points (n, 2), as the renderer reads fields."""
    total = np.zeros_like(points)
    for warp in warps:
        places = (points - (warp.patch.left, warp.patch.top) + 0.5) / 4.0 - 0.5
        total += cv2.remap(
            warp.at(phase),
            as_map(places[:, :1]),
            as_map(places[:, 1:]),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )[:, 0]
    return as_map(total)


class Straight:
    """A camera that shows the plate as it is."""

    def place(self, x: Map, y: Map, depth: Map | float) -> tuple[Map, Map, float]:
        del depth
        return x, y, 1.0


def painted(effect: Effect, phase: float) -> Planes:
    """What an effect's veils make of an even grey."""
    picture = Planes(*(np.full(shape, 128, np.uint8) for shape in ((640, 720), *[(320, 360)] * 2)))
    for veil in effect.veils:
        veil.over(picture, phase, Straight())
    return picture


def touched(effect: Effect, phase: float) -> int:
    """How many pixels the veils change."""
    return int((painted(effect, phase).y != 128).sum())


def peak(effect: Effect, frames: int = 144) -> float:
    """The phase at which an effect moves most."""
    sizes = [
        max(float(np.abs(w.at(k / frames)).max()) for w in effect.warps) for k in range(frames)
    ]
    return int(np.argmax(sizes)) / frames


@EVERY
def test_a_clip_begins_and_ends_with_the_photos_own_face(motion: Motion) -> None:
    effect = make(motion, stage(ONE))
    for phase in (0.0, 1.0):
        assert max(float(np.abs(warp.at(phase)).max()) for warp in effect.warps) == 0.0
        assert touched(effect, phase) == 0


@EVERY
def test_the_loops_seam_is_at_rest(motion: Motion) -> None:
    for warp in make(motion, stage(ONE)).warps:
        for phase in (1e-3, 1.0 - 1e-3):
            assert np.abs(warp.at(phase)).max() < 0.01


@EVERY
def test_fields_end_inside_their_patch_and_do_not_fold(motion: Motion) -> None:
    effect = make(motion, stage(ONE))
    for warp in effect.warps:
        field = warp.at(peak(effect))
        assert field.shape == (*warp.patch.field_shape, 2)
        border = [field[0], field[-1], field[:, 0], field[:, -1]]
        assert max(float(np.abs(edge).max()) for edge in border) == 0.0
        if motion != "blink":
            assert steepness(field) < 0.6


@EVERY
def test_unsure_faces_are_left_alone(motion: Motion) -> None:
    with pytest.raises(NothingToMove, match="no face was read surely"):
        make(motion, stage(ONE, confidence=0.5))
    with pytest.raises(NothingToMove, match="no face was read surely"):
        make(motion, stage())


@EVERY
def test_the_same_random_makes_the_same_face(motion: Motion) -> None:
    first, again = make(motion, stage(ONE)), make(motion, stage(ONE))
    for k in range(24):
        assert np.array_equal(first.warps[0].at(k / 24), again.warps[0].at(k / 24))


@EVERY
def test_tiny_and_cut_off_faces_stay_finite(motion: Motion) -> None:
    for on in (stage(ONE, size=0.06), stage((8.0, 30.0)), stage((-400.0, 250.0))):
        try:
            effect = make(motion, on)
        except NothingToMove:
            continue
        assert all(np.isfinite(warp.at(k / 24)).all() for warp in effect.warps for k in range(24))


@EVERY
@pytest.mark.parametrize("layer", ["subject", "ground"])
def test_a_face_bends_the_layer_that_shows_it(motion: Motion, layer: LayerName) -> None:
    on = stage(ONE, subject=layer == "subject")
    if motion == "head_sway" and layer == "ground":
        with pytest.raises(NothingToMove, match="nobody stands out from the background"):
            make(motion, on)
        return
    assert {warp.layer for warp in make(motion, on).warps} == {layer}


def closed(on: Stage, seed: int = 3) -> tuple[Effect, float]:
    effect = make("blink", on, seed)
    return effect, peak(effect, 600)


def test_a_closed_eye_shows_lid_where_the_eye_was() -> None:
    on = stage(ONE)
    effect, phase = closed(on)
    face = on.faces[0].points
    for upper, lower in (
        (mesh.RIGHT_UPPER, mesh.RIGHT_LOWER),
        (mesh.LEFT_UPPER, mesh.LEFT_LOWER),
    ):
        top, bottom = face[list(upper)][2:7], face[list(lower)][2:7]
        for share in (0.15, 0.35, 0.55):
            places = as_map(top + share * (bottom - top))
            shown = places + moved(effect.warps, places, phase)
            assert (shown[:, 1] < top[:, 1] + 0.2 * EYE_OPEN).all()


def test_below_the_eye_and_above_the_brow_a_blink_moves_nothing() -> None:
    on = stage(ONE)
    effect, phase = closed(on)
    face = on.faces[0].points
    below = face[list(mesh.RIGHT_LOWER)] + (0.0, blink.BAND_PX + 4.0)
    above = face[list(mesh.RIGHT_BROW)] - (0.0, 4.0)
    assert np.abs(moved(effect.warps, as_map(below), phase)).max() < 0.2
    assert np.abs(moved(effect.warps, as_map(above), phase)).max() < 0.2


def test_a_blink_lasts_as_long_as_a_persons() -> None:
    effect, _ = closed(stage(ONE))
    moving = np.array([np.abs(effect.warps[0].at(k / 1200)).max() > 0.5 for k in range(1200)])
    starts = int((np.diff(moving.astype(int)) == 1).sum())
    assert 1 <= starts <= 2
    assert 0.15 <= moving.sum() / 1200 * 6.0 / starts <= 0.35


@pytest.mark.parametrize("seed", range(12))
def test_two_people_never_blink_in_the_same_frame(seed: int) -> None:
    effect = make("blink", stage(ONE, TWO, seconds=4.0), seed)
    eyes = {"one": [], "two": []}  # type: dict[str, list[Warp]]
    for warp in effect.warps:
        eyes["one" if warp.patch.left < 370 else "two"].append(warp)
    assert eyes["one"]
    assert eyes["two"]
    for frame in range(96):
        both = [
            max(float(np.abs(warp.at(frame / 96)).max()) for warp in own) > 0.0
            for own in eyes.values()
        ]
        assert not all(both)


def test_lashes_darken_the_line_of_the_closed_eye_and_nothing_else() -> None:
    on = stage(ONE)
    effect, phase = closed(on)
    drawn_on = painted(effect, phase)
    face = on.faces[0].points
    for lower in (mesh.RIGHT_LOWER, mesh.LEFT_LOWER):
        x, y = np.rint(face[lower[len(lower) // 2]]).astype(int)
        assert drawn_on.y[y - 4 : y + 4, x].min() < 80
    assert 0 < touched(effect, phase) < 0.005 * drawn_on.y.size
    assert touched(effect, 0.25) == 0


def test_eyes_that_are_too_small_to_close_well_stay_open() -> None:
    with pytest.raises(NothingToMove, match="no open eyes are large enough"):
        make("blink", stage(ONE, size=0.4))


def test_both_eyes_look_the_same_way_and_only_a_little() -> None:
    effect = make("gaze", stage(ONE))
    assert len(effect.warps) == 2
    for k in range(72):
        fields = [warp.at(k / 72)[..., 0] for warp in effect.warps]
        right, left = (float(f.ravel()[np.abs(f).argmax()]) for f in fields)
        assert abs(right) <= 0.08 * EYE_WIDE
        assert right * left >= 0.0
    assert max(float(np.abs(effect.warps[0].at(k / 72)).max()) for k in range(72)) > 1.5


def test_an_iris_moves_as_one_and_the_corners_stay() -> None:
    on = stage(ONE)
    effect = make("gaze", on)
    phase = peak(effect)
    face = on.faces[0].points
    lids = face[[*mesh.RIGHT_UPPER, *mesh.RIGHT_LOWER]]
    middle = as_map(lids.mean(axis=0))
    iris = as_map(middle + as_map([[0.0, 0.0], [5.0, 0.0], [-5.0, 0.0], [0.0, 3.0]]))
    ways = moved(effect.warps, iris, phase)
    assert np.ptp(ways[:, 0]) < 0.15 * np.abs(ways[:, 0]).max()
    assert (
        np.abs(moved(effect.warps, face[[mesh.RIGHT_OUTER, mesh.RIGHT_INNER]], phase)).max() < 0.5
    )


def test_eyes_without_an_iris_do_not_look_around() -> None:
    on = stage(ONE)
    on.plate[:] = 128
    with pytest.raises(NothingToMove, match="no eyes are large and clear enough"):
        make("gaze", on)


def test_a_smile_lifts_and_widens_the_corners_and_neither_opens_nor_closes_the_lips() -> None:
    on = stage(ONE)
    effect = make("smile", on)
    phase = peak(effect)
    face = on.faces[0].points
    right, left = moved(effect.warps, face[[mesh.RIGHT_MOUTH, mesh.LEFT_MOUTH]], phase)
    # A place shows what was inwards of it and below.
    assert right[0] > 1.0
    assert left[0] < -1.0
    assert min(right[1], left[1]) > 1.0
    middle = (face[mesh.RIGHT_MOUTH] + face[mesh.LEFT_MOUTH]) / 2.0
    lips = as_map(middle + as_map([[0.0, -4.0], [0.0, 4.0]]))
    ways = moved(effect.warps, lips, phase)
    assert np.abs(ways[0] - ways[1]).max() < 0.3


@pytest.mark.parametrize(
    ("motion", "free"),
    [
        ("blink", (*mesh.RIGHT_UPPER, *mesh.LEFT_UPPER, *mesh.RIGHT_LOWER, *mesh.LEFT_LOWER)),
        ("gaze", ()),
        ("smile", (mesh.RIGHT_MOUTH, mesh.LEFT_MOUTH)),
        ("head_sway", ()),
    ],
)
def test_a_face_keeps_its_identity(motion: Motion, free: tuple[int, ...]) -> None:
    """Features that do not act change by at most 2 % of the eyes' distance within the head."""
    on = stage(ONE)
    effect = make(motion, on)
    face = on.faces[0].points
    features = [*mesh.OVAL, *mesh.RIGHT_BROW, *mesh.LEFT_BROW, mesh.RIGHT_OUTER, mesh.LEFT_OUTER]
    features += [*mesh.RIGHT_UPPER, *mesh.LEFT_LOWER, mesh.RIGHT_MOUTH, mesh.LEFT_MOUTH]
    kept = face[[index for index in features if index not in free]]
    eyes = float(np.linalg.norm(face[mesh.LEFT_OUTER] - face[mesh.RIGHT_OUTER]))
    for phase in (peak(effect), 0.3, 0.7):
        shown = kept - moved(effect.warps, kept, phase)
        change = similar(kept, shown) - shown
        assert np.linalg.norm(change, axis=1).max() <= 0.02 * eyes


def similar(points: Map, goal: Map) -> Map:
    """The points moved and turned, but not bent, to lie as near to a goal as they can."""
    one, other = points - points.mean(axis=0), goal - goal.mean(axis=0)
    left, _, right = np.linalg.svd(one.T @ other)
    return as_map(one @ (left @ right) + goal.mean(axis=0))


def test_a_head_leans_by_less_than_its_bounds_and_is_back_at_every_rest() -> None:
    on = stage(ONE)
    effect = make("head_sway", on)
    face = on.faces[0].points
    eyes = face[[mesh.RIGHT_OUTER, mesh.LEFT_OUTER]]
    for k in range(72):
        shown = eyes - moved(effect.warps, eyes, k / 72)
        line = shown[1] - shown[0]
        assert abs(np.degrees(np.arctan2(line[1], line[0]))) <= 1.5
        assert np.abs(shown - eyes).max() <= 0.012 * max(on.size)
    for rest in rests(on.seconds):
        assert np.abs(moved(effect.warps, eyes, rest)).max() < 0.5
    assert np.abs(moved(effect.warps, eyes, peak(effect))).max() > 2.0


def test_shoulders_do_not_sway_with_the_head() -> None:
    on = stage(ONE)
    effect = make("head_sway", on)
    chin = on.faces[0].points[mesh.CHIN]
    shoulders = as_map(chin + as_map([[-120.0, 175.0], [0.0, 175.0], [120.0, 175.0]]))
    assert np.abs(moved(effect.warps, shoulders, peak(effect))).max() < 0.1


def test_faces_are_quick_to_make_and_to_ask() -> None:
    effect = make("blink", stage(ONE))
    phase = peak(effect)
    start = time.perf_counter()
    for warp in effect.warps:
        warp.at(phase)
    assert time.perf_counter() - start < 0.05
