"""What a clip's pictures keep of the photo: its first frame, its still things, its crispness."""

import numpy as np
import pytest

from model_endpoint.engines.motion.planes import Planes
from tests.quality.clips import (
    MOMENTS,
    TO_FULL,
    Clip,
    around_seam,
    decoded,
    luma8,
    neighbours,
    shown,
)
from tests.quality.contrast import contrast
from tests.quality.shift import shifts
from tests.quality.ssim import luma, ssim

#: Windows in which contrast is measured: 32 px at 720 px wide.
WINDOW_PX = round(32 / TO_FULL)
#: Windows in which still things are looked at: their light hardly varies within one.
STILL_WINDOW_PX = 16
#: What moves at all, in pixels at 720 px wide.
MOVES_PX = 0.3


def test_the_first_frame_is_the_photo(clip: Clip) -> None:
    assert ssim(luma(shown(clip.moments[0])), luma(clip.cropped)) >= 0.99


def test_the_first_decoded_frame_is_the_photo(clip: Clip) -> None:
    assert ssim(luma(next(decoded(clip.standing_mp4))), luma(clip.cropped)) >= 0.97


def test_no_effect_displaces_what_stands_still(clip: Clip) -> None:
    still = clip.drawn("still")
    displacement = clip.standing.renderer.displacement
    for index in range(0, MOMENTS, 2):
        assert not displacement(index / MOMENTS)[still].any()


def test_what_stands_still_seems_still_in_the_encoded_clip(clip: Clip) -> None:
    still = clip.drawn("still")
    lumas = [luma(picture) for picture in decoded(clip.standing_mp4)]
    ways = [shifts(lumas[0], later, still, STILL_WINDOW_PX) for later in lumas[6::6]]
    if not ways[0].size:
        pytest.skip("nothing drawn as still has enough texture in this crop to see it move")
    for way in ways:
        assert np.median(np.linalg.norm(way, axis=1)) <= 0.2


def test_moving_texture_stays_as_crisp_as_the_photo(clip: Clip) -> None:
    moves = np.max(clip.fields, axis=0) > MOVES_PX / TO_FULL
    of_photo = contrast(luma8(clip.moments[0]), moves, WINDOW_PX)
    if np.isnan(of_photo):
        pytest.skip("no window of this photo is displaced as a whole")
    for picture in clip.moments[:: MOMENTS // 8]:
        assert 0.9 <= contrast(luma8(picture), moves, WINDOW_PX) / of_photo <= 1.1


def test_the_last_frame_of_a_standing_camera_flows_into_the_first(clip: Clip) -> None:
    """The step over the seam is no larger than usual, or than the steps beside it."""
    steps = [step(*pair) for pair in zip(clip.moments, clip.moments[1:], strict=False)]
    seam = step(clip.moments[-1], clip.moments[0])
    assert seam <= 1.3 * max(np.median(steps), steps[0], steps[-1])


def test_the_last_frame_of_a_moving_camera_flows_into_the_first(clip: Clip) -> None:
    usual = np.median([step(*pair) for pair in neighbours(clip.moving)])
    before, seam, after = (step(*pair) for pair in around_seam(clip.moving))
    assert seam <= 1.3 * max(usual, before, after)


def step(one: Planes, other: Planes) -> float:
    """The mean change of luma from a frame to the next, grey levels."""
    return float(np.abs(luma8(one).astype(np.float32) - luma8(other)).mean())


def test_the_picture_never_becomes_brighter_or_darker_at_a_stroke(clip: Clip) -> None:
    path, _ = clip.generated
    levels = np.array([luma(picture).mean() for picture in decoded(path)])
    following = np.roll(levels, -1)
    assert (np.abs(following - levels) <= 0.02 * levels).all()
