"""Words, tags and faces to one Direction."""

import pytest

from direct_scene import direction
from story import limits
from story.generation import Box, Direction, Tag

STORY = "ab" * 16
FACE = Box(left=0.4, top=0.3, width=0.2, height=0.2)


def _tags(*names: str) -> tuple[Tag, ...]:
    return tuple(Tag(name=name, confidence=0.9) for name in names)


@pytest.mark.parametrize(
    ("prompt", "camera"),
    [
        ("make this photo come alive", "push_in"),
        ("Zoom out slowly", "pull_out"),
        ("pull back to show the valley", "pull_out"),
        ("zoom in on the boat", "push_in"),
        ("pan to the LEFT", "pan_left"),
        ("panning right", "pan_right"),
        ("orbit the statue", "orbit"),
        ("keep the camera still", "none"),
        ("no camera movement, zoom nowhere", "none"),
        ("a panda on the left", "push_in"),
    ],
)
def test_the_camera_does_what_the_words_ask(prompt: str, camera: str) -> None:
    assert direction.choose_camera(prompt, ()) == camera


def test_the_camera_does_not_circle_a_face() -> None:
    assert direction.choose_camera("orbit her", (FACE,)) == "push_in"


@pytest.mark.parametrize(
    ("prompt", "names", "sound"),
    [
        ("", ("Sea", "Sky"), "waves"),
        ("", ("Waterfall",), "stream"),
        ("", ("Night",), "night"),
        ("", ("Coffee Cup",), "room"),
        ("", ("Mountain",), "wind"),
        ("", (), "wind"),
        ("let it rain", ("Sea",), "rain"),
        ("no sound please", ("Sea",), "silence"),
        ("a train passes", (), "wind"),
    ],
)
def test_words_outrank_the_place_in_what_is_heard(
    prompt: str, names: tuple[str, ...], sound: str
) -> None:
    assert direction.choose_ambience(prompt, _tags(*names)) == sound


def test_a_retried_state_finds_its_seed_again_and_each_take_another() -> None:
    seeds = [direction.choose_seed(None, STORY, 1, take) for take in (1, 2)]
    assert seeds == [direction.choose_seed(None, STORY, 1, take) for take in (1, 2)]
    assert len({*seeds, direction.choose_seed(None, STORY, 2, 1)}) == 3
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_the_creators_seed_is_used_and_wraps_in_the_last_take() -> None:
    assert direction.choose_seed(7, STORY, 1, 1) == 7
    assert direction.choose_seed(2**32 - 1, STORY, 1, 2) == 0
    assert direction.choose_seed(0, STORY, 1, 1) == 0


@pytest.mark.parametrize(
    ("names", "faces", "told"),
    [
        ((), (), "A photo brought to life."),
        (("Sea", "Sky"), (), "A photo brought to life; it seems to show sea, sky."),
        (("Dog",), (FACE,), "A photo brought to life; it seems to show 1 person, dog."),
        ((), (FACE, FACE), "A photo brought to life; it seems to show 2 people."),
    ],
)
def test_the_alternative_text_says_what_was_recognised(
    names: tuple[str, ...], faces: tuple[Box, ...], told: str
) -> None:
    assert direction.describe(_tags(*names), faces) == told


def test_a_direction_is_complete_and_the_same_for_the_same_input() -> None:
    def directed() -> str:
        return direction.direct(
            story_id=STORY,
            attempt=1,
            take=2,
            prompt="zoom out",
            fit="contain",
            seed=None,
            tags=_tags("Sea"),
            faces=(FACE,),
        ).model_dump_json()

    assert directed() == directed()
    made = Direction.model_validate_json(directed())
    assert made.inference_id == f"{STORY}-1-2"
    assert (made.camera, made.ambience, made.fit) == ("pull_out", "waves", "contain")
    assert (made.width, made.height) == (limits.CLIP_WIDTH_PX, limits.CLIP_HEIGHT_PX)
    assert made.frames == limits.CLIP_SECONDS * limits.CLIP_FPS
