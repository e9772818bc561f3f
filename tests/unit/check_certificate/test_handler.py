"""How many days the certificate is said to be valid, on a real KMS key of moto's."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from check_certificate.handler import handler
from cloud import clients
from cloud.certificates import NOTHING
from local import certificates

CHAIN, ANCHORS = "/enliven/chain", "/enliven/anchors"


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "CERTIFICATE_CHAIN_PARAMETER": CHAIN,
        "TRUST_ANCHORS_PARAMETER": ANCHORS,
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        clients.client.cache_clear()
        made = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        key_id = made["KeyMetadata"]["KeyId"]
        monkeypatch.setenv("SIGNING_KEY_ID", key_id)
        for name in (CHAIN, ANCHORS):
            boto3.client("ssm").put_parameter(Name=name, Value=NOTHING, Type="String")
        yield key_id
    clients.client.cache_clear()


def _days(capsys: pytest.CaptureFixture[str]) -> float:
    answer: dict[str, Any] = handler({}, None)  # type: ignore[arg-type]  # it reads no context
    assert '"CertificateDaysLeft"' in capsys.readouterr().out
    return float(answer["days_left"])


def _install(key: str, at: datetime) -> None:
    public = boto3.client("kms").get_public_key(KeyId=key)["PublicKey"]
    made = certificates.issue(public, at)
    boto3.client("ssm").put_parameter(Name=CHAIN, Value=made.chain, Overwrite=True)


def test_a_fresh_certificate_has_its_whole_life_left(
    key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificates.install(
        boto3.client("ssm"), boto3.client("kms"), key, CHAIN, ANCHORS, folder=tmp_path
    )
    assert _days(capsys) == pytest.approx(certificates.LEAF_DAYS, abs=0.01)


def test_an_older_one_has_what_is_left_of_it(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    _install(key, datetime.now(UTC) - timedelta(certificates.LEAF_DAYS - 10))
    assert _days(capsys) == pytest.approx(10, abs=0.01)


@pytest.mark.usefixtures("key")
def test_none_at_all_has_none_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert _days(capsys) == 0


def test_one_that_has_ended_or_is_another_keys_has_none_left(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _install(key, datetime.now(UTC) - timedelta(certificates.LEAF_DAYS + 1))
    assert _days(capsys) == 0
    other = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    _install(other["KeyMetadata"]["KeyId"], datetime.now(UTC))
    assert _days(capsys) == 0
