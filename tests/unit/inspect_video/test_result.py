import gzip
import io
import json
import tarfile

import pytest

from inspect_video.result import unpack
from story.errors import ResultUnreadable
from tests.unit.inspect_video.clips import crop, pack, photo, report

REPORT = report(crop(photo())).model_dump_json().encode()
VIDEO = b"the clip's bytes"


def linked(kind: bytes, name: str = "video.mp4") -> bytes:
    """A tar whose video is not a plain file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
        member = tarfile.TarInfo("report.json")
        member.size = len(REPORT)
        tar.addfile(member, io.BytesIO(REPORT))
    return out.getvalue()


def test_the_two_members_come_out_as_they_went_in() -> None:
    result = unpack(pack([("video.mp4", VIDEO), ("report.json", REPORT)]))
    assert (result.video, result.report_json) == (VIDEO, REPORT)
    assert result.report == report(crop(photo()))


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (b"", "not a whole"),
        (b"hello world" * 100, "not a whole"),
        (gzip.compress(pack([("video.mp4", VIDEO), ("report.json", REPORT)])), "not a whole"),
        (pack([("video.mp4", VIDEO * 100), ("report.json", REPORT)])[:900], "not a whole"),
        (pack([("video.mp4", VIDEO)]), "report.json is missing"),
        (pack([("report.json", REPORT)]), "video.mp4 is missing"),
        (pack([("../video.mp4", VIDEO), ("report.json", REPORT)]), "only"),
        (pack([("/video.mp4", VIDEO), ("report.json", REPORT)]), "only"),
        (pack([("./video.mp4", VIDEO), ("report.json", REPORT)]), "only"),
        (pack([("video.mp4", VIDEO), ("x", b""), ("report.json", REPORT)]), "only"),
        (pack([("video.mp4", VIDEO), ("video.mp4", VIDEO), ("report.json", REPORT)]), "twice"),
        (linked(tarfile.SYMTYPE), "not a plain file"),
        (linked(tarfile.LNKTYPE), "not a plain file"),
        (linked(tarfile.DIRTYPE), "not a plain file"),
        (linked(tarfile.FIFOTYPE), "not a plain file"),
        (pack([("video.mp4", VIDEO), ("report.json", b" " * 300_000)]), "at most 262144"),
        (pack([("video.mp4", VIDEO), ("report.json", b"{}")]), "breaks the contract"),
        (pack([("video.mp4", VIDEO), ("report.json", b"\xff")]), "breaks the contract"),
        (
            pack(
                [
                    ("video.mp4", VIDEO),
                    ("report.json", json.dumps({**json.loads(REPORT), "extra": 1}).encode()),
                ]
            ),
            "first at extra",
        ),
    ],
)
def test_anything_else_is_unreadable_and_says_why(packed: bytes, why: str) -> None:
    with pytest.raises(ResultUnreadable, match=why):
        unpack(packed)


def test_a_sparse_member_cannot_grow_while_it_is_read() -> None:
    """GNU sparse headers can turn 512 bytes into gigabytes."""
    packed = bytearray(pack([("video.mp4", b""), ("report.json", REPORT)]))
    packed[156:157] = tarfile.GNUTYPE_SPARSE
    packed[386:398], packed[398:410] = b"00000000000\0", b"00000000000\0"
    packed[483:495] = b"77777777777\0"
    packed[148:156] = b"        "
    packed[148:156] = b"%06o\0 " % sum(packed[:512])
    with pytest.raises(ResultUnreadable, match="not a plain file"):
        unpack(bytes(packed))
