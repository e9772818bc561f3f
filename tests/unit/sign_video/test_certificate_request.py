from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from moto import mock_aws

from local import certificates
from provenance.__main__ import main
from provenance.certificate_request import csr

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Stack

SUBJECT = x509.Name.from_rfc4514_string("CN=Stories of Example,O=Example Ltd,C=GB")


def test_a_request_is_for_the_kms_key_and_signed_by_it() -> None:
    with mock_aws():
        kms = boto3.client("kms", region_name="us-east-1")
        key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"][
            "KeyId"
        ]
        request = x509.load_pem_x509_csr(csr(kms, key, SUBJECT).encode())
        public_key = kms.get_public_key(KeyId=key)["PublicKey"]
    assert request.is_signature_valid
    assert request.subject == SUBJECT
    assert (
        request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        == public_key
    )


def test_a_name_of_any_length_fits() -> None:
    long = x509.Name.from_rfc4514_string(f"CN={'n' * 60},O={'o' * 60},OU={'u' * 60},L={'l' * 60}")
    with mock_aws():
        kms = boto3.client("kms", region_name="us-east-1")
        key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"][
            "KeyId"
        ]
        assert x509.load_pem_x509_csr(csr(kms, key, long).encode()).subject == long


def test_a_key_of_another_kind_is_refused() -> None:
    with mock_aws():
        kms = boto3.client("kms", region_name="us-east-1")
        key = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        with pytest.raises(ValueError, match="ECC_NIST_P256"):
            csr(kms, key, SUBJECT)


def test_the_command_writes_a_request_that_kms_signed(stack: Stack, tmp_path: Path) -> None:
    out = tmp_path / "request.pem"
    asked = ["csr", "--key", stack.key_id, "--subject", SUBJECT.rfc4514_string()]
    assert main([*asked, "--out", str(out)]) == 0
    request = x509.load_pem_x509_csr(out.read_bytes())
    assert request.is_signature_valid
    assert request.subject == SUBJECT
    # And the chain that an authority issues for it is one that signs.
    issued = certificates.issue(
        request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        datetime.now(UTC),
    )
    stack.set_parameter("/enliven/chain", issued.chain)
    stack.set_parameter("/enliven/anchors", issued.root)
    assert stack.run()["credential"]["validation_state"] == "Trusted"


@pytest.mark.parametrize(
    ("key", "subject", "why"),
    [
        ("00000000-0000-0000-0000-000000000000", "CN=x", "NotFoundException"),
        (None, "nonsense", "no RFC 4514 name"),
    ],
)
def test_the_command_says_why_it_wrote_nothing(
    stack: Stack, capsys: pytest.CaptureFixture[str], key: str | None, subject: str, why: str
) -> None:
    assert main(["csr", "--key", key or stack.key_id, "--subject", subject]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert why in said.err
