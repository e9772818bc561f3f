"""A certificate request for the signing key, signed inside KMS: what a certificate authority asks.

PKCS #10, RFC 2986. The library signs requests only with keys it holds, and KMS hands out none. So
a throw-away key of the same kind makes the request, KMS's public key takes the place of its own
(both have the same length), and KMS signs what came out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

#: AlgorithmIdentifier of ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758, section 3.2).
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_SEQUENCE, _BIT_STRING = 0x30, 0x03
_SHORT_LENGTH = 0x80


def csr(kms: KMSClient, key_id: str, subject: x509.Name) -> str:
    """A PEM certificate request for a KMS key (ECC_NIST_P256) and the name it shall sign under.

    Raises ValueError if the key is of another kind.
    """
    public_key = kms.get_public_key(KeyId=key_id)["PublicKey"]
    stand_in = ec.generate_private_key(ec.SECP256R1())
    draft = x509.CertificateSigningRequestBuilder().subject_name(subject)
    body = draft.sign(stand_in, hashes.SHA256()).tbs_certrequest_bytes
    placeholder = stand_in.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    if len(public_key) != len(placeholder):
        raise ValueError(
            f"KMS key {key_id} has a public key of {len(public_key)} bytes; that of an "
            f"ECC_NIST_P256 key has {len(placeholder)}"
        )
    body = body.replace(placeholder, public_key)
    signature = kms.sign(
        KeyId=key_id, Message=body, MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256"
    )["Signature"]
    request = x509.load_der_x509_csr(
        _der(_SEQUENCE, body + _ECDSA_SHA256 + _der(_BIT_STRING, b"\0" + signature))
    )
    if not request.is_signature_valid:
        raise ValueError(f"The signature that KMS made with key {key_id} does not verify")
    return request.public_bytes(Encoding.PEM).decode()


def _der(tag: int, content: bytes) -> bytes:
    """Tag, length and content (X.690, section 8.1)."""
    length = len(content)
    if length < _SHORT_LENGTH:
        return bytes((tag, length)) + content
    digits = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, _SHORT_LENGTH | len(digits))) + digits + content
