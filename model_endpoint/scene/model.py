"""The contract of scene analysis: what any analysis, classical or learned, tells the engines.

All maps share one size (h, w), smaller than the photo: they show where things are, and whoever
needs an exact outline refines it on the pixels it draws. Places are fractions of the photo.
"""

from dataclasses import dataclass
from typing import Literal

from model_endpoint.pixels import Map
from story.generation import Box

SKY = "sky"
WATER = "water"
#: The part of the water that falls or rushes; it is part of WATER as well.
FALLING_WATER = "falling_water"
FOLIAGE = "foliage"
SUBJECT = "subject"
#: Flags and curtains; smoke that rises. Only where the photo is said to show some.
CLOTH = "cloth"
SMOKE = "smoke"

#: What a photo is of, as far as it decides what may move.
SceneKind = Literal[
    "sea", "lake", "stream", "landscape", "sunset", "night", "rocket", "drink", "food", "flower",
    "meadow", "pet", "portrait", "group", "interior", "city", "other",
]  # fmt: skip
SourceKind = Literal["steam", "fire", "light", "window", "sun", "exhaust"]


@dataclass(frozen=True, slots=True)
class Region:
    """One kind of thing in the photo: where (0 not, 1 surely) and how sure the analysis is.

    flow: the direction in which it moves, (h, w, 2) unit vectors (x right, y down) where the mask
    is set, for falling water; None where the direction is free.
    """

    kind: str
    mask: Map
    confidence: float
    flow: Map | None = None

    @property
    def area(self) -> float:
        """Its part of the photo, 0..1."""
        return float(self.mask.mean())


@dataclass(frozen=True, slots=True)
class Source:
    """A place that gives light, steam or fire.

    x, y: its centre, fractions of width and height; radius: a fraction of the photo's longer side;
    for steam: half the width of the rim that it rises from. strength 0..1: how bright or sure.
    """

    kind: SourceKind
    x: float
    y: float
    radius: float
    confidence: float
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Face:
    """A face: its box, and if it could be read surely, the 468 points of MediaPipe's Face Mesh.

    points: (468, 2) float32 fractions of width and height, or None: then it is left as it is.
    confidence: of the points, 0 without.
    """

    box: Box
    points: Map | None = None
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What a photo shows.

    regions: at most one a kind; kinds are open, so that an analysis may know more. horizon: the
    row where the ground ends, as a fraction of the height, or None when nothing shows it.
    depth: 0 near .. 1 far, smooth but for the subject. kind: what it is of, with a confidence.
    """

    regions: tuple[Region, ...]
    horizon: float | None
    depth: Map
    faces: tuple[Face, ...]
    sources: tuple[Source, ...] = ()
    kind: SceneKind = "other"
    kind_confidence: float = 0.0

    def region(self, kind: str) -> Region | None:
        """The region of a kind, or None when the photo does not show it."""
        for region in self.regions:
            if region.kind == kind:
                return region
        return None

    def sources_of(self, kind: SourceKind) -> tuple[Source, ...]:
        """The sources of a kind, the strongest first."""
        found = [source for source in self.sources if source.kind == kind]
        return tuple(sorted(found, key=lambda source: source.strength, reverse=True))
