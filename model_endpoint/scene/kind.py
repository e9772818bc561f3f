"""What a photo is of: the classes it is taken for, and what was found in it."""

from dataclasses import dataclass
from typing import cast, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Rgb, as_map
from model_endpoint.scene.backdrop import Place
from model_endpoint.scene.classes import share_of, tables, tag_kinds
from model_endpoint.scene.evidence import rise
from model_endpoint.scene.model import (
    FALLING_WATER,
    SKY,
    SUBJECT,
    WATER,
    Face,
    Region,
    SceneKind,
    Source,
)
from story.generation import Tag

OUTDOORS: tuple[SceneKind, ...] = (
    "sea", "lake", "stream", "landscape", "meadow", "sunset", "night", "rocket", "city",
)  # fmt: skip
#: Of them, those that are not also taken from so near that no sky is in the picture.
VIEWS = tuple(kind for kind in OUTDOORS if kind != "meadow")
#: Tags that tell of the sky itself: they count in full, since that is what is asked.
SKY_TAGS = frozenset({"Sky", "Cloud", "Cloudy", "Horizon", "Scenery", "Skyline"})
INDOORS: tuple[SceneKind, ...] = ("interior", "food", "drink")
#: A sky speaks for what is outdoors and against what is not.
SKY_FACTOR = 1.5
INDOORS_UNDER_SKY = 0.4
LANDSCAPE_UNDER_SKY = 0.12
#: What a region adds to the kinds it makes: water is a sea or a lake, without sky a stream.
WATER_EVIDENCE = 0.4
OPEN_WATER_EVIDENCE = 0.2
FALLING_EVIDENCE = 1.0
STREAM_EVIDENCE = 0.6
#: Water in a valley or under a cliff, without any sky, is looked at for itself.
LANDSCAPE_WITHOUT_SKY = 0.5
#: Part of the water that falls, from foam on a shore to a stream.
FALLING_SHARES = (0.08, 0.3)
#: Land this much of the height thick between sky and water is but a far shore.
SHORE = 0.03
DUSK_EVIDENCE = 0.75
NIGHT_EVIDENCE = 0.6
ROCKET_EVIDENCE = 0.4
#: Classes must speak this much for a rocket under the sky: towers and poles look like one.
ROCKET_LEAST = 0.2
PEOPLE_EVIDENCE = 1.0
FLOWER_EVIDENCE = 0.2
TAG_EVIDENCE = 0.6
#: A face's height over the photo's: from a passer-by to a portrait.
FACE_HEIGHTS = (0.05, 0.12)
#: A second face counts when it is at least this part of the largest one's height.
COMPANION = 0.45
#: Luma 0..255: the median of a photo at night, and one by day.
NIGHT_LUMA, DAY_LUMA = 45.0, 80.0
#: The median luma of ground against the light, and of ground in it.
DUSK_GROUND_LUMA, DAY_GROUND_LUMA = 70.0, 110.0
#: Part of the sky that glows warm at sunset.
WARM_SHARES = (0.02, 0.1)
#: Part of the picture that the sky takes, from a strip to the main thing.
DUSK_SKY = (0.08, 0.3)
#: OpenCV's hue, saturation and value of a glow.
WARM_HUES = (30, 165)
GLOW_SATURATION = 45
GLOW_VALUE = 150
#: Less than this is no kind at all.
MIN_SCORE = 0.12
AMPLE_SCORE = 0.5
MIDDLE = 0.5
MIN_PIXELS = 50


@dataclass(frozen=True, slots=True)
class Light:
    """How a photo is lit: 0 not at all, 1 surely.

    night: it is dark all over; dusk: a warm glow in the sky over dark ground.
    """

    night: float
    dusk: float


def see_light(photo: Rgb, sky: Region | None, sun: Source | None) -> Light:
    """The light of a photo: its sky, and the sun in it. photo (h, w, 3), of any size."""
    luma = as_map(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))
    night = rise(float(np.median(luma)), DAY_LUMA, NIGHT_LUMA)
    if sky is None:
        return Light(night=night, dusk=0.0)
    height, width = luma.shape
    inside = cv2.resize(sky.mask, (width, height), interpolation=cv2.INTER_LINEAR) > MIDDLE
    if min(inside.sum(), (~inside).sum()) < MIN_PIXELS:
        return Light(night=night, dusk=0.0)
    hue, saturation, value = cv2.split(cv2.cvtColor(photo, cv2.COLOR_RGB2HSV))
    warm = (hue < WARM_HUES[0]) | (hue > WARM_HUES[1])
    glow = warm & (saturation > GLOW_SATURATION) & (value > GLOW_VALUE)
    dark = rise(float(np.median(luma[~inside])), DAY_GROUND_LUMA, DUSK_GROUND_LUMA)
    warmth = rise(float(glow[inside].mean()), *WARM_SHARES)
    if sun is not None:
        warmth = max(warmth, sun.confidence)
    # A sunset is a picture of the sky.
    return Light(night=night, dusk=dark * warmth * rise(sky.area, *DUSK_SKY))


def leaning(
    probabilities: NDArray[np.float64], tags: tuple[Tag, ...] = ()
) -> dict[SceneKind, float]:
    """What the classes and tags alone speak for, each kind 0..1 and a little more."""
    scores: dict[SceneKind, float] = dict.fromkeys(get_args(SceneKind), 0.0)
    for name in tables()["classes"]:
        scores[cast("SceneKind", name)] = share_of(probabilities, "classes", name)
    told: dict[SceneKind, float] = {}
    for tag in tags:
        if tag.name in tag_kinds():
            kind = cast("SceneKind", tag_kinds()[tag.name])
            told[kind] = max(told.get(kind, 0.0), tag.confidence)
    for kind, confidence in told.items():
        scores[kind] += TAG_EVIDENCE * confidence
    return scores


def place_of(
    scores: dict[SceneKind, float],
    tags: tuple[Tag, ...] = (),
    people: tuple[Face, ...] = (),
    *,
    smoky: bool = False,
) -> Place:
    """Where a photo was taken. scores: what classes and tags lean to; people: the largest first.

    smoky: whether somebody who knows the photo speaks of smoke.
    """
    told = max((tag.confidence for tag in tags if tag.name in SKY_TAGS), default=0.0)
    return Place(
        view=sum(scores[kind] for kind in VIEWS) + told,
        outdoors=sum(scores[kind] for kind in OUTDOORS),
        indoors=sum(scores[kind] for kind in INDOORS),
        company=rise(people[0].box.height, *FACE_HEIGHTS) if people else 0.0,
        smoky=smoky,
    )


def name_kind(
    scores: dict[SceneKind, float],
    regions: tuple[Region, ...],
    people: tuple[Face, ...],
    light: Light,
) -> tuple[SceneKind, float]:
    """The kind of scene and a confidence. scores: what classes and tags lean to."""
    by_kind = {region.kind: region for region in regions}
    scores = dict(scores)
    if SKY in by_kind:
        under_sky(scores, by_kind[SKY].confidence, light)
    if WATER in by_kind:
        by_water(scores, by_kind)
    if FALLING_WATER in by_kind:
        falling = by_kind[FALLING_WATER]
        much = rise(falling.area / max(water_area(by_kind), falling.area), *FALLING_SHARES)
        scores["stream"] += FALLING_EVIDENCE * falling.confidence * much
    if SUBJECT in by_kind and scores["flower"] > MIN_SCORE:
        scores["flower"] += FLOWER_EVIDENCE * by_kind[SUBJECT].confidence
    scores["night"] += NIGHT_EVIDENCE * light.night * (1.0 if SKY in by_kind else MIDDLE)
    with_people(scores, people)
    kind = max(scores, key=lambda name: scores[name])
    if scores[kind] < MIN_SCORE:
        return "other", 0.0
    share = scores[kind] / sum(scores.values())
    return kind, min(1.0, scores[kind] / AMPLE_SCORE) * share


def under_sky(scores: dict[SceneKind, float], confidence: float, light: Light) -> None:
    """Weigh the scores by a sky."""
    for kind in OUTDOORS:
        scores[kind] *= 1.0 + (SKY_FACTOR - 1.0) * confidence
    for kind in INDOORS:
        scores[kind] *= 1.0 - (1.0 - INDOORS_UNDER_SKY) * confidence
    scores["landscape"] += LANDSCAPE_UNDER_SKY * confidence
    scores["sunset"] += DUSK_EVIDENCE * light.dusk * confidence
    if scores["rocket"] > ROCKET_LEAST:
        scores["rocket"] += ROCKET_EVIDENCE * confidence
    else:
        scores["rocket"] = 0.0


def by_water(scores: dict[SceneKind, float], by_kind: dict[str, Region]) -> None:
    """Weigh the scores by water: open to the horizon a sea, else a lake; without sky a stream."""
    water = by_kind[WATER]
    if SKY not in by_kind:
        scores["stream"] += STREAM_EVIDENCE * water.confidence
        scores["landscape"] *= 1.0 - (1.0 - LANDSCAPE_WITHOUT_SKY) * water.confidence
        return
    whole = scores["sea"] + scores["lake"]
    sea = scores["sea"] / whole if whole > 0.0 else MIDDLE
    scores["sea"] += WATER_EVIDENCE * water.confidence * sea
    scores["lake"] += WATER_EVIDENCE * water.confidence * (1.0 - sea)
    scores["sea"] += OPEN_WATER_EVIDENCE * openness(by_kind[SKY], water)


def water_area(by_kind: dict[str, Region]) -> float:
    """The part of the photo that is water, 0..1."""
    return by_kind[WATER].area if WATER in by_kind else 0.0


def openness(sky: Region, water: Region) -> float:
    """The part of the water's columns in which the sky begins right above it, 0..1."""
    above, below = sky.mask > MIDDLE, water.mask > MIDDLE
    columns = np.flatnonzero(below.any(axis=0) & above.any(axis=0))
    if len(columns) == 0:
        return 0.0
    first = below.argmax(axis=0)[columns]
    last = below.shape[0] - 1 - above[::-1].argmax(axis=0)[columns]
    gap = SHORE * below.shape[0]
    near = float((first - last <= gap).mean())
    return near * len(columns) / int(below.shape[1])


def with_people(scores: dict[SceneKind, float], people: tuple[Face, ...]) -> None:
    """Weigh the scores by faces, the largest first."""
    if not people:
        return
    largest = people[0].box.height
    near = PEOPLE_EVIDENCE * rise(largest, *FACE_HEIGHTS)
    companions = sum(face.box.height >= COMPANION * largest for face in people[1:])
    scores["group" if companions else "portrait"] += near
