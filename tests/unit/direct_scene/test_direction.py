"""Words, tags and faces to one Direction."""

import pytest

from direct_scene import direction
from story import cards, limits
from story.generation import Box, Direction, Preset, Tag, Wishes

STORY = "ab" * 16
FACE = Box(left=0.4, top=0.3, width=0.2, height=0.2)


def _tags(*names: str) -> tuple[Tag, ...]:
    return tuple(Tag(name=name, confidence=0.9) for name in names)


def _directed(
    prompt: str, faces: tuple[Box, ...] = (), preset: Preset | None = None, *, loop: bool = True
) -> Direction:
    return direction.direct(
        engine=cards.card("motion"),
        story_id=STORY,
        attempt=1,
        take=2,
        prompt=prompt,
        fit="contain",
        loop=loop,
        preset=preset,
        seed=None,
        seconds=limits.CLIP_SECONDS,
        aspect="9:16",
        sound=True,
        tags=_tags("Sea"),
        faces=faces,
    )


@pytest.mark.parametrize(
    ("prompt", "camera"),
    [
        ("make this photo come alive", "auto"),
        ("Zoom out slowly", "pull_out"),
        ("pull back to show the valley", "pull_out"),
        ("zoom in on the boat", "push_in"),
        ("pan to the LEFT", "pan_left"),
        ("panning right", "pan_right"),
        ("orbit the statue", "orbit"),
        ("keep the camera still", "none"),
        ("a panda on the left", "auto"),
        ("", "auto"),
    ],
)
def test_the_camera_does_what_the_words_ask_and_else_what_the_engine_chooses(
    prompt: str, camera: str
) -> None:
    assert _directed(prompt).camera == camera


def test_the_camera_does_not_circle_a_face_and_the_wish_for_it_is_kept() -> None:
    made = _directed("orbit her", (FACE,))
    assert (made.camera, made.wishes.camera) == ("push_in", "orbit")


def test_a_dolly_may_move_towards_a_face() -> None:
    assert _directed("dolly zoom", (FACE,)).camera == "dolly"


@pytest.mark.parametrize(
    ("prompt", "sound"),
    [
        ("", "auto"),
        ("let it rain", "auto"),
        ("no sound please", "silence"),
        ("with the sound of waves", "waves"),
    ],
)
def test_the_engine_chooses_the_sound_unless_the_words_do(prompt: str, sound: str) -> None:
    assert _directed(prompt).ambience == sound


def test_what_is_stocked_against_defects_refuses_nothing_that_a_person_asks_for() -> None:
    assert _directed("let the candles flicker").wishes.motions == ("fire",)
    assert _directed("").wishes == Wishes()


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


def test_a_preset_that_was_chosen_outranks_the_words_and_a_one_way_move_is_kept() -> None:
    chosen = _directed("subtle movements", preset="lively", loop=False)
    assert chosen.wishes.preset == "lively"
    assert not chosen.loop
    assert _directed("subtle movements").wishes.preset == "subtle"


def test_a_direction_is_complete_and_the_same_for_the_same_input() -> None:
    written = _directed("zoom out, no rain", (FACE,)).model_dump_json()

    assert written == _directed("zoom out, no rain", (FACE,)).model_dump_json()
    made = Direction.model_validate_json(written)
    assert made.inference_id == f"{STORY}-1-2"
    assert (made.camera, made.ambience, made.fit) == ("pull_out", "auto", "contain")
    assert made.wishes == Wishes(refused=("rain",), camera="pull_out")
    assert (made.tags, made.faces) == (_tags("Sea"), (FACE,))
    assert (made.width, made.height) == (limits.CLIP_WIDTH_PX, limits.CLIP_HEIGHT_PX)
    assert made.frames == limits.CLIP_SECONDS * limits.CLIP_FPS


def test_a_direction_in_a_model_s_place_names_it() -> None:
    made = direction.direct(
        engine=cards.card(cards.FALLBACK), instead_of="wan-5b", story_id=STORY, attempt=1,
        take=limits.FALLBACK_TAKE, prompt="waves", fit="auto", loop=True, preset=None, seed=7,
        seconds=5.0, aspect="9:16", sound=True, tags=(), faces=(),
    )  # fmt: skip
    assert (made.instead_of, made.prompt, made.seed) == ("wan-5b", "waves", 9)
    assert (made.width, made.height, made.fps) == (720, 1280, 24)
    assert _directed("waves").instead_of is None
