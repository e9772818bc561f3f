from __future__ import annotations

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from moto import mock_aws

from cli.certificate_request import csr

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
