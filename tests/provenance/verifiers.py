"""Two verifiers that share no code, asked the same: does it hold, and what does it say?"""

import io
from typing import Any

import encypher_c2pa

from provenance import verification
from provenance.reading import Examined, Reading
from story.errors import CredentialInvalid


def first(video: bytes, root: str, media_type: str = "video/mp4") -> Reading | None:
    """What c2pa-python reads in a file that it trusts without reserve; None if it does not."""
    try:
        reading = verification.read(io.BytesIO(video), media_type, root)
    except CredentialInvalid:
        return None
    held = Examined(media_type=media_type, anchored=True, reading=reading)
    return reading if held.verdict == "trusted" else None


#: What a public programme asks for, and a stack without a time stamp authority cannot give.
CONFORMANCE = frozenset(
    {
        "com.encypher.conformance.revocationInformationMissing",
        "com.encypher.conformance.trustedTimeStampMissing",
    }
)


def second(video: bytes, root: str, media_type: str = "video/mp4") -> dict[str, Any] | None:
    """What encypher-c2pa, strict, reports of a file that it accepts; None if it does not."""
    report = dict(
        encypher_c2pa.verify(
            video,
            media_type,
            telemetry=False,
            online=False,
            no_default_trust=True,
            trust_pem=root,
            strict_conformance=True,
        )
    )
    good = (
        report["integrity"] == "valid"
        and report["hard_binding"] == "match"
        and report["trust"]["status"] == "valid_for_supplied_material"
        and {each["code"] for each in report["validation_results"]["failure"]} <= CONFORMANCE
    )
    return report if good else None
