"""What a model is asked for and what it gives: the seam between the engine and a family of models.

Two families are behind it: Wan (wan.py) and LTX-2 (ltx.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from model_endpoint.pixels import Rgb

#: Told the steps done and their number; what it raises ends the drawing, and frees what it holds.
Stepped: TypeAlias = Callable[[int, int], None]


class ModelFailed(Exception):
    """The model gave nothing that can be used. The message says what, without words of a story."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One clip for a model.

    picture: the first frame, (H, W, 3) at the clip's size; steps: how often noise is taken away;
    returns: whether the last frame drawn shall be the first one again.
    """

    picture: Rgb
    prompt: str
    negative_prompt: str
    frames: int
    fps: int
    steps: int
    seed: int
    returns: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a model drew.

    frames: (N, H, W, 3) uint8; unread: how many tokens of the prompt were beyond what it reads.
    """

    frames: Rgb
    unread: int


class Model(Protocol):
    """A loaded model."""

    def draw(self, wanted: Wanted, stepped: Stepped) -> Drawn:
        """Draw one clip. The same `wanted` gives the same frames.

        Raises:
            ModelFailed: what was drawn are no pictures.
        """

    def give_up(self) -> None:
        """Put back in its place whatever a drawing that failed left on the graphics card."""


def unread(tokenizer: Any, prompt: str, most: int) -> int:
    """How many tokens of a prompt are beyond the `most` that a model reads."""
    return max(0, len(tokenizer(prompt).input_ids) - most)
