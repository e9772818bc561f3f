"""Sky: the bright or blue, smooth region that hangs from the upper edge, if there is one.

Colour and smoothness propose places; what hangs from the upper edge is grown into a region by
GrabCut (Rother, Kolmogorov, Blake, SIGGRAPH 2004), so that clouds are in and towers out; then the
region as a whole must look like sky. Position, homogeneity and the border's gradient are the cues
of Shen and Wang, Sky Region Detection in a Single Image, Int. J. Adv. Robotic Systems 10, 2013.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, Rgb, as_map, as_rgb
from model_endpoint.scene.backdrop import UNKNOWN, Place, doubt
from model_endpoint.scene.blurred import within_half_light
from model_endpoint.scene.dusk import GLARE, RAYS, around_lamps, dark_clouds, is_night, under_glare
from model_endpoint.scene.horizon import find_level_break
from model_endpoint.scene.lattice import SIDE_PX as LATTICE_SIDE_PX
from model_endpoint.scene.lattice import find_lattice
from model_endpoint.scene.model import SKY, Region
from model_endpoint.scene.outlines import Mask, above_half, fit, grow, lab_of, ramp, within

#: Longer side of the picture that the cues are computed on.
SIDE_PX = 256
#: The brightest places are those above this percentile; they are lifted to WHITE, but not further
#: than by MAX_GAIN: a night stays a night.
BRIGHTEST = 99.0
WHITE = 250.0
MAX_GAIN = 1.5
#: Sobel magnitude (grey levels, kernel of gain 8) below which a place is smooth, above textured.
SMOOTH_SLOPE = 25.0
ROUGH_SLOPE = 90.0
#: Clouds have bolder outlines than the clear sky, and none is lower than this part of the rows.
CLOUD_SLOPE = 150.0
CLOUD_LOWEST = 0.85
#: Grey levels of fine texture: 1 to 5 in clouds, from 6 on in rock and leaves.
MAX_TEXTURE = 6.0
BRIDGED_PX = 5
#: OpenCV hues (0..180) of sky: from cyan to the violet of dusk.
BLUE_HUES = (95.0, 132.0)
#: Hues of dawn and dusk: below the first, or above the second.
WARM_HUES = (26.0, 168.0)
#: Rows at the top of which a region must hang, and rows at the bottom that are ground, as parts.
TOP = 0.03
GROUND = 0.05
#: CIE lightness by which far hills are darker than the sky above them.
DIMMER = 25.0
GRABCUT_ROUNDS = 2
MIN_AREA = 0.05
MIN_CONFIDENCE = 0.62
LIKELY = 0.5
SURE = 0.9
STANDS_OUT = 0.6


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a region's being sky, each 0..1; every one of them must."""

    colour: float
    smoothness: float
    width: float
    above: float

    @property
    def confidence(self) -> float:
        """The geometric mean: a single refutation suffices."""
        values = np.array([self.colour, self.smoothness, self.width, self.above])
        return float(np.exp(np.log(np.maximum(values, 1e-4)).mean()))


def exposed(photo: Rgb) -> Rgb:
    """The photo as if exposed so that its brightest places are white: its colours are absolute."""
    brightest = max(1.0, float(np.percentile(photo.max(axis=2), BRIGHTEST)))
    gain = float(np.clip(WHITE / brightest, 1.0, MAX_GAIN))
    return as_rgb(np.clip(photo.astype(np.float32) * gain, 0, 255))


def colour_of_sky(photo: Rgb) -> Map:
    """How much each colour could be sky: blue, overcast white, or the glow of dusk. (h, w) 0..1."""
    hue, saturation, value = (
        as_map(plane) for plane in cv2.split(cv2.cvtColor(photo, cv2.COLOR_RGB2HSV))
    )
    blueness = ramp(hue, BLUE_HUES[0] - 5, BLUE_HUES[0]) * ramp(hue, BLUE_HUES[1] + 5, BLUE_HUES[1])
    # Blue at night is dark but saturated; blue by day is pale but bright.
    blue = blueness * np.maximum(
        ramp(saturation, 12, 35) * ramp(value, 90, 130),
        ramp(saturation, 90, 120) * ramp(value, 25, 45),
    )
    white = ramp(saturation, 45, 25) * ramp(value, 200, 228)
    warmth = np.maximum(ramp(hue, WARM_HUES[0] + 4, WARM_HUES[0]), ramp(hue, WARM_HUES[1], 180))
    glow = warmth * ramp(value, 185, 215) * ramp(saturation, 20, 60)
    return as_map(np.maximum(np.maximum(blue, white), 0.8 * glow))


def colour_of_cloud(photo: Rgb) -> Map:
    """How much each colour could be a lit cloud: greyish and not dark. (h, w) 0..1."""
    _, saturation, value = (
        as_map(plane) for plane in cv2.split(cv2.cvtColor(photo, cv2.COLOR_RGB2HSV))
    )
    return as_map(ramp(saturation, 75, 45) * ramp(value, 125, 155))


def over_sky(likely: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What lies above a likely place in its column: sky too, or something standing in it."""
    below: NDArray[np.bool_] = np.logical_or.accumulate(likely[::-1], axis=0)[::-1]
    return below


def dimmed(photo: Rgb, seen: Mask) -> Mask:
    """What is much darker than the sky seen above it: far blue hills are, the sky is seldom.

    Sky beneath a white cloud is as well, but the same blue is seen beside the cloud.
    """
    light = as_map(cv2.GaussianBlur(lab_of(photo)[..., 0], (0, 0), 1.5))
    above = np.maximum.accumulate(np.where(seen, light, 0.0), axis=0)
    return np.asarray(seen & (light < above - DIMMER))


def roughness(photo: Rgb) -> Map:
    """Sobel magnitude of the slightly smoothed luma, grey levels times eight: (h, w)."""
    grey = as_map(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))
    grey = as_map(cv2.GaussianBlur(grey, (0, 0), 0.8))
    return as_map(
        np.hypot(
            as_map(cv2.Sobel(grey, cv2.CV_32F, 1, 0)), as_map(cv2.Sobel(grey, cv2.CV_32F, 0, 1))
        )
    )


def texture(photo: Rgb) -> Map:
    """Mean departure from a small neighbourhood's mean, grey levels: rock has it, clouds not."""
    grey = as_map(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))
    fine = cv2.absdiff(grey, cv2.GaussianBlur(grey, (0, 0), 1.2))
    return as_map(cv2.GaussianBlur(fine, (0, 0), 4.0))


def hanging(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The parts of a mask that touch the upper rows."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    top = labels[: max(1, round(TOP * mask.shape[0]))]
    return np.isin(labels, np.unique(top[top > 0])) & mask


def near(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask with gaps of BRIDGED_PX closed: a cable parts the picture, but not the sky."""
    side = np.ones((BRIDGED_PX, BRIDGED_PX), dtype=np.uint8)
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, side) > 0)


def examine(photo: Rgb, sky: NDArray[np.bool_], colour: Map, slope: Map) -> Evidence:
    """Judge a region as a whole."""
    value = as_map(photo.max(axis=2))
    columns = sky.any(axis=0)
    below = np.zeros_like(sky)
    lowest = sky.shape[0] - 1 - sky[::-1].argmax(axis=0)
    reach = max(2, sky.shape[0] // 12)
    for column in np.flatnonzero(columns):
        below[lowest[column] + 1 : lowest[column] + 1 + reach, column] = True
    brighter = float(np.median(value[sky])) - float(np.median(value[below])) if below.any() else 0.0
    blue_share = float((colour[sky] > LIKELY).mean())
    return Evidence(
        colour=float(ramp(as_map(blue_share), 0.3, 0.75)),
        smoothness=float(ramp(as_map(np.median(slope[sky])), ROUGH_SLOPE, SMOOTH_SLOPE)),
        width=float(ramp(as_map(columns.mean()), 0.25, 0.6)),
        # Sky gives the light: what stands before it is darker, except under lamps at night.
        above=float(ramp(as_map(brighter), -40.0, 15.0)),
    )


def find_sky(
    photo: Rgb, size: tuple[int, int], salient: Map, place: Place = UNKNOWN
) -> Region | None:
    """The sky on maps of `size` (width, height), or None when the photo shows none.

    salient (any size) 0..1: what stands out is no sky, be it a subject or a ridge. place: where
    the photo was taken, as far as that is known.
    """
    taken = within(photo, SIDE_PX)
    small = exposed(taken)
    height, width = small.shape[:2]
    colour, slope = colour_of_sky(small), roughness(small)
    rows = as_map((np.arange(height) + 0.5) / height)[:, None]
    plain = colour * ramp(slope, ROUGH_SLOPE, SMOOTH_SLOPE)
    likelihood = plain * ramp(rows, 1.0, 0.85)
    standing = np.asarray(cv2.resize(salient, (width, height)) > STANDS_OUT)
    never = standing
    seen = (likelihood > LIKELY) & ~never
    if hanging(seen).mean() < MIN_AREA / 2:
        return None
    # Clouds count where they continue the sky, and what is in front of sky is left to GrabCut.
    calm = (texture(small) < MAX_TEXTURE) & ~never
    cloud = colour_of_cloud(small) * ramp(slope, CLOUD_SLOPE, SMOOTH_SLOPE) > LIKELY
    likely = hanging(near(seen | (cloud & calm & (rows < CLOUD_LOWEST)))) & calm
    likely |= over_sky(seen & likely) & (slope < ROUGH_SLOPE) & calm
    never = never | (rows > 1.0 - GROUND)
    line = find_level_break(lab_of(small), near(likely))
    if line is not None:
        never |= line.below((height, width))
    likely &= (slope < CLOUD_SLOPE) & ~dimmed(small, likely)
    surely = likely & (plain > SURE)
    if is_night(taken, surely):
        clouds = dark_clouds(small, hanging(near(likely)), standing)
        likely |= clouds
        surely |= clouds
        never &= ~clouds
    grown = grow(small, likely, surely, never, rounds=GRABCUT_ROUNDS)
    sky = within_half_light(small, hanging(near(grown)) & grown)
    if sky.mean() < MIN_AREA:
        return None
    confidence = examine(small, sky, colour, slope).confidence
    if confidence >= MIN_CONFIDENCE:
        confidence *= doubt(taken, sky, standing, place, level=line is not None).left
    if confidence < MIN_CONFIDENCE:
        return None
    fine = within(photo, LATTICE_SIDE_PX)
    sky = above_half(as_map(sky), fine)
    lattice = find_lattice(exposed(fine), sky, around_lamps(fine, RAYS * GLARE))
    if is_night(fine, sky):
        sky = under_glare(fine, sky, above_half(as_map(standing), fine))
    sky &= ~lattice
    return Region(kind=SKY, mask=fit(photo, sky, size), confidence=confidence)
