"""Makes the samples anew, with the tools that signed them.

    python -m tests.provenance.others.make

Needs npm and Node.js 20. Tools and keys live in a folder that is gone afterwards; what stays are
the signed files and the certificate of the root that signed for their signers.
"""

import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from local.certificates import ORGANISATION as OURS

HERE = Path(__file__).parent
NPM = ("@trustnxt/c2pa-ts@0.9.4",)
PIE, RUST = "c2pie==0.1.1", "c2pa-python==0.6.1"
#: Its command line reads these.
_PIE_KEY, _PIE_CHAIN = "C2PIE_PRIVATE_KEY_FILE", "C2PIE_CERTIFICATE_CHAIN_FILE"

FROM, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2126, 1, 1, tzinfo=UTC)
THEIRS = "Somebody Else"
_EMAIL, _SERVER = ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.SERVER_AUTH

_Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Signer:
    """Who signs: the name in the certificate, when it ends, and what it is for."""

    organisation: str = THEIRS
    name: str = "Somebody Else's camera"
    until: datetime = UNTIL
    use: x509.ObjectIdentifier = _EMAIL


def _name(organisation: str, name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


class Authority:
    """A root of its own, which lives as long as this program."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = _name(THEIRS, "Somebody Else's root")
        self.root = self._issued(self._subject, self._key, Signer(until=UNTIL), authority=True)

    def issue(self, name: str, signer: Signer, key: _Key) -> tuple[Path, Path]:
        """Files of a signer's chain, without the root, and key, both PEM."""
        chain, kept = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        leaf = self._issued(_name(signer.organisation, signer.name), key, signer, authority=False)
        chain.write_bytes(leaf.public_bytes(Encoding.PEM))
        kept.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return chain, kept

    def _issued(
        self, subject: x509.Name, key: _Key, signer: Signer, *, authority: bool
    ) -> x509.Certificate:
        usage = dict.fromkeys(
            (
                "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                "encipher_only", "decipher_only",
            ),
            False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(FROM, signer.until.replace(year=signer.until.year - 1)))
            .not_valid_after(signer.until)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not authority,
                    key_cert_sign=authority,
                    crl_sign=authority,
                    **usage,
                ),
                critical=True,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if not authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([signer.use]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def still(kind: str) -> bytes:
    """A picture of 96 × 64 pixels."""
    out = io.BytesIO()
    ramp = np.add.outer(np.arange(64) * 2, np.arange(96)).astype(np.uint8)
    Image.fromarray(ramp).convert("RGB").save(out, kind)
    return out.getvalue()


def clip(*, fragmented: bool) -> bytes:
    """Two seconds of 160 × 240 pixels, in which a band moves.

    fragmented: no table of the file names a place from its beginning, so a tool that does not
    know such tables can put a box in front.
    """
    out = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"} if fragmented else {}
    with av.open(out, "w", format="mp4", options=options) as target:
        stream = target.add_stream("libx264", rate=Fraction(12), options={"crf": "30"})
        stream.width, stream.height, stream.pix_fmt = 160, 240, "yuv420p"
        for index in range(24):
            pixels = np.full((240, 160, 3), (200, 140, 60), dtype=np.uint8)
            pixels[index * 8 : index * 8 + 40] = (30, 60, 160)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        target.mux(stream.encode(None))
    return out.getvalue()


def also_heif(video: bytes) -> bytes:
    """A clip that names HEIF's brand too: c2pa-ts reads ISO media files of that family alone."""
    (size,) = struct.unpack_from(">I", video)
    return struct.pack(">I", size + 4) + video[4:size] + b"mif1" + video[size:]


def _run(*command: str | Path, folder: Path, **variables: str) -> None:
    subprocess.run(command, cwd=folder, env={**os.environ, **variables}, check=True)


def _tool(package: str, folder: Path) -> str:
    """A folder with a package that this environment has not, or of another version."""
    target = folder / package.partition("=")[0]
    packages = (package, "cryptography")
    _run("uv", "pip", "install", "--quiet", "--target", target, *packages, folder=folder)
    return str(target)


def main() -> None:
    """Make the media, sign them, keep what came out."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = Authority(folder)
        (folder / "still.jpg").write_bytes(still("JPEG"))
        (folder / "still.png").write_bytes(still("PNG"))
        (folder / "clip.mp4").write_bytes(clip(fragmented=False))
        (folder / "fragmented.mp4").write_bytes(also_heif(clip(fragmented=True)))
        made = [*by_c2pa_ts(folder, authority), *by_c2pie(folder, authority)]
        made += by_c2pa_python(folder, authority)
        for each in made:
            shutil.copyfile(folder / each, HERE / each)
        (HERE / "root.pem").write_bytes(authority.root.public_bytes(Encoding.PEM))


def by_c2pa_ts(folder: Path, authority: Authority) -> list[str]:
    """TypeScript; Ed25519 and, once, ES256; claims of version 2."""
    _run("npm", "install", "--silent", "--no-audit", "--no-fund", *NPM, folder=folder)
    shutil.copyfile(HERE / "sign_ts.mjs", folder / "sign_ts.mjs")
    signers = {
        "good": (Signer(), ("still.jpg", "still.png", "fragmented.mp4")),
        "expired": (Signer(until=datetime(2022, 1, 1, tzinfo=UTC)), ("still.jpg",)),
        "other_use": (Signer(use=_SERVER), ("still.jpg",)),
        # As SignVideo's throw-away certificate on a laptop names itself.
        "namesake": (Signer(OURS, "Enliven signer"), ("fragmented.mp4",)),
        # It writes ECDSA's signatures in DER, where COSE wants two numbers side by side (RFC 9053).
        "der": (Signer(), ("still.jpg",)),
    }
    made: list[str] = []
    for name, (signer, files) in signers.items():
        key: _Key = ed25519.Ed25519PrivateKey.generate()
        if name == "der":
            key = ec.generate_private_key(ec.SECP256R1())
        chain, kept = authority.issue(name, signer, key)
        pairs = [(file, f"c2pa-ts_{name}{Path(file).suffix}") for file in files]
        both = [part for pair in pairs for part in pair]
        algorithm = "ES256" if name == "der" else "Ed25519"
        _run("node", "sign_ts.mjs", algorithm, chain, kept, *both, folder=folder)
        made += [target for _, target in pairs]
    return made


def by_c2pie(folder: Path, authority: Authority) -> list[str]:
    """Python; PS256; claims of version 1."""
    key = rsa.generate_private_key(65_537, 2_048)
    chain, kept = authority.issue("pie", Signer(), key)
    told = {_PIE_KEY: str(kept), _PIE_CHAIN: str(chain), "PYTHONPATH": _tool(PIE, folder)}
    target = "c2pie_good.jpg"
    command = "from c2pie.signing import sign_file; import sys; sign_file(*sys.argv[1:])"
    _run(sys.executable, "-c", command, "still.jpg", target, folder=folder, **told)
    return [target]


def by_c2pa_python(folder: Path, authority: Authority) -> list[str]:
    """c2pa-rs, as of 2024; Ed25519; claims of version 1, which most files in the world have."""
    chain, key = authority.issue("rust", Signer(), ed25519.Ed25519PrivateKey.generate())
    tool = _tool(RUST, folder)
    good = [("still.jpg", "c2pa-rs_good.jpg"), ("clip.mp4", "c2pa-rs_good.mp4")]
    _sign_by_rust(folder, tool, chain, key, good)
    # A parent that was tampered with before it was edited: the tool notes it, and signs.
    broken = bytearray((folder / "c2pa-rs_good.jpg").read_bytes())
    broken[-40] ^= 1
    (folder / "broken.jpg").write_bytes(broken)
    edited = [("c2pa-rs_good.jpg", "of_good.jpg"), ("broken.jpg", "of_broken.jpg")]
    _sign_by_rust(folder, tool, chain, key, edited)
    names = {"of_good.jpg": "c2pa-rs_edited.jpg", "of_broken.jpg": "c2pa-rs_broken_parent.jpg"}
    for name, kept in names.items():
        (folder / name).rename(folder / kept)
    return [*(target for _, target in good), *names.values()]


def _sign_by_rust(
    folder: Path, tool: str, chain: Path, key: Path, pairs: list[tuple[str, str]]
) -> None:
    both = [part for pair in pairs for part in pair]
    script = HERE / "sign_rust.py"
    _run(sys.executable, script, chain, key, *both, folder=folder, PYTHONPATH=tool)


if __name__ == "__main__":
    main()
