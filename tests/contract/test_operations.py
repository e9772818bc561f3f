"""Alarms, dashboard, runbook, metrics and tracing say the same."""

import ast
import json
import re
from typing import Any

import pytest

from cloud import switch, telemetry
from settle_story import objective
from tests.contract import source
from tests.contract.definition import FUNCTIONS, GLOBALS, RESOURCES, ROOT, TEMPLATE, WORKFLOW

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
ALARMS = {
    name: each["Properties"]
    for name, each in RESOURCES.items()
    if each["Type"] in {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"}
}
METRIC_ALARMS = {name: alarm for name, alarm in ALARMS.items() if "MetricName" in alarm}
OURS = {"Fn::Sub": "Enliven/${AWS::StackName}"}
LINK = re.compile(r"docs/runbook\.md#([a-z-]+)$")
#: What AWS itself measures, and the dimension that it has.
MEASURED_BY_AWS = {
    ("AWS/States", "ExecutionsFailed"): "StateMachineArn",
    ("AWS/States", "ExecutionsTimedOut"): "StateMachineArn",
    ("AWS/Lambda", "Errors"): "FunctionName",
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): "QueueName",
    ("AWS/SageMaker", "ApproximateAgeOfOldestRequest"): "EndpointName",
    ("AWS/SageMaker", "ApproximateBacklogSize"): "EndpointName",
    ("AWS/SageMaker", "HasBacklogWithoutCapacity"): "EndpointName",
    ("AWS/ApiGateway", "Count"): "ApiId",
    ("AWS/ApiGateway", "4xx"): "ApiId",
    ("AWS/ApiGateway", "5xx"): "ApiId",
    ("AWS/ApiGateway", "Latency"): "ApiId",
}
#: Tells no person: it starts an instance, or is half of another alarm.
TELLS_NOBODY = {"EndpointWakesAlarm", "ObjectiveHourAlarm", "ObjectiveNowAlarm"}


def _sections() -> dict[str, str]:
    """Anchor -> text of each section, by GitHub's rule for anchors."""
    parts = re.split(r"^## (.+)$", RUNBOOK, flags=re.MULTILINE)[1:]
    titles = (re.sub(r"[^a-z0-9 -]", "", title.lower()) for title in parts[::2])
    return dict(zip((title.replace(" ", "-") for title in titles), parts[1::2], strict=True))


def _series(metric: str) -> set[tuple[str, ...]]:
    """The dimension sets that a metric of ours is written with."""
    listed = telemetry.METRICS[metric]
    return {listed.dimensions} | ({()} if listed.total else set())


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_to_do(name: str) -> None:
    link = LINK.search(ALARMS[name]["AlarmDescription"])
    assert link, "its description ends with docs/runbook.md#section"
    assert f"`{name}`" in _sections()[link[1]], "the section names the alarm"


def test_no_section_of_the_runbook_is_without_its_alarm() -> None:
    linked = {LINK.search(alarm["AlarmDescription"])[1] for alarm in ALARMS.values()}  # type: ignore[index]  # the test above
    assert _sections().keys() == linked
    named = set(re.findall(r"`(\w+Alarm)`", RUNBOOK)) - {"DailySpendAlarm"}
    assert named == ALARMS.keys()


@pytest.mark.parametrize("name", sorted(ALARMS.keys() - TELLS_NOBODY))
def test_an_alarm_tells_somebody_and_says_when_it_is_over(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == ALARMS[name]["OKActions"] == [{"Ref": "AlarmTopic"}]


@pytest.mark.parametrize("name", METRIC_ALARMS)
def test_an_alarm_watches_a_series_that_is_written(name: str) -> None:
    alarm = METRIC_ALARMS[name]
    dimensions = tuple(each["Name"] for each in alarm.get("Dimensions", []))
    if alarm["Namespace"] == OURS:
        assert dimensions in _series(alarm["MetricName"])
    else:
        assert dimensions == (MEASURED_BY_AWS[alarm["Namespace"], alarm["MetricName"]],)


@pytest.mark.parametrize("name", METRIC_ALARMS)
def test_an_alarm_says_what_silence_means(name: str) -> None:
    silent = METRIC_ALARMS[name]["TreatMissingData"]
    expected = {"CertificateAlarm": "breaching", "EndpointWakesAlarm": "missing"}
    assert silent == expected.get(name, "notBreaching")


def _emitted() -> dict[str, set[str]]:
    """Metric -> the dimensions that the code names, of every call of telemetry.emit."""
    found: dict[str, set[str]] = {}
    for path in source.FUNCTIONS_ROOT.rglob("*.py"):
        for node in ast.walk(source.tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "telemetry.emit":
                named = {str(keyword.arg) for keyword in node.keywords}
                found[ast.literal_eval(node.args[0])] = named
    return found


def test_every_listed_metric_is_written_and_no_other() -> None:
    assert _emitted() == {
        name: set(metric.dimensions) for name, metric in telemetry.METRICS.items()
    }


def _dashboard() -> list[dict[str, Any]]:
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][0]
    widgets: list[dict[str, Any]] = json.loads(body)["widgets"]
    return widgets


def _shown() -> set[tuple[str, str, tuple[str, ...]]]:
    """(namespace, metric, dimensions) of everything on the dashboard."""
    shown = set()
    ours = OURS["Fn::Sub"]
    for widget in _dashboard():
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], dict):
                for namespace, names, found in re.findall(
                    r"SEARCH\('\{\"(.+?)\",([\w,]+)\} MetricName=\"(\w+)\"'",
                    metric[0]["expression"],
                ):
                    shown.add((namespace, found, tuple(names.split(","))))
                continue
            plain = [part for part in metric if isinstance(part, str)]
            shown.add((plain[0], plain[1], tuple(plain[2::2])))
    assert {namespace for namespace, *_ in shown} >= {ours, "AWS/SageMaker", "AWS/ApiGateway"}
    return shown


def test_the_dashboard_shows_series_that_are_written() -> None:
    for namespace, metric, dimensions in _shown():
        if namespace == OURS["Fn::Sub"]:
            assert dimensions in _series(metric), metric
        else:
            assert dimensions == (MEASURED_BY_AWS[namespace, metric],), metric


def test_the_dashboard_shows_every_metric_of_ours() -> None:
    assert {metric for _, metric, _ in _shown()} >= telemetry.METRICS.keys()


def test_no_widgets_overlap() -> None:
    cells = [
        (x, y)
        for each in _dashboard()
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_the_objective_is_the_one_that_alarm_and_dashboard_name() -> None:
    assert (objective.OBJECTIVE_SHARE, objective.OBJECTIVE_SECONDS) == (0.99, 300)
    burn = 1 - 14.4 * (1 - objective.OBJECTIVE_SHARE)
    for name in ("ObjectiveHourAlarm", "ObjectiveNowAlarm"):
        assert ALARMS[name]["Threshold"] == pytest.approx(burn)
        assert ALARMS[name]["Statistic"] == "Average"


def test_everything_is_traced_where_it_can_be() -> None:
    assert GLOBALS["Tracing"] == "Active"
    assert not [name for name, each in FUNCTIONS.items() if "Tracing" in each]
    assert WORKFLOW["Tracing"] == {"Enabled": True}


def test_every_function_writes_json_to_the_one_group() -> None:
    assert GLOBALS["LoggingConfig"] == {"LogGroup": {"Ref": "FunctionLogs"}, "LogFormat": "JSON"}
    assert not [name for name, each in FUNCTIONS.items() if "LoggingConfig" in each]


def test_the_switch_is_open_in_a_new_stack_and_nothing_deployed_turns_it() -> None:
    made = RESOURCES["ServiceSwitch"]["Properties"]
    assert made["Value"] == switch.OPEN, "a constant: a deployment leaves what an operator wrote"


def test_what_is_made_only_for_a_mail_address_or_an_endpoint_is_behind_its_condition() -> None:
    conditions = {name: each.get("Condition") for name, each in RESOURCES.items()}
    assert conditions["Budget"] == "HasBudget"
    assert conditions["AlarmMail"] == "HasAlarmEmail"
    assert conditions["BacklogAlarm"] == "HasEndpoint"
    assert {conditions[f"Objective{each}Alarm"] for each in ("Hour", "Now", "")} == {"IsWarm"}
    assert TEMPLATE["Parameters"]["MonthlyBudget"]["Default"] == 0
