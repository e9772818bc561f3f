"""From what was read in a photo to what is kept of it: a few facts of known form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from provenance import sandbox
from story.photo_credential import (
    MAX_FAILURES,
    SOURCE_TYPES,
    FailureCode,
    ManifestId,
    PhotoCredential,
)

if TYPE_CHECKING:
    from pathlib import Path

    from provenance.reading import Examined, Reading
    from story.photo_credential import SourceType

#: What a credential of a picture must have passed: its signature, and a hash of the picture.
_SIGNED: Final = "claimSignature.validated"
_BOUND: Final = frozenset(
    {"assertion.dataHash.match", "assertion.boxesHash.match", "assertion.bmffHash.match"}
)
_SOURCE_TYPE: Final = re.compile(r"https?://cv\.iptc\.org/newscodes/digitalsourcetype/([A-Za-z]+)")
_MANIFEST_ID: Final[TypeAdapter[str]] = TypeAdapter(ManifestId)
_CODE: Final[TypeAdapter[str]] = TypeAdapter(FailureCode)


def find(photo: Path, *, wanted: bool) -> PhotoCredential:
    """What the credential in a stranger's photo is worth.

    wanted: whether its creator asked for it to be said that they hold. Never raises because of
    the file; without a sign of a credential, no library reads it.
    """
    if not sandbox.has_credential(photo):
        return PhotoCredential(found="absent")
    return conclude(sandbox.read(photo, None), wanted=wanted)


def conclude(examined: Examined, *, wanted: bool) -> PhotoCredential:
    """The same, of what was read."""
    if examined.unreadable is not None or examined.broken is not None:
        return PhotoCredential(found="unreadable")
    reading = examined.reading
    if reading is None:
        return PhotoCredential(found="absent")
    failed = [defect.code for defect in examined.defects]
    passed = set(reading.passed)
    if failed or reading.state == "Invalid" or _SIGNED not in passed or not _BOUND & passed:
        return PhotoCredential(found="broken", failures=_codes(failed))
    if not wanted:
        return PhotoCredential(found="unsaid")
    return PhotoCredential(
        found="held", manifest_id=_manifest_id(reading), source_type=_source_type(reading)
    )


def _codes(failed: list[str]) -> tuple[str, ...]:
    return tuple(code for code in dict.fromkeys(failed) if _fits(_CODE, code))[:MAX_FAILURES]


def _manifest_id(reading: Reading) -> str | None:
    return reading.manifest_id if _fits(_MANIFEST_ID, reading.manifest_id) else None


def _source_type(reading: Reading) -> SourceType | None:
    made = reading.made
    said = _SOURCE_TYPE.fullmatch((made and made.digital_source_type) or "")
    return next((term for term in SOURCE_TYPES if said and term == said[1]), None)


def _fits(form: TypeAdapter[str], value: str) -> bool:
    try:
        form.validate_python(value)
    except ValidationError:
        return False
    return True
