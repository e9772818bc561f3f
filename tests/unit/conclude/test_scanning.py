"""The packed file and the scan of it, against the plain comparison."""

import numpy as np
import pytest

from conclude import scanning
from story import packed
from story.fingerprints import Fingerprints, distances
from tests.unit.conclude.readings import NOW, prints

KNOWN = [(f"{number:08x}", prints(number)) for number in range(40)]


def turned(known: Fingerprints, bits: int, frames: int = 6) -> Fingerprints:
    """Other fingerprints: so many bits differ in each of the first frames."""
    mask = int.from_bytes(b"\xff" * (bits // 8))
    return known.model_copy(
        update={
            "pdq": tuple(
                f"{int(one, 16) ^ (mask if index < frames else 0):064x}"
                for index, one in enumerate(known.pdq)
            )
        }
    )


def test_a_packed_file_is_read_as_it_was_written() -> None:
    header, body = packed.pack(iter(KNOWN), NOW)
    found = packed.unpack(body)
    assert found.header == header
    assert (header.records, header.complete) == (40, True)
    assert len(found.rows) == 40 * packed.ROW_BYTES


@pytest.mark.parametrize("cut", [0, 5, -1])
def test_a_packed_file_that_is_cut_short_is_none(cut: int) -> None:
    _, body = packed.pack(iter(KNOWN), NOW)
    with pytest.raises(ValueError, match="packed file"):
        packed.unpack(body[:cut])


def test_the_limit_keeps_the_first_and_says_that_there_are_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packed, "MAX_RECORDS", 3)
    header, body = packed.pack(iter(KNOWN), NOW)
    assert (header.records, header.complete) == (3, False)
    rows = packed.unpack(body).rows
    assert [rows[start : start + 4].hex() for start in range(0, len(rows), packed.ROW_BYTES)] == [
        mark for mark, _ in KNOWN[:3]
    ]


def test_the_scan_measures_what_the_plain_comparison_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scanning, "_ROWS_AT_ONCE", 7)
    monkeypatch.setattr(scanning, "PDQ_MOST_BITS", 256)
    rows = packed.unpack(packed.pack(iter(KNOWN), NOW)[1]).rows
    asked = turned(prints(17), 48, frames=3)
    found = scanning.nearest(rows, asked, most=100)
    assert len(found) == len(KNOWN)
    for near in found:
        expected = distances(asked, prints(int(near.mark_id, 16)))
        assert (near.pdq, near.iscc) == expected
    assert found[0].mark_id == "00000011"


def test_only_what_is_within_a_bound_is_near() -> None:
    rows = packed.unpack(packed.pack(iter(KNOWN), NOW)[1]).rows
    (near,) = scanning.nearest(rows, turned(prints(17), 64), most=5)
    assert (near.mark_id, near.pdq, near.iscc) == ("00000011", 64, 0)
    assert scanning.nearest(rows, prints(99), most=5) == []
    assert scanning.nearest(b"", prints(17), most=5) == []


def test_a_mark_is_written_as_records_have_it() -> None:
    row = packed.row("00c0ffee", prints(1))
    assert np.frombuffer(row[:4], ">u4")[0] == 0x00C0FFEE
