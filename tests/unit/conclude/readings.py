"""Readings and records of made-up clips."""

import numpy as np

from story.checks import CredentialReading, MarkReading, ProvenanceRecord
from story.fingerprints import PDQ_FRAMES, Fingerprints
from story.generation import EngineName
from watermark import code

MARK, OTHER = "00c0ffee", "0badcafe"
MANIFEST = "urn:c2pa:00000000-1111-4222-8333-555555555555"
STORY = "0123456789abcdef" * 2
NOW = "2026-11-26T12:00:00.000Z"


def prints(number: int) -> Fingerprints:
    """Of a clip; those of different numbers are half of all bits apart."""
    bits = np.random.default_rng(number).integers(0, 2, (PDQ_FRAMES, 256), dtype=np.uint8)
    hashes = tuple(np.packbits(row).tobytes().hex() for row in bits)
    letters = np.random.default_rng(number).integers(0, 32, 51)
    body = "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[each] for each in letters)
    return Fingerprints(pdq=hashes, iscc=f"ISCC:EMD{body}A")


def record(mark_id: str = MARK, number: int = 1) -> ProvenanceRecord:
    """What is kept of a clip."""
    return ProvenanceRecord(
        mark_id=mark_id,
        key_version=1,
        story_id=STORY,
        made_at="2026-05-03T10:00:00.000Z",
        engine=EngineName(family="procedural", name="motion", version="1"),
        language="en",
        digest="0f" * 32,
        manifest_id=MANIFEST,
        fingerprints=prints(number),
    )


def soft(mark_id: str, z: float) -> tuple[float, ...]:
    """What the cells say of a file in which this id is read with that z, and no other."""
    word = code.words([int(mark_id, 16)])[0].astype(np.float64)
    return tuple((word * z / np.sqrt(code.LENGTH)).tolist())


def marked(z: float, number: int = 1, *, mark_id: str = MARK) -> MarkReading:
    """A video with a mark that is read with that z."""
    return MarkReading(
        read=True,
        mark_id=mark_id,
        key_version=1,
        z=z,
        is_mark=z >= 8.5,
        soft=soft(mark_id, z),
        fingerprints=prints(number),
        mirrored=prints(number + 1_000),
    )


ABSENT = CredentialReading(state="absent")
OURS = CredentialReading(
    state="trusted", ours=True, manifest_id=MANIFEST, signed_by="Example Stories"
)
THEIRS = CredentialReading(state="trusted", manifest_id="urn:c2pa:other", signed_by="Another")
BROKEN = CredentialReading(
    state="invalid", fault="changed", failures=("assertion.bmffHash.mismatch",)
)
UNREADABLE = CredentialReading(state="unreadable", detail="it took longer than 5 s")
UNREAD = MarkReading(read=False, detail="it is empty")
