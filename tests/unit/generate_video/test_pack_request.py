"""The request's tar, as the engine's side unpacks it."""

import io
import tarfile

from generate_video.handler import pack_request


def test_a_request_holds_the_direction_and_the_photo_uncompressed_and_nothing_else() -> None:
    packed = pack_request(b'{"camera": "none"}', b"\xff\xd8photo")
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as tar:
        members = tar.getmembers()
        bodies = [file.read() for file in map(tar.extractfile, members) if file]
    assert [member.name for member in members] == ["direction.json", "photo.jpg"]
    assert all(member.isreg() for member in members)
    assert bodies == [b'{"camera": "none"}', b"\xff\xd8photo"]


def test_the_same_request_is_the_same_bytes() -> None:
    assert pack_request(b"{}", b"photo") == pack_request(b"{}", b"photo")


def test_an_empty_member_is_still_there() -> None:
    with tarfile.open(fileobj=io.BytesIO(pack_request(b"", b"")), mode="r:") as tar:
        assert tar.getnames() == ["direction.json", "photo.jpg"]
