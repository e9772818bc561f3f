"""What a credential says, once it is read: contracts that need no library to be looked at."""

from __future__ import annotations

from typing import Literal

from story.generation import Contract

UNTRUSTED = "signingCredential.untrusted"
#: Where a finding is about the file's own credential, and not about what the file was made from.
ITSELF = "credential"
#: Codes by which what was signed, or what was signed about it, is known to be another.
_CHANGED = frozenset(
    {
        "assertion.bmffHash.mismatch",
        "assertion.boxesHash.mismatch",
        "assertion.collectionHash.mismatch",
        "assertion.dataHash.mismatch",
        "assertion.hashedURI.mismatch",
    }
)
#: The signature does not fit the claim; or, together with the second, is not in a form to be held
#: against it at all.
_SIGNATURE, _CERTIFICATE = "claimSignature.mismatch", "signingCredential.invalid"


class Finding(Contract):
    """One check that failed. `where` is ITSELF, or the ingredient's title."""

    where: str
    code: str
    explanation: str


class Action(Contract):
    """One thing that was done to make the file."""

    action: str
    when: str | None
    agent: str | None
    digital_source_type: str | None
    description: str | None


class Ingredient(Contract):
    """One thing the file was made from."""

    title: str | None
    relationship: str
    has_thumbnail: bool
    description: str | None = None


class Reading(Contract):
    """What the active manifest of a file says and which checks it passed."""

    manifest_id: str
    instance_id: str | None
    state: Literal["Invalid", "Valid", "Trusted"]
    issuer: str | None
    common_name: str | None
    generators: tuple[str, ...]
    time_stamp: str | None
    actions: tuple[Action, ...]
    ingredients: tuple[Ingredient, ...]
    passed: tuple[str, ...]
    failed: tuple[Finding, ...]

    @property
    def made(self) -> Action | None:
        """The action that brought the file into being."""
        return next((step for step in self.actions if step.action == "c2pa.created"), None)

    def defects(self, *, anchored: bool) -> tuple[Finding, ...]:
        """What is wrong. An unknown signer is wrong only where anchors say who is known.

        An ingredient may be signed by anybody: that its signer is unknown says nothing about
        the file it went into.
        """
        return tuple(
            finding
            for finding in self.failed
            if finding.code != UNTRUSTED or (anchored and finding.where == ITSELF)
        )


Verdict = Literal["trusted", "valid", "untrusted", "invalid", "absent", "unreadable"]
Fault = Literal["changed", "parts", "unsound"]


class Examined(Contract):
    """What came of reading the credential in one file.

    Of `reading`, `broken` and `unreadable` one at most is set; without any the file has no
    credential. `broken` says why there is one that cannot be read, `unreadable` why the file itself
    cannot: damaged, hostile, or none that can carry a credential.
    """

    media_type: str | None
    #: Whether trust anchors were given, and so whether the signer was checked.
    anchored: bool
    reading: Reading | None = None
    broken: str | None = None
    unreadable: str | None = None

    @property
    def defects(self) -> tuple[Finding, ...]:
        """What is wrong with the credential."""
        if self.broken is not None:
            return (Finding(where=ITSELF, code="unreadable", explanation=self.broken),)
        return () if self.reading is None else self.reading.defects(anchored=self.anchored)

    @property
    def verdict(self) -> Verdict:
        """What the credential is worth. "valid": intact, and who signed it was not checked."""
        if self.unreadable is not None:
            return "unreadable"
        defects = self.defects
        if any(defect.code != UNTRUSTED for defect in defects):
            return "invalid"
        if self.reading is None:
            return "absent"
        if self.reading.state == "Invalid":
            return "invalid"
        if defects:
            return "untrusted"
        return "trusted" if self.reading.state == "Trusted" else "valid"

    @property
    def fault(self) -> Fault | None:
        """Why it is "invalid", as far as that is known; None if it is not.

        changed: the file is not what was signed. parts: it is, and the credential of something that
        it was made from does not hold. unsound: it cannot be relied on, for its form or for its
        certificate; whether the file was changed, that does not say.
        """
        if self.verdict != "invalid":
            return None
        itself = {each.code for each in self.defects if each.where == ITSELF} - {UNTRUSTED}
        if itself & _CHANGED or (_SIGNATURE in itself and _CERTIFICATE not in itself):
            return "changed"
        return "unsound" if itself or not self.defects else "parts"
