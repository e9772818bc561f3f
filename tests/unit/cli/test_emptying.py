"""Emptying buckets on moto's S3, and asking before anything is deleted."""

import io
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cli import asking, emptying
from cli.outcome import CommandFailed


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="full")
        client.put_bucket_versioning(Bucket="full", VersioningConfiguration={"Status": "Enabled"})
        yield client


def test_versions_and_delete_markers_go_too(s3: Any) -> None:
    for body in (b"1", b"2"):
        s3.put_object(Bucket="full", Key="twice", Body=body)
    s3.put_object(Bucket="full", Key="gone", Body=b"3")
    s3.delete_object(Bucket="full", Key="gone")
    assert emptying.count(s3, "full") == 4
    assert emptying.empty(s3, "full") == 4
    s3.delete_bucket(Bucket="full")


def test_more_than_one_page_is_emptied(s3: Any) -> None:
    for number in range(1_003):
        s3.put_object(Bucket="full", Key=f"{number:04d}", Body=b"")
    assert emptying.empty(s3, "full") == 1_003
    assert emptying.count(s3, "full") == 0


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("answer", ["", "no", "y", "enliven"])
def test_anything_but_the_word_stops(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal(answer + "\n"))
    with pytest.raises(CommandFailed, match="nothing was done"):
        asking.confirm("Delete?", yes=False, word="enliven-dev")


def test_the_word_goes_on_and_so_does_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal("enliven-dev\n"))
    asking.confirm("Delete?", yes=False, word="enliven-dev")
    asking.confirm("Delete?", yes=True, word="enliven-dev")


def test_where_nobody_can_answer_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    with pytest.raises(CommandFailed, match="--yes"):
        asking.confirm("Delete?", yes=False)
