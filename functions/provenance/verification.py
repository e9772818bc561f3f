"""Reads the credential of a file and says what it is worth.

C2PA names three states: Invalid, Valid (intact, whoever signed it) and Trusted (its certificate
leads to an anchor of the reader's). The state alone is not enough: a credential whose ingredient
was tampered with is still called Trusted, and the failure stands with the ingredient.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Literal

import c2pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from provenance.reading import ITSELF, Action, Finding, Ingredient, Reading
from story.contracts import Credential
from story.errors import CredentialInvalid

if TYPE_CHECKING:
    from typing import BinaryIO

VERIFIER = f"c2pa-python {c2pa.__version__}"

#: What a credential of ours must have passed, besides having failed nothing.
REQUIRED = frozenset(
    {"claimSignature.validated", "claimSignature.insideValidity", "assertion.bmffHash.match"}
)
TIME_STAMPED = "timeStamp.validated"
TIME_TRUSTED = "timeStamp.trusted"
_ADD_ITS_ROOT = " (the authority's root has to be one of the trust anchors)"
#: How c2pa says that the credential is not in the file, which only tells where it may be.
_ELSEWHERE = "Remote:"
_ACTIONS = ("c2pa.actions", "c2pa.actions.v2")
#: Credentials of before C2PA 2.0 note all of an ingredient's checks in one list: how the codes of
#: those end that it passed.
_PASSED = (".match", ".validated", ".trusted", ".accessible", ".insideValidity", ".notRevoked")

#: The parser decodes pictures to make thumbnails and follows links unless it is told not to.
OFFLINE = {
    "verify": {"verify_after_sign": False, "remote_manifest_fetch": False, "ocsp_fetch": False}
}


class _Foreign(BaseModel):
    """What others wrote: unknown fields are none of our business."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class _Status(_Foreign):
    code: str
    explanation: str = ""


class _Statuses(_Foreign):
    success: tuple[_Status, ...] = ()
    failure: tuple[_Status, ...] = ()


class _Delta(_Foreign):
    deltas: _Statuses = Field(alias="validationDeltas")


class _Results(_Foreign):
    active: _Statuses = Field(alias="activeManifest", default=_Statuses())
    deltas: tuple[_Delta, ...] = Field(alias="ingredientDeltas", default=())


class _Agent(_Foreign):
    name: str
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.version}" if self.version else self.name


class _Action(_Foreign):
    action: str
    when: str | None = None
    agent: _Agent | str | None = Field(alias="softwareAgent", default=None)
    source: str | None = Field(alias="digitalSourceType", default=None)
    description: str | None = None


class _Actions(_Foreign):
    actions: tuple[_Action, ...]


class _Assertion(_Foreign):
    label: str
    data: Any = None


class _Ingredient(_Foreign):
    title: str | None = None
    relationship: str
    thumbnail: Any = None
    description: str | None = None
    results: _Results | None = Field(alias="validation_results", default=None)
    statuses: tuple[_Status, ...] = Field(alias="validation_status", default=())

    @property
    def failures(self) -> tuple[_Status, ...]:
        """What failed when the ingredient was put in, as its signer says."""
        if self.results is not None:
            return self.results.active.failure
        return tuple(each for each in self.statuses if not each.code.endswith(_PASSED))


class _Signature(_Foreign):
    issuer: str | None = None
    common_name: str | None = None
    time: str | None = None


class _Manifest(_Foreign):
    generators: tuple[_Agent, ...] = Field(alias="claim_generator_info", default=())
    instance_id: str | None = None
    ingredients: tuple[_Ingredient, ...] = ()
    assertions: tuple[_Assertion, ...] = ()
    signature: _Signature = Field(alias="signature_info", default=_Signature())


class _Store(_Foreign):
    active: str = Field(alias="active_manifest")
    manifests: dict[str, _Manifest]
    results: _Results = Field(alias="validation_results")
    state: Literal["Invalid", "Valid", "Trusted"] = Field(alias="validation_state")


def settings(anchors: str | None) -> dict[str, Any]:
    """How c2pa shall work: without the network, and trusting these PEM certificates only."""
    return OFFLINE | ({"trust": {"user_anchors": anchors}} if anchors else {})


def read(asset: BinaryIO, media_type: str, anchors: str | None) -> Reading | None:
    """The credential embedded in a file, or None if it has none.

    Raises CredentialInvalid if there is one that cannot be read.
    """
    try:
        with (
            c2pa.Context.from_dict(settings(anchors)) as context,
            c2pa.Reader(media_type, asset, context=context) as reader,
        ):
            found = reader.json()
    except c2pa.C2paError.ManifestNotFound:
        return None
    except c2pa.C2paError as error:
        if str(error).startswith(_ELSEWHERE):
            return None
        raise CredentialInvalid(f"The credential cannot be read: {error}") from error
    try:
        store = _Store.model_validate_json(found)
        return _reading(store, store.manifests[store.active])
    except (ValidationError, KeyError) as error:
        raise CredentialInvalid(f"The credential is not formed as C2PA asks: {error}") from error


def _reading(store: _Store, manifest: _Manifest) -> Reading:
    steps = [
        step
        for assertion in manifest.assertions
        if assertion.label in _ACTIONS
        for step in _Actions.model_validate(assertion.data).actions
    ]
    return Reading(
        manifest_id=store.active,
        instance_id=manifest.instance_id,
        state=store.state,
        issuer=manifest.signature.issuer,
        common_name=manifest.signature.common_name,
        generators=tuple(str(generator) for generator in manifest.generators),
        time_stamp=manifest.signature.time,
        actions=tuple(
            Action(
                action=step.action,
                when=step.when,
                agent=None if step.agent is None else str(step.agent),
                digital_source_type=step.source,
                description=step.description,
            )
            for step in steps
        ),
        ingredients=tuple(
            Ingredient(
                title=part.title,
                relationship=part.relationship,
                has_thumbnail=part.thumbnail is not None,
                description=part.description,
            )
            for part in manifest.ingredients
        ),
        passed=tuple(dict.fromkeys(status.code for status in store.results.active.success)),
        failed=_findings(store, manifest),
    )


def _findings(store: _Store, manifest: _Manifest) -> tuple[Finding, ...]:
    """Failures of the credential, of its ingredients, and of what went into those."""
    failures = [(ITSELF, status) for status in store.results.active.failure]
    for delta in store.results.deltas:
        failures += [("ingredient", status) for status in delta.deltas.failure]
    for part in manifest.ingredients:
        # A title is a stranger's: it must not pass for the credential itself.
        named = part.title if part.title and part.title != ITSELF else "ingredient"
        failures += [(named, status) for status in part.failures]
    return tuple(
        Finding(where=where, code=status.code, explanation=status.explanation)
        for where, status in failures
    )


def check(
    signed: bytes, media_type: str, instance_id: str, anchors: str | None, *, stamped: bool
) -> Credential:
    """Read back what was just signed; the summary that is kept with the story.

    `stamped` asks for a time stamp too. Without anchors nobody can be Trusted, and Valid is
    enough; with them, the authority of the time stamp has to lead to one of them as the signer
    does. Raises CredentialInvalid.
    """
    reading = _present(signed, media_type, anchors)
    if reading.instance_id != instance_id:
        raise CredentialInvalid(
            f"The active credential is of {reading.instance_id}, not of {instance_id}"
        )
    times = {TIME_STAMPED} if anchors is None else {TIME_STAMPED, TIME_TRUSTED}
    _require_good(reading, anchors, REQUIRED | (times if stamped else set()))
    made = reading.made
    if made is None or not (made.digital_source_type and made.when and reading.issuer):
        raise CredentialInvalid("The credential does not say how the video was made, and by whom")
    return Credential(
        manifest_id=reading.manifest_id,
        issuer=reading.issuer,
        signed_at=reading.time_stamp or made.when,
        digital_source_type=made.digital_source_type,
        verified_by=VERIFIER,
        validation_state=reading.state,
    )


def accepts_bytes(signed: bytes, media_type: str) -> bool:
    """Whether a file is what was signed, whoever signed it."""
    try:
        reading = read(io.BytesIO(signed), media_type, None)
    except CredentialInvalid:
        return False
    return (
        reading is not None
        and reading.state != "Invalid"
        and REQUIRED.issubset(reading.passed)
        and not reading.defects(anchored=False)
    )


def check_again(
    signed: bytes, media_type: str, credential: Credential, anchors: str | None
) -> Reading:
    """What is read of a video whose credential, with which it was published, holds now.

    That means what any verifier says now: the signature, the hash of the video, the anchors
    of today, and the certificates at the time of the time stamp, or today if there is none.
    Raises CredentialInvalid.
    """
    reading = _present(signed, media_type, anchors)
    if reading.manifest_id != credential.manifest_id:
        raise CredentialInvalid(
            f"The active credential is {reading.manifest_id}, the story's is"
            f" {credential.manifest_id}"
        )
    _require_good(reading, anchors, REQUIRED)
    return reading


def _present(signed: bytes, media_type: str, anchors: str | None) -> Reading:
    reading = read(io.BytesIO(signed), media_type, anchors)
    if reading is None:
        raise CredentialInvalid("The signed video carries no credential")
    return reading


def _require_good(reading: Reading, anchors: str | None, required: frozenset[str]) -> None:
    defects = reading.defects(anchored=anchors is not None)
    missing = sorted(required.difference(reading.passed))
    if defects or missing or reading.state == "Invalid":
        failed = "; ".join(f"{f.where}: {f.code} ({f.explanation})" for f in defects)
        raise CredentialInvalid(
            f"The signed video reads back as {reading.state}"
            f"; failed: {failed or 'nothing'}; not passed: {', '.join(missing) or 'nothing'}"
            + (_ADD_ITS_ROOT if TIME_TRUSTED in missing and TIME_STAMPED not in missing else "")
        )
