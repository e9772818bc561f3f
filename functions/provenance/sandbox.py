"""Reading the credential of a file that a stranger sent: in a child of limited means."""

from __future__ import annotations

import mmap
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from confined import parent
from provenance import kinds
from provenance.reading import Examined, Reading
from story.errors import CredentialInvalid
from story.generation import Contract

if TYPE_CHECKING:
    from provenance.kinds import MediaType

#: A credential of ours is read in a tenth of a second, one in 100 MB in one. By the clock it may
#: take three times as long as of processor time, for a machine that has more to do.
LIMITS: Final = parent.Limits(seconds=15.0, memory_bytes=400_000_000, answer_bytes=100_000)
#: Kinds of files that C2PA has no place in.
_WITHOUT: Final = frozenset({"video/x-matroska"})
#: What no file with a credential lacks: a JUMBF description box (ISO/IEC 19566-5), or the box that
#: C2PA 2.4, section A.5 keeps it in.
_SIGNS: Final = (b"jumd", bytes.fromhex("d8fec3d61b0e483c92975828877ec481"))


class _Said(Contract):
    """What the child says: a reading, or None, or why a credential or the file cannot be read."""

    reading: Reading | None = None
    broken: str | None = None
    unreadable: str | None = None


def read(path: Path, anchors: str | None, *, limits: parent.Limits = LIMITS) -> Examined:
    """What the credential embedded in a file says; never raises because of the file.

    anchors: PEM certificates of who is trusted, or None if the signer is not to be checked.
    """
    anchored = anchors is not None
    try:
        media_type = kinds.sniff(path)
    except kinds.NotReadable as error:
        return Examined(media_type=None, anchored=anchored, unreadable=str(error))
    if media_type in _WITHOUT:
        return Examined(media_type=media_type, anchored=anchored)
    try:
        answer = parent.run(
            "provenance.sandbox",
            "child",
            [str(path.absolute()), media_type],
            limits,
            given=(anchors or "").encode(),
        )
        said = _Said.model_validate_json(answer)
    except (parent.Unanswered, ValidationError) as error:
        why = str(error) if isinstance(error, parent.Unanswered) else "the reader made no sense"
        return Examined(media_type=media_type, anchored=anchored, unreadable=why)
    return Examined(media_type=media_type, anchored=anchored, **said.model_dump())


def child(name: str, media_type: MediaType) -> None:
    """Read the file that is named, with the anchors on standard input; JSON on standard output."""
    from provenance import verification  # noqa: PLC0415 - native code, after the limits are set

    anchors = sys.stdin.read() or None
    path = Path(name)
    try:
        with path.open("rb") as file:
            said = _Said(reading=verification.read(file, media_type, anchors))
    except CredentialInvalid as error:
        said = _Said(broken=str(error)) if has_credential(path) else _Said(unreadable=str(error))
    sys.stdout.write(said.model_dump_json())


def has_credential(path: Path) -> bool:
    """Whether anything in a file looks like a credential, be it broken.

    A file that is damaged and never had one is not to be called a changed one.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return any(data.find(sign) >= 0 for sign in _SIGNS)
