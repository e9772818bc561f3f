"""Videos as they come: bars, formats, sizes, and those that were made to hurt."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from story.errors import VideoUnreadable
from watermark import reading


def video(
    frames: list[NDArray[np.uint8]], *, codec: str = "libx264", form: str = "yuv420p"
) -> bytes:
    """(H, W) lumas as an MP4."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as target:
        stream = target.add_stream(codec, rate=Fraction(24), options={"crf": "18"})
        stream.height, stream.width = frames[0].shape
        stream.pix_fmt = form
        for luma in frames:
            shown = av.VideoFrame.from_ndarray(luma, format="gray").reformat(format=form)
            target.mux(stream.encode(shown))
        target.mux(stream.encode(None))
    return out.getvalue()


def noise(height: int, width: int, count: int = 12) -> list[NDArray[np.uint8]]:
    still = np.random.default_rng(2).integers(60, 180, (height // 8, width // 8), dtype=np.uint8)
    return [np.kron(still, np.ones((8, 8), np.uint8))] * count


def barred(fill: int) -> list[NDArray[np.uint8]]:
    whole = np.full((240, 400), fill, dtype=np.uint8)
    whole[16:224, 120:280] = noise(208, 160)[0]
    return [whole] * 12


@pytest.mark.parametrize("fill", [16, 32, 200])
def test_bars_are_cut_off_and_counted(fill: int) -> None:
    found = reading.averaged(io.BytesIO(video(barred(fill))))
    assert found.luma.shape == pytest.approx((208, 160), abs=3)
    assert found.bars == pytest.approx((120, 16, 120, 16), abs=2)
    assert found.frames == 12


def test_a_picture_without_bars_keeps_all_its_pixels() -> None:
    found = reading.averaged(io.BytesIO(video(noise(320, 184))))
    assert found.luma.shape == (320, 184)
    assert found.bars == (0, 0, 0, 0)


def test_an_even_picture_is_not_taken_for_a_bar() -> None:
    found = reading.averaged(io.BytesIO(video([np.full((128, 128), 90, np.uint8)] * 4)))
    assert found.luma.shape == (128, 128)


@pytest.mark.parametrize("form", ["yuv420p", "yuv444p", "yuv420p10le"])
def test_luma_is_read_from_any_format(form: str) -> None:
    frames = noise(128, 128)
    found = reading.averaged(io.BytesIO(video(frames, form=form)))
    level = 16 + frames[0].mean() * 219 / 255
    assert found.luma.mean() == pytest.approx(level, rel=0.12)


def test_of_a_long_video_the_beginning_is_read() -> None:
    found = reading.averaged(io.BytesIO(video(noise(64, 64, reading.MAX_FRAMES + 20))))
    assert found.frames == reading.MAX_FRAMES


@pytest.mark.parametrize("size", [(32, 128), (128, 32), (64, reading.MAX_SIDE_PX + 16)])
def test_pictures_of_no_sensible_size_are_refused_by_name(size: tuple[int, int]) -> None:
    with pytest.raises(VideoUnreadable, match=f"{size[1]}×{size[0]} px"):
        reading.averaged(io.BytesIO(video([np.full(size, 90, np.uint8)])))


def test_a_video_that_breaks_off_is_looked_at_as_far_as_it_goes() -> None:
    whole = video(noise(128, 128, 48))
    # The index of an MP4 stands at its end: what breaks off is a stream.
    out = io.BytesIO()
    with av.open(io.BytesIO(whole)) as source, av.open(out, "w", format="mpegts") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    found = reading.averaged(io.BytesIO(out.getvalue()[: len(out.getvalue()) * 2 // 3]))
    assert 4 < found.frames < 48


def test_a_file_without_pictures_is_refused() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as target:
        stream = target.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1_024), np.float32), "fltp", "mono")
        frame.sample_rate = 44_100
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    with pytest.raises(VideoUnreadable, match="no pictures"):
        reading.averaged(io.BytesIO(out.getvalue()))


def test_damage_anywhere_ends_by_name_or_with_a_picture() -> None:
    whole = video(noise(128, 128))
    rng = np.random.default_rng(4)
    for _ in range(60):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), 8):
            damaged[at] = rng.integers(0, 256)
        try:
            found = reading.averaged(io.BytesIO(bytes(damaged)))
        except VideoUnreadable:
            continue
        assert found.frames > 0
        assert np.isfinite(found.luma).all()
