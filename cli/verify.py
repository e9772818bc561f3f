"""`enliven verify`: what the Content Credentials embedded in a file say, and whether they hold.

0  valid, and signed by a trusted signer where trust anchors were given
2  not a media file, or one that cannot be read
3  no credential, an invalid one, or one of a signer who is not trusted

The file may be hostile. The parser is quadratic in the number of an MP4's boxes and runs native
code, so boxes are counted first, and it runs in a child process with a deadline.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from cryptography import x509
from pydantic import ValidationError

from cli import checkout
from cli.outcome import CommandFailed, Exit
from cli.words import printable
from provenance import verification
from provenance.verification import VERIFIER, Finding, Reading
from story.errors import CredentialInvalid
from story.generation import Contract

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

MAX_BOXES: Final = 2_000
DEADLINE_SECONDS: Final = 30.0

Verdict = Literal["trusted", "valid", "untrusted", "invalid", "absent"]
GOOD: Final = frozenset({"trusted", "valid"})
HEADLINES: Final[dict[Verdict, str]] = {
    "trusted": "✓ valid: intact since it was signed, by a signer you trust",
    "valid": "✓ valid: intact since it was signed; who signed it was not checked",
    "untrusted": "✗ intact since it was signed, but not by a signer you trust",
    "invalid": "✗ invalid: this is not what was signed",
    "absent": "✗ no Content Credentials in this file",
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

_BRANDS: Final = {
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"qt  ": "video/quicktime",
}
#: Boxes that consist of boxes.
_CONTAINERS: Final = frozenset(
    b"moov trak edts mdia minf dinf stbl udta mvex moof traf mfra meta iprp ipco jumb schi sinf"
    b" meco strk strd rinf hnti ilst".split()
)
_FULL_BOXES: Final = frozenset({b"meta"})
_HEADER_BYTES: Final = 8
_LARGE_HEADER_BYTES: Final = 16


class VerifyReport(Contract):
    """What was found in one file. `reading` is None if no credential could be read."""

    file: str
    media_type: str
    verdict: Verdict
    #: Whether trust anchors were given, and so whether the signer was checked.
    anchored: bool
    reading: Reading | None
    defects: tuple[Finding, ...]
    verified_by: str

    @property
    def good(self) -> bool:
        """Whether the credential is one to rely on."""
        return self.verdict in GOOD


class _Answer(Contract):
    """What the child says: a reading, or None, or why the credential cannot be read."""

    reading: Reading | None = None
    broken: str | None = None


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
    media_type = _sniff(path)
    answer = _ask(path, media_type, anchors, seconds)
    if answer.broken is not None:
        verdict: Verdict = "invalid"
        defects: tuple[Finding, ...] = (
            Finding(where="credential", code="unreadable", explanation=answer.broken),
        )
    elif answer.reading is None:
        verdict, defects = "absent", ()
    else:
        defects = answer.reading.defects(anchored=anchors is not None)
        verdict = _verdict(answer.reading, defects)
    return VerifyReport(
        file=str(path),
        media_type=media_type,
        verdict=verdict,
        anchored=anchors is not None,
        reading=answer.reading,
        defects=defects,
        verified_by=VERIFIER,
    )


def _verdict(reading: Reading, defects: tuple[Finding, ...]) -> Verdict:
    if reading.state == "Invalid" or any(d.code != verification.UNTRUSTED for d in defects):
        return "invalid"
    if defects:
        return "untrusted"
    return "trusted" if reading.state == "Trusted" else "valid"


def _sniff(path: Path) -> str:
    """The media type by the file's first bytes. Raises CommandFailed for anything else."""
    try:
        if not path.is_file():
            raise _unreadable(path, "there is no such file" if not path.exists() else "not a file")
        if not path.stat().st_size:
            raise _unreadable(path, "the file is empty")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            head = data[:16]
            if head[4:8] == b"ftyp":
                count_boxes(path, data)
                return _BRANDS.get(head[8:12], "video/mp4")
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    for magic, media_type in (
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
    ):
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    raise _unreadable(
        path, f"it begins with {head[:8]!r}, not as MP4, MOV, JPEG, PNG, WebP, HEIC or AVIF do"
    )


def count_boxes(path: Path, data: mmap.mmap | bytes) -> int:
    """How many boxes an ISO base media file has; linear, and without recursion.

    Stops at what is no box: the parser refuses that by itself. Raises CommandFailed if there are
    more than MAX_BOXES.
    """
    count = 0
    pending = [(0, len(data))]
    while pending:
        position, end = pending.pop()
        while end - position >= _HEADER_BYTES:
            size, kind = struct.unpack_from(">I4s", data, position)
            header = _HEADER_BYTES
            if size == 1 and end - position >= _LARGE_HEADER_BYTES:
                size, header = struct.unpack_from(">Q", data, position + 8)[0], _LARGE_HEADER_BYTES
            elif size == 0:
                size = end - position
            if size < header:
                break
            count += 1
            if count > MAX_BOXES:
                raise _unreadable(
                    path, f"it has more than {MAX_BOXES} boxes; that many are not read"
                )
            if kind in _CONTAINERS:
                skip = header + (4 if kind in _FULL_BOXES else 0)
                pending.append((position + skip, min(position + size, end)))
            position += size
    return count


def _unreadable(path: Path, why: str) -> CommandFailed:
    return CommandFailed("file_unreadable", f"{path}: {why}", Exit.USAGE)


def _ask(path: Path, media_type: str, anchors: bytes | None, seconds: float) -> _Answer:
    """Let a child read the file; it may crash or hang without harm."""
    command = [sys.executable, "-P", "-c", "from cli import verify; verify.child()"]
    try:
        done = subprocess.run(
            [*command, str(path), media_type],
            input=anchors or b"",
            capture_output=True,
            timeout=seconds,
            check=False,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except subprocess.TimeoutExpired as error:
        raise _unreadable(path, f"reading it took longer than {seconds:g} s") from error
    try:
        return _Answer.model_validate_json(done.stdout)
    except ValidationError as error:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise _unreadable(
            path, f"the reader ended with status {done.returncode}: {last or 'it said nothing'}"
        ) from error


def child() -> None:
    """Read the file that the arguments name, with the anchors on stdin; JSON on stdout."""
    name, media_type = sys.argv[1:]
    anchors = sys.stdin.read() or None
    try:
        with Path(name).open("rb") as file:
            answer = _Answer(reading=verification.read(file, media_type, anchors))
    except CredentialInvalid as error:
        answer = _Answer(broken=str(error))
    sys.stdout.write(answer.model_dump_json())


def summary(report: VerifyReport) -> str:
    """The verdict in a line, for a receipt."""
    return HEADLINES[report.verdict].partition(" ")[2]


def render(report: VerifyReport) -> str:
    """The report as people read it."""
    rows = [("file", f"{report.file} ({report.media_type})")]
    if report.reading is not None:
        rows += _facts(report.reading)
    rows += [("failed", f"{d.where}: {d.code} {d.explanation}".strip()) for d in report.defects]
    rows.append(("verified by", report.verified_by))
    lines = [HEADLINES[report.verdict]]
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
            + (", shown in the credential" if part.has_thumbnail else ""),
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
        "--anchors",
        type=Path,
        metavar="PEM",
        help="certificates of whom you trust (the local stack's root, if there is one)",
    )
    command.add_argument("--json", action="store_true", help="print the report as JSON")


def run(options: Namespace) -> Exit:
    """Verify one file and print what was found."""
    report = verify(options.file, _anchors(options.anchors))
    if options.json:
        print(json.dumps(report.model_dump(mode="json"), indent=2, ensure_ascii=False))
    else:
        print(render(report))
    return Exit.OK if report.good else Exit.REJECTED


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
