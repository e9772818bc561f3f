import numpy as np
import pytest
from numpy.typing import NDArray

from inspect_video.flashing import flashing_area
from tests.unit.inspect_video.clips import photo, pushing_in

FPS = 24


def blinking(
    times_a_second: float,
    *,
    area: float = 1.0,
    dark: tuple[int, int, int] = (0, 0, 0),
    bright: tuple[int, int, int] = (255, 255, 255),
    seconds: float = 2,
) -> NDArray[np.uint8]:
    """A picture of which a part of this area blinks."""
    frames = np.full((round(FPS * seconds), 40, 40, 3), 90, dtype=np.uint8)
    for index, frame in enumerate(frames):
        on = int(index * 2 * times_a_second / FPS) % 2
        frame[: round(40 * area)] = bright if on else dark
    return frames


def test_six_flashes_a_second_over_the_whole_picture_are_dangerous() -> None:
    assert flashing_area(blinking(6), FPS) == 1.0


def test_three_flashes_a_second_are_allowed() -> None:
    assert flashing_area(blinking(3), FPS) == 0.0


def test_flashes_count_where_they_are() -> None:
    assert flashing_area(blinking(6, area=0.2), FPS) == pytest.approx(0.2)


def test_changes_below_a_tenth_of_the_luminance_are_no_flash() -> None:
    # relative luminance 0.127 and 0.214: a difference of 0.087
    assert flashing_area(blinking(6, dark=(100,) * 3, bright=(127,) * 3), FPS) == 0.0
    # 0.127 and 0.242
    assert flashing_area(blinking(6, dark=(100,) * 3, bright=(135,) * 3), FPS) == 1.0


def test_changes_between_bright_states_are_no_flash() -> None:
    # both above 0.80
    assert flashing_area(blinking(6, dark=(232,) * 3, bright=(255,) * 3), FPS) == 0.0


def test_saturated_red_flashes_at_a_smaller_change() -> None:
    # 0.043 and 0.104: no general flash, but a red one
    assert flashing_area(blinking(6, dark=(120, 0, 0), bright=(180, 0, 0)), FPS) == 1.0


def test_a_slow_fade_is_one_change_however_many_frames_it_has() -> None:
    fade = np.linspace(0, 255, FPS).astype(np.uint8)
    frames = np.broadcast_to(fade[:, None, None, None], (FPS, 20, 20, 3))
    assert flashing_area(np.ascontiguousarray(frames), FPS) == 0.0


def test_two_bursts_in_different_seconds_do_not_add_up() -> None:
    burst, calm = blinking(3, seconds=1), np.full((2 * FPS, 40, 40, 3), 90, dtype=np.uint8)
    assert flashing_area(np.concatenate([burst, calm, burst]), FPS) == 0.0


def test_a_camera_over_a_busy_scene_is_no_flash() -> None:
    moving = np.stack([np.asarray(p.resize((90, 160))) for p in pushing_in(photo(), depth=0.4)])
    assert flashing_area(moving, FPS) < 0.02


def test_one_frame_cannot_flash() -> None:
    assert flashing_area(blinking(6)[:1], FPS) == 0.0
