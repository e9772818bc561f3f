"""What is wrong with a clip, in sentences a person can read: first its form, then its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from inspect_video import flashing, likeness, model_defects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from PIL import Image

    from frames.clip import Declared, Pictures
    from story.generation import Direction, Report

_FRAME_TOLERANCE: Final = 1
_RATE_TOLERANCE: Final = 0.01
#: In frames: how much too early or late one may come.
_UNEVEN: Final = 0.25
_SOUND_TOLERANCE_SECONDS: Final = 0.25
_AUDIO_RATE_HZ: Final = 48_000
_STEREO: Final = 2

#: Levels, 0..255. Measured on 15 photos at a quarter of 720 by 1,280 px: a photo that stands still
#: has up to 1.0 at CRF 17, 1.6 at 23 and 2.4 at 28; clips of the motion engine have 52 and more.
STATIC_BELOW: Final = 5.0
#: Motion is looked for block by block, so that a small moving region in a still scene counts.
_BLOCK: Final = 16
#: Measured on the same photos: faithful first frames have 33 dB and more (blurred and 4 % brighter,
#: as a model's autoencoder leaves them, 26), another photo at most 12.5.
FAITHFUL_DB: Final = 20.0
_STRETCH: Final = 0.05
#: 0..255; a frame whose brightest spots are darker than this shows nothing.
_BLACK_LEVEL: Final = 20.0
_BLACK_SECONDS: Final = 0.1
#: Deviation of levels that a first frame must have to be a picture, and the part of it below which
#: a frame has lost it. Clips of the motion engine keep more than half.
_BLANK_SPREAD: Final = 8.0
_BLANK_PART: Final = 0.1
_FROZEN_SECONDS: Final = 1.5
#: As STATIC_BELOW, but nearer to coding noise: over 1.5 s the motion engine's slowest turn has 12.
_FROZEN_BELOW: Final = 3.0


def of_form(declared: Declared, direction: Direction) -> Iterator[str]:
    """How the container differs from what was directed; nothing is decoded for it."""
    if declared.video_codec != "h264" or declared.pixel_format != "yuv420p":
        yield (
            f"its video is {declared.video_codec} {declared.pixel_format}, not h264 yuv420p, "
            "which every player shows"
        )
    if (declared.width, declared.height) != (direction.width, direction.height):
        yield (
            f"it is {_size(declared.width, declared.height)}, "
            f"not {_size(direction.width, direction.height)}"
        )
    if abs(declared.fps - direction.fps) > _RATE_TOLERANCE * direction.fps:
        yield f"it has {declared.fps:.2f} frames a second, not {direction.fps}"
    tolerance = (_FRAME_TOLERANCE + 1) / direction.fps + _SOUND_TOLERANCE_SECONDS
    if abs(declared.seconds - direction.seconds) > tolerance:
        yield f"it lasts {declared.seconds:.2f} s, not {direction.seconds:.2f} s"
    yield from _of_sound(declared, direction)
    strangers = [kind for kind in declared.streams if kind not in {"video", "audio"}]
    if strangers or declared.streams.count("video") > 1 or declared.streams.count("audio") > 1:
        yield f"it has the streams {', '.join(declared.streams)}, not one video and one sound"


def _of_sound(declared: Declared, direction: Direction) -> Iterator[str]:
    if declared.audio_codec is None:
        if direction.ambience != "silence":
            asked = "sound" if direction.ambience == "auto" else direction.ambience
            yield f"it has no sound, where {asked} was directed"
        return
    form = (declared.audio_codec, declared.audio_rate, declared.audio_channels)
    if form != ("aac", _AUDIO_RATE_HZ, _STEREO):
        yield (
            f"its sound is {form[0]}, {form[1]} Hz, {form[2]} channels, "
            f"not aac, {_AUDIO_RATE_HZ} Hz, {_STEREO}"
        )
    seconds = declared.audio_seconds or 0.0
    if abs(seconds - direction.seconds) > _SOUND_TOLERANCE_SECONDS:
        yield f"its sound lasts {seconds:.2f} s, not {direction.seconds:.2f} s"


def of_pictures(
    pictures: Pictures, direction: Direction, photo: Image.Image, report: Report
) -> Iterator[str]:
    """What is wrong with what the clip shows."""
    frames = len(pictures.small)
    if abs(frames - direction.frames) > _FRAME_TOLERANCE:
        more = "or more " if frames > direction.frames else ""
        yield f"it has {frames} {more}frames, not {direction.frames}"
    if uneven := _uneven(pictures.times, direction.fps):
        yield uneven
    yield from _of_likeness(pictures, direction, photo, report)
    yield from _of_motion(pictures, direction)
    if report.engine.family == "diffusion":
        yield from model_defects.of_trained(pictures, direction)
    area = flashing.flashing_area(_looped(pictures.small, direction), direction.fps)
    if area > flashing.DANGEROUS_AREA:
        yield (
            f"{area:.0%} of the picture flashes more than {flashing.FLASHES_A_SECOND} times "
            f"a second, which can cause seizures; at most {flashing.DANGEROUS_AREA:.0%} may"
        )


def _of_likeness(
    pictures: Pictures, direction: Direction, photo: Image.Image, report: Report
) -> Iterator[str]:
    size = (direction.width, direction.height)
    crop, fit = report.crop, report.fit
    if direction.fit not in {"auto", fit}:
        yield f"it shows the photo fitted as {fit}, not {direction.fit}"
    # A card gives the camera as much room on one side as on the other, so its shape is the photo's.
    if direction.fit == "contain" and abs(crop.width / crop.height - 1) > _STRETCH:
        yield (
            f"it shows {crop.width:.0%} of the photo's width and {crop.height:.0%} of its height; "
            "the whole photo was asked for"
        )
    inner = likeness.inner_size(photo.size, crop, fit, size)
    stretch = likeness.stretch(photo.size, crop, inner)
    if abs(stretch - 1) > _STRETCH:
        yield f"it shows the photo {stretch:.2f} times as wide as it is"
    found = likeness.first_frame_psnr(pictures.small[0], photo, crop, fit)
    if found < FAITHFUL_DB:
        yield (
            f"its first frame is not the photo: the likeness is {found:.1f} dB, "
            f"of at least {FAITHFUL_DB:g}"
        )


def _of_motion(pictures: Pictures, direction: Direction) -> Iterator[str]:
    levels = _levels(pictures.small)
    found = liveliness(levels)
    if not asks_for_stillness(direction):
        if found < STATIC_BELOW:
            yield f"nothing in it moves: the change is {found:.2f} of at least {STATIC_BELOW:g}"
        elif direction.camera != "none":
            yield from _frozen(levels, direction.fps)
    yield from _black(levels, direction.fps)
    yield from _blank(pictures.small, direction.fps)


def _levels(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean of red, green and blue, (N, H, W): ten times as fast as a mean over that axis."""
    total = small[..., 0].astype(np.uint16)
    total += small[..., 1]
    total += small[..., 2]
    return total.astype(np.float32) / np.float32(3)


def asks_for_stillness(direction: Direction) -> bool:
    """Whether the direction is met by a picture in which nothing moves: then none is a defect."""
    still_camera = direction.camera in {"none", "auto"} and direction.wishes.camera in {
        None,
        "none",
    }
    return still_camera and "everything" in direction.wishes.held and not direction.wishes.motions


def liveliness(levels: NDArray[np.float32]) -> float:
    """How much the liveliest block of the picture differs from the first frame, at its most.

    levels (N, H, W), 0..255. Returns the mean |difference| of one block of 16 by 16.
    """
    away = np.abs(levels - levels[0])
    height = away.shape[1] // _BLOCK * _BLOCK
    width = away.shape[2] // _BLOCK * _BLOCK
    blocks = away[:, :height, :width].reshape(
        len(levels), height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK
    )
    return float(blocks.mean(axis=(2, 4)).max())


def _frozen(levels: NDArray[np.float32], fps: int) -> Iterator[str]:
    """Stretches in which nothing departs from the stretch's own first frame."""
    start = 0
    for index in range(1, len(levels) + 1):
        ended = index == len(levels) or liveliness(levels[[start, index]]) >= _FROZEN_BELOW
        if ended:
            if (index - start) / fps >= _FROZEN_SECONDS:
                yield f"it stands still from {start / fps:.2f} s to {index / fps:.2f} s"
            start = index


def _black(levels: NDArray[np.float32], fps: int) -> Iterator[str]:
    """Stretches of black that do not come from the photo: the first frame is the photo."""
    brightest = levels.max(axis=(1, 2))
    if brightest[0] < _BLACK_LEVEL:
        return
    dark = np.flatnonzero(brightest < _BLACK_LEVEL)
    if len(dark) / fps >= _BLACK_SECONDS:
        yield f"{len(dark)} of its frames are black, the first at {dark[0] / fps:.2f} s"


def _blank(small: NDArray[np.uint8], fps: int) -> Iterator[str]:
    """Frames of a single colour, as a model shows that computed no numbers.

    A photo may be one; what counts is that a frame lost the picture that the first one had.
    """
    # Each channel in a row of its own: numpy adds up along memory many times faster than across it.
    spread = np.array(
        [
            np.ascontiguousarray(frame.reshape(-1, 3).T, dtype=np.float32).std(axis=1).max()
            for frame in small
        ]
    )
    if spread[0] < _BLANK_SPREAD:
        return
    blank = np.flatnonzero(spread < _BLANK_PART * spread[0])
    if len(blank):
        red, green, blue = (int(level) for level in small[blank[0]].mean(axis=(0, 1)))
        yield (
            f"{len(blank)} of its frames show one colour, the first at {blank[0] / fps:.2f} s: "
            f"R {red}, G {green}, B {blue}"
        )


def _uneven(times: tuple[float, ...], fps: int) -> str | None:
    steps = np.diff(np.asarray(times))
    if len(steps) and np.abs(steps - 1 / fps).max() > _UNEVEN / fps:
        return f"its frames come unevenly: {steps.min():.3f} to {steps.max():.3f} s apart"
    return None


def _looped(small: NDArray[np.uint8], direction: Direction) -> NDArray[np.uint8]:
    """Every second pixel, and the first second again after the end of a loop."""
    coarse = small[:, ::2, ::2]
    return np.concatenate([coarse, coarse[: direction.fps]]) if direction.loop else coarse


def _size(width: int, height: int) -> str:
    return f"{width}\N{MULTIPLICATION SIGN}{height} px"
