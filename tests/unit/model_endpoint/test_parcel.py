import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterable

import pytest

from model_endpoint.parcel import LIMITS, open_request
from story.errors import GenerationFailed, PhotoMissing, PhotoTooLarge
from story.generation import Direction

Direct = Callable[..., Direction]


def tar(members: Iterable[tuple[tarfile.TarInfo | str, bytes]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name) if isinstance(name, str) else name
            if member.isreg():
                member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def linked(name: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    return member


def test_a_request_is_read(direct: Direct) -> None:
    direction = direct()
    body = tar([("direction.json", direction.model_dump_json().encode()), ("photo.jpg", b"x")])
    assert open_request(body) == (direction, b"x")


@pytest.mark.parametrize(
    "name", ["../direction.json", "/direction.json", "./photo.jpg", "photo.jpg/", "x", "a" * 300]
)
def test_any_other_name_is_refused(direct: Direct, name: str) -> None:
    good = ("direction.json", direct().model_dump_json().encode())
    with pytest.raises((GenerationFailed, PhotoMissing)):
        open_request(tar([good, (name, b"x")]))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_links_and_devices_are_refused(kind: bytes) -> None:
    with pytest.raises(GenerationFailed, match="not a plain file"):
        open_request(tar([(linked("photo.jpg", kind), b"")]))


def test_a_repeated_member_is_refused() -> None:
    with pytest.raises(GenerationFailed, match="repeated"):
        open_request(tar([("photo.jpg", b"x"), ("photo.jpg", b"y")]))


def test_many_members_are_refused_at_the_first_unknown() -> None:
    with pytest.raises(GenerationFailed, match="1 members"):
        open_request(tar((f"n{i}", b"") for i in range(5_000)))


def test_a_compressed_tar_is_refused() -> None:
    with pytest.raises(GenerationFailed, match="uncompressed"):
        open_request(gzip.compress(tar([("photo.jpg", b"x" * 1_000)])))


@pytest.mark.parametrize("body", [b"", b"junk", b"\0" * 2_000, b"\xff" * 1_024])
def test_junk_is_refused(body: bytes) -> None:
    with pytest.raises(GenerationFailed):
        open_request(body)


def test_a_member_that_claims_more_than_the_limit_is_refused_before_it_is_read() -> None:
    member = tarfile.TarInfo("photo.jpg")
    member.size = LIMITS["photo.jpg"] + 1
    with pytest.raises(PhotoTooLarge, match=str(member.size)):
        open_request(member.tobuf() + b"\0" * 1_024)


def test_a_member_that_ends_early_is_refused() -> None:
    member = tarfile.TarInfo("photo.jpg")
    member.size = 4_096
    with pytest.raises(GenerationFailed):
        open_request(member.tobuf() + b"short")


def test_a_missing_photo_has_its_own_name(direct: Direct) -> None:
    with pytest.raises(PhotoMissing):
        open_request(tar([("direction.json", direct().model_dump_json().encode())]))


def test_a_direction_out_of_contract_is_explained_without_its_prompt(direct: Direct) -> None:
    fields = json.loads(direct(prompt="canary words").model_dump_json()) | {"fps": 999}
    with pytest.raises(GenerationFailed, match="fps") as caught:
        open_request(tar([("direction.json", json.dumps(fields).encode()), ("photo.jpg", b"x")]))
    assert "canary" not in str(caught.value)
