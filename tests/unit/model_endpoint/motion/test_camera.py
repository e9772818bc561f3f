from typing import get_args

import numpy as np
import pytest

from model_endpoint.engines.motion.camera import Lens, Path, Pose, plan_path, share_of
from model_endpoint.pixels import as_map
from story.generation import CameraMove

MOVES: tuple[CameraMove, ...] = get_args(CameraMove)
NUMBERS = ("zoom", "x", "y", "turn_x", "turn_y", "dolly", "defocus")


def path(move: CameraMove, *, loop: bool = True, room: int = 90) -> Path:
    return plan_path(
        move,
        size=(720, 1280),
        room=(room, room, room, room),
        spread=0.5,
        seconds=5.0,
        loop=loop,
        strength=1.0,
        random=np.random.default_rng(3),
    )


@pytest.mark.parametrize("move", MOVES)
def test_every_camera_begins_at_the_photo(move: CameraMove) -> None:
    for loop in (True, False):
        pose = path(move, loop=loop).at(0.0)
        assert all(getattr(pose, name) == pytest.approx(0.0, abs=1e-9) for name in NUMBERS)


@pytest.mark.parametrize("move", MOVES)
def test_a_looped_camera_ends_where_it_began_and_as_fast(move: CameraMove) -> None:
    way = path(move)
    begin, end, after, before = (way.at(phase) for phase in (0.0, 1.0, 0.001, 0.999))
    for name in NUMBERS:
        assert getattr(end, name) == pytest.approx(getattr(begin, name), abs=1e-6)
        leaving = getattr(after, name) - getattr(begin, name)
        arriving = getattr(end, name) - getattr(before, name)
        assert arriving == pytest.approx(leaving, abs=2e-3)


@pytest.mark.parametrize("move", [move for move in MOVES if move not in {"none", "orbit"}])
def test_a_camera_that_does_not_loop_ends_elsewhere(move: CameraMove) -> None:
    pose = path(move, loop=False).at(1.0)
    assert any(abs(getattr(pose, name)) > 1e-3 for name in NUMBERS)


def test_pan_and_tilt_stay_within_the_room() -> None:
    assert max(path("pan_left", room=12).at(i / 50).x for i in range(51)) <= 12.0
    assert min(path("tilt_down", room=7).at(i / 50).y for i in range(51)) >= -7.0
    hand = path("handheld", room=5)
    assert max(abs(hand.at(i / 50).x) for i in range(51)) <= 5.0


def test_a_hand_sways_slowly_and_never_jumps() -> None:
    hand = path("handheld")
    xs = np.array([hand.at(i / 120).x for i in range(121)])
    assert np.abs(xs).max() > 1.0
    assert np.abs(np.diff(xs)).max() < 1.0


def test_what_is_seen_and_where_it_came_from_are_inverse() -> None:
    lens = Lens((300.0, 500.0), 0.8)
    pose = Pose(zoom=0.1, x=4.0, y=-3.0, turn_x=5.0, turn_y=1.0, dolly=0.2)
    x, y = as_map([10.0, 400.0]), as_map([20.0, 900.0])
    for share in (0.45, 0.8, 1.0):
        there = lens.seen(x, y, share, pose)
        back = lens.source(*there, share, pose)
        assert np.allclose(back[0], x, atol=1e-2)
        assert np.allclose(back[1], y, atol=1e-2)


def test_what_is_near_moves_more_and_an_orbit_turns_around_its_pivot() -> None:
    assert share_of(0.0) > share_of(0.5) > share_of(1.0) > 0.0
    lens = Lens((0.0, 0.0), 0.8)
    still, _ = lens.seen(as_map([50.0]), as_map([50.0]), 0.8, Pose(turn_x=9.0))
    assert still[0] == pytest.approx(50.0)


def test_a_dolly_keeps_the_subject_and_grows_what_is_behind_it() -> None:
    lens = Lens((0.0, 0.0), 0.9)
    pose = Pose(dolly=0.2)
    assert float(lens.growth(0.9, pose)) == pytest.approx(1.0)
    assert float(lens.growth(0.45, pose)) > 1.05
