"""The level line at which a hazy sky ends: too faint for colours alone, but straight and wide.

Where far land or the sea fades into the haze, no pixel tells the sky from what is below; the mean
over a whole row does. A level break is a nearly horizontal line across which the picture darkens
by about the same amount in nearly all columns. Clouds break here and there, never all at once.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.pixels import Map, as_map
from model_endpoint.scene.outlines import HALF, Mask

#: Slopes (rows per column) that are tried: a hand-held camera is up to six degrees askew.
SLOPES = tuple(float(slope) for slope in np.linspace(-0.1, 0.1, 11))
#: Every second column is looked at: the line is wide.
STRIDE = 2
#: Height of the bands above and below the line that are compared, as a part of the picture.
BAND = 1 / 28
#: Part of a band that must lie in the region for its column to count.
COVERED = 0.8
#: Part of the picture's columns in which the line must be seen.
MIN_WIDTH = 0.3
#: CIE Lab: how much darker it must get, and how many times more than in the region's other rows.
MIN_DARKENING = 4.0
MIN_PROMINENCE = 3.0
#: Length of the mean change over the mean length of the changes: 1 where all columns agree.
MIN_AGREEMENT = 0.93
#: Part of the mean change below which a column has none; the width over which most lack it.
UNCHANGED = 0.3
OPEN_COLUMNS = 7
#: Part of the columns that may lack it, for an island or a mast.
MAX_OPEN = 0.05


@dataclass(frozen=True, slots=True)
class LevelBreak:
    """A straight line: its row in the middle column, its slope in rows per column, its contrast."""

    row: float
    slope: float
    contrast: float

    def below(self, shape: tuple[int, int]) -> Mask:
        """What lies under the line, (h, w)."""
        columns = np.arange(shape[1]) - shape[1] / 2
        return np.asarray(np.arange(shape[0])[:, None] >= self.row + self.slope * columns)


def unbroken(seen: Mask, change: Map, mean: Map) -> bool:
    """Whether the picture changes at the line in all columns, but for single ones.

    Where it does not, the sky goes on: then it is the foot of a hill or a cloud, not the horizon.
    """
    along = change @ mean / max(1e-6, float(mean @ mean))
    missing = as_map(seen & (along < UNCHANGED))
    spread = cv2.blur(missing[None], (OPEN_COLUMNS, 1), borderType=cv2.BORDER_REPLICATE)
    return bool((spread > HALF).mean() <= MAX_OPEN)


def band_sums(lab: Map, inside: Mask) -> Map:
    """Sums from the top of (L, a, b, 1) over the region: (h + 1, w, 4); bands are differences."""
    weight = as_map(inside)[..., None]
    values = np.concatenate([lab * weight, weight], axis=2)
    sums = np.zeros((values.shape[0] + 1, *values.shape[1:]), dtype=np.float32)
    np.cumsum(values, axis=0, out=sums[1:])
    return sums


def find_level_break(lab: Map, inside: Mask) -> LevelBreak | None:
    """The boldest level break in the region `inside` (h, w) of a Lab picture, if there is one."""
    height, width = inside.shape
    band = max(3, round(BAND * height))
    sums = band_sums(lab, inside)
    columns = np.arange(0, width, STRIDE)
    middles = np.arange(band, height - band)
    best: tuple[float, LevelBreak] | None = None
    contrasts: list[Map] = []
    for slope in SLOPES:
        rows = middles[:, None] + np.round((columns - width / 2) * slope).astype(int)
        fits = (rows >= band) & (rows <= height - band)
        rows = np.clip(rows, band, height - band)
        middle = sums[rows, columns]
        upper, lower = middle - sums[rows - band, columns], sums[rows + band, columns] - middle
        seen = fits & (np.minimum(upper[..., 3], lower[..., 3]) >= COVERED * band)
        change = lower[..., :3] / np.maximum(lower[..., 3:], 1.0)
        change -= upper[..., :3] / np.maximum(upper[..., 3:], 1.0)
        change *= seen[..., None]
        count = np.maximum(seen.sum(axis=1), 1)
        mean = change.sum(axis=1) / count[:, None]
        contrast = as_map(np.linalg.norm(mean, axis=1))
        agreement = contrast * count / np.maximum(np.linalg.norm(change, axis=2).sum(axis=1), 1e-6)
        wide = seen.mean(axis=1) >= MIN_WIDTH
        contrasts.append(contrast[wide])
        darkening = np.where(wide & (agreement >= MIN_AGREEMENT), -mean[:, 0], 0.0)
        top = int(darkening.argmax())
        bolder = darkening[top] >= MIN_DARKENING and (best is None or darkening[top] > best[0])
        if bolder and unbroken(seen[top], as_map(change[top]), as_map(mean[top])):
            line = LevelBreak(float(middles[top]), slope, float(contrast[top]))
            best = (float(darkening[top]), line)
    if best is None:
        return None
    typical = float(np.median(np.concatenate(contrasts)))
    if best[1].contrast < MIN_PROMINENCE * typical:
        return None
    # Under a cloud it brightens again; under a horizon it does not.
    below = best[1].below(inside.shape)
    darker = np.median(lab[inside & ~below, 0]) - np.median(lab[inside & below, 0])
    return best[1] if darker >= MIN_DARKENING else None
