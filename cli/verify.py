"""`enliven verify`: was a file made here, and what do its Content Credentials say?

The stack of the profile is asked, if there is one: it knows the hidden mark and the look of its
clips. Without one, and with --alone, the credential in the file is all there is to go by.

0  verified or recovered; or valid, and signed by a trusted signer where trust anchors were given
2  not a media file, or one that cannot be read
3  anything else

The file may be hostile: it is read as strangers' files are, in a child process of limited means
(provenance/sandbox.py).
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from cryptography import x509

from cli import checkout, checks, profile
from cli.client import Unanswered
from cli.outcome import CommandFailed, Exit
from cli.words import printable
from provenance import sandbox
from provenance.answer import of_verdict
from provenance.reading import Fault, Finding, Reading  # noqa: TC001 - pydantic reads it
from provenance.verification import VERIFIER
from story.generation import Contract

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cli.checks import Told

DEADLINE_SECONDS: Final = 30.0

Verdict = Literal["trusted", "valid", "untrusted", "invalid", "absent"]
GOOD: Final = frozenset({"trusted", "valid"})
#: Answers by which a file was made here.
OURS: Final = frozenset({"verified", "recovered"})
HEADLINES: Final[dict[Verdict, str]] = {
    "trusted": "✓ valid: intact since it was signed, by a signer you trust",
    "valid": "✓ valid: intact since it was signed; who signed it was not checked",
    "untrusted": "✗ intact since it was signed, but not by a signer you trust",
    "invalid": "✗ invalid",
    "absent": "✗ no Content Credentials in this file",
}

#: What that means for the file, as far as it is known.
FAULTS: Final[dict[Fault, str]] = {
    "changed": "this is not what was signed",
    "parts": "this is what was signed; the credential of something it was made from does not hold",
    "unsound": "the credential cannot be relied on; whether this was changed, that does not say",
}

#: IPTC NewsCodes, http://cv.iptc.org/newscodes/digitalsourcetype/, in plain words.
SOURCE_TYPES: Final = {
    "algorithmicMedia": "made by an algorithm, without a trained model",
    "algorithmicallyEnhanced": "captured, then enhanced by an algorithm",
    "composite": "put together from several parts",
    "compositeCapture": "put together from captured parts",
    "compositeSynthetic": "put together from parts, some of them by a generative model (AI)",
    "compositeWithTrainedAlgorithmicMedia": "put together with a trained generative model (AI)",
    "computationalCapture": "captured by a camera that computes",
    "dataDrivenMedia": "made from data",
    "digitalCapture": "captured by a camera",
    "digitalCreation": "made by a person with digital tools",
    "humanEdits": "edited by a person",
    "screenCapture": "captured from a screen",
    "trainedAlgorithmicMedia": "made by a trained generative model (AI)",
    "virtualRecording": "recorded from a virtual event",
}


class VerifyReport(Contract):
    """What was found in one file. `reading` is None if no credential could be read."""

    file: str
    media_type: str
    verdict: Verdict
    #: Of one that is "invalid": why.
    fault: Fault | None = None
    #: Whether trust anchors were given, and so whether the signer was checked.
    anchored: bool
    reading: Reading | None
    defects: tuple[Finding, ...]
    verified_by: str

    @property
    def good(self) -> bool:
        """Whether the credential is one to rely on."""
        return self.verdict in GOOD


def verify(path: Path, anchors: bytes | None, *, seconds: float = DEADLINE_SECONDS) -> VerifyReport:
    """Read and check the credential embedded in a file.

    anchors: PEM certificates of who is trusted. Raises CommandFailed (exit status 2) if the file
    or the anchors cannot be read.
    """
    if anchors is not None:
        try:
            x509.load_pem_x509_certificates(anchors)
        except ValueError as error:
            raise CommandFailed(
                "anchors_unreadable",
                f"The trust anchors are no PEM certificates: {error}",
                Exit.USAGE,
            ) from error
    found = sandbox.read(
        path,
        None if anchors is None else anchors.decode("utf-8", errors="replace"),
        limits=replace(sandbox.LIMITS, seconds=seconds),
    )
    if found.verdict == "unreadable" or found.media_type is None:
        raise CommandFailed("file_unreadable", f"{path}: {found.unreadable}", Exit.USAGE)
    return VerifyReport(
        file=str(path),
        media_type=found.media_type,
        verdict=found.verdict,
        fault=found.fault,
        anchored=found.anchored,
        reading=found.reading,
        defects=found.defects,
        verified_by=VERIFIER,
    )


def summary(report: VerifyReport) -> str:
    """The verdict in a line, for a receipt."""
    return headline(report).partition(" ")[2]


def headline(report: VerifyReport) -> str:
    """What to say first."""
    said = HEADLINES[report.verdict]
    return said if report.fault is None else f"{said}: {FAULTS[report.fault]}"


def render(report: VerifyReport) -> str:
    """The report as people read it."""
    rows = [("file", f"{report.file} ({report.media_type})")]
    if report.reading is not None:
        rows += _facts(report.reading)
    rows += [("failed", f"{d.where}: {d.code} {d.explanation}".strip()) for d in report.defects]
    rows.append(("verified by", report.verified_by))
    lines = [headline(report)]
    lines += [f"  {label:<12} {printable(value)}" for label, value in rows]
    return "\n".join(lines)


def _facts(reading: Reading) -> list[tuple[str, str]]:
    names = ", ".join(dict.fromkeys(filter(None, (reading.issuer, reading.common_name))))
    rows = [("signed by", names or "nobody it names"), ("when", _when(reading))]
    made = reading.made
    if made is not None:
        rows.append(("made with", made.agent or "not said"))
        rows.append(("what it is", _kind(made.digital_source_type)))
    rows.append(("written by", ", ".join(reading.generators) or "not said"))
    rows.append(("steps", ", ".join(step.action for step in reading.actions) or "not said"))
    rows += [
        (
            "made from",
            f"{part.title or 'something untitled'} ({part.relationship})"
            + (", shown in the credential" if part.has_thumbnail else "")
            + (f". {part.description}" if part.description else ""),
        )
        for part in reading.ingredients
    ]
    return rows


def _when(reading: Reading) -> str:
    if reading.time_stamp:
        trusted = "timeStamp.trusted" in reading.passed
        authority = "a trusted authority" if trusted else "an authority that was not checked"
        return f"{reading.time_stamp}, stamped by {authority}"
    said = next((step.when for step in reading.actions if step.when), None)
    return f"{said}, as the signer says (no time stamp)" if said else "not said"


def _kind(uri: str | None) -> str:
    if uri is None:
        return "not said"
    name = uri.rpartition("/")[2]
    return f"{SOURCE_TYPES[name]} ({name})" if name in SOURCE_TYPES else uri


def arguments(command: ArgumentParser) -> None:
    """The arguments of `enliven verify`."""
    command.add_argument("file", type=Path, metavar="FILE", help="an MP4 or a picture")
    command.add_argument(
        "--profile",
        metavar="NAME",
        help="ask the Enliven of this profile (default: the local stack, if there is one)",
    )
    command.add_argument(
        "--alone", action="store_true", help="ask no stack: go by the credential in the file alone"
    )
    command.add_argument(
        "--anchors",
        type=Path,
        metavar="PEM",
        help="certificates of whom you trust (the local stack's root, if there is one)",
    )
    command.add_argument("--json", action="store_true", help="print the report as JSON")


def run(options: Namespace) -> Exit:
    """Verify one file and print what was found, the answer first."""
    report = verify(options.file, _anchors(options.anchors))
    told = None if options.alone else _ask(options.file, options.profile)
    if options.json:
        document = report.model_dump(mode="json")
        document["answer"] = told.check.answer if told else alone(report)
        document["check"] = told.check.model_dump(mode="json") if told else None
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        if told:
            print(render_check(told))
        print(render(report))
    ours = told is not None and told.check.answer in OURS
    return Exit.OK if ours or report.good else Exit.REJECTED


def alone(report: VerifyReport) -> str:
    """The answer of the credential alone."""
    return of_verdict(report.verdict)


def render_check(told: Told) -> str:
    """What a stack says, its sentence first, then what each lamp can prove."""
    check = told.check
    mark = "✓" if check.answer in OURS else "✗"
    lines = [f"{mark} {check.answer}: {printable(check.sentence or '')}"]
    lamps = (("credential", check.credential), ("mark", check.mark), ("look", check.fingerprint))
    lines += [f"  {name:<12} {printable(lamp.says)}" for name, lamp in lamps if lamp]
    if check.story is not None:
        lines.append(f"  {'story':<12} {printable(check.story.label)}, {check.story.made_at}")
    return "\n".join([*lines, f"  {'asked':<12} {told.api_url}", ""])


def _ask(path: Path, named: str | None) -> Told | None:
    """What the profile's stack says; None, said aloud, if nobody named one and none answers."""
    if named is None and not profile.path_of(profile.LOCAL).is_file():
        return None
    address = profile.address(named or profile.LOCAL)
    try:
        return checks.ask(path, address)
    except Unanswered as failure:
        if named is not None:
            raise
        print(
            f"! no stack was asked: {printable(failure.detail)}; the credential alone is told",
            file=sys.stderr,
        )
        return None


def _anchors(given: Path | None) -> bytes | None:
    """The anchors that were asked for, or the local stack's root if it has been up here."""
    local = checkout.ROOT / checkout.STATE_FOLDER / "root.pem"
    if given is None and not local.is_file():
        return None
    try:
        return (given or local).read_bytes()
    except OSError as error:
        raise CommandFailed(
            "anchors_unreadable", f"{given or local}: {error.strerror}", Exit.USAGE
        ) from error
