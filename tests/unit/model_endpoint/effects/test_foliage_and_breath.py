"""Foliage, flowers and breath on stages drawn by hand."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from model_endpoint.engines.motion.effects import breath, foliage
from model_endpoint.engines.motion.effects.bend import steepness
from model_endpoint.engines.motion.effects.breath import fullness
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    FaceMarks,
    NothingToMove,
    Part,
    Stage,
    Warp,
)
from model_endpoint.engines.motion.staging import without_gaps
from model_endpoint.pixels import Map, as_map, as_rgb
from model_endpoint.scene.model import SceneKind
from story.generation import Motion

FPS = 24


def stage(
    masks: dict[str, Map],
    *,
    kind: SceneKind = "other",
    faces: tuple[FaceMarks, ...] = (),
    seconds: float = 4.0,
) -> Stage:
    height, width = next(iter(masks.values())).shape
    noise = np.random.default_rng(7).integers(0, 255, (height, width, 3))
    depth = np.repeat(np.linspace(1.0, 0.0, height, dtype=np.float32)[:, None], width, axis=1)
    return Stage(
        plate=as_rgb(noise.astype(np.uint8)),
        home=(0, 0),
        size=(width, height),
        horizon=None,
        depth=as_map(depth),
        masks=masks,
        flows={},
        faces=faces,
        sources=(),
        kind=kind,
        seconds=seconds,
        fps=FPS,
        loop=True,
    )


def part(motion: Motion, seed: int = 3) -> Part:
    return Part(motion, 1.0, 1.0, None, np.random.default_rng(seed))


def meadow(height: int = 640, width: int = 360) -> Map:
    mask = np.zeros((height, width), dtype=np.float32)
    mask[height // 3 : height - height // 8, width // 10 : -width // 10] = 1.0
    return mask


def flower(height: int = 640, width: int = 360) -> Map:
    mask = np.zeros((height, width), dtype=np.uint8)
    cv2.circle(mask, (width // 2, height // 3), width // 4, 1, -1)
    mask[height // 3 :, width // 2 - 8 : width // 2 + 8] = 1
    return as_map(mask)


def person(height: int = 640, width: int = 360) -> tuple[Map, FaceMarks]:
    mask = np.zeros((height, width), dtype=np.uint8)
    cv2.circle(mask, (width // 2, 150), 60, 1, -1)
    cv2.ellipse(mask, (width // 2, height), (150, 420), 0, 180, 360, 1, -1)
    points = np.full((468, 2), (width // 2, 150), dtype=np.float32)
    points[breath.FOREHEAD] = (width // 2, 100)
    points[breath.CHIN] = (width // 2, 205)
    points[breath.RIGHT_SIDE] = (width // 2 - 42, 150)
    points[breath.LEFT_SIDE] = (width // 2 + 42, 150)
    return as_map(mask), FaceMarks(points, 0.9)


def on_meadow() -> Effect:
    return foliage.foliage(stage({"foliage": meadow()}), part("foliage"))


def on_flower() -> Effect:
    return foliage.foliage(stage({"subject": flower()}, kind="flower"), part("foliage"))


def on_person() -> Effect:
    mask, face = person()
    return breath.breath(stage({"subject": mask}, faces=(face,), kind="portrait"), part("breath"))


def on_pet() -> Effect:
    return breath.breath(stage({"subject": meadow()}, kind="pet"), part("breath"))


MAKINGS = pytest.mark.parametrize("making", [on_meadow, on_flower, on_person, on_pet])


def speeds(warp: Warp, seconds: float, moments: int = 16) -> Map:
    """Plate pixels a frame of every value at some moments: (moments, rows, columns)."""
    frame = 1.0 / (seconds * FPS)
    steps = [warp.at(k / moments + frame) - warp.at(k / moments) for k in range(moments)]
    return as_map(np.linalg.norm(np.stack(steps), axis=3))


@MAKINGS
def test_the_first_and_the_last_frame_are_the_photo(making: Callable[[], Effect]) -> None:
    for warp in making().warps:
        assert np.abs(warp.at(0.0)).max() == 0.0
        assert np.abs(warp.at(1.0)).max() < 1e-3


@MAKINGS
def test_the_motion_runs_on_through_the_loops_seam(making: Callable[[], Effect]) -> None:
    step = 1e-3
    for warp in making().warps:
        leaving = (warp.at(1.0) - warp.at(1.0 - step)) / step
        entering = (warp.at(step) - warp.at(0.0)) / step
        largest = max(float(np.abs(warp.at(k / 8)).max()) for k in range(1, 8))
        assert np.abs(entering - leaving).max() < 0.25 * 2.0 * np.pi * largest


@MAKINGS
def test_nothing_moves_on_the_patchs_border_and_nothing_folds(making: Callable[[], Effect]) -> None:
    for warp in making().warps:
        assert warp.at(0.3).shape == (*warp.patch.field_shape, 2)
        for phase in (0.2, 0.5, 0.8):
            field = warp.at(phase)
            border = [field[0], field[-1], field[:, 0], field[:, -1]]
            assert max(float(np.abs(edge).max()) for edge in border) == 0.0
            assert steepness(field) < 0.6


@MAKINGS
def test_it_visibly_moves(making: Callable[[], Effect]) -> None:
    for warp in making().warps:
        assert max(float(np.abs(warp.at(k / 8)).max()) for k in range(8)) > 1.0


def test_foliage_moves_only_inside_its_region_and_draws_nothing_in() -> None:
    mask = meadow()
    (warp,) = on_meadow().warps
    inside = cv2.copyMakeBorder(as_rgb((mask > 0.5).astype(np.uint8)), 1, 1, 1, 1, 0, value=0)
    way = as_map(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE))[1:-1, 1:-1]
    x, y = warp.patch.coordinates()
    here = way[
        np.clip(np.rint(y), 0, mask.shape[0] - 1).astype(int),
        np.clip(np.rint(x), 0, mask.shape[1] - 1).astype(int),
    ]
    for phase in (0.15, 0.4, 0.65, 0.9):
        length = np.linalg.norm(warp.at(phase), axis=2)
        assert length[here == 0.0].max() == 0.0
        assert (length <= 0.6 * here + 0.05).all()


def test_at_least_half_of_a_meadow_moves_at_phone_size() -> None:
    made = foliage.foliage(stage({"foliage": meadow(1280, 720)}), part("foliage"))
    (warp,) = made.warps
    moving = speeds(warp, 4.0)
    within = np.abs(warp.at(0.37)).sum(axis=2) > 0.0
    shares = (moving[:, within] > 0.3).mean(axis=1)
    assert np.median(shares) > 0.5
    assert np.percentile(moving[:, within], 99) < 3.0


def test_neighbours_in_foliage_move_together_but_far_clumps_do_not() -> None:
    (warp,) = on_meadow().warps
    across = np.stack([warp.at(k / 48)[..., 0] for k in range(48)])
    row = across.shape[1] // 2
    columns = across.shape[2]

    def likeness(a: int, b: int) -> float:
        return float(np.corrcoef(across[:, row, a], across[:, row, b])[0, 1])

    middle = columns // 2
    assert likeness(middle, middle + 1) > 0.97
    assert min(likeness(8, far) for far in range(middle, columns - 8)) < 0.8


def test_a_flowers_head_moves_more_than_its_foot_and_keeps_its_shape() -> None:
    (warp,) = on_flower().warps
    assert warp.layer == "subject"
    x, y = warp.patch.coordinates()
    peak = max((warp.at(k / 16) for k in range(16)), key=lambda field: np.abs(field).max())
    head = (np.abs(x - 180) < 60) & (np.abs(y - 213) < 60)
    foot = (np.abs(x - 180) < 8) & (y > 560) & (y < 636)
    assert np.abs(peak[head]).mean() > 8.0 * np.abs(peak[foot]).mean()
    across = np.diff(peak, axis=1)[head[:, 1:]] / FIELD_PX
    # What turns has opposite shears and no stretch.
    assert np.abs(across[:, 0]).max() < 0.03


def head_only() -> Stage:
    """A round head whose stem is not cut out, over grass with a gap beside the stem."""
    y, x = np.mgrid[0:640, 0:360].astype(np.float32)
    head = as_map(np.hypot(x - 180, y - 213) < 70)
    grass = as_map((y > 60) & (head < 0.5) & (np.hypot(x - 215, y - 305) > 14))
    return stage({"subject": head, "foliage": grass}, kind="flower")


def sampled(warps: list[Warp], x: float, y: float, phase: float) -> Map:
    """The sum of some warps at a place, (2,)."""
    total = np.zeros(2, np.float32)
    for warp in warps:
        row, column = (
            round((y - warp.patch.top) / FIELD_PX),
            round((x - warp.patch.left) / FIELD_PX),
        )
        field = warp.at(phase)
        if 0 <= row < field.shape[0] and 0 <= column < field.shape[1]:
            total += field[row, column]
    return as_map(total)


def test_a_stem_that_is_not_cut_out_leans_with_its_head() -> None:
    on = head_only()
    warps = foliage.foliage(on, part("foliage")).warps
    subject = [warp for warp in warps if warp.layer == "subject"]
    # The last is the stem's, the first that of all leaves.
    stem = [warp for warp in warps if warp.layer == "ground"][1:]
    assert len(stem) == 1
    ways = [
        (sampled(subject, 180, 276, k / 16), sampled(stem, 180, 292, k / 16)) for k in range(16)
    ]
    assert max(abs(float(head[0])) for head, _ in ways) > 1.5
    for head, below in ways:
        assert abs(float(head[0] - below[0])) < 0.25 * abs(float(head[0])) + 0.4


def test_a_gap_beside_a_stem_does_not_hold_it() -> None:
    on = head_only()
    closed = without_gaps(on.masks, 640)["foliage"]
    assert closed[305, 215] == 1.0
    assert closed[213, 180] == 0.0
    assert closed[20, 180] == 0.0


def test_a_flower_that_fills_the_picture_sways_but_not_its_frame() -> None:
    near = stage({"nothing": as_map(np.zeros((640, 360)))}, kind="flower")
    (warp,) = foliage.foliage(near, part("foliage")).warps
    field = max((warp.at(k / 16) for k in range(16)), key=lambda each: np.abs(each).max())
    assert np.abs(field).max() > 2.0
    assert np.abs(field[[0, -1]]).max() == 0.0
    assert np.abs(field[:, [0, -1]]).max() == 0.0
    assert steepness(field) < 0.5


def test_the_same_random_moves_the_same() -> None:
    first, again = on_meadow().warps[0], on_meadow().warps[0]
    assert np.array_equal(first.at(0.37), again.at(0.37))


def test_foliage_of_a_few_pixels_or_of_the_whole_plate_stays_finite() -> None:
    tiny = np.zeros((64, 64), dtype=np.float32)
    tiny[20:28, 20:28] = 1.0
    for mask in (tiny, np.ones((640, 360), dtype=np.float32)):
        made = foliage.foliage(stage({"foliage": mask}), part("foliage"))
        assert all(np.isfinite(warp.at(0.4)).all() for warp in made.warps)


def test_without_leaves_there_is_nothing_to_sway() -> None:
    with pytest.raises(NothingToMove, match="no leaves or grass found"):
        foliage.foliage(stage({"subject": flower()}, kind="portrait"), part("foliage"))


def test_a_breath_lifts_the_chest_and_leaves_the_face() -> None:
    (warp,) = on_person().warps
    x, y = warp.patch.coordinates()
    peak = max((warp.at(k / 16) for k in range(16)), key=lambda field: np.abs(field).max())
    chest = (np.abs(x - 180) < 40) & (y > 270) & (y < 320)
    # What rises shows what was below it.
    assert peak[chest][:, 1].min() > 1.0
    right, left = (x > 240) & (y > 270) & (y < 320), (x < 120) & (y > 270) & (y < 320)
    assert peak[right][:, 0].mean() < 0.0 < peak[left][:, 0].mean()
    assert np.abs(peak[y < 205]).max(initial=0.0) == 0.0


def test_a_breath_goes_in_faster_than_out() -> None:
    values = np.array([fullness(k / 100) for k in range(101)])
    assert values[0] == 0.0
    assert 0.3 < values.argmax() / 100 < 0.5
    assert values.max() > 0.99


def test_people_breathe_as_often_as_people_do() -> None:
    mask, face = person()
    made = breath.breath(stage({"subject": mask}, faces=(face,), seconds=10.0), part("breath"))
    heights = [float(np.abs(made.warps[0].at(k / 200)).max()) for k in range(200)]
    still = np.array(heights) < 0.02 * max(heights)
    breaths = int((np.diff(still.astype(int)) == 1).sum()) + 1
    assert 2 <= breaths <= 3


def test_nobody_breathes_where_no_face_and_no_animal_is() -> None:
    with pytest.raises(NothingToMove, match="nobody found who breathes"):
        breath.breath(stage({"subject": flower()}, kind="flower"), part("breath"))


def test_an_unsure_face_does_not_breathe() -> None:
    mask, face = person()
    unsure = FaceMarks(face.points, 0.4)
    with pytest.raises(NothingToMove):
        breath.breath(stage({"subject": mask}, faces=(unsure,), kind="portrait"), part("breath"))
