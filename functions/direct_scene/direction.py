"""What the clip shall be: camera, sound and seed, chosen from words and tags. Pure."""

import hashlib
import re

from story import limits
from story.generation import Ambience, Box, CameraMove, Direction, Fit, Tag
from story.identifiers import inference_id

NEGATIVE_PROMPT = (
    "static image, frozen, flicker, morphing, extra limbs, distorted faces, text, watermark"
)

#: First match wins; the words are the creator's, so they outrank the tags.
_CAMERA_WORDS: tuple[tuple[str, CameraMove], ...] = (
    (r"\b(no camera|camera (still|fixed|static)|static camera|tripod)\b", "none"),
    (r"\b(zoom(s|ing)? out|pull(s|ing)? (back|out))\b", "pull_out"),
    (r"\b(zoom(s|ing)?( in)?|push(es|ing)? in|closer)\b", "push_in"),
    (r"\bpan(s|ning)?( to the)? left\b", "pan_left"),
    (r"\bpan(s|ning)?( to the)? right\b", "pan_right"),
    (r"\b(orbit|circle around|around the)\b", "orbit"),
)
_AMBIENCE_WORDS: tuple[tuple[str, Ambience], ...] = (
    (r"\b(silent|silence|no sound|mute)\b", "silence"),
    (r"\brain(s|ing|y)?\b", "rain"),
    (r"\b(wave|waves|sea|ocean|surf)\b", "waves"),
    (r"\b(waterfall|stream|river|brook)\b", "stream"),
)
_AMBIENCE_TAGS: tuple[tuple[frozenset[str], Ambience], ...] = (
    (frozenset({"Sea", "Ocean", "Beach", "Coast", "Shoreline", "Sandbar"}), "waves"),
    (frozenset({"Waterfall", "Stream", "River", "Creek", "Fountain"}), "stream"),
    (frozenset({"Night", "Moon", "Astronomy", "Night Life"}), "night"),
    (frozenset({"Indoors", "Room", "Food", "Coffee", "Coffee Cup", "Beverage", "Drum"}), "room"),
)


def choose_camera(prompt: str, faces: tuple[Box, ...]) -> CameraMove:
    """The camera that the words ask for; otherwise a slow push, which suits every photo.

    A photo of people keeps the orbit away from faces, whose parallax shows first.
    """
    said = prompt.lower()
    for pattern, move in _CAMERA_WORDS:
        if re.search(pattern, said):
            return "push_in" if move == "orbit" and faces else move
    return "push_in"


def choose_ambience(prompt: str, tags: tuple[Tag, ...]) -> Ambience:
    """The sound that the words ask for, or that the place would have."""
    said = prompt.lower()
    for pattern, sound in _AMBIENCE_WORDS:
        if re.search(pattern, said):
            return sound
    names = {tag.name for tag in tags}
    for places, sound in _AMBIENCE_TAGS:
        if names & places:
            return sound
    return "wind"


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


def direct(
    *,
    story_id: str,
    attempt: int,
    take: int,
    prompt: str,
    fit: Fit,
    seed: int | None,
    tags: tuple[Tag, ...],
    faces: tuple[Box, ...],
) -> Direction:
    """One complete Direction; the same input gives the same one."""
    return Direction(
        story_id=story_id,
        inference_id=inference_id(story_id, attempt, take),
        prompt=prompt,
        negative_prompt=NEGATIVE_PROMPT,
        camera=choose_camera(prompt, faces),
        ambience=choose_ambience(prompt, tags),
        fit=fit,
        seed=choose_seed(seed, story_id, attempt, take),
        seconds=limits.CLIP_SECONDS,
        fps=limits.CLIP_FPS,
        width=limits.CLIP_WIDTH_PX,
        height=limits.CLIP_HEIGHT_PX,
        tags=tags,
        faces=faces,
    )
