"""The analysis of a photo: small networks for kind, subject and faces, classical cues for the rest.

A network is loaded when a photo first needs it: Face Mesh by a face, Selfie Segmentation by people.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, Rgb, as_rgb
from model_endpoint.scene.classes import classify, share_of
from model_endpoint.scene.cloth import find_cloth
from model_endpoint.scene.coat import only_coat
from model_endpoint.scene.depth import estimate_depth
from model_endpoint.scene.faces import find_faces
from model_endpoint.scene.falling import find_falling
from model_endpoint.scene.foliage import find_foliage
from model_endpoint.scene.kind import Light, leaning, name_kind, place_of, see_light
from model_endpoint.scene.model import Face, Region, Scene, SceneKind, Source
from model_endpoint.scene.sky import find_sky
from model_endpoint.scene.smoke import find_smoke, part_from
from model_endpoint.scene.sources import (
    Hints,
    find_exhaust,
    find_fire,
    find_lights,
    find_sun,
    find_windows,
)
from model_endpoint.scene.steam import find_steam
from model_endpoint.scene.subject import find_subject, saliency
from model_endpoint.scene.support import without_support
from model_endpoint.scene.water import find_water
from story.generation import Box, Motion, Tag

MAP_SIDE_PX = 512
#: Parts of a region's pixels above its upper and its lower edge: single towers do not count.
UPPER_EDGE = 0.02
LOWER_EDGE = 0.97
HALF = 0.5
#: Tags that tell of a flame, of cloth, of smoke, and of something hot to drink or to eat.
FIRE_TAGS = ("Fire", "Flame", "Bonfire", "Candle", "Fireplace", "Torch")
CLOTH_TAGS = frozenset({"Flag", "American Flag", "Banner", "Curtain", "Drapes", "Laundry"})
SMOKE_TAGS = frozenset({"Smoke", "Smoke Pipe", "Chimney", "Volcano", "Eruption", "Launch"})
HOT_TAGS = ("Coffee", "Espresso", "Latte", "Tea", "Hot Chocolate", "Soup", "Noodle", "Ramen")


def analyse(
    photo: Rgb,
    known_faces: tuple[Box, ...] = (),
    tags: tuple[Tag, ...] = (),
    asked: frozenset[Motion] = frozenset(),
) -> Scene:
    """Look at a photo, (H, W, 3) uint8.

    known_faces: those that were found before; tags: what it was said to show. asked: motions that
    somebody who knows the photo asked for, and so says that it shows what they move.
    """
    height, width = photo.shape[:2]
    scale = min(1.0, MAP_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = as_rgb(cv2.resize(photo, size, interpolation=cv2.INTER_AREA))
    probabilities = classify(photo)
    animal = share_of(probabilities, "things", "animal") > HALF
    faces = find_faces(photo, known_faces, animal=animal)
    salient = saliency(small)
    people = people_of(faces, animal=animal)
    leanings = leaning(probabilities, tags)
    told = frozenset(tag.name for tag in tags if tag.confidence > HALF)
    smoky = "smoke" in asked or bool(told & SMOKE_TAGS)
    place = place_of(leanings, tags, people, smoky=smoky)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="sky") as beside:
        # Neither needs the other one, and a subject may take a second look.
        sought = beside.submit(find_sky, small, size, salient, place)
        subject = subject_in(photo, small, salient, faces, animal=animal)
        sky = sought.result()
    water = find_water(small, size, sky, subject, told, salient=salient)
    falling = find_falling(small, size, water)
    sun = find_sun(small, sky)
    light = see_light(small, sky, sun)
    found = present(sky, water, falling, subject)
    kind, confidence = name_kind(leanings, found, people, light)
    foliage = find_foliage(small, size, kind, (sky, water), subject=subject, dusk=light.dusk)
    horizon = horizon_of(sky, water)
    hints = hints_of(probabilities, tags, kind, light)
    taken = (subject, sky, water, foliage)
    cloth = find_cloth(small, size, taken, told="cloth" in asked or bool(told & CLOTH_TAGS))
    smoke = find_smoke(
        small,
        size,
        sky,
        (water, foliage, cloth),
        told=smoky,
    )
    if smoke is not None and subject is not None:
        smoke, subject = part_from(smoke, subject)
    if smoke is not None and sky is not None:
        smoke, sky = part_from(smoke, sky)
    found = present(sky, water, falling, foliage, subject, cloth, smoke)
    return Scene(
        regions=found,
        horizon=horizon,
        depth=estimate_depth(small, horizon, found),
        faces=faces,
        sources=find_sources(small, subject, sun, hints),
        kind=kind,
        kind_confidence=confidence,
    )


def people_of(faces: tuple[Face, ...], *, animal: bool) -> tuple[Face, ...]:
    """The faces that are people's: in a photo of an animal, those that could be read as such."""
    return tuple(face for face in faces if not animal or face.points is not None)


def subject_in(
    photo: Rgb, small: Rgb, salient: Map, faces: tuple[Face, ...], *, animal: bool
) -> Region | None:
    """The subject of a photo (H, W, 3) on maps of the size of `small`, without what is not it."""
    people = people_of(faces, animal=animal)
    subject = find_subject(photo, salient, (small.shape[1], small.shape[0]), people)
    if subject is None:
        return None
    if animal:
        beasts = tuple(face for face in faces if face.points is None)
        return replace(subject, mask=only_coat(small, subject.mask, beasts))
    # Heads are notched off from shoulders as well: who is alive is one.
    return subject if people else without_support(photo, small, subject)


def present(*regions: Region | None) -> tuple[Region, ...]:
    """Those regions that were found."""
    return tuple(region for region in regions if region is not None)


def hints_of(
    probabilities: NDArray[np.float64], tags: tuple[Tag, ...], kind: SceneKind, light: Light
) -> Hints:
    """What speaks for sources of light, steam and fire besides the pixels."""
    told = {tag.name: tag.confidence for tag in tags}
    fire = share_of(probabilities, "things", "fire")
    hot = share_of(probabilities, "things", "hot drink" if kind == "drink" else "hot food")
    return Hints(
        kind=kind,
        night=light.night,
        fire=max([fire, *(told[name] for name in FIRE_TAGS if name in told)]),
        hot=max([hot, *(told[name] for name in HOT_TAGS if name in told)]),
    )


def find_sources(
    small: Rgb, subject: Region | None, sun: Source | None, hints: Hints
) -> tuple[Source, ...]:
    """Everything that gives light, steam or fire. small (h, w, 3)."""
    single = (sun, find_steam(small, subject, hints), find_exhaust(small, hints, subject))
    return (
        *(source for source in single if source is not None),
        *find_lights(small, hints),
        *find_fire(small, hints),
        *find_windows(small, hints),
    )


def horizon_of(sky: Region | None, water: Region | None) -> float | None:
    """The row where the ground ends, as a fraction: the water's upper edge, or the sky's lower.

    Water without a sky is a stream, which climbs: its upper end is no horizon. Mountains hide the
    true horizon: the sky's lower edge is above it, which only makes far ground a little nearer.
    """
    if sky is None:
        return None
    region, edge = (water, UPPER_EDGE) if water is not None else (sky, LOWER_EDGE)
    inside = region.mask > HALF
    rows = np.flatnonzero(inside.any(axis=1))
    if len(rows) == 0:
        return None
    counts = np.cumsum(inside[rows].sum(axis=1)).astype(float)
    row = int(rows[int(np.searchsorted(counts / counts[-1], edge))])
    return row / int(region.mask.shape[0])
