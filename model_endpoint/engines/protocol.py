"""What every engine is to the server: a card that says what it can do, and one verb.

`Direction` and `Report` are the wire contract (story/generation.py); this module is the Python
side of it. An engine reads no network and no environment, and keeps nothing between two clips.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from model_endpoint.pixels import Rgb
from story.errors import GenerationFailed
from story.generation import Direction, EngineName, Report

#: Told the fraction done (0..1, never falling) and the stage's name.
Progress: TypeAlias = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Card:
    """What an engine can make.

    `rates` (frames a second) and `sizes` (width, height in pixels) are what presets offer. An
    engine with `any_size` also takes whatever else the Direction contract permits; a diffusion
    model, trained for a few shapes, does not.
    """

    engine: EngineName
    max_seconds: float
    rates: tuple[int, ...]
    sizes: tuple[tuple[int, int], ...]
    any_size: bool

    def require(self, direction: Direction) -> None:
        """Refuse what this engine cannot make.

        Raises:
            GenerationFailed: names the value that is out of the card's range, and the range.
        """
        name = self.engine.name
        if direction.seconds > self.max_seconds:
            raise GenerationFailed(
                f"{direction.seconds} s asked for; {name} makes at most {self.max_seconds} s"
            )
        if self.any_size:
            return
        if direction.fps not in self.rates:
            raise GenerationFailed(f"{direction.fps} fps asked for; {name} makes {self.rates}")
        if (direction.width, direction.height) not in self.sizes:
            raise GenerationFailed(
                f"{direction.width} by {direction.height} px asked for; {name} makes {self.sizes}"
            )


class Engine(Protocol):
    """Anything that makes clips."""

    @property
    def card(self) -> Card:
        """What it can make."""

    def warm_up(self) -> None:
        """Load every weight and run every stage once, so that the first clip waits for nothing."""

    def generate(
        self, photo: Rgb, direction: Direction, destination: Path, progress: Progress
    ) -> Report:
        """Write one MP4 to destination and report what was done.

        The first frame is the photo, cropped to `Report.crop` and resized. The same photo,
        direction and seed give the same pictures.

        What `progress` raises ends the clip: it is called between any two steps.

        Raises:
            GenerationFailed: the direction is outside the card, or the engine gave up.
        """


def no_progress(fraction: float, stage: str) -> None:
    """Tell nobody."""
