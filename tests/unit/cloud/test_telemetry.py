"""Metrics as CloudWatch reads them from the log, and the names that log lines carry."""

import json
from typing import Any

import pytest

from cloud import telemetry

STORY = "0123456789abcdef0123456789abcdef"


def _line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (written,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(written)
    return found


def test_a_value_is_a_line_that_cloudwatch_turns_into_series(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.emit("Faults", 1, state="SignVideo")
    line = _line(capsys)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Enliven/tests"
    assert directive["Dimensions"] == [[], ["state"]], "one series of all, one a state"
    assert directive["Metrics"] == [{"Name": "Faults", "Unit": "Count"}]
    assert (line["state"], line["Faults"]) == ("SignVideo", [1.0])


def test_a_series_without_a_total_has_only_its_dimensions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.emit("StateSeconds", 0.25, state="SignVideo")
    assert _line(capsys)["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["state"]]


def test_the_story_is_in_the_line_and_in_no_dimension(capsys: pytest.CaptureFixture[str]) -> None:
    with telemetry.about(story_id=STORY, attempt=1):
        telemetry.emit("Verdicts", 1, gate="photo", verdict="allow")
    line = _line(capsys)
    assert line["story_id"] == STORY
    dimensions = line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert {name for each in dimensions for name in each} == {"gate", "verdict"}


def test_what_was_named_inside_is_forgotten_outside(capsys: pytest.CaptureFixture[str]) -> None:
    with telemetry.about(story_id=STORY):
        with telemetry.about(state="SignVideo"):
            pass
        telemetry.emit("QueueSeconds", 1)
        inside = _line(capsys)
    telemetry.emit("QueueSeconds", 1)
    assert (inside["story_id"], "state" in inside) == (STORY, False)
    assert "story_id" not in _line(capsys)


def test_a_metric_that_is_not_listed_cannot_be_written() -> None:
    with pytest.raises(KeyError):
        telemetry.emit("Storys", 1)


@pytest.mark.parametrize("dimensions", [{}, {"story_id": STORY}, {"state": "x", "error": "y"}])
def test_only_the_listed_dimensions_can_be_written(dimensions: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="dimensions"):
        telemetry.emit("Faults", 1, **dimensions)


def test_no_metric_is_counted_by_story_or_person() -> None:
    named = {name for metric in telemetry.METRICS.values() for name in metric.dimensions}
    assert named == {
        "outcome",
        "state",
        "gate",
        "verdict",
        "engine",
        "dependency",
        "decision",
        "kind",
        "listed",
    }
