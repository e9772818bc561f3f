"""Whether a signed video may be seen: two implementations say so, and neither says yes to all.

Asked twice: before it is published (`check`), and before others see it (`check_again`).

A verifier that is broken, or was exchanged, most easily errs by accepting. So each is also shown
the same video with one bit changed, which it has to refuse: an opinion counts only from who can
tell the two apart.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from provenance import second_opinion, verification
from story.errors import CredentialInvalid

if TYPE_CHECKING:
    from story.contracts import Credential

VERIFIERS: Final = f"{verification.VERIFIER} and {second_opinion.VERIFIER}"
_MEDIA: Final = b"mdat"
_HEADER_BYTES: Final = 8
_LARGE_HEADER_BYTES: Final = 16


def check(
    signed: bytes, media_type: str, instance_id: str, anchors: str | None, *, stamped: bool
) -> Credential:
    """The summary of a credential that both accept, and that both miss in a changed copy.

    signed is an MP4. `stamped` asks for a time stamp too; with anchors, which are PEM, signer and
    authority have to lead to one of them. Raises CredentialInvalid, which names who refused.
    """
    credential = verification.check(signed, media_type, instance_id, anchors, stamped=stamped)
    second_opinion.check(
        signed, media_type, credential.manifest_id, instance_id, anchors, stamped=stamped
    )
    _require_that_both_can_refuse(signed, media_type)
    return credential.model_copy(update={"verified_by": VERIFIERS})


def check_again(
    signed: bytes, media_type: str, credential: Credential, anchors: str | None
) -> None:
    """That both accept a published video still, by the anchors and the certificates of today.

    A time stamp, if it has one, has to hold as well. Raises CredentialInvalid.
    """
    reading = verification.check_again(signed, media_type, credential, anchors)
    if reading.instance_id is None:
        raise CredentialInvalid(f"The credential {reading.manifest_id} names no instance")
    second_opinion.check(
        signed,
        media_type,
        credential.manifest_id,
        reading.instance_id,
        anchors,
        stamped=verification.TIME_STAMPED in reading.passed,
    )
    _require_that_both_can_refuse(signed, media_type)


def _require_that_both_can_refuse(signed: bytes, media_type: str) -> None:
    changed = _changed(signed)
    for verifier, accepts in (
        (verification.VERIFIER, verification.accepts_bytes),
        (second_opinion.VERIFIER, second_opinion.accepts_bytes),
    ):
        if accepts(changed, media_type):
            raise CredentialInvalid(
                f"{verifier} accepts the signed video with one bit of its pictures changed:"
                " what it says of the video itself counts for nothing"
            )


def _changed(signed: bytes) -> bytes:
    """A copy with one bit of another value, in the middle of the pictures and sound."""
    begin, end = _media(signed)
    copy = bytearray(signed)
    copy[(begin + end) // 2] ^= 1
    return bytes(copy)


def _media(signed: bytes) -> tuple[int, int]:
    """Where the payload of an MP4's media box begins and ends (ISO/IEC 14496-12, 4.2)."""
    position = 0
    while len(signed) - position >= _LARGE_HEADER_BYTES:
        size, kind = struct.unpack_from(">I4s", signed, position)
        header = _HEADER_BYTES
        if size == 1:
            (size,) = struct.unpack_from(">Q", signed, position + _HEADER_BYTES)
            header = _LARGE_HEADER_BYTES
        elif size == 0:
            size = len(signed) - position
        if size < header or size > len(signed) - position:
            break
        if kind == _MEDIA and size > header:
            return position + header, position + size
        position += size
    raise CredentialInvalid(
        f"The signed video has no box of media ('mdat') that could be found: byte {position} of"
        f" {len(signed)} begins none"
    )
