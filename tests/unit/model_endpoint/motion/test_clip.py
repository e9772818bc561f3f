import itertools
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from model_endpoint.engines.motion.encoders import ENCODERS, encoder
from model_endpoint.engines.motion.engine import CARD, MotionEngine
from model_endpoint.engines.protocol import no_progress
from model_endpoint.pixels import Rgb
from story.errors import GenerationFailed, SettingInvalid
from story.generation import Direction, Report, Wishes

Photo = Callable[[str], Rgb]
Direct = Callable[..., Direction]
Make = Callable[..., tuple[Report, Path]]


def difference(one: Rgb, other: Rgb) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def decoded(path: Path) -> list[Rgb]:
    with av.open(str(path)) as container:
        return [
            image.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray().astype(np.uint8)
            for image in container.decode(video=0)
        ]


@pytest.fixture(scope="module")
def make(photo: Photo, direct: Direct, tmp_path_factory: pytest.TempPathFactory) -> Make:
    numbers = itertools.count()

    def run(name: str, **changes: object) -> tuple[Report, Path]:
        path = tmp_path_factory.mktemp("clips") / f"{next(numbers)}.mp4"
        return MotionEngine().generate(photo(name), direct(**changes), path, no_progress), path

    return run


def test_a_clip_is_what_its_report_says(make: Make) -> None:
    report, path = make("mountain_clouds", ambience="waves")
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height) == (report.width, report.height) == (180, 320)
        assert video.average_rate == report.fps == 12
        assert video.codec_context.colorspace == 1  # BT.709
        assert video.codec_context.color_range == 1  # limited
        assert (audio.codec_context.name, audio.codec_context.sample_rate) == ("aac", 48_000)
        assert audio.codec_context.layout.name == "stereo"
    assert len(decoded(path)) == report.frames == 12
    head = path.read_bytes()[:4096]
    assert head.index(b"moov") < 64 + head.index(b"ftyp")  # plays while it loads
    assert report.has_sound
    assert report.engine.family == "procedural"
    assert "clouds drift" in report.understood


def test_colours_survive_the_encoder(photo: Photo, make: Make) -> None:
    report, path = make("coffee_cup", camera="none")
    first, picture = decoded(path)[0], Image.fromarray(photo("coffee_cup"))
    box = report.crop.in_pixels(*picture.size)
    expected = np.asarray(picture.resize((180, 320), Image.Resampling.LANCZOS, box=box))
    assert np.abs(first.mean(axis=(0, 1)) - expected.mean(axis=(0, 1))).max() < 2.5


def test_silence_leaves_the_sound_track_out(make: Make) -> None:
    report, path = make("coffee_cup", ambience="silence")
    assert not report.has_sound
    with av.open(str(path)) as container:
        assert not container.streams.audio


def test_one_seed_gives_one_clip_and_another_seed_another(make: Make) -> None:
    clips = [decoded(make("coffee_cup", seed=seed)[1]) for seed in (5, 5, 6)]
    assert all(np.array_equal(a, b) for a, b in zip(clips[0], clips[1], strict=True))
    assert max(difference(a, b) for a, b in zip(clips[0], clips[2], strict=True)) > 0.1


def test_contain_shows_the_whole_photo_over_its_blur(make: Make, photo: Photo) -> None:
    report, path = make("coffee_cup", fit="contain")
    assert (report.crop.width, report.crop.height) == (1.0, 1.0)
    first = decoded(path)[0]
    card = np.asarray(Image.fromarray(photo("coffee_cup")).resize((180, 120)))
    assert difference(first[100:220], card) < 8.0
    assert np.abs(np.diff(first[:90].astype(int), axis=1)).mean() < 3.0


def test_stillness_that_was_asked_for_is_kept(make: Make) -> None:
    report, path = make("coffee_cup", wishes=Wishes(held=("everything",)))
    frames = decoded(path)
    assert max(difference(frames[0], later) for later in frames) < 1.0
    assert report.understood == ("the camera stands still",)
    assert report.camera == "none"


def test_every_group_of_pictures_is_closed(make: Make) -> None:
    _, path = make("coffee_cup", seconds=3.0)
    with av.open(str(path)) as container:
        shown = [packet.pts for packet in container.demux(video=0) if packet.pts is not None]
    with av.open(str(path)) as container:
        keys = [packet.pts for packet in container.demux(video=0) if packet.is_keyframe]
    assert len(keys) >= 3
    for key in keys:
        # Nothing that follows a key frame in the file is shown before it.
        position = shown.index(key)
        assert min(shown[position:]) == key


def test_progress_never_falls_and_ends_at_one(photo: Photo, direct: Direct, tmp_path: Path) -> None:
    told: list[float] = []
    MotionEngine().generate(
        photo("coffee_cup"), direct(), tmp_path / "c.mp4", lambda fraction, _: told.append(fraction)
    )
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_odd_shapes_and_sizes_are_made(make: Make) -> None:
    for size in ((322, 182), (66, 64), (180, 320)):
        report, path = make("pets_dogs", width=size[0], height=size[1])
        first = decoded(path)[0]
        assert first.shape[:2] == (report.height, report.width) == size[::-1]


def test_an_encoder_that_is_not_there_is_named() -> None:
    assert encoder("libx264").name == "libx264"
    with pytest.raises(SettingInvalid, match="one of libx264, libopenh264"):
        encoder("prores")
    missing = [name for name in ENCODERS if name not in av.codecs_available]
    for name in missing:
        with pytest.raises(SettingInvalid, match=f"has no {name}; it has libx264"):
            encoder(name)


def test_a_clip_longer_than_the_card_allows_is_refused(direct: Direct) -> None:
    card = CARD.__class__(
        engine=CARD.engine, max_seconds=3.0, rates=(16,), sizes=((480, 832),), any_size=False
    )
    with pytest.raises(GenerationFailed, match=r"at most 3.0 s"):
        card.require(direct(seconds=5.0))
    with pytest.raises(GenerationFailed, match="fps"):
        card.require(direct(fps=24))
    with pytest.raises(GenerationFailed, match="180 by 320"):
        card.require(direct(fps=16))
