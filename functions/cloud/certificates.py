"""The certificate chain that goes with the signing key, and whom the read-back trusts.

The key never leaves KMS; the chain is public and lies in a parameter, or, where it is longer than
a parameter may be, in an S3 object that the parameter names as `s3://bucket/key`. Whoever installs
a chain for another key would sign videos that no verifier accepts, so the two are compared first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from cloud.clients import answers, client, error_code
from story.errors import CertificateMissing, SigningFailed

#: What a parameter holds as long as nobody has put anything there: a parameter cannot be empty.
NOTHING = "unset"
MAX_CHAIN_BYTES = 64 * 1024
_S3 = "s3://"
_GONE = frozenset({"NoSuchKey", "NoSuchBucket", "AccessDenied"})


@dataclass(frozen=True)
class Identity:
    """Who signs: the KMS key, its chain as PEM (leaf first), and the anchors as PEM or None."""

    key_id: str
    chain: str
    anchors: str | None


def identity(key_id: str, chain_parameter: str, anchors_parameter: str) -> Identity:
    """Read and check who signs.

    Raises CertificateMissing with what to do about it, SigningFailed if KMS denies the key.
    """
    chain = _value(chain_parameter)
    if chain is None:
        raise CertificateMissing(
            f"No certificate chain is installed: parameter {chain_parameter} holds {NOTHING!r}. "
            f"Put the PEM chain of KMS key {key_id} there, leaf first, or s3://bucket/key of it"
        )
    try:
        with answers("KMS"):
            public = client("kms").get_public_key(KeyId=key_id)["PublicKey"]
    except ClientError as error:
        raise SigningFailed(f"KMS gives no public key for {key_id}: {error}") from error
    check_chain(chain, public, chain_parameter, datetime.now(UTC))
    return Identity(key_id=key_id, chain=chain, anchors=anchors_in(anchors_parameter))


def anchors_in(parameter: str) -> str | None:
    """Whom a read-back trusts, as PEM; None if nobody is named. Raises CertificateMissing."""
    anchors = _value(parameter)
    if anchors is not None:
        _certificates(anchors, parameter)
    return anchors


class Signer(NamedTuple):
    """Who signs, as a certificate names it: what C2PA's readers call issuer and common name."""

    organisation: str | None
    common_name: str | None


def signer_in(parameter: str) -> Signer | None:
    """Whom the installed certificate names; None if none is installed.

    It stays the same when a certificate is renewed. Raises CertificateMissing for what is none.
    """
    chain = _value(parameter)
    if chain is None:
        return None
    subject = _certificates(chain, parameter)[0].subject

    def named(oid: x509.ObjectIdentifier) -> str | None:
        found = subject.get_attributes_for_oid(oid)
        return str(found[0].value) if found else None

    return Signer(named(NameOID.ORGANIZATION_NAME), named(NameOID.COMMON_NAME))


def check_chain(chain: str, public_key: bytes, source: str, at: datetime) -> None:
    """That a PEM chain belongs to a key (DER SubjectPublicKeyInfo) and holds together.

    Raises CertificateMissing that names the first thing that is wrong.
    """
    certificates = _certificates(chain, source)
    leaf = certificates[0]
    certified = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if certified != public_key:
        raise CertificateMissing(
            f"The first certificate in {source} ({leaf.subject.rfc4514_string()}) is for the "
            f"public key {_digest(certified)}, the signing key is {_digest(public_key)}: install "
            "the chain that was issued for this key, leaf first"
        )
    for certificate in certificates:
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not begins <= at <= ends:
            raise CertificateMissing(
                f"{certificate.subject.rfc4514_string()} in {source} is valid from {begins} to "
                f"{ends}, and it is {at}: renew it"
            )
    for issued, issuer in pairwise(certificates):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise CertificateMissing(
                f"In {source}, {issued.subject.rfc4514_string()} was not issued by the "
                f"certificate after it, {issuer.subject.rfc4514_string()}: order it leaf first"
            ) from error


def ends_at(chain: str) -> datetime:
    """When the first of a PEM chain's certificates ends: with it ends the signing."""
    return min(each.not_valid_after_utc for each in _certificates(chain, "the chain"))


def _certificates(pem: str, source: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise CertificateMissing(f"{source} holds no PEM certificates: {error}") from error


def _digest(public_key: bytes) -> str:
    return f"SHA-256 {sha256(public_key).hexdigest()[:16]}…"


def _value(parameter: str) -> str | None:
    """What a parameter holds or points to; None if it holds nothing yet."""
    try:
        with answers("SSM"):
            answer = client("ssm").get_parameter(Name=parameter, WithDecryption=True)
    except ClientError as error:
        if error_code(error) == "ParameterNotFound":
            raise CertificateMissing(
                f"There is no parameter {parameter}: it has to hold a PEM chain, "
                f"s3://bucket/key of one, or {NOTHING!r}"
            ) from error
        raise
    value: str = answer["Parameter"]["Value"].strip()
    if value == NOTHING:
        return None
    return _object(value, parameter) if value.startswith(_S3) else value


def _object(uri: str, parameter: str) -> str:
    bucket, _, key = uri.removeprefix(_S3).partition("/")
    try:
        with answers("S3"):
            body: bytes = (
                client("s3").get_object(Bucket=bucket, Key=key)["Body"].read(MAX_CHAIN_BYTES + 1)
            )
    except ClientError as error:
        if error_code(error) in _GONE:
            raise CertificateMissing(
                f"Parameter {parameter} names {uri}, which this function cannot read: "
                f"{error_code(error)}"
            ) from error
        raise
    if len(body) > MAX_CHAIN_BYTES:
        raise CertificateMissing(f"{uri} has more than {MAX_CHAIN_BYTES} bytes: no PEM chain")
    return body.decode(errors="replace")
