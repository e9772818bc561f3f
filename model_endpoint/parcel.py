"""Packing and unpacking what travels: a request's tar in, a result's tar out.

A tar from outside is only ever read in memory, member by member: names are compared with a list
and never become paths.
"""

import io
import tarfile
import time
from pathlib import Path

from pydantic import ValidationError

from story.errors import GenerationFailed, PhotoMissing, PhotoTooLarge
from story.generation import (
    DIRECTION_MEMBER,
    PHOTO_MEMBER,
    REPORT_MEMBER,
    VIDEO_MEMBER,
    Direction,
    Report,
)
from story.limits import MAX_UPLOAD_BYTES

MAX_DIRECTION_BYTES = 64 * 1024
#: The members, their 512-byte headers and padding, and the 10 KiB block that ends a tar.
MAX_REQUEST_BYTES = MAX_UPLOAD_BYTES + MAX_DIRECTION_BYTES + 16 * 1024
MAX_MEMBERS = 2
LIMITS = {DIRECTION_MEMBER: MAX_DIRECTION_BYTES, PHOTO_MEMBER: MAX_UPLOAD_BYTES}


def open_request(body: bytes) -> tuple[Direction, bytes]:
    """The direction and the photo's bytes.

    Raises:
        GenerationFailed: not a tar of exactly the two members, or a direction out of contract.
        PhotoMissing, PhotoTooLarge: about the photo's member.
    """
    members = read_members(body)
    if DIRECTION_MEMBER not in members:
        raise GenerationFailed(f"the request has no {DIRECTION_MEMBER}")
    if PHOTO_MEMBER not in members:
        raise PhotoMissing(f"the request has no {PHOTO_MEMBER}")
    try:
        direction = Direction.model_validate_json(members[DIRECTION_MEMBER])
    except ValidationError as error:
        # The fields and what is wrong, never their values: the prompt is among them.
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'json'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise GenerationFailed(f"{DIRECTION_MEMBER} is out of contract: {faults}") from error
    return direction, members[PHOTO_MEMBER]


def seconds_under_way(body: bytes) -> float | None:
    """How long ago the request was packed, by its members' time; None if that was not noted.

    That is the wait for an instance and for the clips before: whole seconds, of another clock.
    """
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:") as archive:
        packed_at = max((member.mtime for member in archive), default=0)
    return max(0.0, round(time.time() - packed_at, 3)) if packed_at else None


def read_members(body: bytes) -> dict[str, bytes]:
    """The members by name. Refuses unknown or repeated names, links, and members over the limit."""
    members: dict[str, bytes] = {}
    try:
        # "r:" reads plain tars only: a compressed one could unfold to any size.
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:") as archive:
            while (member := archive.next()) is not None:
                if member.name not in LIMITS or member.name in members:
                    raise GenerationFailed(
                        f"the request holds {len(members) + 1} members, one of them unknown or"
                        f" repeated; it may hold {' and '.join(LIMITS)}, once each"
                    )
                if not member.isreg():
                    raise GenerationFailed(f"{member.name} is not a plain file")
                if member.size > LIMITS[member.name]:
                    raise too_large(member.name, member.size)
                stream = archive.extractfile(member)
                data = stream.read(member.size) if stream is not None else b""
                if len(data) != member.size:
                    raise GenerationFailed(
                        f"{member.name} ends after {len(data)} of {member.size} bytes"
                    )
                members[member.name] = data
    except (tarfile.TarError, EOFError, ValueError) as error:
        # A damaged header may surface as a ValueError of int() or of a text codec.
        raise GenerationFailed(f"the request is not an uncompressed tar: {error}") from error
    return members


def too_large(name: str, size: int) -> GenerationFailed | PhotoTooLarge:
    """The error for a member over its limit."""
    message = f"{name} has {size} bytes; at most {LIMITS[name]}"
    return PhotoTooLarge(message) if name == PHOTO_MEMBER else GenerationFailed(message)


def pack_result(video: Path, report: Report) -> bytes:
    """The tar that answers a request."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in (
            (VIDEO_MEMBER, video.read_bytes()),
            (REPORT_MEMBER, report.model_dump_json().encode()),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()
