"""How functions/fingerprints/elements.json was found, and whether it still holds: needs FFmpeg.

    python -m tests.mpeg7_elements PATH_OF_FFMPEG

FFmpeg's `signature` filter computes MPEG-7's frame signature; PyAV's wheels are built without it.
It is shown pictures of 32 × 32 grey pixels of which one is bright: an element that becomes high has
this cell among those that it adds, one that becomes low takes it away. The ten groups' sizes are
those with which random pictures come out digit for digit as FFmpeg has them, which is checked here.
A binary with the filter is in the package `imageio-ffmpeg`.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from fingerprints.frame_signature import DIGITS, SIDE, of_luma

Frames = np.ndarray[Any, np.dtype[np.uint8]]

FUNCTIONS = Path(__file__).resolve().parent.parent / "functions"
ELEMENTS = FUNCTIONS / "fingerprints" / "elements.json"
VECTORS = Path(__file__).parent / "unit" / "fingerprints" / "signatures.json"
GROUPS = {
    "A1": 20, "A2": 12, "D1": 116, "D2": 25, "D3": 36,
    "D4": 30, "D5": 62, "D6": 9, "D7": 50, "D8": 20,
}  # fmt: skip
GREY, BRIGHT = 128, 255
#: Sizes of the random pictures: some sides are no multiple of 32.
SIZES = ((720, 1_280), (517, 333), (64, 64))
PICTURES = 4


def pictures(width: int, height: int) -> Frames:
    """Pictures (PICTURES, H, W) that are the same on every machine: coarse noise over ramps."""
    random = np.random.default_rng(width * height)
    rows, columns = np.mgrid[:height, :width]
    found = []
    for _ in range(PICTURES):
        coarse = random.integers(0, 160, (9, 7))
        blocks = coarse[rows * 9 // height, columns * 7 // width]
        found.append(16 + blocks + (rows * 30 // height) + (columns * 25 // width))
    return np.stack(found).astype(np.uint8)


def by_ffmpeg(ffmpeg: str, frames: Frames) -> list[list[int]]:
    """The signatures of frames (N, H, W) by FFmpeg."""
    _, height, width = frames.shape
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "signatures.xml"
        subprocess.run(
            [ffmpeg, "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}",
             "-r", "25", "-i", "-", "-vf", f"signature=format=xml:filename={out}", "-f", "null",
             "-"],
            input=frames.tobytes(), check=True,
        )  # fmt: skip
        found = re.findall(r"<FrameSignature>([\d\s]*)</FrameSignature>", out.read_text())
    return [[int(digit) for digit in digits.split()] for digits in found]


def recovered(ffmpeg: str) -> dict[str, list[Any]]:
    """What elements.json holds, found anew."""
    probes = np.full((SIDE * SIDE, SIDE, SIDE), GREY, np.uint8)
    probes.reshape(SIDE * SIDE, -1)[np.diag_indices(SIDE * SIDE)] = BRIGHT
    seen = np.array(by_ffmpeg(ffmpeg, probes)) - 1
    elements = [[_rectangles(column > 0), _rectangles(column < 0)] for column in seen.T]
    ends = np.cumsum(list(GROUPS.values()))
    return {
        name: elements[end - size : end]
        for (name, size), end in zip(GROUPS.items(), ends, strict=True)
    }


def _rectangles(cells: Any) -> list[list[int]]:
    """A mask of cells as rectangles [left, top, right, bottom), each as large as it gets."""
    left_over = cells.reshape(SIDE, SIDE).copy()
    found = []
    while left_over.any():
        top, left = (int(at) for at in np.argwhere(left_over)[0])
        right, bottom = left, top
        while right < SIDE and left_over[top, right]:
            right += 1
        while bottom < SIDE and left_over[bottom, left:right].all():
            bottom += 1
        left_over[top:bottom, left:right] = False
        found.append([left, top, right, bottom])
    return found


def main() -> int:
    """Find the elements, hold ours against them and against FFmpeg; write the test's vectors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ffmpeg")
    ffmpeg = parser.parse_args().ffmpeg
    if recovered(ffmpeg) != json.loads(ELEMENTS.read_text()):
        sys.stderr.write(f"{ELEMENTS} is not what this FFmpeg does\n")
        return 1
    vectors = {}
    for width, height in SIZES:
        shown = pictures(width, height)
        theirs = by_ffmpeg(ffmpeg, shown)
        differing = sum(
            one != other
            for picture, digits in zip(shown, theirs, strict=True)
            for one, other in zip(of_luma(picture), digits, strict=True)
        )
        sys.stdout.write(f"{width}×{height}: {differing} of {PICTURES * DIGITS} digits differ\n")
        if differing:
            return 1
        vectors[f"{width}x{height}"] = ["".join(map(str, digits)) for digits in theirs]
    VECTORS.write_text(json.dumps(vectors, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
