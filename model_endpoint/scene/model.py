"""The contract of scene analysis: what any analysis, classical or learned, tells the engines.

All maps share one size (h, w), smaller than the photo: they show where things are, and whoever
needs an exact outline refines it on the pixels it draws.
"""

from dataclasses import dataclass

from model_endpoint.pixels import Map
from story.generation import Box

SKY = "sky"
WATER = "water"
SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Region:
    """One kind of thing in the photo: where (0 not, 1 surely) and how sure the analysis is."""

    kind: str
    mask: Map
    confidence: float

    @property
    def area(self) -> float:
        """Its part of the photo, 0..1."""
        return float(self.mask.mean())


@dataclass(frozen=True, slots=True)
class Scene:
    """What a photo shows.

    regions: at most one a kind; kinds are open, so that an analysis may know more. horizon: the
    row where the ground ends, as a fraction of the height, or None when nothing shows it.
    depth: 0 near .. 1 far, smooth but for the subject.
    """

    regions: tuple[Region, ...]
    horizon: float | None
    depth: Map
    faces: tuple[Box, ...]

    def region(self, kind: str) -> Region | None:
        """The region of a kind, or None when the photo does not show it."""
        for region in self.regions:
            if region.kind == kind:
                return region
        return None
