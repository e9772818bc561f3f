"""What was read of a credential, as a check tells it: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from provenance.reading import UNTRUSTED
from story.checks import CredentialReading, quoted

if TYPE_CHECKING:
    from cloud.certificates import Signer
    from provenance.reading import Examined, Verdict

#: Without anchors nobody is trusted.
_STATES: dict[
    Verdict, Literal["trusted", "untrusted", "invalid", "absent", "unreadable"]
] = {
    "trusted": "trusted",
    "valid": "untrusted",
    "untrusted": "untrusted",
    "invalid": "invalid",
    "absent": "absent",
    "unreadable": "unreadable",
}  # fmt: skip
#: Of what failed, as many codes as anybody reads.
_MOST_FAILURES = 8


def told(examined: Examined, ours: Signer | None) -> CredentialReading:
    """The reading of one file's credential. `ours`: whom this stack signs as, if it can."""
    state, found = _STATES[examined.verdict], examined.reading
    codes = dict.fromkeys(
        quoted(defect.code) or UNTRUSTED for defect in examined.defects if defect.code != UNTRUSTED
    )
    if found is None:
        return CredentialReading(
            state=state,
            fault=examined.fault,
            failures=tuple(codes)[:_MOST_FAILURES],
            detail=quoted(examined.unreadable or examined.broken),
        )
    made = found.made
    names_us = ours is not None and (found.issuer, found.common_name) == ours
    return CredentialReading(
        state=state,
        ours=state == "trusted" and names_us,
        fault=examined.fault,
        manifest_id=quoted(found.manifest_id),
        signed_by=quoted(found.issuer or found.common_name),
        signed_at=quoted(found.time_stamp or (made.when if made else None)),
        failures=tuple(codes)[:_MOST_FAILURES],
    )
