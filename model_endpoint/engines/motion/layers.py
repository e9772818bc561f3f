"""The photo taken apart: a ground without its subject, and the subject cut out of it.

A layer keeps colour times coverage P and coverage a. Laid over what is below, P + (1 - a)·B, the
layers in their places give the photo again exactly: P is defined as photo - (1 - a)·B.
Porter & Duff, Compositing Digital Images, SIGGRAPH 1984.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.engines.motion.camera import FAR_SHARE
from model_endpoint.engines.motion.fill import push_pull
from model_endpoint.engines.motion.framing import Framing, cut
from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.guided import guided_filter
from model_endpoint.scene.model import SUBJECT, Scene

#: Radius of the refinement of outlines, as a part of the plate's longer side, and the variance of
#: luma (0..1) below which the plate counts as flat.
OUTLINE_RADIUS = 0.012
OUTLINE_EPS = 2e-4
#: A subject takes this many pixels around its outline along, so that none of it stays behind.
GROWTH_PX = 2


@dataclass(frozen=True, slots=True)
class Cutout:
    """One layer: colour (h, w, 4) uint8, colour times coverage and coverage; its camera share."""

    pixels: Rgb
    share: float


@dataclass(frozen=True, slots=True)
class Layers:
    """ground (h, w, 3) uint8 with the camera share of each place (h, w); the subject, if any."""

    ground: Rgb
    share: Map
    subject: Cutout | None


def luma(picture: Rgb) -> Map:
    """(h, w) float32 0..1."""
    return as_map(as_map(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)) / 255.0)


def outline(mask: Map, guide: Map) -> Map:
    """A coarse mask with the plate's own edges."""
    radius = max(2, round(OUTLINE_RADIUS * max(mask.shape)))
    return guided_filter(guide, mask, radius=radius, eps=OUTLINE_EPS)


def smoothstep(low: float, high: float, values: Map) -> Map:
    """0 below low, 1 above high, 3t² - 2t³ between."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return as_map(t * t * (3.0 - 2.0 * t))


def cutout(picture: Map, below: Map, cover: Map, share: float) -> Cutout:
    """The layer that laid over `below` gives `picture`. Both (h, w, 3) float32 0..255."""
    alpha = cover[..., None]
    colour = np.clip(picture - (1.0 - alpha) * below, 0.0, 255.0 * alpha)
    pixels = np.concatenate([colour, 255.0 * alpha], axis=2)
    return Cutout(np.rint(pixels).astype(np.uint8), share)


def take_apart(framing: Framing, scene: Scene, photo_size: tuple[int, int]) -> Layers:
    """Cut the plate into layers. photo_size is (width, height)."""
    plate = framing.plate
    height, width = plate.shape[:2]

    def on_plate(values: Map) -> Map:
        return cut(values, photo_size, framing.source, (width, height))

    share = as_map(FAR_SHARE + (1.0 - FAR_SHARE) * (1.0 - on_plate(scene.depth)))
    region = scene.region(SUBJECT)
    if region is None:
        return Layers(plate, share, None)
    cover = smoothstep(0.25, 0.75, outline(on_plate(region.mask), luma(plate)))
    ring = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * GROWTH_PX + 1, 2 * GROWTH_PX + 1))
    cover = as_map(cv2.GaussianBlur(cv2.dilate(cover, ring), (0, 0), 0.5 * GROWTH_PX))
    inside = cover > 0.5  # noqa: PLR2004 the middle of a coverage
    subject_share = float(np.median(share[inside])) if inside.any() else 1.0
    picture = as_map(plate)
    known = (cover <= 0.0).astype(np.float32)
    ground = push_pull(picture, known)
    ground_share = push_pull(share[..., None], known)[..., 0]
    return Layers(
        np.clip(np.rint(ground), 0, 255).astype(np.uint8),
        ground_share,
        cutout(picture, ground, cover, subject_share),
    )
