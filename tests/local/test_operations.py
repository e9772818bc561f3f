"""What operators have of the deployed stack: the switch, metrics, logs, alarms, the dashboard."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from cloud.switch import OPEN
from local.certificates import LEAF_DAYS
from local.environments import STACK_NAME
from tests.local.deployment import PHOTO, ROOT, Browser, Deployment, eventually, upload


def enliven(deployment: Deployment, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line with nothing but the shell's AWS, as an operator has it."""
    shell = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments, "--stack", STACK_NAME],
        cwd=ROOT,
        env=shell
        | deployment.stack.environment()
        | {"PYTHONPATH": os.pathsep.join([str(ROOT), "functions"])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def paused(deployment: Deployment) -> Iterator[None]:
    """The service, closed by the command for it and opened again."""
    done = enliven(deployment, "pause")
    assert done.returncode == 0, done.stderr
    try:
        yield
    finally:
        assert enliven(deployment, "resume").returncode == 0


def ask(browser: Browser) -> httpx.Response:
    return browser.request("POST", "/stories", json={"prompt": "clouds drift"})


def test_a_pause_refuses_new_stories_and_ends_those_before_the_engine_with_a_reason(
    deployment: Deployment, ana: Browser
) -> None:
    waiting = ana.create()
    with paused(deployment):

        def refused() -> httpx.Response | None:
            answer = ask(ana)
            return answer if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else None

        answer = eventually("the API has seen the pause", refused)
        assert answer.json()["code"] == "service_paused"
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert int(answer.headers["Retry-After"]) > 0
        assert ana.story(waiting["story"]["id"])["status"] == "AWAITING_PHOTO", "reading goes on"

        assert upload(waiting["upload"], PHOTO.read_bytes()).is_success
        ended = ana.wait(waiting["story"]["id"])
        assert (ended["status"], ended["reasons"][0]["code"]) == ("FAILED", "service_paused")
        assert deployment.settled(ended["id"]) == {"evidence": [f"{ended['id']}/photo.jpg"]}
    eventually("the API has seen that it is over", lambda: ask(ana).is_success)


def test_a_switch_that_is_gone_closes_the_deployed_service(
    deployment: Deployment, ana: Browser
) -> None:
    ssm, name = deployment.client("ssm"), deployment.outputs["ServiceSwitch"]
    ssm.delete_parameter(Name=name)
    try:
        eventually("the API refuses", lambda: ask(ana).status_code == 503)
    finally:
        ssm.put_parameter(Name=name, Value=OPEN, Type="String")
    eventually("the API makes stories again", lambda: ask(ana).is_success)


def written(deployment: Deployment, story_id: str) -> list[dict[str, Any]]:
    """Every line of the functions' log that names a story."""
    lines = deployment.function_logs().splitlines()
    parsed = [json.loads(line) for line in lines if line.startswith("{") and story_id in line]
    return [line for line in parsed if line.get("story_id") == story_id]


def test_a_story_leaves_metrics_and_lines_that_name_it(
    deployment: Deployment, ana: Browser
) -> None:
    story_id = ana.start()
    assert ana.wait(story_id)["status"] == "READY"

    def measured() -> dict[str, list[dict[str, Any]]] | None:
        found: dict[str, list[dict[str, Any]]] = {}
        for line in written(deployment, story_id):
            if "_aws" in line:
                (directive,) = line["_aws"]["CloudWatchMetrics"]
                assert directive["Namespace"] == f"Enliven/{STACK_NAME}"
                assert ["story_id"] not in directive["Dimensions"]
                found.setdefault(directive["Metrics"][0]["Name"], []).append(line)
        return found if "StoryCost" in found else None

    metrics = eventually("the story was measured", measured)
    assert [line["outcome"] for line in metrics["Stories"]] == ["READY"]
    assert [line["WithinObjective"] for line in metrics["WithinObjective"]] == [[1.0]]
    assert len({line["state"] for line in metrics["StateSeconds"]}) == 10
    assert metrics["QueueSeconds"], "the engine's first progress tells how long it waited"
    assert metrics["GenerationSeconds"][0]["GenerationSeconds"][0] > 0
    cost = ana.story(story_id)["cost"]["total"]
    assert metrics["StoryCost"][0]["StoryCost"][0] == cost, "the receipt that its creator sees"
    ends = [line for line in written(deployment, story_id) if line.get("message") == "state_ended"]
    assert len(ends) == 10


def test_the_certificate_is_looked_at(deployment: Deployment) -> None:
    (function,) = (
        each["FunctionName"]
        for each in deployment.client("lambda").list_functions()["Functions"]
        if "CheckCertificate" in each["FunctionName"]
    )
    answer = deployment.client("lambda").invoke(FunctionName=function, Payload=b"{}")
    told = json.loads(answer["Payload"].read())
    assert LEAF_DAYS - 1 < told["days_left"] <= LEAF_DAYS
    status = enliven(deployment, "certificate", "status")
    assert status.returncode == 0, status.stderr
    assert "valid until" in status.stdout


def test_alarms_and_dashboard_are_deployed(deployment: Deployment) -> None:
    watch = deployment.client("cloudwatch")
    alarms = watch.describe_alarms()["MetricAlarms"]
    assert len(alarms) == 10, "those of the endpoint and the objective are behind conditions"
    for alarm in alarms:
        assert "docs/runbook.md#" in alarm["AlarmDescription"]
        assert alarm["AlarmActions"] == [deployment.outputs["AlarmTopic"]]
    body = watch.get_dashboard(DashboardName=f"{STACK_NAME}-stories")["DashboardBody"]
    assert len(json.loads(body)["widgets"]) == 11
    assert "${" not in body
