"""A throw-away certificate authority for the signing key of a stack on a laptop.

KMS keeps the signing key; a root and an intermediate that live for one call certify its public
half, after which their private keys are gone. Verifiers that are given root.pem call the videos
Trusted; nobody else does, and nobody should.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_der_public_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from cloud.certificates import NOTHING, check_chain
from story.errors import CertificateMissing

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_ssm import SSMClient

FOLDER = Path(__file__).resolve().parents[1] / ".enliven"
ROOT_FILE = "root.pem"

ORGANISATION = "Enliven on this computer"
ROOT_DAYS = 3_650
LEAF_DAYS = 365
#: A chain that ends sooner than this is replaced while there is time.
RENEW_DAYS = 14
#: Clocks differ: a certificate is valid from a little before it is made.
SKEW = timedelta(minutes=5)

#: C2PA's certificate profile: either of these says what the key is for; verifiers differ in which
#: they ask for. The second is c2pa-kp-claimSigning.
EXTENDED_USES = (ExtendedKeyUsageOID.EMAIL_PROTECTION, ObjectIdentifier("1.3.6.1.4.1.62558.2.1"))


@dataclass(frozen=True)
class Chain:
    """PEM: what goes with the key (leaf, then intermediate), and what verifiers have to trust."""

    chain: str
    root: str


def install(
    ssm: SSMClient,
    kms: KMSClient,
    key_id: str,
    chain_parameter: str,
    anchors_parameter: str,
    *,
    folder: Path = FOLDER,
) -> Path:
    """Give a deployed stack a chain for its key; the file that holds the root.

    A chain that already belongs to the key and does not end soon is kept, with its root.
    """
    public_key = kms.get_public_key(KeyId=key_id)["PublicKey"]
    found = _installed(ssm, public_key, chain_parameter, anchors_parameter)
    made = found or issue(public_key, datetime.now(UTC))
    if found is None:
        for name, value in ((chain_parameter, made.chain), (anchors_parameter, made.root)):
            ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
    folder.mkdir(parents=True, exist_ok=True)
    root_file = folder / ROOT_FILE
    root_file.write_text(made.root)
    return root_file


def _installed(
    ssm: SSMClient, public_key: bytes, chain_parameter: str, anchors_parameter: str
) -> Chain | None:
    """What is there and may stay, or None."""
    answer = ssm.get_parameters(Names=[chain_parameter, anchors_parameter])
    values = {parameter["Name"]: parameter["Value"] for parameter in answer["Parameters"]}
    chain, root = values.get(chain_parameter, NOTHING), values.get(anchors_parameter, NOTHING)
    if NOTHING in {chain, root}:
        return None
    try:
        check_chain(
            chain + root, public_key, chain_parameter, datetime.now(UTC) + timedelta(RENEW_DAYS)
        )
    except CertificateMissing:
        return None
    return Chain(chain=chain, root=root)


def issue(public_key: bytes, at: datetime) -> Chain:
    """A new chain for a P-256 public key (DER SubjectPublicKeyInfo), valid from `at`."""
    leaf_key = load_der_public_key(public_key)
    if not isinstance(leaf_key, ec.EllipticCurvePublicKey):
        raise TypeError(f"The signing key is {type(leaf_key).__name__}; ECC_NIST_P256 is right")
    root_key = ec.generate_private_key(ec.SECP256R1())
    intermediate_key = ec.generate_private_key(ec.SECP256R1())
    by_root = _Issuer(_name("local root"), root_key)
    by_intermediate = _Issuer(_name("local intermediate"), intermediate_key)
    root = _authority(by_root, by_root, at, path_length=1)
    intermediate = _authority(by_intermediate, by_root, at, path_length=0)
    leaf = (
        _builder(_name("signer"), leaf_key, by_intermediate, at, LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(EXTENDED_USES), critical=False)
        .sign(intermediate_key, hashes.SHA256())
    )
    return Chain(chain=_pem(leaf) + _pem(intermediate), root=_pem(root))


@dataclass(frozen=True)
class _Issuer:
    name: x509.Name
    key: ec.EllipticCurvePrivateKey


def _name(role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Enliven {role}"),
        ]
    )


def _builder(
    subject: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    issuer: _Issuer,
    at: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.name)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - SKEW)
        .not_valid_after(at + timedelta(days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
    )


def _authority(
    subject: _Issuer,
    issuer: _Issuer,
    at: datetime,
    *,
    path_length: int,
) -> x509.Certificate:
    return (
        _builder(subject.name, subject.key.public_key(), issuer, at, ROOT_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(issuer.key, hashes.SHA256())
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
