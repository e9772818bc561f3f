import contextlib
import functools
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from frames import clip
from inspect_video import likeness
from inspect_video.examination import Examined, examine
from story.errors import ResultUnreadable, VideoDefective, VideoUnreadable
from story.generation import Box, EngineName, Wishes
from story.limits import GATE_FRAMES
from tests.unit.inspect_video.clips import (
    FPS,
    FRAMES,
    HEIGHT,
    WIDTH,
    Picture,
    crop,
    direction,
    encode,
    jpeg,
    photo,
    pushing_in,
    report,
)

WATERFALL = photo()
PHOTO_JPEG = jpeg(WATERFALL)


@functools.cache
def moving() -> tuple[Picture, ...]:
    return tuple(pushing_in(WATERFALL))


@functools.cache
def good_clip() -> bytes:
    return encode(moving())


def examined(video: bytes, box: Box | None = None, **changes: Any) -> Examined:
    return examine(video, report(box or crop(WATERFALL)), direction(**changes), PHOTO_JPEG)


def defects(video: bytes, box: Box | None = None, **changes: Any) -> str:
    with pytest.raises(VideoDefective) as caught:
        examined(video, box, **changes)
    return str(caught.value)


def test_a_sound_clip_gives_frames_to_judge_from_the_first_to_the_last() -> None:
    found = examined(good_clip())
    assert len(found.frames) <= GATE_FRAMES
    assert (min(found.frames), max(found.frames)) == (0, FRAMES - 1)
    assert max(np.diff(list(found.frames))) <= FPS, "one a second"
    for index, frame in found.frames.items():
        with Image.open(io.BytesIO(frame)) as shown:
            assert likeness.psnr(np.asarray(shown), np.asarray(moving()[index])) > 28


def test_a_scene_that_is_there_for_one_frame_only_is_among_the_judged() -> None:
    hidden = 17
    pictures = list(moving())
    pictures[hidden] = photo("pets_dogs").resize((WIDTH, HEIGHT))
    assert {hidden, hidden + 1} & set(examined(encode(pictures)).frames)


def test_the_colours_of_the_frames_are_those_of_the_clip() -> None:
    red = Image.new("RGB", (WIDTH, HEIGHT), (200, 40, 60))
    pictures = clip.decode(encode([red] * FRAMES), direction())
    assert np.abs(pictures.kept[0].astype(int) - (200, 40, 60)).max() <= 4


def test_a_photo_that_stands_still_is_static_unless_stillness_was_asked_for() -> None:
    still = encode([moving()[0]] * FRAMES, crf=28)
    assert "nothing in it moves" in defects(still)
    # A camera that stands still leaves clouds and water to move.
    assert "nothing in it moves" in defects(still, camera="none")
    everything = Wishes(held=("everything",))
    assert examined(still, camera="none", wishes=everything).mean_motion < 0.5
    assert "nothing in it moves" in defects(still, camera="push_in", wishes=everything)


@pytest.mark.parametrize("colour", [(0, 135, 0), (255, 255, 255), (90, 90, 90)])
def test_a_frame_of_a_single_colour_is_a_defect(colour: tuple[int, int, int]) -> None:
    pictures = list(moving())
    pictures[9] = Image.new("RGB", (WIDTH, HEIGHT), colour)
    assert "1 of its frames show one colour, the first at" in defects(encode(pictures))


def test_one_small_moving_region_in_a_still_scene_is_motion_enough() -> None:
    pictures = [picture.copy() for picture in [moving()[0]] * FRAMES]
    for index, picture in enumerate(pictures):
        patch = moving()[0].crop((60, 100, 110, 150))
        picture.paste(patch, (60 + round(6 * np.sin(2 * np.pi * index / FRAMES)), 100))
    assert examined(encode(pictures)).likeness_db > 30


def test_a_clip_that_freezes_half_way_is_refused() -> None:
    frozen = [*pushing_in(WATERFALL, FRAMES)[:10], *[moving()[10]] * (FRAMES - 10)]
    assert "it stands still from 0." in defects(encode(frozen))


def test_a_first_frame_of_another_photo_is_unfaithful() -> None:
    other = pushing_in(photo("sky_sea_bridge"))
    assert "its first frame is not the photo" in defects(encode(other))


def test_a_first_frame_of_another_crop_is_unfaithful() -> None:
    elsewhere = crop(WATERFALL).model_copy(update={"left": 0.02})
    assert "its first frame is not the photo" in defects(good_clip(), elsewhere)


def test_a_photo_that_was_squeezed_is_refused_even_though_its_crop_matches() -> None:
    whole = Box(left=0, top=0, width=1, height=1)
    squeezed = [WATERFALL.resize((WIDTH, HEIGHT)), *moving()[1:]]
    assert "times as wide as it is" in defects(encode(squeezed), whole)


@pytest.mark.parametrize("width", [1.0, 0.75])
def test_a_contained_photo_is_compared_inside_its_surround(width: float) -> None:
    shown = Box(left=0, top=0, width=width, height=1)
    inner = likeness.inner_size(WATERFALL.size, shown, "contain", (WIDTH, HEIGHT))
    card = WATERFALL.crop((0, 0, round(WATERFALL.width * width), WATERFALL.height)).resize(inner)
    pictures = []
    for index in range(FRAMES):
        picture = Image.new("RGB", (WIDTH, HEIGHT), (40, 60 + index, 60))
        picture.paste(card, ((WIDTH - inner[0]) // 2, (HEIGHT - inner[1]) // 2))
        pictures.append(picture)
    fitted = report(shown, fit="contain")
    found = examine(encode(pictures), fitted, direction(fit="auto"), PHOTO_JPEG)
    assert found.likeness_db > 28
    if width == 1.0:
        found = examine(encode(pictures), fitted, direction(fit="contain"), PHOTO_JPEG)
        assert found.likeness_db > 28
    else:
        with pytest.raises(VideoDefective, match="75% of the photo's width"):
            examine(encode(pictures), fitted, direction(fit="contain"), PHOTO_JPEG)
    with pytest.raises(VideoDefective, match="fitted as contain, not cover"):
        examine(encode(pictures), fitted, direction(fit="cover"), PHOTO_JPEG)


def test_flashes_are_refused() -> None:
    flashing = list(moving())
    for index in range(2, FRAMES):
        if index % 4 < 2:
            flashing[index] = Image.new("RGB", (WIDTH, HEIGHT), "white")
    assert "can cause seizures" in defects(encode(flashing))


def test_flashes_across_the_seam_of_a_loop_are_refused() -> None:
    """Two flashes at the end and two at the beginning are four when the clip loops."""
    seam = list(moving())
    for index in (2, 6, FRAMES - 8, FRAMES - 4):
        seam[index] = seam[index + 1] = seam[index].point(lambda level: 200 + level // 5)
    assert "can cause seizures" in defects(encode(seam), loop=True)
    assert examined(encode(seam), loop=False)


def test_black_stretches_are_refused_but_not_of_a_black_photo() -> None:
    dark = list(moving())
    dark[20:26] = [Image.new("RGB", (WIDTH, HEIGHT))] * 6
    assert "6 of its frames are black, the first at 0.83 s" in defects(encode(dark))


@pytest.mark.parametrize(
    ("made", "changes", "what"),
    [
        ({"fps": 30}, {}, "30.00 frames a second, not 24"),
        ({"sound_seconds": None}, {}, "no sound, where stream was directed"),
        ({"sound_seconds": 1.0}, {}, "its sound lasts 1.0"),
        ({"sound_rate": 44_100}, {}, "aac, 44100 Hz"),
        ({"layout": "mono"}, {}, "1 channels"),
        ({"codec": "mpeg4"}, {}, "its video is mpeg4 yuv420p, not h264 yuv420p"),
        ({"pixel_format": "yuv444p"}, {}, "h264 yuv444p"),
        ({}, {"width": 360, "height": 640}, "it is 180×320 px, not 360×640 px"),
        ({}, {"seconds": 4.0}, "it lasts 2."),
    ],
)
def test_a_clip_of_another_form_is_refused(
    made: dict[str, Any], changes: dict[str, Any], what: str
) -> None:
    assert what in defects(encode(moving(), **made), **changes)


def test_silence_needs_no_sound_track() -> None:
    assert examined(encode(moving(), sound_seconds=None), ambience="silence")


def test_a_frame_more_or_less_is_tolerated_and_three_are_not() -> None:
    assert examined(encode(moving()[:-1]))
    assert "45 frames, not 48" in defects(encode(moving()[:-3]))


def test_frames_that_come_unevenly_are_refused() -> None:
    times = [2 * index for index in range(FRAMES)]
    times[24] += 1  # in half frames: one frame comes late, the next in time
    assert "unevenly" in defects(encode(moving(), times=times, ticks=2))


def test_all_defects_are_told_at_once() -> None:
    still = encode([Image.new("RGB", (WIDTH, HEIGHT), "gray")] * (FRAMES - 4))
    told = defects(still)
    assert told.startswith("The clip has 3 defects: ")
    assert "44 frames" in told
    assert "not the photo" in told
    assert "nothing in it moves" in told


@pytest.mark.parametrize(
    "video",
    [
        b"",
        b"hello world" * 100,
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",  # a playlist, which other demuxers follow
        PHOTO_JPEG,
        good_clip()[:2_000],
    ],
    ids=["empty", "text", "playlist", "photo", "cut"],
)
def test_what_is_no_clip_is_unreadable(video: bytes) -> None:
    with pytest.raises(VideoUnreadable):
        examined(video)


def test_damaged_pictures_are_unreadable_or_defective_never_passed_over() -> None:
    video = bytearray(good_clip())
    start = video.index(b"mdat") + 3_000
    video[start : start + 4_000] = bytes(4_000)
    with pytest.raises((VideoUnreadable, VideoDefective)):
        examined(bytes(video))


def test_metadata_that_is_no_text_is_passed_over_or_unreadable_but_never_a_crash() -> None:
    video = good_clip()
    start = video.rindex(b"Lavf")
    with contextlib.suppress(VideoUnreadable):
        assert examined(video[:start] + b"\xff\xfe\xfd\xfc" + video[start + 4 :])


def test_a_result_of_another_request_is_not_taken() -> None:
    answer = report(crop(WATERFALL), inference_id=f"{'f' * 32}-1-1")
    with pytest.raises(ResultUnreadable, match="answers request ffff"):
        examine(good_clip(), answer, direction(), PHOTO_JPEG)


def test_in_a_model_s_place_only_the_procedural_engine_s_clip_is_taken() -> None:
    asked = direction(instead_of="wan-5b")
    model = EngineName(family="diffusion", name="wan-5b", version="2.2")
    with pytest.raises(ResultUnreadable, match="by wan-5b; the procedural engine was to make it"):
        examine(good_clip(), report(crop(WATERFALL), engine=model), asked, PHOTO_JPEG)
    assert examine(good_clip(), report(crop(WATERFALL)), asked, PHOTO_JPEG).frames


@pytest.mark.parametrize(
    "box",
    [
        Box(left=0.5, top=0, width=0.6, height=1),
        Box(left=0, top=0.5, width=1, height=0.6),
        Box(left=0, top=0, width=0, height=1),
    ],
)
def test_a_crop_outside_the_photo_breaks_the_contract(box: Box) -> None:
    with pytest.raises(ResultUnreadable, match="outside the photo"):
        examined(good_clip(), box)


def test_a_clip_that_never_ends_is_not_decoded_to_its_end() -> None:
    pictures = clip.decode(encode(moving()), direction(seconds=1.0))
    assert len(pictures.small) == FPS + 2
