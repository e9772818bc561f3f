"""Which frames gate 2 judges."""

import numpy as np
import pytest
from numpy.typing import NDArray

from frames import selection
from story.limits import GATE_FRAMES

FPS, SECONDS = 24, 5
FRAMES = FPS * SECONDS
HEIGHT, WIDTH = 80, 48
TIMES = tuple(index / FPS for index in range(FRAMES))
NOISE = np.random.default_rng(7)


def scene(seed: int = 1) -> NDArray[np.uint8]:
    """A picture of coarse patches: what two of a kind have in common is chance."""
    patches = np.random.default_rng(seed).integers(0, 256, (HEIGHT // 16, WIDTH // 16, 3))
    return np.kron(patches, np.ones((16, 16, 1))).astype(np.uint8)


def clip(picture: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """The same picture for five seconds, with coding noise."""
    still = scene() if picture is None else picture
    noise = NOISE.integers(-3, 4, (FRAMES, HEIGHT, WIDTH, 3))
    return np.clip(still.astype(int) + noise, 0, 255).astype(np.uint8)


def chosen(small: NDArray[np.uint8]) -> tuple[int, ...]:
    motion = [0.0, *np.abs(np.diff(small.astype(int), axis=0)).mean(axis=(1, 2, 3))]
    return selection.choose(small, TIMES, motion)


def test_of_a_still_clip_the_first_and_the_last_frame_say_all() -> None:
    assert chosen(clip()) == (0, FRAMES - 1)


def test_one_a_second_is_judged_of_a_clip_that_changes_slowly() -> None:
    small = clip(np.full((HEIGHT, WIDTH, 3), 60, np.uint8))
    for index in range(FRAMES):
        small[index] += np.uint8(30 * index / FRAMES)
    found = chosen(small)
    assert len(found) >= 5
    means = selection.blocks(small)
    for second in range(0, FRAMES, FPS):
        # Itself, or one that looks the same.
        assert selection.difference(means[second], means[list(found)]).min() < selection.NEAR


@pytest.mark.parametrize("hidden", [1, 17, 50, 118])
def test_a_picture_that_is_there_for_one_frame_only_is_judged(hidden: int) -> None:
    small = clip()
    small[hidden] = scene(99)
    assert hidden in chosen(small)


def test_a_thing_that_appears_in_a_corner_is_judged() -> None:
    small = clip()
    small[60:66, :16, :16] = 255 - small[60:66, :16, :16]
    assert set(range(60, 66)) & set(chosen(small))


def test_the_frame_of_the_highest_motion_is_judged() -> None:
    small = clip()
    small[40] = np.clip(small[40].astype(int) + 20, 0, 255)
    assert 40 in chosen(small)


def test_a_clip_of_many_scenes_is_judged_by_those_that_differ_most_and_no_more_than_allowed() -> (
    None
):
    small = clip()
    for scene_number in range(20):
        small[scene_number * 6 : scene_number * 6 + 6] = scene(scene_number)
    found = chosen(small)
    assert len(found) == GATE_FRAMES == 10
    # Each of another scene: none is judged twice while others are not.
    assert len({index // 6 for index in found}) == GATE_FRAMES


def test_the_same_clip_gives_the_same_frames_in_their_order() -> None:
    small = clip()
    small[30] = scene(3)
    assert chosen(small) == chosen(small) == tuple(sorted(chosen(small)))


def test_a_clip_of_one_frame_has_that_frame() -> None:
    assert selection.choose(clip()[:1], (0.0,), (0.0,)) == (0,)


def test_a_frame_does_not_differ_from_itself_and_scenes_differ_much() -> None:
    means = selection.blocks(np.stack([scene(1), scene(1), scene(2)]))
    same, other = selection.difference(means[0], means[1:])
    assert same == 0
    assert other > selection.FAR
