"""Water: a level plain under the sky that has the sky's colours, or a stream with white falls.

Open water is proposed by places that are calm. Each is judged by what
ground seldom has all of: the sky's tint, not much darker than the sky, and a far edge that is
straight, level and sharp. The best proposal, and those of its colour, are grown to their outline.
Where unsure it finds nothing, since a rippling meadow is worse than a still lake.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.bays import with_bays
from model_endpoint.scene.behind import behind_uprights
from model_endpoint.scene.model import WATER, Region
from model_endpoint.scene.outlines import HALF, Mask, above_half, fit, lab_of, meet, ramp, within
from model_endpoint.scene.stream import find_stream

#: Names that photos of running water are given.
RUNNING_WATER = frozenset({"Water", "Waterfall", "Stream", "Creek", "River", "Rapids"})
#: Longer side of the picture that bays are looked for in: grain is fine.
BAYS_SIDE_PX = 512
#: Names of plains that look like calm water: unless water is named as well, it is one of them.
DRY = frozenset({"Road", "Street", "Highway", "Tarmac", "Asphalt", "Runway", "Snow", "Desert"})
#: Longer side of the picture that the cues are computed on.
SIDE_PX = 384
#: Names that photos of open water are given.
OPEN_WATER = frozenset(
    {"Water", "Sea", "Ocean", "Lake", "River", "Beach", "Coast", "Shoreline", "Bay", "Harbor"}
)
#: CIE Lab per pixel: steeper is no calm water.
CALM_SLOPE = 1.5
#: What parts a plain is this many times steeper than its own waves.
PLAIN_STEEPNESS = 3.5
PLAIN_ROUNDS = 2
#: CIE Lab: distance in tint (a, b) at which water still mirrors the sky, and no more.
SKY_TINT = 6.0
OTHER_TINT = 13.0
#: Part of the height, above the sky's lower border, whose colours water mirrors.
MIRRORED = 0.1
#: A far edge is looked for in directions up to six degrees askew, rows within this many pixels.
EDGE_SLOPES = tuple(float(slope) for slope in np.linspace(-0.1, 0.1, 9))
EDGE_ROWS = 3
EDGE_GAIN = 0.05
#: Parts of the picture: the least area of the surest proposal, of the others and of the whole
#: region; the least width of a proposal.
MIN_SEED = 0.008
MIN_COMPANION = 0.003
MIN_AREA = 0.015
MIN_WIDTH = 0.05
#: A named water is believed sooner.
MIN_CONFIDENCE = 0.8
MIN_NAMED_CONFIDENCE = 0.6
#: Other parts of the same water may be less sure than the least by this; their far shores must
#: be nearly as sharp, and most of them must lie on this side of the best one's.
COMPANION = 0.15
ALIKE = 0.6
#: How far the outline may lie from the plain that was found.
OUTLINE_PX = 7
#: CIE Lab: the size of the boxes that colours are sorted into, and where a and b begin; the least
#: part of the water in a box that is one of its colours; the slope that still is a wave's.
COLOUR_BOX = 5.0
LEAST_TINT = -128.0
MIN_SHARE = 0.003
WAVE_SLOPE = 8.0
#: The part of the water that its colours may add; where it is more they are the land's as well.
MOST_ADDED = 0.25


def slopes(lab: Map) -> tuple[Map, Map]:
    """Gradients across and down of the slightly smoothed picture, Lab per pixel: two (h, w)."""
    smooth = as_map(cv2.GaussianBlur(lab, (0, 0), 1.0))
    # Sobel's kernel adds eight differences of neighbours.
    across = np.linalg.norm(as_map(cv2.Sobel(smooth, cv2.CV_32F, 1, 0)) / 8, axis=2)
    down = np.linalg.norm(as_map(cv2.Sobel(smooth, cv2.CV_32F, 0, 1)) / 8, axis=2)
    return as_map(across), as_map(down)


def mirrored(lab: Map, sky: Mask) -> Map:
    """The colours that water may mirror: quantiles of the lowest sky of each column, (n, 3)."""
    reach = max(1, round(MIRRORED * sky.shape[0]))
    lowest = sky.copy()
    lowest[:-reach] &= ~sky[reach:]
    return as_map([np.percentile(lab[lowest], part, axis=0) for part in (10, 30, 50, 70, 90)])


def tint_distance(lab: Map, colours: Map) -> Map:
    """How far each colour's tint (a, b) is from the nearest of `colours` (n, 3)."""
    return as_map(
        np.min([np.linalg.norm(lab[..., 1:] - colour[1:], axis=-1) for colour in colours], axis=0)
    )


def parts(mask: Mask, least: float) -> list[Mask]:
    """The connected parts of a mask that are at least this part of the picture, largest first."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=4
    )
    areas = [(int(stats[label, cv2.CC_STAT_AREA]), label) for label in range(1, count)]
    enough = least * mask.size
    return [np.asarray(labels == label) for area, label in sorted(areas)[::-1] if area >= enough]


@dataclass(frozen=True, slots=True)
class Shore:
    """The far edge of a place as a level line, row + slope * column.

    on_line: the part of the place's upper border that lies on it; contrast: across it, in Lab, past
    its blur; onset: the part of that within a few rows.
    """

    row: float
    slope: float
    on_line: float
    contrast: float
    onset: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """A place that may be water: where, its far shore, and what speaks for it, each 0..1.

    tint: the sky's; light: as bright as the sky, or nearly; level and sharp: the far edge.
    """

    mask: Mask
    shore: Shore
    tint: float
    light: float
    level: float
    sharp: float

    @property
    def confidence(self) -> float:
        """The geometric mean: a single refutation suffices."""
        values = np.maximum(np.array([self.tint, self.light, self.level, self.sharp]), 1e-4)
        return float(np.exp(np.log(values).mean()))


def far_shore(lab: Map, mask: Mask, sky: Mask) -> Shore:
    """The level line that most of a place's upper border lies on."""
    columns = np.flatnonzero(mask.any(axis=0))
    tops = mask.argmax(axis=0)[columns]
    # Where the far edge is the skyline it must be the sea's, which is straight; a ridge is not.
    skyline = sky[np.maximum(tops - 2 * EDGE_ROWS, 0), columns].mean() > HALF
    rough = EDGE_ROWS if skyline else 2 * EDGE_ROWS
    best = (0.0, 0.0, 0.0)
    for slope in sorted(EDGE_SLOPES, key=abs):
        rows = np.sort(tops - slope * columns)
        # How many borders begin in the next few rows, from each border on.
        counts = np.searchsorted(rows, rows + rough, side="right") - np.arange(len(rows))
        first = int(counts.argmax())
        share = float(counts[first]) / len(columns)
        # A steeper line must be clearly better: the level one is the likelier shore.
        if share > best[0] + EDGE_GAIN:
            best = (share, float(rows[first]), slope)
    below = lab[np.minimum(tops + EDGE_ROWS - 1, len(lab) - 1), columns]
    near, far = (
        float(np.median(np.linalg.norm(lab[np.maximum(tops - rows, 0), columns] - below, axis=1)))
        for rows in (EDGE_ROWS, 2 * EDGE_ROWS)
    )
    return Shore(row=best[1], slope=best[2], on_line=best[0], contrast=far, onset=near)


def beyond(shore: Shore, shape: tuple[int, int]) -> Mask:
    """What lies above a far shore, but for the uncertainty of the line: (h, w)."""
    line = shore.row + shore.slope * np.arange(shape[1]) - EDGE_ROWS
    return np.asarray(np.arange(shape[0])[:, None] < line)


def propose(lab: Map, mask: Mask, sky: Mask) -> Proposal:
    """Judge a place."""
    colour, sky_colours = as_map(np.median(lab[mask], axis=0)), mirrored(lab, sky)
    shore = far_shore(lab, mask, sky)
    brightness = float(colour[0] / np.median(sky_colours[:, 0]))
    return Proposal(
        mask=mask,
        shore=shore,
        tint=float(ramp(tint_distance(colour, sky_colours), OTHER_TINT, SKY_TINT)),
        # What is mirrored is dimmer than what shines; snow is brighter than a blue sky.
        light=float(ramp(as_map(brightness), 0.5, 0.8) * ramp(as_map(brightness), 1.6, 1.3)),
        level=float(ramp(as_map(shore.on_line), 0.45, 0.75)),
        sharp=float(ramp(as_map(shore.contrast), 3.0, 12.0)),
    )


def proposals(places: Mask, lab: Map, sky: Mask) -> list[Proposal]:
    """The connected places that may be water, judged."""
    opened = cv2.morphologyEx(places.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3)))
    return [
        propose(lab, part, sky)
        for part in parts(np.asarray(opened > 0), MIN_COMPANION)
        if part.any(axis=0).mean() >= MIN_WIDTH
    ]


def surest(found: list[Proposal]) -> Proposal | None:
    """The surest of the larger proposals; the larger and the more sudden its shore, the better."""

    def rank(proposal: Proposal) -> float:
        sudden = float(ramp(as_map(proposal.shore.onset), 3.0, 12.0))
        # Mud and sand lie in larger plains than what is seen of the water, but begin gradually.
        return proposal.confidence * float(sudden**0.5 * proposal.mask.mean() ** 0.25)

    large = [proposal for proposal in found if proposal.mask.mean() >= MIN_SEED]
    return max(large, key=rank, default=None)


def plain_around(seed: Mask, across: Map, down: Map, never: Mask) -> Mask:
    """The plain that a place is part of: as far as nothing much steeper than its waves parts it.

    Waves near the shore are bolder than far ones, so what was found sets the measure once more.
    """
    found = seed
    for _ in range(PLAIN_ROUNDS):
        plain = ~never
        for slope in (across, down):
            plain &= slope < PLAIN_STEEPNESS * float(np.median(slope[found]))
        plain = np.asarray(cv2.erode(plain.astype(np.uint8), np.ones((3, 3))) > 0) | found
        _, labels = cv2.connectedComponents(plain.astype(np.uint8), connectivity=4)
        found = np.isin(labels, np.unique(labels[found]))
    return found


def of_its_colours(lab: Map, water: Mask) -> Mask:
    """What has colours that a water (h, w) has in good part."""
    smooth = as_map(cv2.GaussianBlur(lab, (0, 0), 0.7))
    # The first and the last box of each axis stay empty, so that every colour has neighbours.
    boxes = ((smooth - (0.0, LEAST_TINT, LEAST_TINT)) / COLOUR_BOX).astype(np.intp) + 1
    shape = tuple(int(most) + 2 for most in boxes.reshape(-1, 3).max(axis=0))
    places = np.ravel_multi_index((boxes[..., 0], boxes[..., 1], boxes[..., 2]), shape)
    inner = cv2.erode(water.astype(np.uint8), np.ones((3, 3))) > 0
    counts = np.bincount(places[inner], minlength=int(np.prod(shape))).reshape(shape)
    known = counts >= MIN_SHARE * water.sum()
    for axis in range(3):
        known |= np.roll(known, 1, axis) | np.roll(known, -1, axis)
    return np.asarray(known.reshape(-1)[places])


def with_its_colours(lab: Map, water: Mask, steepness: Map, never: Mask) -> Mask:
    """A water (h, w) with what next to it has its colours: between boats, and behind islets.

    Unless so much has them that they do not tell it from the land: then the water as it was.
    """
    alike = of_its_colours(lab, water) & (steepness < WAVE_SLOPE) & ~never
    opened = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3))) > 0
    _, labels = cv2.connectedComponents((opened | water).astype(np.uint8), connectivity=4)
    whole = np.isin(labels, np.unique(labels[water]))
    return whole if whole.sum() <= (1.0 + MOST_ADDED) * water.sum() else water


@dataclass(frozen=True, slots=True)
class OpenWater:
    """A plain of water, what is none for sure, (h, w) both, and how sure it is, 0..1."""

    mask: Mask
    never: Mask
    confidence: float


def open_water(photo: Rgb, sky: Mask, never: Mask, least: float) -> OpenWater | None:
    """The open water, or None."""
    lab = lab_of(photo)
    across, down = slopes(lab)
    found = proposals((np.hypot(across, down) < CALM_SLOPE) & ~never, lab, sky)
    best = surest(found)
    if best is None or best.confidence < least:
        return None
    never = never | (beyond(best.shore, never.shape) & ~best.mask)
    chosen = best.mask.copy()
    for other in found:
        alike = other.shore.onset > ALIKE * best.shore.onset
        nearer = (other.mask & ~never).sum() > ALIKE * other.mask.sum()
        if alike and nearer and other.confidence >= least - COMPANION:
            chosen |= other.mask
    chosen &= ~never
    plain = plain_around(chosen, across, down, never)
    plain = behind_uprights(lab, plain, never, across, down)
    water = meet(photo, plain, never, OUTLINE_PX)
    # What it has grown to must be of one kind still.
    confidence = min(best.confidence, propose(lab, water, sky).confidence + COMPANION)
    if confidence < least:
        return None
    water = with_its_colours(lab, water, as_map(np.hypot(across, down)), never)
    return OpenWater(water, never, confidence)


def whole_water(photo: Rgb, found: OpenWater, salient: Map) -> Mask:
    """An open water with its bays between the things that are `salient`, at the photo's size.

    Unless they would be so much that they are more likely land.
    """
    fine = within(photo, BAYS_SIDE_PX)
    water, never = above_half(as_map(found.mask), fine), above_half(as_map(found.never), fine)
    standing = as_map(cv2.resize(salient, (fine.shape[1], fine.shape[0])))
    alike = of_its_colours(lab_of(fine), water) & ~never
    whole = with_bays(fine, water, standing, never, alike)
    return whole if whole.sum() <= (1.0 + MOST_ADDED) * water.sum() else water


def find_water(
    photo: Rgb,
    size: tuple[int, int],
    sky: Region | None,
    subject: Region | None,
    tags: frozenset[str] = frozenset(),
    *,
    salient: Map | None = None,
) -> Region | None:
    """The water on maps of `size` (width, height), or None when none is sure enough.

    salient (any size) 0..1: what stands out, and may stand in the water.
    tags: what the photo was said to show; a name of water makes it believed sooner.
    """
    small = within(photo, SIDE_PX)
    above = np.zeros(small.shape[:2], dtype=np.bool_)
    if sky is not None:
        above = above_half(sky.mask, small)
    never = np.logical_or.accumulate(above[::-1], axis=0)[::-1]
    if subject is not None:
        never = never | above_half(subject.mask, small)
    named = bool(tags & OPEN_WATER)
    if sky is not None and (named or not tags & DRY):
        least = MIN_NAMED_CONFIDENCE if named else MIN_CONFIDENCE
        found = open_water(small, above, never, least)
        if found is not None and found.mask.mean() >= MIN_AREA:
            water = found.mask if salient is None else whole_water(photo, found, salient)
            return Region(kind=WATER, mask=fit(photo, water, size), confidence=found.confidence)
    # Saliency takes falls for a subject: only the sky is known to be none of it.
    stream = find_stream(photo, size, above)
    if stream is None:
        return None
    mask, sure = stream
    least = MIN_NAMED_CONFIDENCE if tags & RUNNING_WATER else MIN_CONFIDENCE
    return Region(kind=WATER, mask=mask, confidence=sure) if sure >= least else None
