"""Unpacking an engine's result: a tar that is not trusted, although our own endpoint wrote it."""

import io
import tarfile
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from story.errors import ResultUnreadable
from story.generation import REPORT_MEMBER, VIDEO_MEMBER, Report
from story.limits import MAX_CLIP_BYTES

_MAX_REPORT_BYTES: Final = 256 * 1024
_MEMBER_LIMITS: Final = {VIDEO_MEMBER: MAX_CLIP_BYTES, REPORT_MEMBER: _MAX_REPORT_BYTES}
#: The members, their headers and the padding that tar adds, generously.
MAX_RESULT_BYTES: Final = sum(_MEMBER_LIMITS.values()) + 64 * 1024


@dataclass(frozen=True)
class Result:
    """The two members of a result."""

    video: bytes
    report: Report
    report_json: bytes


def unpack(packed: bytes) -> Result:
    """Read exactly `video.mp4` and `report.json`; nothing is ever written to a path.

    Raises ResultUnreadable for anything else: another name, a link, a sparse member, a member
    that is too large or there twice, a compressed archive, a report that breaks the contract.
    """
    members: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as tar:
            for member in tar:
                _require_expected(member, members)
                body = tar.extractfile(member)
                if body is None:
                    raise ResultUnreadable(f"The result's member {member.name} has no content")
                members[member.name] = body.read()
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise ResultUnreadable(f"The result is not a whole, uncompressed tar: {error}") from error
    for name in _MEMBER_LIMITS:
        if name not in members:
            raise ResultUnreadable(f"The result has {sorted(members)}; {name} is missing")
    try:
        report = Report.model_validate_json(members[REPORT_MEMBER])
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ResultUnreadable(
            f"{REPORT_MEMBER} breaks the contract in {error.error_count()} places; "
            f"first at {where}: {first['msg']}"
        ) from error
    return Result(members[VIDEO_MEMBER], report, members[REPORT_MEMBER])


def _require_expected(member: tarfile.TarInfo, seen: dict[str, bytes]) -> None:
    """Raises ResultUnreadable unless this is the first, plain, bounded member of a name we know."""
    if member.name not in _MEMBER_LIMITS:
        raise ResultUnreadable(
            f"The result has a member {member.name[:80]!r}; "
            f"only {sorted(_MEMBER_LIMITS)} may be there"
        )
    if member.name in seen:
        raise ResultUnreadable(f"The result has {member.name} twice")
    if member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or member.issparse():
        raise ResultUnreadable(f"The result's member {member.name} is not a plain file")
    if member.size > _MEMBER_LIMITS[member.name]:
        raise ResultUnreadable(
            f"The result's {member.name} has {member.size} bytes; "
            f"at most {_MEMBER_LIMITS[member.name]}"
        )
