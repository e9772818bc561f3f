"""Small clips of two photos and copies of them; `make bench-fingerprints` measures real ones."""

import functools

import pytest

from fingerprints import clip
from story.errors import VideoUnreadable
from story.fingerprints import Fingerprints, distances
from tests.benchmark_fingerprints import ATTACKS, Attack, copied
from tests.unit.inspect_video.clips import encode, photo, pushing_in


@functools.cache
def video(name: str) -> bytes:
    return encode(pushing_in(photo(name)))


@functools.cache
def known(name: str) -> Fingerprints:
    return clip.of_clip(video(name))


#: These clips last two seconds: there is no quarter of five to cut off.
DONE = [attack for attack in ATTACKS if "trim" not in attack.filters]


@pytest.mark.parametrize("attack", DONE, ids=lambda attack: attack.name)
def test_a_copy_is_its_own_clip_and_no_other(attack: Attack) -> None:
    copy = clip.of_clip(copied(video("coffee_cup"), attack), mirrored=attack.mirrored)
    assert distances(copy, known("coffee_cup")).alike
    assert not distances(copy, known("mountain_clouds")).alike


def test_the_same_bytes_have_the_same_fingerprints() -> None:
    assert clip.of_clip(video("coffee_cup")) == known("coffee_cup")
    assert distances(known("coffee_cup"), known("coffee_cup")) == (0, 0)


def test_a_mirrored_clip_is_another_until_it_is_looked_at_in_a_mirror() -> None:
    assert not distances(
        clip.of_clip(video("coffee_cup"), mirrored=True), known("coffee_cup")
    ).alike


@pytest.mark.parametrize("broken", [b"", b"hello world" * 100, video("coffee_cup")[:3_000]])
def test_what_does_not_decode_is_unreadable(broken: bytes) -> None:
    with pytest.raises(VideoUnreadable):
        clip.of_clip(broken)


def test_pictures_too_small_to_have_a_signature_are_refused_with_their_size() -> None:
    tiny = copied(video("coffee_cup"), Attack("tiny", "scale=24:40"))
    with pytest.raises(VideoUnreadable, match="24×40 px; at least 32×32"):
        clip.of_clip(tiny)
