"""What each photo shows, as a person drew it: polygons in `truth/`, read as masks."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).with_name("truth")

#: What can be asked of a truth; `truth/README.md` says what each one means.
Kind: TypeAlias = Literal["sky", "water", "falling_water", "subject", "foliage", "still"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: (N, 2) int32: the corners x, y in pixels of the stored photo, (0, 0) the centre of its first.
Polygon: TypeAlias = NDArray[np.int32]
#: (H, W) bool.
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Truth:
    """One photo's drawing: the polygons of every kind and the holes in them."""

    photo: str
    width: int
    height: int
    polygons: dict[Kind, tuple[Polygon, ...]]
    holes: dict[Kind, tuple[Polygon, ...]]
    note: str

    def shows(self, kind: Kind) -> bool:
        """Whether anything of this kind was drawn."""
        return bool(self.polygons[kind])

    def mask(self, kind: Kind) -> Mask:
        """Where the photo shows this kind: (H, W) bool, the outline itself included.

        mask = (union of the polygons) minus (union of the holes); falling water is water too.
        """
        mask = self._filled(self.polygons[kind]) & ~self._filled(self.holes[kind])
        return mask | self.mask("falling_water") if kind == "water" else mask

    def _filled(self, polygons: tuple[Polygon, ...]) -> Mask:
        canvas = np.zeros((self.height, self.width), np.uint8)
        for polygon in polygons:  # one by one: together, overlaps would cancel out
            cv2.fillPoly(canvas, [polygon], 1)
        return canvas.astype(np.bool_)


def names() -> tuple[str, ...]:
    """The photos that were drawn, by their names without `.jpg`."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def load(name: str) -> Truth:
    """The truth of `photos/{name}.jpg`; its size comes from the file, the photo is not needed."""
    drawn: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return Truth(
        photo=drawn["photo"],
        width=drawn["width"],
        height=drawn["height"],
        polygons={kind: _polygons(drawn[kind]) for kind in KINDS},
        holes={kind: _polygons(drawn[f"{kind}_holes"]) for kind in KINDS},
        note=drawn["note"],
    )


def _polygons(corners: list[list[list[int]]]) -> tuple[Polygon, ...]:
    return tuple(np.asarray(polygon, np.int32).reshape(-1, 2) for polygon in corners)
