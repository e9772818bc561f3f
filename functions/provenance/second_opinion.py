"""What another implementation says of a credential: encypher-c2pa, a Rust core of its own.

c2pa-python signs and reads with the same code, and would not see its own mistakes. This one shares
no line with it, and holds a file against C2PA's conformance programme. It is asked offline, with
our anchors alone, and sends nothing to anybody.
"""

from __future__ import annotations

from typing import Final, Literal

import encypher_c2pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from story.errors import CredentialInvalid

VERIFIER: Final = f"encypher-c2pa {encypher_c2pa.__version__}"

REQUIRED: Final = frozenset(
    {"claimSignature.validated", "claimSignature.insideValidity", "assertion.bmffHash.match"}
)
TRUSTED: Final = frozenset({"signingCredential.trusted"})
TIME_TRUSTED: Final = frozenset({"timeStamp.validated", "timeStamp.trusted"})

#: What the programme asks for and no stack can give: the signing library staples no OCSP answers.
_NO_REVOCATION: Final = "com.encypher.conformance.revocationInformationMissing"
#: What a stack without an authority, or without anchors, lacks.
_NO_TIME: Final = "com.encypher.conformance.trustedTimeStampMissing"
_UNTRUSTED: Final = "signingCredential.untrusted"


class _Report(BaseModel):
    """Part of a report, whose schema is 1.0; others may write more into it."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Status(_Report):
    code: str
    explanation: str = ""


class _Results(_Report):
    success: tuple[_Status, ...]
    failure: tuple[_Status, ...]


class _Trust(_Report):
    status: str


class _Manifest(_Report):
    instance_id: str


class _Manifests(_Report):
    active: str | None = Field(alias="active_manifest")
    manifests: dict[str, _Manifest]


class _Opinion(_Report):
    integrity: Literal["valid", "invalid"]
    signature: str
    hard_binding: str
    trust: _Trust
    results: _Results = Field(alias="validation_results")
    report: _Manifests | None = Field(alias="manifest_report")


def check(
    signed: bytes,
    media_type: str,
    manifest_id: str,
    instance_id: str,
    anchors: str | None,
    *,
    stamped: bool,
) -> None:
    """That this implementation accepts what was just signed, and finds the same manifest in it.

    Everything has to be named as passed, and nothing may have failed. With anchors, which are PEM,
    the signer has to lead to one of them, and, where `stamped`, so has the authority of the time
    stamp. Raises CredentialInvalid.
    """
    opinion = _ask(signed, media_type, anchors)
    active = None if opinion.report is None else opinion.report.active
    if opinion.report is None or active is None:
        raise _refused(
            f"it finds no credential: {_failed(opinion, frozenset()) or 'and no reason'}"
        )
    found = opinion.report.manifests.get(active)
    if active != manifest_id or found is None or found.instance_id != instance_id:
        raise _refused(
            f"it reads {active} of {found and found.instance_id},"
            f" not {manifest_id} of {instance_id}"
        )
    required, forgiven = set(REQUIRED), {_NO_REVOCATION}
    if anchors is None:
        forgiven |= {_UNTRUSTED, _NO_TIME}
    else:
        required |= TRUSTED
        if stamped:
            required |= TIME_TRUSTED
        else:
            forgiven.add(_NO_TIME)
    missing = sorted(required.difference(status.code for status in opinion.results.success))
    failed = _failed(opinion, frozenset(forgiven))
    intact = (opinion.integrity, opinion.signature, opinion.hard_binding)
    trusted = anchors is None or opinion.trust.status == "valid_for_supplied_material"
    if intact != ("valid", "valid", "match") or missing or failed or not trusted:
        raise _refused(
            f"integrity {opinion.integrity}, signature {opinion.signature}, hard binding"
            f" {opinion.hard_binding}, trust {opinion.trust.status}; failed: {failed or 'nothing'};"
            f" not passed: {', '.join(missing) or 'nothing'}"
        )


def accepts_bytes(signed: bytes, media_type: str) -> bool:
    """Whether it holds a file for what was signed, whoever signed it."""
    opinion = _ask(signed, media_type, None)
    return (opinion.integrity, opinion.hard_binding) == ("valid", "match")


def _ask(signed: bytes, media_type: str, anchors: str | None) -> _Opinion:
    try:
        report = encypher_c2pa.verify(
            signed,
            media_type,
            # Claim signers and time stamp authorities have lists of their own; ours is one.
            trust_pem=anchors,
            tsa_trust_pem=anchors,
            no_default_trust=True,
            strict_conformance=True,
            telemetry=False,
            online=False,
        )
    except (ValueError, OSError, RuntimeError) as error:
        raise _refused(f"it cannot read the file: {error}") from error
    try:
        return _Opinion.model_validate(report)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()
        )
        raise _refused(f"its report is not formed as schema 1.0 says: {wrong}") from error


def _failed(opinion: _Opinion, forgiven: frozenset[str]) -> str:
    return "; ".join(
        f"{status.code} ({status.explanation})"
        for status in opinion.results.failure
        if status.code not in forgiven
    )


def _refused(why: str) -> CredentialInvalid:
    return CredentialInvalid(f"{VERIFIER} does not accept the signed video: {why}")
