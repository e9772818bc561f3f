"""What moves in a clip besides the camera, and what may not move with it."""

import numpy as np
import pytest

from inspect_video.examination import examine
from tests.quality.apparent import speed
from tests.quality.clips import (
    SAMPLED,
    TO_FULL,
    Clip,
    directed,
    luma8,
    neighbours,
)
from tests.quality.edges import borders, moved, straight_edges
from tests.quality.truth import Kind

#: What counts as moving, pixels a frame at 720 px wide, and the part of the picture that has to.
MOVES_PX = 0.3
LEAST_AREA = 0.05
#: More in one frame than anything goes: a current that starts over, not a speed.
STARTS_OVER_PX = 12.0
#: Borders: so many pixels to both sides of a mask's outline.
BESIDE_PX = 2
#: What may bend a picture: things that water or wind moves.
SWAYING: tuple[Kind, ...] = ("water", "foliage")


def test_at_least_two_kinds_of_motion_besides_the_camera(clip: Clip) -> None:
    assert len({effect.motion for effect in clip.standing.plan.effects}) >= 2


def test_a_twentieth_of_the_picture_seems_to_move(clip: Clip) -> None:
    """Optical flow of rendered neighbouring frames, the camera standing still.

    A pixel counts if it seems faster than 0.3 px a frame, at 720 px wide, in any of eight pairs
    that are spread evenly over the clip. Light that wanders over things counts as far as it seems
    to move them; light that only becomes stronger does not.
    """
    moves = np.zeros(clip.size[::-1], np.bool_)
    for one, other in neighbours(clip.standing):
        moves |= speed(luma8(one), luma8(other)) * TO_FULL > MOVES_PX
    assert moves.mean() * clip.of_clip >= LEAST_AREA


def test_a_twentieth_of_the_picture_is_displaced_where_something_can_sway_or_flow(
    clip: Clip,
) -> None:
    """The engine's own fields, for photos in which water or foliage was drawn.

    A pixel counts if its displacement changes by more than 0.3 px a frame, at 720 px wide, in two
    of eight neighbouring pairs: in one it may only have changed over to a current's other copy.
    """
    if sum(clip.drawn(kind).mean() for kind in SWAYING) * clip.of_clip < LEAST_AREA:
        pytest.skip("the crop shows too little water and foliage")
    displacement, frames = clip.standing.renderer.displacement, directed().frames
    often = np.zeros(clip.size[::-1], np.uint8)
    for index in range(1, SAMPLED + 1):
        end = round(frames * index / SAMPLED)
        way = displacement(end % frames / frames) - displacement((end - 1) / frames)
        pace = np.linalg.norm(way, axis=2) * TO_FULL
        often += (pace > MOVES_PX) & (pace < STARTS_OVER_PX)
    assert (often >= 2).mean() * clip.of_clip >= LEAST_AREA


def test_straight_edges_of_sky_and_water_stay_where_they_are(clip: Clip) -> None:
    """Ridges, roofs, shores and horizons, in the frames themselves.

    Of the edges within 2 px of a border, 95 in 100 go no further than 1 px across themselves; the
    others are those beside which a cloud or a wave changed what the measure compares. Outlines of
    a head that sways and of a flower are no such edges.
    """
    mine = np.zeros(clip.size[::-1], np.bool_)
    masks = in_first_frame(clip)
    for kind in ("sky", "water"):
        if kind in masks:
            mine |= borders(masks[kind], BESIDE_PX)
    for kind in ("subject", "foliage"):
        if kind in masks:
            mine &= ~borders(masks[kind], 2 * BESIDE_PX)
    before = luma8(clip.moments[0]).astype(np.float64)
    edges = straight_edges(before, mine)
    if not edges.x.size:
        pytest.skip("no straight edge borders on sky or water in this crop")
    for picture in clip.moments[6::6]:
        ways = moved(edges, before, luma8(picture).astype(np.float64))
        assert (ways <= 1.0).mean() >= 0.95


def test_water_and_leaves_are_not_displaced_beside_their_own_border(clip: Clip) -> None:
    """Where the region ends at the picture's ground: beside the subject or sky another layer does.

    The fields themselves, within 2 px of the outline: at most 1 px, at 720 px wide.
    """
    masks = in_first_frame(clip)
    others = [masks[kind] > 0.004 for kind in ("subject", "sky", "falling_water") if kind in masks]
    elsewhere = np.any([np.zeros(clip.size[::-1], np.bool_), *others], axis=0)
    for kind in ("water", "foliage"):
        if kind in masks:
            border = borders(masks[kind], BESIDE_PX) & ~elsewhere
            for field in clip.fields:
                assert (field[border] * TO_FULL <= 1.0).all()


def test_the_inspection_finds_no_defect(clip: Clip) -> None:
    path, report = clip.generated
    examined = examine(path.read_bytes(), report, directed(), clip.jpeg)
    assert examined.mean_motion > 0.0


def in_first_frame(clip: Clip) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """The stage's masks, cut to what the first frame shows: (h, w) 0..1 each."""
    (left, top), (width, height) = clip.standing.staged.framing.home, clip.size
    masks = clip.standing.staged.stage.masks
    return {kind: mask[top : top + height, left : left + width] for kind, mask in masks.items()}
