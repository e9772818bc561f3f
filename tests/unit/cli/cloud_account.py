"""An AWS account in this process, and a stack in it with a signing key and its parameters."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cli import account
from cloud.certificates import NOTHING
from cloud.switch import OPEN

CHAIN, ANCHORS, SWITCH = "/app/certificate-chain", "/app/trust-anchors", "/app/switch"
STACK = "app"


def without_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that knows nothing of AWS."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[account.Target]:
    """The stack, as `account.target` finds it."""
    without_aws(monkeypatch)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client: Any = account.session("us-east-1")
        key = client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        for name, value in ((CHAIN, NOTHING), (ANCHORS, NOTHING), (SWITCH, OPEN)):
            boto3.client("ssm").put_parameter(Name=name, Value=value, Type="String")
        found = account.Target(
            STACK,
            client,
            {
                "SigningKey": key["KeyMetadata"]["KeyId"],
                "CertificateChainParameter": CHAIN,
                "TrustAnchorsParameter": ANCHORS,
                "ServiceSwitch": SWITCH,
            },
            "CREATE_COMPLETE",
        )
        monkeypatch.setattr(account, "target", lambda _: found)
        yield found


def value(target: account.Target, name: str) -> str:
    """What a parameter holds."""
    return str(target.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
