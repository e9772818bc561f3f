"""The camera's way: where it is at each moment of the clip, and what that does to a pixel."""

import math
from dataclasses import dataclass

import numpy as np

from model_endpoint.pixels import Map, as_map
from story.generation import CameraMove

#: Growth of what is nearest at the end of a push, as a part of its size.
PUSH = 0.15
PULL = 0.13
#: Way of what is nearest in a pan or tilt, and of an orbit's ellipse, as parts of the picture's
#: width (a tilt: of its height).
PAN = 0.11
TILT = 0.07
ORBIT = 0.055
#: Height of an orbit's ellipse over its width, and how far it comes nearer on its way.
ORBIT_FLATNESS = 0.35
ORBIT_PUSH = 0.06
#: What is far grows this much against the subject: the camera goes back, the lens closes in.
DOLLY = 0.22
#: Sway of a hand, as a part of the picture's width: whole cycles a clip of five seconds and their
#: weights, for x and y; the hand breathes at about 0.3 Hz and trembles faster.
HAND = 0.009
HAND_CYCLES = ((1, 0.55), (2, 0.4), (3, 0.28), (5, 0.16), (8, 0.07))
HAND_SECONDS = 5.0
HAND_PUSH = 0.03
#: The focus leaves the subject and returns; a trace of a push keeps the picture alive.
RACK_PUSH = 0.04
#: How much of the camera's motion the farthest things show; 1 would be a flat picture.
FAR_SHARE = 0.45


@dataclass(frozen=True, slots=True)
class Pose:
    """The camera at one moment.

    zoom: growth of a thing of share 1 (0.1 is a tenth larger). x, y: its shift in pixels. turn:
    the shift that has no effect at the pivot and the opposite effect behind it, in pixels (x, y).
    dolly: the growth that has no effect at the pivot and grows what is behind it. defocus: how far
    the background is out of focus, 0 .. 1.
    """

    zoom: float = 0.0
    x: float = 0.0
    y: float = 0.0
    turn_x: float = 0.0
    turn_y: float = 0.0
    dolly: float = 0.0
    defocus: float = 0.0


STANDS = Pose()


@dataclass(frozen=True, slots=True)
class Lens:
    """How a pose moves pixels.

    centre: of the zoom, (x, y) in the picture. pivot: the share that an orbit turns around.
    """

    centre: tuple[float, float]
    pivot: float

    def growth(self, share: Map | float, pose: Pose) -> Map:
        """How much larger things of a share are seen than in the first frame."""
        return as_map(1.0 + pose.zoom * share + pose.dolly * (self.pivot - share))

    def source(self, x: Map, y: Map, share: Map | float, pose: Pose) -> tuple[Map, Map]:
        """Which pixels of the first frame are seen at x, y, for things of a share.

        A place at s of share w is seen at u = c + (s - c)·growth(w) + shift·w + turn·(w - pivot);
        this is its inverse.
        """
        growth = self.growth(share, pose)
        turn = share - self.pivot
        shift_x = pose.x * share + pose.turn_x * turn if pose.x or pose.turn_x else 0.0
        shift_y = pose.y * share + pose.turn_y * turn if pose.y or pose.turn_y else 0.0
        centre_x, centre_y = self.centre
        return (
            as_map(centre_x + (x - centre_x - shift_x) / growth),
            as_map(centre_y + (y - centre_y - shift_y) / growth),
        )

    def seen(self, x: Map, y: Map, share: Map | float, pose: Pose) -> tuple[Map, Map]:
        """Where pixels x, y of the first frame are seen; the inverse of `source`."""
        growth = self.growth(share, pose)
        turn = share - self.pivot
        centre_x, centre_y = self.centre
        return (
            as_map(centre_x + (x - centre_x) * growth + pose.x * share + pose.turn_x * turn),
            as_map(centre_y + (y - centre_y) * growth + pose.y * share + pose.turn_y * turn),
        )


def share_of(depth: Map | float) -> Map:
    """The part of the camera's motion that a thing at a depth (0 near .. 1 far) shows."""
    return as_map(FAR_SHARE + (1.0 - FAR_SHARE) * (1.0 - depth))


def there_and_back(phase: float) -> float:
    """0 at both ends of the loop, 1 in its middle, at rest at all three: (1 - cos 2πp) / 2."""
    return (1.0 - math.cos(2.0 * math.pi * phase)) / 2.0


def there(phase: float) -> float:
    """0 at the beginning, 1 at the end, at rest at both: (1 - cos πp) / 2."""
    return (1.0 - math.cos(math.pi * phase)) / 2.0


@dataclass(frozen=True, slots=True)
class Path:
    """The camera's way through one clip.

    pan, tilt, orbit and hand are the greatest shifts in pixels, already within what the plate can
    show. tremor: phases of a hand, (2, len(HAND_CYCLES)) in cycles; seconds: the clip's length.
    """

    move: CameraMove
    loop: bool
    pan: float
    tilt: float
    orbit: float
    hand: float
    tremor: tuple[tuple[float, ...], ...]
    seconds: float
    strength: float = 1.0

    def at(self, phase: float) -> Pose:
        """Where the camera is at phase 0..1; phase 0 is the photo itself.

        In a loop phase 1 is phase 0 again, in place and in speed.
        """
        way = self.strength * (there_and_back(phase) if self.loop else there(phase))
        match self.move:
            case "push_in":
                pose = Pose(zoom=PUSH * way)
            case "pull_out":
                pose = Pose(zoom=-PULL * way)
            case "pan_left" | "pan_right":
                pose = Pose(x=self.pan * way * (1 if self.move == "pan_left" else -1))
            case "tilt_up" | "tilt_down":
                pose = Pose(y=self.tilt * way * (1 if self.move == "tilt_up" else -1))
            case "dolly":
                # The push keeps the near ground from shrinking away from the picture's edge.
                pose = Pose(zoom=0.5 * DOLLY * way, dolly=DOLLY * way)
            case "rack_focus":
                pose = Pose(zoom=RACK_PUSH * way, defocus=way)
            case "orbit":
                pose = self._circling(phase, way)
            case "handheld":
                x, y = (self._tremble(phase, phases) for phases in self.tremor)
                pose = Pose(zoom=HAND_PUSH * way, x=self.hand * x, y=self.hand * y)
            case "none":
                pose = STANDS
        return pose

    def _circling(self, phase: float, way: float) -> Pose:
        angle = 2.0 * math.pi * phase
        across = self.strength * self.orbit
        return Pose(
            zoom=ORBIT_PUSH * way,
            turn_x=across * math.sin(angle),
            turn_y=across * ORBIT_FLATNESS * (math.cos(angle) - 1.0) / 2.0,
        )

    def _tremble(self, phase: float, phases: tuple[float, ...]) -> float:
        """A hand's sway, 0 at phase 0; its slow part is largest: whole cycles, so that it loops."""
        total = 0.0
        for (cycles, weight), offset in zip(HAND_CYCLES, phases, strict=True):
            turns = max(1, round(cycles * self.seconds / HAND_SECONDS))
            angle = 2.0 * math.pi * offset
            total += weight * (math.sin(2.0 * math.pi * turns * phase + angle) - math.sin(angle))
        return self.strength * total


def kept(
    span: tuple[float, float], length: float, growth: float, wished: float
) -> tuple[float, float]:
    """(centre, growth) of a zoom that leaves a span (first, last) within 0..length.

    A place s is seen at c + (s - c)·growth. The centre is as near to the wished one as the span
    lets it be; where no centre would do, the growth is what the span can bear.
    """
    first, last = span
    growth = min(growth, length / (last - first))
    if growth <= 1.0:
        return wished, growth
    lowest = (last * growth - length) / (growth - 1.0)
    highest = first * growth / (growth - 1.0)
    return min(max(wished, lowest), highest), growth


def plan_path(
    move: CameraMove,
    *,
    size: tuple[int, int],
    room: tuple[int, int, int, int],
    spread: float,
    seconds: float,
    loop: bool,
    strength: float,
    random: np.random.Generator,
) -> Path:
    """The way of a camera that never sees beyond the plate.

    size: (width, height) of the picture. room: pixels of the plate to the left, above, right of and
    below the first frame. spread: the greatest difference between a place's share and the pivot's.
    """
    left, above, right, below = room
    width, height = size
    tremor = random.uniform(size=(2, len(HAND_CYCLES)))
    # The push of a hand's way hides a little of the edge, and the sway is at most twice its weight.
    largest = 2.0 * sum(weight for _, weight in HAND_CYCLES)
    return Path(
        move=move,
        loop=loop,
        pan=min(PAN * width, float(left if move == "pan_left" else right)),
        tilt=min(TILT * height, float(above if move == "tilt_up" else below)),
        orbit=min(ORBIT * width, min(left, right) / max(spread, 0.1)),
        hand=min(HAND * width, min(room) / largest),
        tremor=tuple(tuple(float(value) for value in row) for row in tremor),
        seconds=seconds,
        strength=strength,
    )
