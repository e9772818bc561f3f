"""From two readings and what is kept of our clips to an answer: pure.

    verified    its credential holds, leads to an anchor, and is by this stack's signer
    recovered   its hidden mark names a clip of ours, and it looks like that clip
    similar     it looks like a clip of ours by both kinds of fingerprints, and nothing else says so
    invalid     it has a credential, which does not hold
    unknown     nothing of this; also a file with somebody else's credential, if that holds

A mark can be copied onto other pictures, and pictures can be made to look alike. So neither alone
says whose clip it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from story.checks import (
    Z_OF_ASKED,
    Answer,
    Conclusion,
    CredentialFound,
    FingerprintFound,
    MarkFound,
)
from story.fingerprints import ISCC_MOST_BITS, PDQ_MOST_BITS, Distances, distances
from watermark import code

if TYPE_CHECKING:
    from story.checks import (
        CredentialReading,
        CredentialReason,
        MarkReading,
        MarkReason,
        ProvenanceRecord,
    )


class Match(NamedTuple):
    """A clip of ours beside the file: how well the file's cells agree with its mark, and looks.

    z: None if there is nothing to ask for it; looks: None if there is nothing to compare.
    """

    record: ProvenanceRecord
    z: float | None
    looks: Distances | None

    @property
    def alike(self) -> bool:
        """Whether the file looks like the clip."""
        return self.looks is not None and self.looks.alike

    @property
    def similar(self) -> bool:
        """Whether it looks like the clip even among many others."""
        return self.looks is not None and self.looks.doubly_alike

    @property
    def marked(self) -> bool:
        """Whether the file carries the clip's mark."""
        return self.z is not None and self.z >= Z_OF_ASKED


class Searched(NamedTuple):
    """How many clips a file was compared with, and whether those are all that are kept."""

    records: int
    complete: bool


def match(mark: MarkReading, record: ProvenanceRecord) -> Match:
    """A clip of ours beside what was found in a file."""
    return Match(record, _z_of(mark, record), _looks(mark, record))


def is_credential_enough(credential: CredentialReading) -> bool:
    """Whether the credential alone gives the best answer."""
    return credential.state == "trusted" and credential.ours


def conclude(
    credential: CredentialReading,
    mark: MarkReading,
    *,
    named: Match | None,
    similar: Match | None,
    searched: Searched | None,
    now: str,
) -> Conclusion | None:
    """What the file is; None if it could not be looked at in any way.

    named: the clip whose mark was decoded; similar: one that was found by its looks.
    searched: None if nothing had to be searched for.
    """
    if credential.state == "unreadable" and not mark.read:
        return None
    answer, about = _answer(credential, named, similar)
    return Conclusion(
        answer=answer,
        credential=_credential(credential),
        mark=_mark(mark, named, about),
        fingerprint=_fingerprint(mark, about, searched),
        record=about.record if about else None,
        checked_at=now,
    )


def _answer(
    credential: CredentialReading, named: Match | None, similar: Match | None
) -> tuple[Answer, Match | None]:
    """The answer, and the clip of ours that it is about."""
    recovered = next(
        (each for each in (named, similar) if each and each.marked and each.alike), None
    )
    if is_credential_enough(credential):
        # The mark found the record; the credential says whether it is this clip's.
        signed = named and named.record.manifest_id == credential.manifest_id
        return "verified", named if signed else None
    if credential.state == "invalid":
        return "invalid", recovered
    if recovered:
        return "recovered", recovered
    looked = next((each for each in (named, similar) if each and each.similar), None)
    return ("similar", looked) if looked else ("unknown", None)


def _z_of(mark: MarkReading, record: ProvenanceRecord) -> float | None:
    """How well the file's cells agree with a clip's word; they were read with one key's pattern."""
    if len(mark.soft) != code.LENGTH or mark.key_version != record.key_version:
        return None
    word = code.words([int(record.mark_id, 16)]).astype(np.float32)[0]
    return float(word @ np.asarray(mark.soft, dtype=np.float32) / np.sqrt(code.LENGTH))


def _looks(mark: MarkReading, record: ProvenanceRecord) -> Distances | None:
    """How far the file's pictures are from a clip's, whichever hand is nearer."""
    seen = [
        distances(prints, record.fingerprints)
        for prints in (mark.fingerprints, mark.mirrored)
        if prints is not None
    ]
    return min(
        seen,
        key=lambda each: min(each.pdq / PDQ_MOST_BITS, each.iscc / ISCC_MOST_BITS),
        default=None,
    )


def _credential(credential: CredentialReading) -> CredentialFound:
    return CredentialFound(
        state=credential.state,
        reason=_credential_reason(credential),
        signed_by=credential.signed_by,
        signed_at=credential.signed_at,
        failures=credential.failures,
    )


def _credential_reason(credential: CredentialReading) -> CredentialReason:
    if is_credential_enough(credential):
        return "ours"
    if credential.state == "invalid":
        return credential.fault or "unsound"
    return credential.state


def _mark(mark: MarkReading, named: Match | None, about: Match | None) -> MarkFound:
    if not mark.read:
        return MarkFound(state="unread", reason="unread")
    if about and about.marked:
        return MarkFound(state="found", reason="found", z=_rounded(about.z))
    if not mark.is_mark:
        return MarkFound(state="none", reason="none", z=_rounded(mark.z))
    reason: MarkReason = "other_pictures"
    if named is None:
        reason = "gone"
    elif mark.fingerprints is None:
        reason = "still"
    return MarkFound(state="found", reason=reason, z=_rounded(mark.z))


def _fingerprint(
    mark: MarkReading, about: Match | None, searched: Searched | None
) -> FingerprintFound:
    if mark.fingerprints is None:
        return FingerprintFound(state="unread", reason="unread")
    if about and about.looks and about.alike:
        state: Literal["same", "similar"] = "same" if about.marked else "similar"
        pdq, iscc = about.looks
        return FingerprintFound(state=state, reason=state, pdq_bits=pdq, iscc_bits=iscc)
    if searched is None:
        return FingerprintFound(state="none", reason="settled")
    if searched.complete:
        return FingerprintFound(state="none", reason="none")
    return FingerprintFound(state="none", reason="none_of_latest", latest=searched.records)


def _rounded(z: float | None) -> float | None:
    return None if z is None else round(z, 2)
