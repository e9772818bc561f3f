import struct

import pytest

from inspect_photo import boxes
from story.errors import PhotoUnreadable
from tests.unit.inspect_photo.corpus import box, full, heic, photo


def test_every_box_of_a_heic_is_counted_and_its_extent_read() -> None:
    found = boxes.walk(heic(photo()))
    # three at the top, five in meta, two in iprp, two in ipco; iinf's are not boxes of boxes
    assert found.count == 12
    assert found.extents == ((480, 320),)


def test_a_limit_of_boxes_holds_at_the_limit_and_not_one_beyond() -> None:
    assert boxes.walk(box(b"free") * 50, limit=50).count == 50
    with pytest.raises(PhotoUnreadable, match="more than 50 boxes"):
        boxes.walk(box(b"free") * 51, limit=50)


def test_boxes_hidden_inside_meta_count_too() -> None:
    with pytest.raises(PhotoUnreadable, match="more than 2000 boxes"):
        boxes.walk(full(b"meta", box(b"iprp", box(b"ipco", box(b"free") * 40_000))))


def test_nesting_is_refused_without_recursion() -> None:
    nested = b""
    for _ in range(5_000):
        nested = box(b"iprp", nested)
    with pytest.raises(PhotoUnreadable, match="nest deeper"):
        boxes.walk(nested, limit=100_000)


@pytest.mark.parametrize(
    "broken",
    [
        struct.pack(">I4s", 0, b"free"),  # "to the end of the file", inside another box
        struct.pack(">I4s", 4, b"free"),  # smaller than its own header
        struct.pack(">I4sQ", 1, b"free", 8),  # a 64-bit size smaller than its own header
        struct.pack(">I4sQ", 1, b"free", 2**63),
        struct.pack(">I4s", 1, b"free"),  # a 64-bit size that is not there
        struct.pack(">I4s", 64, b"free"),  # reaches beyond its parent
        b"abc",
    ],
)
def test_a_box_that_does_not_fit_its_parent_is_damage(broken: bytes) -> None:
    with pytest.raises(PhotoUnreadable, match="damaged at byte"):
        boxes.walk(full(b"meta", broken))


def test_only_the_last_box_of_the_file_may_reach_to_its_end() -> None:
    reaching = struct.pack(">I4s", 0, b"mdat") + bytes(100)
    assert boxes.walk(full(b"meta") + reaching).count == 2


def test_a_64_bit_size_is_read() -> None:
    assert boxes.walk(struct.pack(">I4sQ", 1, b"mdat", 20) + bytes(4) + full(b"meta")).count == 2


def test_a_trailer_behind_the_boxes_is_no_damage_but_a_broken_beginning_is() -> None:
    assert boxes.walk(full(b"meta") + b"SEFT of a phone").count == 1
    with pytest.raises(PhotoUnreadable, match="damaged at byte 0"):
        boxes.walk(b"\xff\xff\xff\xffftyp" + full(b"meta"))
