"""The head leans and turns a little, as a whole: between two rests it takes one other pose.

A rigid motion of everything above the chin, which the neck passes on to the shoulders less and
less; so nothing in the face changes its shape.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from model_endpoint.engines.motion.effects.bend import taper
from model_endpoint.engines.motion.effects.face.clock import Episode, rests
from model_endpoint.engines.motion.effects.face.mesh import CHIN, Head, heads, patch_around
from model_endpoint.engines.motion.effects.harmonics import smoothstep
from model_endpoint.engines.motion.stage import (
    Effect,
    LayerName,
    NothingToMove,
    Part,
    Patch,
    Stage,
    Warp,
)
from model_endpoint.pixels import Map, as_map

#: The largest lean in degrees, and the largest way aside and down as parts of the longer side.
LEAN_DEGREES = 1.1
ASIDE = 0.0032
NOD = 0.0015
#: No head goes farther than this part of its face's height.
LARGEST = 0.035
#: A pose is taken by this part of its most, at least.
LEAST = 0.6
#: Parts of the time between two rests: at rest, on the way there, there, and on the way back.
RESTING, GOING, THERE, BACK = 0.06, 0.36, 0.14, 0.36
#: Face heights below the chin: where the neck begins to lag, and where it is as still as the
#: shoulders; the point about which the head leans.
NECK, SHOULDERS = 0.05, 0.85
JOINT = 0.35
#: Face widths from the middle: what is nearer is the head's, what is farther is not.
HEAD, BESIDE = 1.0, 1.8
#: A patch around the head: face heights above the chin, and its soft end, part of a face's height.
ABOVE = 2.4
SOFT = 0.3


@dataclass(frozen=True, slots=True)
class Pose:
    """One pose: when, and how much of each of the three movements, -1..1."""

    episode: Episode
    amounts: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Sway:
    """The warp of one head; see stage.Warp.

    ways (3, rows, columns, 2): the displacements of a full lean, of a full way aside and of a nod.
    """

    patch: Patch
    ways: Map
    poses: tuple[Pose, ...]
    layer: LayerName = "subject"

    def at(self, phase: float) -> Map:
        """(rows, columns, 2) float32 plate pixels."""
        field = np.zeros(self.ways.shape[1:], dtype=np.float32)
        for pose in self.poses:
            much = pose.episode.at(phase)
            if much > 0.0:
                for amount, way in zip(pose.amounts, self.ways, strict=True):
                    field += np.float32(much * amount) * way
        return field


def head_sway(stage: Stage, part: Part) -> Effect:
    """Every head of the subject takes a pose or two; behind heads nothing bends."""
    warps: list[Warp] = []
    for head in heads(stage):
        if head.layer != "subject":
            continue
        warp = sway_of(stage, part, head)
        if warp is not None:
            warps.append(warp)
    if not warps:
        raise NothingToMove("nobody stands out from the background")
    return Effect("head_sway", "the head moves a little", warps=tuple(warps))


def sway_of(stage: Stage, part: Part, head: Head) -> Warp | None:
    """The sway of one head; None when it is off the plate."""
    chin = head.points[CHIN]
    corners = np.array(
        [
            chin + side * BESIDE * head.wide * head.across + down * head.tall * head.down
            for side in (-1.0, 1.0)
            for down in (-ABOVE, SHOULDERS)
        ]
    )
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    patch = patch_around(stage, float(left), float(top), float(right), float(bottom))
    if patch is None:
        return None
    return Sway(patch, ways_of(stage, part, head, patch), poses_of(stage, part))


def ways_of(stage: Stage, part: Part, head: Head, patch: Patch) -> Map:
    """(3, rows, columns, 2): what a full lean, way aside and nod displace."""
    chin = head.points[CHIN]
    x, y = patch.coordinates()
    across, down = head.own(x, y, chin)
    follows = 1.0 - smoothstep(NECK, SHOULDERS, as_map(down / head.tall))
    follows *= 1.0 - smoothstep(HEAD, BESIDE, as_map(np.abs(across) / head.wide))
    follows = as_map(follows * taper(patch, SOFT * head.tall))
    longest = LARGEST * head.tall
    aside = min(ASIDE * max(stage.size), longest) * part.strength
    nod = min(NOD * max(stage.size), 0.3 * longest) * part.strength
    lean = np.radians(LEAN_DEGREES) * min(1.0, part.strength)
    still, low = np.zeros_like(follows), as_map(down - JOINT * head.tall)
    return as_map(
        np.stack(
            [
                head.on_plate(as_map(lean * low * follows), as_map(-lean * across * follows)),
                head.on_plate(as_map(-aside * follows), still),
                head.on_plate(still, as_map(-nod * follows)),
            ]
        )
    )


def poses_of(stage: Stage, part: Part) -> tuple[Pose, ...]:
    """A pose between each two rests, to alternating sides."""
    bounds = (0.0, *rests(stage.seconds), 1.0)
    side = 1.0 if part.random.random() < 0.5 else -1.0  # noqa: PLR2004 a coin
    found = []
    for start, end in itertools.pairwise(bounds):
        length = end - start
        amounts = part.random.uniform(LEAST, 1.0, size=3)
        episode = Episode(
            start + RESTING * length * float(part.random.uniform(0.5, 1.0)),
            *(share * length for share in (GOING, THERE, BACK)),
        )
        nods = float(amounts[2]) * (1.0 if part.random.random() < 0.5 else -0.5)  # noqa: PLR2004
        found.append(Pose(episode, (side * float(amounts[0]), side * float(amounts[1]), nods)))
        side = -side
    return tuple(found)
