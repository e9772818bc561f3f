"""What the clip shall be: wishes, camera, sound and seed, from words and faces. Pure."""

import hashlib

from direct_scene.prompting import FACE_MOTIONS, moves_a_face, prompts
from story.cards import Card
from story.generation import (
    Aspect,
    Auto,
    Box,
    CameraMove,
    Direction,
    FitWish,
    Motion,
    Preset,
    Tag,
    Wishes,
)
from story.identifiers import inference_id
from story.vocabulary import read

NEGATIVE_PROMPT = (
    "static image, frozen, flicker, morphing, extra limbs, distorted faces, text, watermark"
)
_NO_FACE_MOTION = "moving faces, changing expressions, moving lips"
FACES_STAY_STILL = "a face may be a minor's: faces stay still"


def choose_camera(wishes: Wishes, faces: tuple[Box, ...]) -> CameraMove | Auto:
    """The camera that was asked for; else the engine's choice, which sees what the photo allows.

    An orbit shows what a face hides behind it, and a face that is pulled apart shows first: with
    people it becomes a push in. `wishes` keeps the orbit, so that the engine can say so. A dolly
    moves a face as a whole, and stays.
    """
    if wishes.camera is None:
        return "auto"
    return "push_in" if wishes.camera == "orbit" and faces else wishes.camera


def choose_seed(asked: int | None, story_id: str, attempt: int, take: int) -> int:
    """The creator's seed, or one that a retried state finds again; each take has another."""
    if asked is not None:
        return (asked + take - 1) % 2**32
    digest = hashlib.sha256(inference_id(story_id, attempt, take).encode()).digest()
    return int.from_bytes(digest[:4], "big")


def describe(tags: tuple[Tag, ...], faces: tuple[Box, ...]) -> str:
    """Alternative text from what was recognised: plain, and no more certain than the models."""
    seen = [tag.name.lower() for tag in tags[:3]]
    people = f"{len(faces)} {'person' if len(faces) == 1 else 'people'}" if faces else ""
    shown = ", ".join([*([people] if people else []), *seen])
    return (
        f"A photo brought to life; it seems to show {shown}."
        if shown
        else ("A photo brought to life.")
    )


def without(wishes: Wishes, motions: tuple[Motion, ...]) -> Wishes:
    """The same wishes, with these motions refused."""
    return wishes.model_copy(
        update={
            "motions": tuple(each for each in wishes.motions if each not in motions),
            "implied": tuple(each for each in wishes.implied if each not in motions),
            "refused": tuple(dict.fromkeys((*wishes.refused, *motions))),
        }
    )


def direct(
    *,
    engine: Card,
    story_id: str,
    attempt: int,
    take: int,
    prompt: str,
    fit: FitWish,
    loop: bool,
    preset: Preset | None,
    seed: int | None,
    seconds: float,
    aspect: Aspect,
    sound: bool,
    tags: tuple[Tag, ...],
    faces: tuple[Box, ...],
    still_faces: bool = False,
    instead_of: str | None = None,
) -> Direction:
    """One complete Direction; the same input gives the same one.

    A preset that was chosen outranks one that the words name. The sound is "auto" unless words ask
    for one: the engine composes it from the scene it sees. Without `sound` it is silence, whatever
    the words say. With `still_faces` no face moves, whatever the words or a preset say. Rate and
    size are the engine's own. A trained model is told its prompt in its own style; words that ask a
    face to move do not reach it with `still_faces`, only what else was understood of them.
    """
    wishes = read(prompt, NEGATIVE_PROMPT)
    unsaid = still_faces and moves_a_face(wishes)
    negative = f"{NEGATIVE_PROMPT}, {_NO_FACE_MOTION}" if still_faces else NEGATIVE_PROMPT
    if still_faces:
        wishes = without(wishes, FACE_MOTIONS)
    if preset is not None:
        wishes = wishes.model_copy(update={"preset": preset})
    camera = choose_camera(wishes, faces)
    if engine.trained is not None:
        prompt, negative = prompts(
            engine.trained,
            words=None if unsaid else prompt,
            wishes=wishes,
            camera=None if camera == "auto" else camera,
            tags=tags,
            faces=faces,
            still_faces=still_faces,
        )
    width, height = engine.form.sizes[aspect]
    return Direction(
        story_id=story_id,
        inference_id=inference_id(story_id, attempt, take),
        prompt=prompt,
        negative_prompt=negative,
        wishes=wishes,
        camera=camera,
        ambience=(wishes.ambience or "auto") if sound else "silence",
        fit=fit,
        loop=loop,
        seed=choose_seed(seed, story_id, attempt, take),
        seconds=seconds,
        fps=engine.form.fps,
        width=width,
        height=height,
        tags=tags,
        faces=faces,
        instead_of=instead_of,
    )
