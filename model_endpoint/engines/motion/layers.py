"""The photo taken apart: the sky, the ground before it, and the subject cut out of both.

A layer keeps colour times coverage P and coverage a. Laid over what is below, P + (1 - a)·B, the
layers in their places give the photo again exactly: P is defined as photo - (1 - a)·B.
Porter & Duff, Compositing Digital Images, SIGGRAPH 1984.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.engines.motion.camera import share_of
from model_endpoint.engines.motion.fill import push_pull
from model_endpoint.engines.motion.framing import Framing, cut
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb
from model_endpoint.scene.guided import guided_filter
from model_endpoint.scene.model import SKY, SUBJECT, Scene

#: Radius of the refinement of outlines, as a part of the plate's longer side, and the variance of
#: luma (0..1) below which the plate counts as flat.
OUTLINE_RADIUS = 0.012
OUTLINE_EPS = 2e-4
#: A subject takes this many pixels around its outline along, so that none of it stays behind.
GROWTH_PX = 2
#: Coverage below this is none; a mask's part of the plate below which it is not worth a layer.
TRACE = 0.004
MIN_AREA = 0.01
#: A difference that coverage need not explain.
NOISE = 0.03
#: Grey levels by which the layers may miss the photo: black and white leave no room to divide by.
SLACK = 2.0
#: Pixels of an outline that are worked out at once: what that takes, 2 MB, stays in a core's cache
#: and need not be asked of the system anew. A soft sky is all outline.
EDGE_AT_ONCE = 1 << 15
HALF = 0.5
PURE = 0.98
#: Size, as a part of the longer side, and contrast of luma (0..1), from and to, of what is too fine
#: for a cloud.
FINE = 0.0013
FINE_CONTRAST = (0.025, 0.045)
#: Canny's thresholds in grey levels; length of an edge that is straight and not a cloud's, as a
#: part of the plate's longer side; width of an edge, likewise.
EDGE_LEVELS = (12.0, 36.0)
STRAIGHT = 0.13
EDGE = 0.0053
#: Width of a girder or mast that can stand in the sky, as a part of the plate's longer side.
GIRDER = 0.03
#: Warmth (see warm) below which a sky is blue, and from and to which a thing is warm; part of the
#: sky that such things fill at most; and their fringe, a part of the longer side.
BLUE = 0.46
WARM = (0.51, 0.54)
FEW = 0.08
FRINGE = 0.002
#: Size of a hole in the sky that is nothing, as a part of the longer side.
SPECK = 0.05


@dataclass(frozen=True, slots=True)
class Cutout:
    """A layer that moves as one: (h, w, 4), colour times coverage and coverage; its share."""

    pixels: Rgb
    share: float


@dataclass(frozen=True, slots=True)
class Layers:
    """The photo from back to front, on the plate.

    sky: the whole plate filled with sky, or None. ground: everything but sky and subject, with
    the camera share of each place (h, w). subject: what stands out, or None. depth (h, w). masks
    (h, w) 0..1 by region kind, to the plate's own outlines and only where the region is seen.
    """

    sky: Rgb | None
    ground: Rgb
    share: Map
    subject: Cutout | None
    depth: Map
    masks: Mapping[str, Map]


def luma(picture: Rgb) -> Map:
    """(h, w) float32 0..1."""
    return as_map(as_map(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)) / 255.0)


def warm(plate: Rgb) -> Map:
    """(h, w) float32 0..1, from blue to red of a plate (h, w, 3): straw on blue shows in it."""
    return as_map((as_map(plate[..., 0]) - as_map(plate[..., 2])) / 510.0 + 0.5)


def in_bytes(picture: Map | Rgb) -> Rgb:
    """A picture (h, w, 3) of 0..255 rounded; at full resolution each copy as floats is large."""
    return as_rgb(cv2.convertScaleAbs(picture))


def outline(mask: Map, guide: Map) -> Map:
    """A coarse mask with the plate's own edges."""
    radius = max(2, round(OUTLINE_RADIUS * max(mask.shape)))
    return guided_filter(guide, mask, radius=radius, eps=OUTLINE_EPS)


def smoothstep(low: float, high: float, values: Map) -> Map:
    """0 below low, 1 above high, 3t² - 2t³ between."""
    t = as_map(values - low)
    t /= high - low
    np.clip(t, 0.0, 1.0, out=t)
    rest = 2.0 * t
    np.subtract(3.0, rest, out=rest)
    t *= t
    t *= rest
    return t


def cut_out(picture: Map | Rgb, below: Map | Rgb, cover: Map) -> Rgb:
    """The layer (h, w, 4) that laid over `below` gives `picture`; both (h, w, 3), 0..255.

    No colour can darken or brighten `below` to the picture with too little coverage: from
    0 ≤ P ≤ 255 a follows a ≥ 1 - C/B and a ≥ 1 - (255 - C)/(255 - B), whichever `cover` says.
    Only the outline needs it: inside the layer is the picture, and outside the two agree.
    """
    layer = np.zeros((*cover.shape, 4), dtype=np.uint8)
    inside = (cover >= 1.0).view(np.uint8)
    cv2.copyTo(cv2.cvtColor(in_bytes(picture), cv2.COLOR_RGB2RGBA), inside, layer)
    around = cv2.dilate((cover > 0.0).view(np.uint8), np.ones((7, 7), np.uint8))
    edge = np.flatnonzero(around > inside)
    colours, others, covers = picture.reshape(-1, 3), below.reshape(-1, 3), cover.ravel()
    # Four bytes at a time: numpy moves whole pixels faster than channels.
    pixels = layer.view(np.uint32).reshape(-1)
    for begin in range(0, len(edge), EDGE_AT_ONCE):
        some = edge[begin : begin + EDGE_AT_ONCE]
        taken = (as_map(each.take(some, axis=0)) for each in (colours, others, covers))
        pixels[some] = edge_pixels(*taken)
    return as_rgb(layer)


def edge_pixels(colours: Map, others: Map, covers: Map) -> NDArray[np.uint32]:
    """The pixels (n,) of a layer's outline, four bytes each; see cut_out.

    colours: the picture's (n, 3); others: those below (n, 3); covers (n,) 0..1.
    """
    # Channel by channel, (3, n): numpy is slow at short rows.
    mine, other = np.ascontiguousarray(colours.T), np.ascontiguousarray(others.T)
    darker = ((mine + SLACK) / (other + SLACK)).min(axis=0)
    brighter = ((255.0 - mine + SLACK) / (255.0 - other + SLACK)).min(axis=0)
    needed = np.clip(1.0 - np.minimum(darker, brighter), 0.0, 1.0)
    needed[needed < NOISE] = 0.0
    alpha = np.maximum(covers, needed)
    values = np.empty((4, len(covers)), dtype=np.float32)
    np.clip(mine - (1.0 - alpha) * other, 0.0, 255.0 * alpha, out=values[:3])
    np.multiply(alpha, 255.0, out=values[3])
    packed = np.ascontiguousarray(np.rint(values).astype(np.uint8).T)
    return np.asarray(packed.view(np.uint32)[:, 0])


def subject_cover(mask: Map, guide: Map) -> Map:
    """The subject's coverage: its refined outline, grown a little and softened."""
    cover = smoothstep(0.25, 0.75, outline(mask, guide))
    ring = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * GROWTH_PX + 1, 2 * GROWTH_PX + 1))
    grown = as_map(cv2.GaussianBlur(cv2.dilate(cover, ring), (0, 0), 0.5 * GROWTH_PX))
    grown[grown < TRACE] = 0.0
    return grown


def fine_structure(guide: Map, sky: Map) -> Map:
    """What no cloud has: twigs and lattices, and straight edges with all between. (h, w) 0..1.

    Looked for in the rows that show sky (h, w) 0..1 only, straight edges at half the resolution.
    """
    found = np.zeros_like(guide)
    rows = np.flatnonzero((sky > TRACE).any(axis=1))
    if len(rows) == 0:
        return found
    part = guide[rows[0] : rows[-1] + 1]
    size = max(0.5, FINE * max(guide.shape))
    fine = cv2.absdiff(part, cv2.GaussianBlur(part, (0, 0), size))
    around = as_map(cv2.GaussianBlur(fine, (0, 0), size))
    half = as_map(cv2.resize(part, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    straight = cv2.resize(girders(half, max(guide.shape) / 2), part.shape[::-1])
    found[rows[0] : rows[-1] + 1] = np.maximum(smoothstep(*FINE_CONTRAST, around), straight)
    return found


def before_blue(warmth: Map, sky: Map) -> Map:
    """What is warm before a blue sky (h, w) 0..1, if that is little: straw, leaves, a kite.

    warmth (h, w): see warm; sky (h, w) 0..1. Where much of a sky is warm its clouds are.
    """
    inside = sky > HALF
    none = np.zeros_like(warmth)
    if not inside.any() or float(np.median(warmth[inside])) > BLUE:
        return none
    found = smoothstep(*WARM, warmth)
    if float(found[inside].mean()) > FEW:
        return none
    side = 2 * round(FRINGE * max(warmth.shape)) + 1
    return as_map(cv2.blur(cv2.dilate(found, np.ones((side, side), np.uint8)), (3, 3)))


def without_specks(sky: Map) -> Map:
    """A sky mask (h, w) 0..1 without its small holes: birds and grain drift with the clouds."""
    holes = (sky < PURE).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(holes, connectivity=8)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    small = sides < SPECK * max(sky.shape)
    return as_map(np.where((holes > 0) & small[labels], 1.0, sky))


def girders(guide: Map, longer: float) -> Map:
    """Cables, masts and girders, by their long straight edges: (h, w) 0..1.

    longer: the longer side of the whole picture, in the guide's pixels.
    """
    grey = as_rgb(np.rint(cv2.GaussianBlur(guide, (0, 0), 0.6) * 255.0).astype(np.uint8))
    lines = cv2.HoughLinesP(
        cv2.Canny(grey, *EDGE_LEVELS),
        rho=1.0,
        theta=np.pi / 360.0,
        threshold=round(0.4 * STRAIGHT * longer),
        minLineLength=STRAIGHT * longer,
        maxLineGap=0.01 * longer,
    )
    width = max(1, round(EDGE * longer))
    drawn = np.zeros(guide.shape, dtype=np.uint8)
    if lines is not None:
        for x0, y0, x1, y1 in np.asarray(lines).reshape(-1, 4):
            cv2.line(drawn, (int(x0), int(y0)), (int(x1), int(y1)), 1, width)
    # A girder is plain inside: what lies between two of its edges belongs to it.
    side = 2 * round(GIRDER * longer / 2) + 1
    closed = cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    return as_map(cv2.GaussianBlur(as_map(closed), (0, 0), 1.0))


def open_sky(plate: Rgb, guide: Map, sky: Map) -> Map:
    """How much of a sky (h, w) 0..1 is seen, to the plate's outlines: without what stands in it."""
    warmth = warm(plate)
    fine = np.maximum(fine_structure(guide, sky), fine_structure(warmth, sky))
    fine = np.maximum(fine, before_blue(warmth, sky))
    return as_map(smoothstep(0.3, 0.7, outline(sky, guide)) * (1.0 - fine))


def take_apart(framing: Framing, scene: Scene, photo_size: tuple[int, int]) -> Layers:
    """Cut the plate into layers. photo_size is (width, height)."""
    # The plate stays in bytes: as floats it would be four times as large as all that is kept of it.
    plate, guide = framing.plate, luma(framing.plate)
    height, width = guide.shape

    def on_plate(kind: str) -> Map | None:
        region = scene.region(kind)
        if region is None:
            return None
        placed = cut(region.mask, photo_size, framing.source, (width, height))
        return placed if float(placed.mean()) >= MIN_AREA else None

    depth = cut(scene.depth, photo_size, framing.source, (width, height))
    share = as_map(share_of(depth))
    subject_mask, sky_mask = on_plate(SUBJECT), on_plate(SKY)

    masks: dict[str, Map] = {}
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside") as beside:
        # Where sky is seen does not depend on what the subject hides, and the front and the sky are
        # cut out of the same: each pair shares the cores.
        opened = beside.submit(open_sky, plate, guide, sky_mask) if sky_mask is not None else None
        # What is behind the subject, seen or made up: picture, share and sky.
        behind: Map | Rgb = plate
        ground_share, known, subject_share = share, np.ones_like(guide), 1.0
        seen, front = known, None
        if subject_mask is not None:
            cover = subject_cover(subject_mask, guide)
            known = as_map(cover <= 0.0)
            behind = push_pull(plate, known)
            front = beside.submit(cut_out, plate, behind, cover)
            ground_share = as_map(push_pull(share[..., None], known)[..., 0])
            if (cover > HALF).any():
                subject_share = float(np.median(share[cover > HALF]))
            seen, masks[SUBJECT] = as_map(1.0 - cover), cover
        for region in scene.regions:
            mask = on_plate(region.kind)
            if mask is not None and region.kind not in {SUBJECT, SKY}:
                masks[region.kind] = as_map(smoothstep(0.3, 0.7, outline(mask, guide)) * seen)
        sky = None
        if opened is None:
            ground = in_bytes(behind)
        else:
            whole_sky = as_map(push_pull(opened.result()[..., None], known)[..., 0])
            whole_sky = without_specks(whole_sky)
            masks[SKY] = as_map(whole_sky * seen)
            pure = cv2.erode(whole_sky, np.ones((3, 3), np.uint8)) * known
            sky_plate = push_pull(plate, as_map(pure >= PURE))
            sky = in_bytes(sky_plate)
            ground = cut_out(behind, sky_plate, as_map(1.0 - whole_sky))
        subject = None if front is None else Cutout(front.result(), subject_share)
    return Layers(sky, ground, ground_share, subject, depth, masks)
