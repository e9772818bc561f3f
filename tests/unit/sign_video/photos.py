"""Photos that come with Content Credentials of their own, and what can be wrong with them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from functools import cache

import c2pa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image

from local import certificates

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
#: What must not travel: the place, a name, and the colour of the photo's own thumbnail.
LATITUDE = "48,51.4963N"
OWNER = "Maria Beispiel"
THUMBNAIL_COLOUR = (3, 200, 90)


def jpeg(colour: tuple[int, int, int] = (120, 120, 120), side: int = 96) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(written, "JPEG")
    return written.getvalue()


@cache
def thumbnail() -> bytes:
    return jpeg(THUMBNAIL_COLOUR, 48)


@cache
def with_credential(source_type: str = f"{IPTC}digitalCapture") -> bytes:
    """A JPEG as a camera signs it: a thumbnail, the place, the owner's name."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    chain = certificates.issue(public, datetime.now(UTC))
    exif = {
        "@context": {
            "exif": "http://ns.adobe.com/exif/1.0/",
            "dc": "http://purl.org/dc/elements/1.1/",
        },
        "exif:GPSLatitude": LATITUDE,
        "dc:creator": [OWNER],
    }
    created = {"action": "c2pa.created", "digitalSourceType": source_type}
    definition = {
        "claim_generator_info": [{"name": f"Camera of {OWNER}", "version": "1"}],
        "title": f"{OWNER} at home.jpg",
        "thumbnail": {"format": "image/jpeg", "identifier": "thumbnail.jpg"},
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": "c2pa.metadata", "data": exif},
        ],
    }
    signed = io.BytesIO()
    with (
        c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}}) as context,
        c2pa.Builder(definition, context=context) as builder,
        c2pa.Signer.from_callback(
            lambda message: key.sign(message, ec.ECDSA(hashes.SHA256())),
            c2pa.C2paSigningAlg.ES256,
            chain.chain,
        ) as signer,
    ):
        builder.add_resource("thumbnail.jpg", io.BytesIO(thumbnail()))
        builder.sign(signer, "image/jpeg", io.BytesIO(jpeg()), signed)
    return signed.getvalue()


def tampered() -> bytes:
    """The same with a changed byte of the picture, near its end."""
    changed = bytearray(with_credential())
    changed[-20] ^= 1
    return bytes(changed)


def unparsable() -> bytes:
    """The same with a manifest store that is cut to pieces: its claim box has another type."""
    photo = with_credential()
    at = photo.rindex(b"cbor", 0, photo.index(b"c2pa.signature"))
    return photo[: at - 2] + b"\xff\xff" + photo[at:].replace(b"jumd", b"jumx", 2)
