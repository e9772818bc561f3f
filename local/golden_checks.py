"""The golden events of the verify workflow: a file that is asked about, and what is read in it.

It is a copy of the golden story's clip that has lost its metadata. See golden_events.py.
"""

from typing import Any

from pydantic import BaseModel

from story import checks, contracts
from story.fingerprints import PDQ_FRAMES, Fingerprints

#: Of the golden story's clip.
MARK = contracts.Watermark(id="00c0ffee", key_version=1)
FINGERPRINTS = Fingerprints(pdq=("0f" * 32,) * PDQ_FRAMES, iscc="ISCC:EMD" + "A" * 52)

CHECK_ID = "fedcba9876543210" * 2
CHECKED = checks.CheckInput(
    check_id=CHECK_ID,
    file=checks.FileRef(
        bucket="enliven-checks",
        key=checks.file_key(CHECK_ID),
        etag="ffeeddccbbaa99887766554433221100",
        size=987_654,
    ),
)
INPUTS: dict[str, BaseModel] = {
    "ReadCredential": CHECKED,
    "FindMark": CHECKED,
    "Conclude": checks.ConcludeInput(
        check_id=CHECK_ID,
        credential=checks.CredentialReading(state="absent"),
        mark=checks.MarkReading(
            read=True,
            mark_id=MARK.id,
            key_version=MARK.key_version,
            z=9.75,
            is_mark=True,
            soft=(0.5,) * checks.SOFT_BITS,
            fingerprints=FINGERPRINTS,
            mirrored=FINGERPRINTS,
        ),
    ),
}


def uploaded(detail: dict[str, Any]) -> dict[str, Any]:
    """The detail of S3's event of an upload, as if the file had been uploaded."""
    file = CHECKED.file
    told = {"key": file.key, "size": file.size, "etag": file.etag, "sequencer": "00000000000000AB"}
    return {**detail, "bucket": {"name": file.bucket}, "object": told}
