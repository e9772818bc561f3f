"""What operators see of a story: its id in each line, and metrics that are counted once."""

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from cloud import switch, telemetry
from story.errors import ServicePaused
from tests.workflow import providers
from tests.workflow.conftest import SWITCH, Cloud

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lines:
    """Everything that the functions write: log lines and metrics."""
    logged = io.StringIO()
    for name in list(logging.root.manager.loggerDict):
        for handler in logging.getLogger(name).handlers:
            if isinstance(handler.formatter, LambdaPowertoolsFormatter):
                monkeypatch.setattr(handler, "stream", logged)

    def read() -> list[dict[str, Any]]:
        text = logged.getvalue() + capsys.readouterr().out
        logged.truncate(0)
        logged.seek(0)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    return read


def _values(lines: list[dict[str, Any]], metric: str) -> list[dict[str, Any]]:
    return [line for line in lines if "_aws" in line and metric in line]


def test_each_line_of_a_storys_way_names_the_story(cloud: Cloud, lines: Lines) -> None:
    story_id = cloud.create()
    cloud.run(story_id)
    said = lines()
    assert len(said) > 30
    assert not [line for line in said if line.get("story_id") != story_id]
    assert {line.get("state") for line in said} >= {"InspectPhoto", "GenerateVideo", "SignVideo"}


def test_a_ready_story_is_measured_once_however_often_it_is_settled(
    cloud: Cloud, lines: Lines
) -> None:
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    cloud.wait(execution)
    for _ in range(3):
        cloud.settle(execution)
    said = lines()
    (counted,) = _values(said, "Stories")
    assert counted["outcome"] == "READY"
    (within,) = _values(said, "WithinObjective")
    assert within["WithinObjective"] == [1.0]
    (cost,) = _values(said, "StoryCost")
    assert 0.01 < cost["StoryCost"][0] < 0.02
    states = {line["state"] for line in _values(said, "StateSeconds")}
    assert len(states) == len(_values(said, "StateSeconds")) == 10
    assert {line["gate"]: line["verdict"] for line in _values(said, "Verdicts")} == dict.fromkeys(
        ("photo", "words", "video"), "allow"
    )
    assert _values(said, "GenerationSeconds")[0]["GenerationSeconds"] == [0.5]
    assert not _values(said, "Faults")


def test_a_rejected_story_is_answered_and_a_small_photo_is_no_fault(
    cloud: Cloud, lines: Lines
) -> None:
    cloud.providers.words = [providers.blocked("SEXUAL")]
    cloud.run(cloud.create())
    said = lines()
    assert _values(said, "Stories")[0]["outcome"] == "REJECTED"
    assert _values(said, "WithinObjective")[0]["WithinObjective"] == [1.0]

    cloud.run(cloud.create(), photo=b"no photo")
    said = lines()
    assert _values(said, "Stories")[0]["outcome"] == "FAILED"
    assert not _values(said, "WithinObjective")
    assert not _values(said, "Faults")


def test_an_engine_that_fails_is_a_fault_and_misses_the_objective(
    cloud: Cloud, lines: Lines
) -> None:
    cloud.failure = {"error": "GenerationFailed", "message": "it broke"}
    cloud.run(cloud.create())
    said = lines()
    assert [line["state"] for line in _values(said, "Faults")] == ["GenerateVideo"]
    assert _values(said, "WithinObjective")[0]["WithinObjective"] == [0.0]


def test_a_provider_that_throttles_is_counted_by_name(cloud: Cloud, lines: Lines) -> None:
    cloud.providers.pictures = [providers.throttled()] * 40
    cloud.run(cloud.create())
    said = _values(lines(), "DependencyFailures")
    assert {line["dependency"] for line in said} == {"Rekognition"}


def test_a_pause_ends_a_story_at_the_engines_door_with_its_reason(
    cloud: Cloud, lines: Lines
) -> None:
    boto3.client("ssm").put_parameter(Name=SWITCH, Value=switch.PAUSED, Overwrite=True)
    switch.forget()
    story_id = cloud.create()
    ended = cloud.run(story_id)
    assert ended["error"] == "ServicePaused"
    story = cloud.story(story_id)
    assert story["status"] == "FAILED"
    (reason,) = story["reasons"]
    assert reason["code"] == ServicePaused.code()
    assert "paused by its operator" in reason["message"]
    assert cloud.generated == 0
    assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"], "it can be tried again"
    assert not _values(lines(), "Faults"), "an operator's decision is no fault"

    boto3.client("ssm").put_parameter(Name=SWITCH, Value=switch.OPEN, Overwrite=True)
    switch.forget()
    assert cloud.run(cloud.create())["status"] == "SUCCEEDED"


def test_every_metric_of_a_story_is_in_the_list(cloud: Cloud, lines: Lines) -> None:
    cloud.run(cloud.create())
    written = {
        metric["Name"]
        for line in lines()
        if "_aws" in line
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    assert written <= telemetry.METRICS.keys()
    assert len(written) >= 7
