"""Looking for a mark blindly: in what geometry it lies, which id it carries, and how surely."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from watermark import code, pattern, reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from numpy.typing import NDArray

#: Samples a cell of what is folded.
_SAMPLES: Final = 2
_SIDE: Final = pattern.TILE * _SAMPLES
#: Cells of the visible picture are tried from this part of a whole clip's size to that: below 1
#: for a picture with something around it, above for one that was cropped.
_SMALLEST, _LARGEST = 0.72, 1.42
#: Neighbouring sizes differ by this much: at the edge of a picture of 160 cells, by half a cell.
_STEP: Final = 0.006
#: How many places are read; the mark need not be where the first peak is.
_CANDIDATES: Final = 10
#: Deviations below this are noise of the encoder, luma levels; beyond so many of its own, an edge.
_LEAST_DEVIATION: Final = 0.25
_MOST: Final = 2.5
#: Over how many frequencies each way the spectrum is smoothed, and the least of its power.
_SPECTRAL_RADIUS: Final = 6
_LEAST_POWER: Final = 0.01
#: In place of nothing, to divide by.
_NOTHING: Final = 1e-9
#: The residual is looked at with cells of this many pixels; smaller ones stay as they are.
_CELL_PX: Final = 4.0
#: By how much a place's size is changed to see whether the tile fits better there.
_REFINEMENTS: Final = (0.003, 0.0015)
#: From here on it is a mark. Chance gives one id so much less than once in 10^16 places; among all
#: 2^32 ids, of ten places each, the likeliest one of a picture without a mark has 6 to 7.
Z_MARK: Final = 8.5


@dataclass(frozen=True)
class Geometry:
    """What was done to the picture since it was marked.

    scale: the size of its cells over that of a whole clip as large as it: 1.11 where a tenth was
    cropped from each side, 0.8 where something stands around it that is no bar; stretch: width
    over height of a cell; bars: how many pixels were cut off at the left, top, right, bottom.
    """

    scale: float
    stretch: float
    mirrored: bool
    bars: tuple[int, int, int, int]


@dataclass(frozen=True)
class Found:
    """The likeliest mark. Without `is_mark` its id means nothing.

    z: how well the cells agree with the id's word, and sync_z: with what is the same in each mark,
    standard deviations of what chance gives; errors: how many of the 127 bits are against the word;
    soft (127,): what the cells say of each bit.
    """

    mark_id: int
    key_version: int
    z: float
    sync_z: float
    errors: int
    geometry: Geometry
    frames: int
    soft: NDArray[np.float32] = field(repr=False, compare=False)

    @property
    def is_mark(self) -> bool:
        """Whether this is more than chance."""
        return self.z >= Z_MARK

    def z_of(self, mark_id: int) -> float:
        """How well the cells agree with the word of any id."""
        return float(self.z_of_all([mark_id])[0])

    def z_of_all(self, mark_ids: Sequence[int]) -> NDArray[np.float32]:
        """The same of many ids at once, (N,) float32."""
        fit = code.words(mark_ids).astype(np.float32) @ self.soft
        return np.asarray(fit / np.sqrt(code.LENGTH), dtype=np.float32)


def residual(luma: NDArray[np.float32], cell: float) -> NDArray[np.float32]:
    """What of a picture may be a mark: each place and each frequency with the same strength.

    luma (H, W) float32 with cells of `cell` pixels. A matched filter wants noise that is white
    (North 1943); a picture is strong at edges and at the frequencies of its textures, a mark is
    not. Fine detail is divided by its local deviation, then its spectrum by its local magnitude.
    """
    fine = luma - _blurred(luma, cell * 0.5)
    local = np.sqrt(np.maximum(_blurred(np.square(fine), cell), 0))
    even = np.clip(fine / (local + _LEAST_DEVIATION), -_MOST, _MOST)
    spectrum = np.fft.rfft2(even)
    power = _blurred(np.square(np.abs(spectrum)).astype(np.float32), _SPECTRAL_RADIUS)
    white = spectrum / np.sqrt(np.maximum(power, 0) + _LEAST_POWER * power.mean() + _NOTHING)
    return np.fft.irfft2(white, luma.shape).astype(np.float32)


def _blurred(picture: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """A box blur, twice, with the edges repeated."""
    size = max(1, round(radius))
    for _ in range(2):
        for axis in (0, 1):
            edges = [(size + 1, size) if axis == each else (0, 0) for each in (0, 1)]
            sums = np.cumsum(np.pad(picture, edges, mode="edge"), axis=axis, dtype=np.float64)
            length = picture.shape[axis]
            upper = np.take(sums, np.arange(2 * size + 1, 2 * size + 1 + length), axis=axis)
            lower = np.take(sums, np.arange(length), axis=axis)
            picture = ((upper - lower) / (2 * size + 1)).astype(np.float32)
    return picture


def _folded(picture: Image.Image, width: float, height: float) -> NDArray[np.float32]:
    """The picture as width × height cells, folded onto one tile of _SIDE² samples."""
    columns, rows = int(width * _SAMPLES), int(height * _SAMPLES)
    # What is beyond the last whole sample is left out, so that samples keep their exact size.
    box = (
        0.0,
        0.0,
        columns / (width * _SAMPLES) * picture.width,
        rows / (height * _SAMPLES) * picture.height,
    )
    scaled = np.asarray(
        picture.resize((columns, rows), Image.Resampling.BILINEAR, box=box), dtype=np.float32
    )
    padded = np.zeros((-(-rows // _SIDE) * _SIDE, -(-columns // _SIDE) * _SIDE), np.float32)
    padded[:rows, :columns] = scaled
    folded = padded.reshape(len(padded) // _SIDE, _SIDE, -1, _SIDE).sum(axis=(0, 2))
    return np.asarray(folded, dtype=np.float32)


@lru_cache(maxsize=16)
def _template(key: pattern.Key) -> NDArray[np.complex64]:
    drawn = pattern.drawn(pattern.layout(key).sync, _SAMPLES)
    return np.conj(np.fft.rfft2(drawn)).astype(np.complex64)


def _surface(folded: NDArray[np.float32], template: NDArray[np.complex64]) -> NDArray[np.float32]:
    """How well the tile fits at each shift, in standard deviations of all shifts."""
    spectrum = np.fft.rfft2(folded)
    fit = np.fft.irfft2(spectrum * template, folded.shape)
    return np.asarray((fit - fit.mean()) / max(float(fit.std()), _NOTHING), dtype=np.float32)


@dataclass(frozen=True)
class _Candidate:
    """A place: the picture taken as width × height cells, the tile shifted by so many samples."""

    sync_z: float
    key: pattern.Key
    width: float
    height: float
    mirrored: bool
    shift: tuple[float, float]


def _try(
    picture: Image.Image, width: float, height: float, keys: Sequence[pattern.Key]
) -> list[_Candidate]:
    """The best shift for each hand and key, the picture taken as width × height cells."""
    folded = _folded(picture, width, height)
    tried = []
    for mirrored in (False, True):
        tile = folded[:, ::-1] if mirrored else folded
        for key in keys:
            surface = _surface(tile, _template(key))
            row, column = divmod(int(np.argmax(surface)), _SIDE)
            shift = (
                row + _apex(surface[:, column], row),
                column + _apex(surface[row], column),
            )
            peak = float(surface[row, column])
            tried.append(_Candidate(peak, key, width, height, mirrored, shift))
    return tried


def _apex(line: NDArray[np.float32], peak: int) -> float:
    """How far from a line's highest sample its parabola through it is highest, -½ to ½ samples."""
    before, here, after = (float(line[(peak + step) % len(line)]) for step in (-1, 0, 1))
    bend = before - 2 * here + after
    return 0.5 * (before - after) / bend if bend < -_NOTHING else 0.0


def _soft(picture: Image.Image, candidate: _Candidate) -> NDArray[np.float32]:
    """What lies at a place, bit by bit."""
    folded = _folded(picture, candidate.width, candidate.height)
    tile = folded[:, ::-1] if candidate.mirrored else folded
    return pattern.layout(candidate.key).soft_bits(_cells(tile, candidate.shift))


def _cells(folded: NDArray[np.float32], shift: tuple[float, float]) -> NDArray[np.float32]:
    """What a folded picture holds in each cell, seen through the cells' own kernel."""
    frequencies = np.fft.fftfreq(_SIDE, 1 / _SAMPLES)
    down, across = frequencies[:, np.newaxis], frequencies[np.newaxis]
    # As pattern.drawn has it: cell j lies at j + ½, sample i at (i + ½) / _SAMPLES.
    offset = 0.5 - 0.5 / _SAMPLES
    cells_down, cells_across = (offset + each / _SAMPLES for each in shift)
    phases = np.exp(2j * np.pi * (cells_down * down + cells_across * across))
    seen = np.fft.ifft2(np.fft.fft2(folded) * pattern.kernel(down, across) * phases).real
    return seen[::_SAMPLES, ::_SAMPLES].astype(np.float32)


def look(picture: reading.Averaged, keys: Sequence[pattern.Key]) -> Found:
    """The likeliest mark of these keys in an averaged picture."""
    height, width = picture.luma.shape
    cell = pattern.cell_px(width, height)
    across, down = width / cell, height / cell
    fine = _fine(picture.luma, cell)
    steps = round(np.log(_LARGEST / _SMALLEST) / _STEP)
    scales = [1.0, *(_SMALLEST * np.exp(_STEP * np.arange(steps + 1))).tolist()]
    tried = [each for scale in scales for each in _try(fine, across / scale, down / scale, keys)]
    tried.sort(key=lambda each: -each.sync_z)
    places = [_refined(fine, each) for each in tried[:_CANDIDATES]]
    place = max(places, key=lambda each: code.decode(_soft(fine, each), 1).z)
    soft = _soft(fine, place)
    decoded = code.decode(soft)
    return Found(
        mark_id=decoded.mark_id,
        key_version=place.key.version,
        z=decoded.z,
        sync_z=place.sync_z,
        errors=decoded.errors,
        geometry=Geometry(
            scale=across / place.width,
            stretch=(place.height / down) / (place.width / across),
            mirrored=place.mirrored,
            bars=picture.bars,
        ),
        frames=picture.frames,
        soft=soft,
    )


def _fine(luma: NDArray[np.float32], cell: float) -> Image.Image:
    """A picture's residual, at the size that it is looked at."""
    if cell > _CELL_PX:
        height, width = (round(side * _CELL_PX / cell) for side in luma.shape)
        scaled = Image.fromarray(luma).resize((width, height), Image.Resampling.BOX)
        luma, cell = np.asarray(scaled, dtype=np.float32), _CELL_PX
    return Image.fromarray(residual(luma, cell))


def _refined(picture: Image.Image, candidate: _Candidate) -> _Candidate:
    """The same place with the size of each side adjusted until the tile fits best."""
    best = candidate
    for step, down, sign in product(_REFINEMENTS, (1, -1), (1, -1)):
        width, height = best.width * (1 + sign * step), best.height * (1 + sign * down * step)
        tried = _try(picture, width, height, (best.key,))[int(best.mirrored)]
        if tried.sync_z > best.sync_z:
            best = tried
    return best


def detect(video: BinaryIO, keys: Sequence[pattern.Key]) -> Found:
    """Read a video and look for a mark of any of these keys."""
    return look(reading.averaged(video), keys)
