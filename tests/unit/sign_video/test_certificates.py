from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from cloud.certificates import check_chain, identity
from cloud.clients import client
from local import certificates
from story.errors import CertificateMissing, SigningFailed

if TYPE_CHECKING:
    from conftest import Stack

CHAIN, ANCHORS = "/enliven/chain", "/enliven/anchors"
NOW = datetime.now(UTC)


def public_key(key_id: str) -> bytes:
    key: bytes = client("kms").get_public_key(KeyId=key_id)["PublicKey"]
    return key


def another_key() -> str:
    made = client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    key_id: str = made["KeyMetadata"]["KeyId"]
    return key_id


def test_without_a_chain_the_error_says_what_to_put_where(bare: Stack) -> None:
    with pytest.raises(CertificateMissing, match=rf"Put the PEM chain of KMS key {bare.key_id}"):
        bare.run()
    assert bare.published() == []


def test_a_parameter_that_is_not_there_is_named(stack: Stack) -> None:
    client("ssm").delete_parameter(Name=ANCHORS)
    with pytest.raises(CertificateMissing, match=f"no parameter {ANCHORS}"):
        stack.run()


def test_a_chain_for_another_key_is_refused_with_both_digests(stack: Stack) -> None:
    foreign = certificates.issue(public_key(another_key()), NOW)
    stack.set_parameter(CHAIN, foreign.chain)
    with pytest.raises(
        CertificateMissing, match=r"public key SHA-256 \w+…, the signing key is SHA"
    ):
        stack.run()
    assert stack.published() == []


def test_a_chain_in_the_wrong_order_is_refused(stack: Stack) -> None:
    leaf, intermediate = x509.load_pem_x509_certificates(stack.chain.encode())
    stack.set_parameter(CHAIN, certificates._pem(intermediate) + certificates._pem(leaf))
    with pytest.raises(CertificateMissing, match="leaf first"):
        stack.run()


def test_a_certificate_that_issued_nothing_in_the_chain_is_refused(stack: Stack) -> None:
    leaf, _ = x509.load_pem_x509_certificates(stack.chain.encode())
    stranger = certificates.issue(public_key(stack.key_id), NOW).chain
    _, intermediate = x509.load_pem_x509_certificates(stranger.encode())
    stack.set_parameter(CHAIN, certificates._pem(leaf) + certificates._pem(intermediate))
    with pytest.raises(CertificateMissing, match="was not issued by the certificate after it"):
        stack.run()


@pytest.mark.parametrize("parameter", [CHAIN, ANCHORS])
def test_a_parameter_that_holds_something_else_is_named(stack: Stack, parameter: str) -> None:
    stack.set_parameter(parameter, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")
    with pytest.raises(CertificateMissing, match=f"{parameter} holds no PEM certificates"):
        stack.run()


@pytest.mark.parametrize("days", [-1, certificates.LEAF_DAYS + 1])
def test_a_chain_is_refused_outside_the_time_it_is_valid_for(stack: Stack, days: int) -> None:
    made = certificates.issue(public_key(stack.key_id), NOW)
    with pytest.raises(CertificateMissing, match="renew it"):
        check_chain(made.chain, public_key(stack.key_id), CHAIN, NOW + timedelta(days))


def test_a_long_chain_may_lie_in_s3(stack: Stack) -> None:
    chain = stack.chain
    client("s3").put_object(Bucket="work", Key="certificates/chain.pem", Body=chain.encode())
    stack.set_parameter(CHAIN, "s3://work/certificates/chain.pem")
    assert identity(stack.key_id, CHAIN, ANCHORS).chain == chain
    assert stack.run()["credential"]["validation_state"] == "Trusted"


def test_an_object_that_is_not_there_is_named(stack: Stack) -> None:
    stack.set_parameter(CHAIN, "s3://work/certificates/gone.pem")
    with pytest.raises(CertificateMissing, match=r"s3://work/certificates/gone\.pem.*NoSuchKey"):
        stack.run()


def test_an_object_that_is_no_chain_is_not_read_to_its_end(stack: Stack) -> None:
    client("s3").put_object(Bucket="work", Key="film", Body=b"x" * 100_000)
    stack.set_parameter(CHAIN, "s3://work/film")
    with pytest.raises(CertificateMissing, match="more than 65536 bytes"):
        stack.run()


def test_a_key_that_is_gone_is_named_by_what_kms_says(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNING_KEY_ID", "00000000-0000-0000-0000-000000000000")
    with pytest.raises(SigningFailed, match=r"00000000-.*NotFoundException"):
        stack.run()


def test_a_chain_fits_into_a_standard_parameter(stack: Stack) -> None:
    assert len(stack.chain) < 4_096 / 2


def test_installing_twice_keeps_the_chain_and_its_root(stack: Stack) -> None:
    chain, root = stack.chain, stack.root
    stack.install()
    assert (stack.chain, stack.root) == (chain, root)


def test_a_root_file_that_was_lost_comes_back(stack: Stack) -> None:
    root = stack.root
    (stack.folder / certificates.ROOT_FILE).unlink()
    stack.install()
    assert stack.root == root


def test_a_chain_for_another_key_is_replaced(stack: Stack) -> None:
    old = stack.chain
    stack.key_id = another_key()
    stack.install()
    assert stack.chain != old
    # Not NOW, which may be minutes ago on a busy machine: this chain was made just here.
    check_chain(stack.chain, public_key(stack.key_id), CHAIN, datetime.now(UTC))


def test_a_chain_that_ends_soon_is_replaced(stack: Stack) -> None:
    old = certificates.issue(public_key(stack.key_id), NOW - timedelta(certificates.LEAF_DAYS - 7))
    stack.set_parameter(CHAIN, old.chain)
    stack.set_parameter(ANCHORS, old.root)
    stack.install()
    assert stack.chain != old.chain


def test_a_chain_whose_root_is_not_among_the_anchors_is_replaced(stack: Stack) -> None:
    stack.set_parameter(ANCHORS, certificates.issue(public_key(stack.key_id), NOW).root)
    stack.install()
    assert stack.run()["credential"]["validation_state"] == "Trusted"


def test_the_leaf_has_what_c2pa_asks_of_a_signer(stack: Stack) -> None:
    leaf, intermediate = x509.load_pem_x509_certificates(stack.chain.encode())
    uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [use.dotted_string for use in uses] == ["1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.62558.2.1"]
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)
    issuer = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    own = intermediate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert issuer.key_identifier == own.digest


@pytest.mark.usefixtures("bare")
def test_a_key_of_another_kind_is_refused() -> None:
    made = client("kms").create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    with pytest.raises(TypeError, match="ECC_NIST_P256"):
        certificates.issue(public_key(made["KeyMetadata"]["KeyId"]), NOW)
