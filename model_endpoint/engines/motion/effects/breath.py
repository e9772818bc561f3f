"""Breathing: a chest that rises and widens, an animal's body that swells.

The displacement is so smooth, a few pixels over a chest's height, that what is worn or held goes
along without losing its shape.
"""

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.bend import MAX_SLOPE, steepness, taper
from model_endpoint.engines.motion.effects.harmonics import smoothstep
from model_endpoint.engines.motion.effects.region import INSIDE
from model_endpoint.engines.motion.stage import (
    Effect,
    FaceMarks,
    LayerName,
    Maker,
    NothingToMove,
    Part,
    Patch,
    Stage,
    Warp,
)
from model_endpoint.pixels import Map, as_map, as_rgb
from model_endpoint.scene.model import SUBJECT
from story.generation import Motion

#: Breaths a minute of a person and of a wakeful cat or dog.
PERSON_A_MINUTE = 14.0
PET_A_MINUTE = 32.0
SECONDS_A_MINUTE = 60.0
#: Part of a breath that goes in; out takes longer.
INHALING = 0.42
#: How far a chest rises and how far a flank goes out, parts of the picture's longer side; a small
#: figure moves less: at most this part of its face's height, or of its own.
RISE = 0.0052
RISE_OF_FACE = 0.045
SWELL = 0.0050
SWELL_OF_BODY = 0.022
#: Widening relative to rising.
WIDENING = 0.55
#: Heights below the chin in faces: shoulders begin, the chest is widest, the belly ends.
COLLAR, CHEST, BELLY = 0.12, 0.75, 3.1
#: Half the width of a body in face widths: fully moved, and no longer moved.
BODY, BESIDE = 1.5, 2.6
#: MediaPipe's Face Mesh: forehead, chin, and the sides of the face.
FOREHEAD, CHIN, RIGHT_SIDE, LEFT_SIDE = 10, 152, 234, 454
#: Faces read less surely than this are left alone.
SURELY = 0.6
#: A warp ends this far beyond the subject's outline, part of the longer side.
BEYOND = 0.03
#: An animal smaller than this part of the plate is left alone.
MIN_PET = 0.01
#: Up to this part of its height an animal's body rises more and more, and widens.
FLANK = 0.35


class Breath:
    """A warp that grows and shrinks with the breath: way·s(phase); see stage.Warp.

    way (rows, columns, 2): plate pixels at a full breath; breaths: whole ones in the clip.
    """

    def __init__(self, layer: LayerName, patch: Patch, way: Map, breaths: int) -> None:
        """At phase 0 and 1 the breath is out."""
        self.layer: LayerName = layer
        self.patch = patch
        self._way = way
        self._breaths = breaths

    def at(self, phase: float) -> Map:
        """(rows, columns, 2) float32 plate pixels."""
        return as_map(self._way * np.float32(fullness(phase * self._breaths)))


def fullness(breaths: float) -> float:
    """How full the lungs are, 0..1, after so many breaths: (1 - cos) / 2, faster in than out."""
    t = breaths % 1.0
    if t < INHALING:
        return float(0.5 - 0.5 * np.cos(np.pi * t / INHALING))
    return float(0.5 + 0.5 * np.cos(np.pi * (t - INHALING) / (1.0 - INHALING)))


def breath(stage: Stage, part: Part) -> Effect:
    """People breathe where a face was read; else the animal that the photo is of."""
    people = [face for face in stage.faces if face.confidence >= SURELY]
    subject = stage.masks.get(SUBJECT)
    if people:
        warps = chests(stage, part, people, subject)
    elif stage.kind == "pet" and subject is not None:
        warps = flanks(stage, part, subject)
    else:
        raise NothingToMove("nobody found who breathes")
    if not warps:
        raise NothingToMove("no chest is in the picture")
    return Effect("breath", "a soft breath", warps=tuple(warps))


def breaths_in(stage: Stage, part: Part, a_minute: float) -> int:
    """Whole breaths in the clip, at least one."""
    return max(1, round(a_minute * part.speed * stage.seconds / SECONDS_A_MINUTE))


def chests(stage: Stage, part: Part, people: list[FaceMarks], subject: Map | None) -> list[Warp]:
    """One breath a person; people who overlap share the space between them."""
    height, width = stage.plate.shape[:2]
    found: list[Warp] = []
    if subject is None:
        return found
    for face in people:
        chin = face.points[CHIN]
        tall = float(np.linalg.norm(chin - face.points[FOREHEAD]))
        wide = float(np.linalg.norm(face.points[RIGHT_SIDE] - face.points[LEFT_SIDE]))
        box = np.zeros((height, width), dtype=np.float32)
        left, right = chin[0] - BESIDE * wide, chin[0] + BESIDE * wide
        top, bottom = chin[1] + COLLAR * tall, chin[1] + BELLY * tall
        rows = slice(max(0, int(top)), max(0, min(height, int(bottom))))
        columns = slice(max(0, int(left)), max(0, min(width, int(right))))
        box[rows, columns] = 1.0
        own = as_map((subject > INSIDE) * box)
        patch = Patch.around(own, round(BEYOND * max(stage.size)))
        if patch is None or float(own.sum()) < tall * wide:
            continue
        x, y = patch.coordinates()
        below = (y - chin[1]) / tall
        vertical = smoothstep(COLLAR, CHEST, as_map(below)) * (
            1.0 - smoothstep(1.3 * CHEST, BELLY, as_map(below))
        )
        beside = (x - chin[0]) / wide
        lateral = 1.0 - smoothstep(BODY, BESIDE, as_map(np.abs(beside)))
        for other in people:
            if other is not face:
                lateral = lateral * nearer(x, face, other)
        rise = min(RISE * max(stage.size), RISE_OF_FACE * tall) * part.strength
        outward = WIDENING * np.clip(beside / BODY, -1.0, 1.0)
        # A place shows what was below it when it rises, and what was nearer to the axis.
        way = np.stack([-outward, np.ones_like(outward)], axis=2)
        whole = vertical * lateral * taper(patch, BEYOND * max(stage.size)) * rise
        found.append(
            Breath(
                "subject",
                patch,
                gentle(as_map(way * whole[..., None])),
                breaths_in(stage, part, person_rate(part)),
            )
        )
    return found


def person_rate(part: Part) -> float:
    """Breaths a minute of one person: nobody breathes in step with others."""
    return PERSON_A_MINUTE + 2.0 * float(part.random.uniform(-1.0, 1.0))


def nearer(x: Map, face: FaceMarks, other: FaceMarks) -> Map:
    """1 on a face's side of the middle between two people, 0 on the other's, softly."""
    mine, theirs = float(face.points[CHIN, 0]), float(other.points[CHIN, 0])
    gap = theirs - mine
    return 1.0 - smoothstep(0.3, 0.5, as_map((x - mine) / (gap or 1.0)))


def flanks(stage: Stage, part: Part, subject: Map) -> list[Warp]:
    """Each animal's body rises and widens from the ground up, and carries its head."""
    there = as_rgb((subject > INSIDE).astype(np.uint8))
    number, labels, stats, centres = cv2.connectedComponentsWithStats(there)
    longer = max(stage.size)
    found: list[Warp] = []
    for label in range(1, number):
        _, top, wide, tall, area = (int(value) for value in stats[label])
        if area < MIN_PET * there.size:
            continue
        patch = Patch.around(as_map(labels == label), round(BEYOND * longer))
        if patch is None:
            continue
        x, y = patch.coordinates()
        height = as_map((top + tall - y) / tall)
        # From the ground up; the head only rides on the body, it does not swell.
        upward = smoothstep(0.0, FLANK, height)
        across = np.clip((x - float(centres[label][0])) / (0.5 * wide), -1.0, 1.0)
        outward = WIDENING * across * (1.0 - smoothstep(FLANK, 1.6 * FLANK, height))
        way = np.stack([-outward, np.ones_like(outward)], axis=2)
        rise = min(SWELL * longer, SWELL_OF_BODY * max(wide, tall)) * part.strength
        whole = upward * taper(patch, BEYOND * longer) * rise
        rate = PET_A_MINUTE + 4.0 * float(part.random.uniform(-1.0, 1.0))
        found.append(
            Breath(
                "subject",
                patch,
                gentle(as_map(way * whole[..., None])),
                breaths_in(stage, part, rate),
            )
        )
    return found


def gentle(way: Map) -> Map:
    """The displacement, made smaller where its change from place to place would be steep."""
    return as_map(way * min(1.0, MAX_SLOPE / max(steepness(way), 1e-6)))


MAKERS: dict[Motion, Maker] = {"breath": breath}
