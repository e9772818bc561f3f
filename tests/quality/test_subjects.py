"""The subject and the foliage against what a person drew, on the photos and on changed ones.

Photos that are not in the repository are looked at where they are.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_endpoint.photo import read_photo
from model_endpoint.pixels import Map, Rgb
from model_endpoint.scene.analysis import analyse
from model_endpoint.scene.model import FOLIAGE, SUBJECT, Region, Scene
from tests.quality.truth import Kind, load, names

Mask: TypeAlias = NDArray[np.bool_]

PHOTOS = Path(__file__).resolve().parents[2] / "photos"
IN_REPOSITORY = tuple(name for name in names() if (PHOTOS / f"{name}.jpg").is_file())
LEAST_OVERLAP = 0.85
WITH_SUBJECT = tuple(name for name in IN_REPOSITORY if load(name).shows("subject"))
WITHOUT_SUBJECT = tuple(name for name in IN_REPOSITORY if not load(name).shows("subject"))
LEAST_PRECISION = 0.85
HALF = 0.5


@cache
def look(name: str) -> Scene:
    return analyse(read_photo((PHOTOS / f"{name}.jpg").read_bytes()))


def drawn(name: str, kind: Kind, like: Map) -> Mask:
    mask = load(name).mask(kind).astype(np.float32)
    size = (like.shape[1], like.shape[0])
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 0.5)


def found(region: Region | None) -> Mask:
    assert region is not None
    return np.asarray(region.mask > 0.5)


def overlap(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize("name", WITH_SUBJECT)
def test_the_subject_is_what_a_person_cut_out(name: str) -> None:
    subject = found(look(name).region(SUBJECT))
    assert overlap(subject, drawn(name, "subject", subject)) >= LEAST_OVERLAP


@pytest.mark.parametrize("name", WITHOUT_SUBJECT)
def test_a_photo_without_a_subject_has_none(name: str) -> None:
    assert look(name).region(SUBJECT) is None


def mirrored(photo: Rgb) -> Rgb:
    return np.ascontiguousarray(photo[:, ::-1])


def darker(photo: Rgb) -> Rgb:
    return (photo * 0.8).astype(np.uint8)


def squeezed(photo: Rgb) -> Rgb:
    encoded, content = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 60])
    assert encoded
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), dtype=np.uint8)


@pytest.mark.parametrize("change", [mirrored, darker, squeezed])
@pytest.mark.parametrize(
    "name", ["face_astronaut", "flower_dahlia", "interior_drum", "temple_lake_china"]
)
def test_a_changed_photo_has_the_same_subject(name: str, change: Callable[[Rgb], Rgb]) -> None:
    scene = analyse(change(read_photo((PHOTOS / f"{name}.jpg").read_bytes())))
    subject = found(scene.region(SUBJECT))
    truth = drawn(name, "subject", subject)
    assert overlap(subject, truth[:, ::-1] if change is mirrored else truth) >= LEAST_OVERLAP


@pytest.mark.parametrize("name", IN_REPOSITORY)
def test_what_is_called_foliage_is_foliage(name: str) -> None:
    region = look(name).region(FOLIAGE)
    if not load(name).shows("foliage"):
        assert region is None
    elif region is not None:
        mask = found(region)
        assert (mask & drawn(name, "foliage", mask)).sum() / mask.sum() >= LEAST_PRECISION


@pytest.mark.parametrize(
    ("name", "least"),
    [("dandelions", 0.85), ("flower_dahlia", 0.9), ("mountain_clouds", 0.85),
     ("mountain_meadow", 0.8), ("stream_waterfall", 0.6), ("sunset_hills", 0.55),
     ("temple_lake_china", 0.35)],
)  # fmt: skip
def test_much_of_the_foliage_is_found(name: str, least: float) -> None:
    mask = found(look(name).region(FOLIAGE))
    truth = drawn(name, "foliage", mask)
    assert (mask & truth).sum() / truth.sum() >= least


@pytest.mark.parametrize("change", [mirrored, darker, squeezed])
def test_grass_in_the_low_sun_is_found_in_a_changed_photo(change: Callable[[Rgb], Rgb]) -> None:
    scene = analyse(change(read_photo((PHOTOS / "sunset_hills.jpg").read_bytes())))
    mask = found(scene.region(FOLIAGE))
    truth, still = drawn("sunset_hills", "foliage", mask), drawn("sunset_hills", "still", mask)
    if change is mirrored:
        truth, still = truth[:, ::-1], still[:, ::-1]
    assert (mask & truth).sum() / mask.sum() >= LEAST_PRECISION
    assert (mask & truth).sum() / truth.sum() >= HALF
    assert not (mask & still).any()


@pytest.mark.parametrize("name", IN_REPOSITORY)
def test_nothing_that_stands_still_is_foliage(name: str) -> None:
    region = look(name).region(FOLIAGE)
    if region is not None:
        mask = found(region)
        assert not (mask & drawn(name, "still", mask)).any()
