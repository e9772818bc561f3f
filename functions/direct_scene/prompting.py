"""The prompt of a trained model: what was said, what is seen, and what was understood of it. Pure.

The procedural engine reads wishes; a trained model reads sentences only. What its creator asked
comes first and whole: if anything is beyond what a model reads, it is ours.
"""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from story.cards import Trained
from story.generation import (
    Box,
    CameraMove,
    Heading,
    Held,
    Inability,
    Mood,
    Motion,
    Preset,
    Tag,
    Wishes,
)

PHRASES = Path(__file__).parent / "phrases.toml"
#: Tags beyond these say little that a model does not see itself.
MAX_TAGS = 5
#: From here on a wish for speed or strength is said in words.
FASTER, SLOWER = 1.25, 0.8
#: Everything that moves in a face. Hair and clothes are none of it.
FACE_MOTIONS: tuple[Motion, ...] = ("blink", "gaze", "smile", "head_sway", "catch_light")
#: What a prompt may ask for that would move a face.
FACE_ACTS: tuple[Inability, ...] = ("speak", "laugh", "pose", "transform")
#: What is said of faces that must not move.
STILL_FACES = "Every face stays exactly as in the photo: no expression, eye or lip moves."


class Phrases(BaseModel):
    """All of phrases.toml: closed and complete, so that no wish is without words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    motions: dict[Motion, str]
    held: dict[Held, str]
    cameras: dict[CameraMove, str]
    headings: dict[Heading, str]
    moods: dict[Mood, str]
    presets: dict[Preset, str]


@cache
def phrases() -> Phrases:
    """The data, read once."""
    return Phrases.model_validate(tomllib.loads(PHRASES.read_text(encoding="utf-8")))


def prompts(
    trained: Trained,
    *,
    words: str | None,
    wishes: Wishes,
    camera: CameraMove | None,
    tags: tuple[Tag, ...],
    faces: tuple[Box, ...],
    still_faces: bool,
) -> tuple[str, str]:
    """The prompt and the negative prompt for a model.

    words: as they were said; None where only what was understood of them may be. wishes: that, and
    what a preset adds; refused ones are said in the negative prompt, and in the prompt too where
    the model does not read the other.
    """
    ours = [
        *understood(wishes, camera),
        *([STILL_FACES] if still_faces else []),
        *([] if trained.sampling.reads_negative else refusals(wishes, but_faces=still_faces)),
        *seen(tags, faces),
        trained.prompt.closing,
    ]
    prompt = ended(words.strip()) if words is not None else ""
    for sentence in ours:
        longer = f"{prompt} {sentence}".strip()
        if len(longer) <= trained.prompt.max_characters:
            prompt = longer
    no_faces = ["moving faces, changing expressions, moving lips"] if still_faces else []
    refused = [phrases().motions[motion] for motion in wishes.refused]
    negative = ", ".join(dict.fromkeys([*no_faces, *refused, trained.prompt.negative]))
    return prompt, negative


def moves_a_face(wishes: Wishes) -> bool:
    """Whether the words ask for a face to move, in a way that was understood."""
    return not {*FACE_MOTIONS, *FACE_ACTS}.isdisjoint({*wishes.motions, *wishes.unable})


def understood(wishes: Wishes, camera: CameraMove | None) -> list[str]:
    """A sentence for each wish that was read, in English whatever the words are in."""
    data = phrases()
    moving = [data.motions[m] for m in wishes.motions if m not in wishes.refused]
    sentences = []
    if moving:
        only = "Only this moves" if wishes.only else "In motion"
        toward = f", {data.headings[wishes.heading]}" if wishes.heading is not None else ""
        sentences.append(f"{only}: {', '.join(moving)}{toward}.")
    sentences += [data.held[held] for held in wishes.held]
    if camera is not None:
        sentences.append(data.cameras[camera])
    if wishes.preset is not None:
        sentences.append(data.presets[wishes.preset])
    if wishes.mood is not None:
        sentences.append(data.moods[wishes.mood])
    if wishes.speed >= FASTER:
        sentences.append("The motion is fast.")
    elif wishes.speed <= SLOWER:
        sentences.append("The motion is slow.")
    if wishes.strength >= FASTER:
        sentences.append("The motion is strong.")
    elif wishes.strength <= SLOWER:
        sentences.append("The motion is gentle.")
    return sentences


def refusals(wishes: Wishes, *, but_faces: bool) -> list[str]:
    """What shall not be, for models that read no negative prompt.

    but_faces: that faces stay still is said already; to name what they might do invites it.
    """
    refused = [each for each in wishes.refused if not (but_faces and each in FACE_MOTIONS)]
    if not refused:
        return []
    things = ", ".join(phrases().motions[motion] for motion in refused)
    return [f"None of this is to be seen: {things}."]


def seen(tags: tuple[Tag, ...], faces: tuple[Box, ...]) -> list[str]:
    """What the photo shows, so that the model keeps it what it is."""
    things = [tag.name.lower() for tag in tags[:MAX_TAGS]]
    sentences = [f"The photo shows {', '.join(things)}."] if things else []
    if faces:
        one = len(faces) == 1
        sentences.append(
            f"{'One person' if one else f'{len(faces)} people'} in it: "
            f"{'the face keeps its' if one else 'faces keep their'} features and identity."
        )
    return sentences


def ended(words: str) -> str:
    """The words, with a full stop where they have no end of their own."""
    # Anything but a letter or a digit closes words, in every writing.
    return f"{words}." if words and words[-1].isalnum() else words
