"""A clip as it leaves the workflow: labelled by LabelVideo's code, signed as SignVideo signs."""

import functools
import io
from dataclasses import dataclass
from datetime import UTC, datetime

import c2pa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image

from label_video import declaration, labelling
from local import certificates
from provenance import verification
from sign_video import manifest
from story import labels
from story.generation import EngineName
from tests.unit.inspect_video.clips import crop, encode, photo
from watermark.pattern import Key

ENGINE = EngineName(family="procedural", name="Enliven Motion", version="1.2.3")
STORY = "0123456789abcdef0123456789abcdef"
ISCC = "ISCC:EMD" + "A" * 52
MADE_AT = "2026-05-03T10:00:00Z"
KEY = Key(1, b"only for tests, nowhere else")
MARK_ID = 0x5EEDF00D
SIZE, FRAMES = (432, 768), 36


@dataclass(frozen=True)
class Published:
    """The signed file, the same before it was signed, its signer's chain, and the root of that."""

    video: bytes
    labelled: bytes
    root: str
    chain: str


@functools.cache
def published(name: str = "coffee_cup") -> Published:
    """A small clip of a second and a half that pushes into a photo."""
    return sign(label(encode(pushing_in(name))))


def pushing_in(name: str) -> list[Image.Image]:
    """The frames of it: large enough for a mark to survive a messenger."""
    picture = photo(name)
    left, top, right, bottom = crop(picture).in_pixels(*picture.size)
    shown = []
    for index in range(FRAMES):
        inset = 0.0005 * index
        dx, dy = (right - left) * inset, (bottom - top) * inset
        box = (left + dx, top + dy, right - dx, bottom - dy)
        shown.append(picture.resize(SIZE, Image.Resampling.BICUBIC, box=box))
    return shown


def label(video: bytes, mark_id: int = MARK_ID) -> bytes:
    """The clip with its badge, its mark and what it declares of itself."""
    facts = declaration.Facts(STORY, "Tests", ENGINE, labels.for_engine(ENGINE), MADE_AT)
    return labelling.label(video, facts, "en", labelling.Marking(KEY, mark_id)).video


def sign(labelled: bytes, *, media_type: str = manifest.MEDIA_TYPE) -> Published:
    """The clip with its credential, by a signer of this moment."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    issued = certificates.issue(public, datetime.now(UTC))
    story = manifest.Story("xmp:iid:1", MADE_AT, ENGINE, labels.for_engine(ENGINE), "en", ISCC)
    settings = verification.settings(issued.root) | {
        "builder": {
            "thumbnail": {"enabled": False},
            "created_assertion_labels": list(manifest.CREATED),
        }
    }
    signed = io.BytesIO()
    with (
        c2pa.Context.from_dict(settings) as context,
        c2pa.Builder(manifest.manifest(story) | {"format": media_type}, context) as builder,
        c2pa.Signer.from_callback(
            lambda message: key.sign(message, ec.ECDSA(hashes.SHA256())),
            c2pa.C2paSigningAlg.ES256,
            issued.chain,
        ) as signer,
    ):
        builder.add_resource(manifest.POSTER, io.BytesIO(jpeg()))
        builder.add_resource(manifest.INGREDIENT, io.BytesIO(jpeg()))
        builder.add_ingredient(manifest.ingredient(), "image/jpeg", io.BytesIO(jpeg()))
        builder.sign(signer, media_type, io.BytesIO(labelled), signed)
    return Published(signed.getvalue(), labelled, issued.root, issued.chain)


@functools.cache
def jpeg(size: tuple[int, int] = (90, 160)) -> bytes:
    """A small picture."""
    written = io.BytesIO()
    Image.new("RGB", size, (90, 20, 160)).save(written, "JPEG")
    return written.getvalue()
