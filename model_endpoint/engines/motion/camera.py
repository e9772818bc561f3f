"""The camera's way: where it is at each moment of the clip, and what that does to a pixel."""

import math
from dataclasses import dataclass

from story.generation import CameraMove

#: Growth of what is nearest at the end of a push, as a part of its size.
PUSH = 0.15
PULL = 0.13
#: Way of what is nearest in a pan, and of an orbit's ellipse, as parts of the picture's width.
PAN = 0.11
ORBIT = 0.055
#: Height of an orbit's ellipse over its width, and how far it comes nearer on its way.
ORBIT_FLATNESS = 0.35
ORBIT_PUSH = 0.06
#: How much of the camera's motion the farthest things show; 1 would be a flat picture.
FAR_SHARE = 0.45


@dataclass(frozen=True, slots=True)
class Pose:
    """The camera at one moment.

    zoom: growth of a thing of share 1 (0.1 is a tenth larger). x, y: its shift in pixels. turn:
    the shift that has no effect at the pivot and the opposite effect behind it, in pixels (x, y).
    """

    zoom: float = 0.0
    x: float = 0.0
    y: float = 0.0
    turn_x: float = 0.0
    turn_y: float = 0.0


def there_and_back(phase: float) -> float:
    """0 at both ends of the loop, 1 in its middle, at rest at all three: (1 - cos 2πp) / 2."""
    return (1.0 - math.cos(2.0 * math.pi * phase)) / 2.0


def there(phase: float) -> float:
    """0 at the beginning, 1 at the end, at rest at both: (1 - cos πp) / 2."""
    return (1.0 - math.cos(math.pi * phase)) / 2.0


@dataclass(frozen=True, slots=True)
class Path:
    """The camera's way through one clip.

    pan and orbit are the greatest shifts in pixels, already within what the plate can show.
    """

    move: CameraMove
    loop: bool
    pan: float
    orbit: float

    def at(self, phase: float) -> Pose:
        """Where the camera is at phase 0..1; phase 0 is the photo itself.

        In a loop phase 1 is phase 0 again, in place and in speed.
        """
        way = there_and_back(phase) if self.loop else there(phase)
        if self.move == "push_in":
            return Pose(zoom=PUSH * way)
        if self.move == "pull_out":
            return Pose(zoom=-PULL * way)
        if self.move == "pan_left":
            return Pose(x=self.pan * way)
        if self.move == "pan_right":
            return Pose(x=-self.pan * way)
        if self.move == "orbit":
            angle = 2.0 * math.pi * phase
            return Pose(
                zoom=ORBIT_PUSH * way,
                turn_x=self.orbit * math.sin(angle),
                turn_y=self.orbit * ORBIT_FLATNESS * (math.cos(angle) - 1.0) / 2.0,
            )
        return Pose()


def plan_path(
    move: CameraMove, *, width: int, room: tuple[int, int], spread: float, loop: bool
) -> Path:
    """The way of a camera that never sees beyond the plate.

    room: pixels of the plate to the left and to the right of the first frame. spread: the greatest
    difference between a place's share and the pivot's, 0..1.
    """
    towards = room[0] if move == "pan_left" else room[1]
    return Path(
        move=move,
        loop=loop,
        pan=min(PAN * width, float(towards)),
        orbit=min(ORBIT * width, min(room) / max(spread, 0.1)),
    )
