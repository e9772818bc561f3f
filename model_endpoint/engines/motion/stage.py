"""What an effect is given, and what it gives the renderer.

Effects live on the plate: the photo at the clip's scale with some margin around the first frame.
The renderer moves the plate with the camera, so no effect knows of the camera. At phase 0 every
effect is nothing at all, so that the first frame is the photo; in a loop phase 1 is phase 0 again.

Fields are coarse: one value each FIELD_PX plate pixels, whose centre is that of its square. A field
of a patch (left, top, width, height) has shape (height / FIELD_PX, width / FIELD_PX, …).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from model_endpoint.engines.motion.planes import Planes
from model_endpoint.pixels import Map, Rgb
from model_endpoint.scene.model import SceneKind
from story.generation import Heading, Motion

FIELD_PX = 4

#: The layers of a plate, from back to front.
LayerName = Literal["sky", "ground", "subject"]


@dataclass(frozen=True, slots=True)
class Patch:
    """A rectangle of the plate in whole pixels; all four are multiples of FIELD_PX.

    It may reach beyond the plate by less than FIELD_PX, so that every place can be covered.
    """

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def around(cls, mask: Map, margin_px: int = 0, threshold: float = 0.004) -> "Patch | None":
        """The smallest patch that holds every place of a mask above the threshold, or None."""
        rows = np.flatnonzero((mask > threshold).any(axis=1))
        columns = np.flatnonzero((mask > threshold).any(axis=0))
        if len(rows) == 0:
            return None
        height, width = mask.shape
        left, right = max(0, int(columns[0]) - margin_px), min(width, int(columns[-1]) + margin_px)
        top, bottom = max(0, int(rows[0]) - margin_px), min(height, int(rows[-1]) + margin_px)
        left, top = left // FIELD_PX * FIELD_PX, top // FIELD_PX * FIELD_PX
        return cls(
            left,
            top,
            (right - left) // FIELD_PX * FIELD_PX + FIELD_PX,
            (bottom - top) // FIELD_PX * FIELD_PX + FIELD_PX,
        )

    @property
    def field_shape(self) -> tuple[int, int]:
        """(rows, columns) of a field on this patch."""
        return self.height // FIELD_PX, self.width // FIELD_PX

    def coordinates(self) -> tuple[Map, Map]:
        """Plate pixels (x, y) of every value of a field: two (rows, columns) float32."""
        rows, columns = self.field_shape
        x = self.left + (np.arange(columns, dtype=np.float32) + 0.5) * FIELD_PX - 0.5
        y = self.top + (np.arange(rows, dtype=np.float32) + 0.5) * FIELD_PX - 0.5
        grid_x, grid_y = np.meshgrid(x, y)
        return grid_x, grid_y


@dataclass(frozen=True, slots=True)
class FaceMarks:
    """A face on the plate: points (468, 2) float32 in plate pixels, and its confidence."""

    points: Map
    confidence: float


@dataclass(frozen=True, slots=True)
class Spot:
    """A source on the plate: x, y, radius in plate pixels; see scene.model.Source."""

    kind: str
    x: float
    y: float
    radius: float
    confidence: float
    strength: float


@dataclass(frozen=True, slots=True)
class Stage:
    """The photo, prepared for its effects.

    plate (H, W, 3) uint8; home: the first frame's left and top in it; size: (width, height) of the
    picture; horizon: its row on the plate, or None; depth (H, W): 0 near .. 1 far. masks: by region
    kind (scene.model), (H, W) 0..1, refined to the plate's own edges, only what is seen: the
    subject hides the water behind it. flows: unit directions (H, W, 2) of regions that have them.
    faces: those read surely; seconds: the clip's length.
    """

    plate: Rgb
    home: tuple[int, int]
    size: tuple[int, int]
    horizon: float | None
    depth: Map
    masks: Mapping[str, Map]
    flows: Mapping[str, Map]
    faces: tuple[FaceMarks, ...]
    sources: tuple[Spot, ...]
    kind: SceneKind
    seconds: float
    fps: int
    loop: bool

    def spots(self, kind: str) -> tuple[Spot, ...]:
        """The sources of a kind."""
        return tuple(spot for spot in self.sources if spot.kind == kind)


@dataclass(frozen=True, slots=True)
class Part:
    """One motion of the plan, as an effect is asked for it.

    strength and speed multiply the effect's own (1 is what suits most photos); heading: where to,
    or None when the effect may choose. random: its own, so that effects do not disturb each other.
    """

    motion: Motion
    strength: float
    speed: float
    heading: Heading | None
    random: np.random.Generator = field(repr=False)


class NothingToMove(Exception):
    """The photo does not show what this motion would move; the message says what is missing."""


class Warp(Protocol):
    """Bends a layer: foliage, ripples, breath, faces."""

    @property
    def layer(self) -> LayerName:
        """The layer that it bends."""

    @property
    def patch(self) -> Patch:
        """Where."""

    def at(self, phase: float) -> Map:
        """(rows, columns, 2) float32 plate pixels to add to the place that is sampled.

        The pixel at p shows what the photo has at p + at(phase). Exactly 0 outside the region and
        on the patch's border; near a region's border no longer than the way to it, so that nothing
        from outside is drawn in.
        """


class Current(Protocol):
    """Carries a region's texture along for ever: clouds, falling water, smoke.

    The renderer draws the region from several copies of the layer, each carried by its own
    displacement, and restores the contrast that mixing unlike pictures loses.
    """

    @property
    def layer(self) -> LayerName:
        """The layer that it carries along: "sky" or "ground"."""

    @property
    def patch(self) -> Patch:
        """Where."""

    @property
    def mask(self) -> Map:
        """(H, W) of the patch in full resolution, 0..1: how much of the flow is seen."""

    def copies(self, phase: float) -> tuple[tuple[float, Map], ...]:
        """Two copies as (weight, displacement (rows, columns, 2) as of a Warp); weights sum to 1.

        At phase 0 one copy has weight 1 and displacement 0.
        """


class Light(Protocol):
    """Brightens, darkens or tints places: sun glow, sky hues, sweeps, twinkle, dapples."""

    @property
    def layer(self) -> Literal["sky"] | None:
        """The sky: only its layer, to its exact outline; None: the whole picture."""

    @property
    def patch(self) -> Patch:
        """Where; the picture's other places keep their light."""

    def at(self, phase: float) -> Map:
        """(rows, columns, 3) float32: gain of Y' above black, and what U and V are shifted by.

        (1, 0, 0) is no change; so it must be on the patch's border, or an edge would show.
        """


class Veil(Protocol):
    """Draws on the finished picture: rain, snow, dust, steam, embers."""

    @property
    def behind_subject(self) -> bool:
        """Whether the subject hides it."""

    def over(self, picture: Planes, phase: float, view: "View") -> None:
        """Draw on the picture, in place."""


class View(Protocol):
    """Where things of the plate are in the picture at this moment, for veils."""

    def place(self, x: Map, y: Map, depth: Map | float) -> tuple[Map, Map, float]:
        """Picture pixels of plate pixels x, y at a depth (0 near .. 1 far), and their growth."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a motion consists of; `done` is what is said of it, e.g. "clouds drift".

    sound: an envelope (n,) float32 over the clip that the sound may follow, e.g. foam on a shore.
    """

    motion: Motion
    done: str
    warps: tuple[Warp, ...] = ()
    currents: tuple[Current, ...] = ()
    lights: tuple[Light, ...] = ()
    veils: tuple[Veil, ...] = ()
    sound: Map | None = None


class Maker(Protocol):
    """Makes an effect for a stage. Each module of effects/ has one a motion, in MAKERS."""

    def __call__(self, stage: Stage, part: Part) -> Effect:
        """Raises NothingToMove when the photo does not show what the motion needs."""
