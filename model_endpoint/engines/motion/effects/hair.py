"""Hair that stirs: strands swing from the head, the farther from it the more."""

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.bend import Bend, Wave, counts, reach_of, taper, within
from model_endpoint.engines.motion.effects.face.mesh import (
    FOREHEAD,
    LEFT_SIDE,
    OVAL,
    RIGHT_SIDE,
    Head,
    heads,
    patch_around,
)
from model_endpoint.engines.motion.effects.harmonics import smooth_noise, smoothstep
from model_endpoint.engines.motion.effects.region import INSIDE, coarse, colours, way_to_border
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    Maker,
    NothingToMove,
    Part,
    Patch,
    Stage,
    Warp,
)
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb
from model_endpoint.scene.model import SUBJECT
from story.generation import Motion

#: Rates (hertz) and amplitudes, parts of the face's height at the tips of free hair.
RATES_HZ = (0.24, 0.5, 0.85, 1.3)
AMPLITUDES = (0.024, 0.021, 0.016, 0.010)
#: Where hair is looked for: face widths to each side, face heights above the forehead and below.
BESIDE, ABOVE, BELOW = 1.25, 0.85, 2.2
#: The line of the hair: between these parts of the face's height outside the upper oval.
LINE_FROM, LINE_TO = 0.08, 0.26
#: Spread of a head's colours in CIELAB (0..255 as OpenCV has it), at least; how many of its
#: deviations a place may differ; how much hair must differ from the same head's skin.
LEAST_SPREAD = (14.0, 5.0, 6.0)
SIMILAR = 2.4
NOT_SKIN = 16.0
#: Hair smaller than this part of the face's square is too short to stir.
MIN_AREA = 0.4
#: Hair is free at this distance from the face, face heights; what hangs below the eyes is freer.
FREE = 0.32
ROOTED = 0.45
#: Size of a strand across and along, and how much strands differ in time (radians).
STRAND = (0.16, 0.5)
DISORDER = 0.9
#: A strand that swings rises a little.
RISE = 0.2
MIN_CELLS = 12


def hair(stage: Stage, part: Part) -> Effect:
    """The hair of everybody who stands out from the background."""
    warps: list[Warp] = []
    towards = 1.0 if part.heading == "right" else -1.0
    for head in heads(stage):
        found = region(stage, head)
        if found is not None:
            warps.append(swinging(stage, part, head, found, towards))
    if not warps:
        raise NothingToMove("no loose hair was found")
    return Effect("hair", "hair stirs", warps=tuple(warps))


def region(stage: Stage, head: Head) -> tuple[Patch, Map, Map] | None:
    """A patch, the hair in it as a field 0 or 1, and the distance from the face in pixels.

    Hair is what has the colours of the line above the forehead, inside the subject, outside the
    face, and connected with that line. None when there is none or it looks like skin.
    """
    mask = stage.masks.get(SUBJECT)
    if mask is None or head.layer != "subject":
        return None
    top = head.points[FOREHEAD]
    patch = patch_around(
        stage,
        float(top[0] - BESIDE * head.wide),
        float(top[1] - ABOVE * head.tall),
        float(top[0] + BESIDE * head.wide),
        float(top[1] + BELOW * head.tall),
    )
    if patch is None:
        return None
    face = oval(head, patch)
    outside = as_map(cv2.distanceTransform(as_rgb(1 - face), cv2.DIST_L2, cv2.DIST_MASK_5))
    away = as_map(outside * FIELD_PX)
    there = (coarse(mask, patch) > INSIDE) & (face == 0)
    _, down = head.own(*patch.coordinates(), as_map(head.points[[RIGHT_SIDE, LEFT_SIDE]].mean(0)))
    line = there & (down < 0.0)
    line &= (away > LINE_FROM * head.tall) & (away < LINE_TO * head.tall)
    own = cv2.cvtColor(colours(stage.plate, patch), cv2.COLOR_RGB2LAB).astype(np.float32)
    skin = own[(face > 0) & (down > 0.0)]
    if int(line.sum()) < MIN_CELLS or len(skin) < MIN_CELLS:
        return None
    middle = np.median(own[line], axis=0)
    bare = np.median(skin, axis=0)
    if float(np.linalg.norm(middle - bare)) < NOT_SKIN:
        return None
    spread = np.maximum(own[line].std(axis=0), as_map(LEAST_SPREAD))
    unlike, unlike_skin = (
        np.sqrt(np.mean(np.square((own - colour) / spread), axis=2)) for colour in (middle, bare)
    )
    alike = as_rgb((there & (unlike < SIMILAR) & (unlike < unlike_skin)).astype(np.uint8))
    closed = cv2.morphologyEx(
        cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)),
        cv2.MORPH_CLOSE,
        np.ones((7, 7), np.uint8),
    )
    _, labels = cv2.connectedComponents(closed)
    rooted = np.unique(labels[line & (closed > 0)])
    found = as_map(np.isin(labels, rooted[rooted > 0]) & there)
    if float(found.sum()) * FIELD_PX**2 < MIN_AREA * head.tall * head.wide:
        return None
    return patch, found, away


def oval(head: Head, patch: Patch) -> Rgb:
    """1 inside the face's oval, 0 outside, as a field of the patch."""
    corners = (head.points[list(OVAL)] - (patch.left, patch.top)) / FIELD_PX - 0.5
    face = np.zeros(patch.field_shape, dtype=np.uint8)
    cv2.fillPoly(face, [np.rint(corners).astype(np.int32)], (1.0,))
    return as_rgb(face)


def swinging(
    stage: Stage, part: Part, head: Head, found: tuple[Patch, Map, Map], towards: float
) -> Warp:
    """The warp of one head of hair; its outer outline is free, its border to the face is not."""
    patch, there, away = found
    subject = stage.masks[SUBJECT]
    plate = np.zeros(subject.shape, dtype=np.float32)
    # The air around the hair may move along: on the subject's layer it is empty.
    free = as_map((there > 0) | (coarse(subject, patch) < INSIDE))
    fine = cv2.resize(free, (patch.width, patch.height), interpolation=cv2.INTER_NEAREST)
    seen = plate[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
    seen[:] = fine[: seen.shape[0], : seen.shape[1]]
    reach = as_map(reach_of(way_to_border(plate, patch)) * taper(patch, 0.2 * head.tall))
    eyes = as_map(head.points[[RIGHT_SIDE, LEFT_SIDE]].mean(axis=0))
    _, down = head.own(*patch.coordinates(), eyes)
    hanging = ROOTED + (1.0 - ROOTED) * smoothstep(-0.5, 0.6, as_map(down / head.tall))
    vigour = smoothstep(0.0, FREE, as_map(away / head.tall)) * hanging
    waves = []
    rates = counts(RATES_HZ, stage.seconds, part.speed)
    across, along = (size * head.tall / FIELD_PX for size in STRAND)
    for count, amplitude in zip(rates, AMPLITUDES, strict=True):
        noise = smooth_noise(patch.field_shape, (along, across), part.random)
        lag = as_map(DISORDER * noise + 0.8 * down / head.tall + 6.3 * part.random.random())
        size = as_map(amplitude * head.tall * part.strength * vigour)
        way = head.on_plate(as_map(towards * size), as_map(RISE * size))
        waves.append(Wave(count, way, lag))
    return Bend("subject", patch, within(waves, reach))


MAKERS: dict[Motion, Maker] = {"hair": hair}
