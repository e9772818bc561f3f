"""PDQ against the answers of the reference implementation, and what it is for."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fingerprints import pdq
from story import policy

PHOTOS = Path(__file__).resolve().parents[3] / "photos"
REFERENCE: dict[str, tuple[str, int]] = json.loads(
    Path(__file__).with_name("pdq_reference.json").read_text("utf-8")
)["hashes"]
MOST_BITS = policy.gate("photo").numbers["blocked"]["distance_bits"]
#: Published with PDQ (pdq/cpp/README.md): a photo, and the same turned by 90 and by 180 degrees.
PUBLISHED = (
    "f8f8f0cce0f4e84d0e370a22028f67f0b36e2ed596623e1d33e6339c4e9c9b22",
    "b0a10efd71cc3f429413d48d0ffffe12e34e0e17ada952a9d29684210aa9e5af",
    "adad5a64b5a142e55362a09057dacd5ae63b847fc23794b766b319361fc93188",
)


def pattern(height: int, width: int, seed: int) -> Image.Image:
    """Waves both ways, in three colours that are shifted against each other."""
    y, x = np.mgrid[0:height, 0:width]
    across = 60 * np.sin(x * (3 + seed) / width * 6.28)
    down = 50 * np.cos(y * (2 + seed) / height * 6.28 + x / width)
    grey = (128 + across + down).clip(0, 255).astype(np.uint8)
    return Image.fromarray(np.stack([grey, np.roll(grey, 7, 0), np.roll(grey, 11, 1)], axis=-1))


def picture(name: str) -> Image.Image:
    size = re.fullmatch(r"(\d+)x(\d+)x(\d+)", name)
    if size:
        return pattern(int(size[1]), int(size[2]), int(size[3]))
    with Image.open(PHOTOS / name) as opened:
        return opened.convert("RGB")


@pytest.mark.parametrize("name", REFERENCE)
def test_a_hash_is_that_of_the_reference_implementation(name: str) -> None:
    found = pdq.of_photo(picture(name))
    assert pdq.distance(found.hex, REFERENCE[name][0]) <= 2, "of 256; single precision is theirs"
    assert abs(found.quality - REFERENCE[name][1]) <= 1


def test_copies_of_a_photo_match_whatever_their_size_and_compression() -> None:
    for name in ("cat_chelsea.jpg", "temple_lake_china.jpg", "face_astronaut.jpg"):
        whole = picture(name)
        copy = io.BytesIO()
        whole.resize((whole.width // 3, whole.height // 3)).save(copy, "JPEG", quality=40)
        again = pdq.of_photo(Image.open(copy))
        assert pdq.distance(pdq.of_photo(whole).hex, again.hex) <= MOST_BITS


def test_different_photos_do_not_match() -> None:
    hashes = [said for name, (said, _) in REFERENCE.items() if name.endswith(".jpg")]
    nearest = min(
        pdq.distance(one, other)
        for index, one in enumerate(hashes)
        for other in hashes[index + 1 :]
    )
    assert nearest > 2 * MOST_BITS


def test_the_distance_counts_the_bits_that_differ() -> None:
    first, *turned = PUBLISHED
    assert pdq.distance(first, first) == 0
    assert pdq.distance("0" * 64, "f" * 64) == 256
    assert pdq.distance("0" * 64, "0" * 62 + "81") == 2
    assert all(pdq.distance(first, other) > MOST_BITS for other in turned)


@pytest.mark.parametrize("colour", ["white", "black", (120, 40, 90)])
def test_a_picture_of_nothing_has_no_quality(colour: str | tuple[int, int, int]) -> None:
    found = pdq.of_photo(Image.new("RGB", (300, 400), colour))
    assert found.quality == 0
    assert len(found.hex) == pdq.HEX_DIGITS
