"""An AWS account in this process: moto, with the template's table and four buckets."""

import os
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.responses import DynamoHandler
from samtranslator.yaml_helper import yaml_parse

from cloud import addresses, clients, switch

ROOT = Path(__file__).resolve().parents[3]
_TABLE = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))["Resources"]["StoriesTable"]
SWITCH = "/enliven/switch"
PUBLIC_URL_PARAMETER, PUBLIC_URL = "/enliven/public-url", "https://stories.example"
_TABLE_PARTS = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


@cache
def _session() -> boto3.Session:
    """One for all tests: it keeps the services' descriptions, which take long to read."""
    return boto3.Session("test", "test", region_name="us-east-1")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("STORIES_TABLE", "stories")
    monkeypatch.setenv("SWITCH_PARAMETER", SWITCH)
    monkeypatch.setenv("PUBLIC_URL_PARAMETER", PUBLIC_URL_PARAMETER)
    monkeypatch.setenv("DAILY_STORIES_PER_USER", "20")
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "120")
    monkeypatch.setenv("ENGINE_NAME", "motion")
    monkeypatch.setenv("ENGINE_MAX_SECONDS", "10")
    monkeypatch.setenv("ENGINE_CLIP_SECONDS", "4")
    monkeypatch.setenv("ENGINE_WAKE_SECONDS", "0")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", _session())
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        clients.client.cache_clear()
        for name in ("uploads", "work", "evidence", "held", "stories"):
            boto3.client("s3").create_bucket(Bucket=f"enliven-{name}")
            monkeypatch.setenv(f"{name.upper()}_BUCKET", f"enliven-{name}")
        parts = {name: _TABLE["Properties"][name] for name in _TABLE_PARTS}
        boto3.client("dynamodb").create_table(TableName="stories", **parts)
        for name, value in ((SWITCH, switch.OPEN), (PUBLIC_URL_PARAMETER, PUBLIC_URL)):
            boto3.client("ssm").put_parameter(Name=name, Value=value, Type="String")
        switch.forget()
        addresses.forget()
        clients.take_calls()
        yield
    clients.client.cache_clear()


@pytest.fixture
def one_write_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB answers calls about one item one after the other; moto's threads would mix them."""
    answer, turn = DynamoHandler.call_action, threading.Lock()

    def in_turn(handler: DynamoHandler) -> object:
        with turn:
            return answer(handler)

    monkeypatch.setattr(DynamoHandler, "call_action", in_turn)
