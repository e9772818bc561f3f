"""Writes the tables of docs/ that are made from the code: `python -m local.pages`.

A test makes them again and compares, so that no page can say what the code does not.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from samtranslator.yaml_helper import yaml_parse

from cli import capacity, costs, figures, fleet
from cli.words import dollars, seconds
from cloud import telemetry
from local import openapi
from story import review, strikes
from story.receipt import prices
from story.states import TRANSITIONS

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
_WITH_A_ROLE = {
    "AWS::Serverless::Function",
    "AWS::Serverless::StateMachine",
    "AWS::IAM::Role",
}
#: Stories a day that the cost page shows.
STORIES = (0, 10, 1_000, 100_000)
LEAST_SHOWN_USD = 0.001
_ALARMS = {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"}


def template() -> dict[str, Any]:
    """template.yaml as it is written."""
    found: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))
    return found


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def metrics() -> str:
    """Every metric, its unit and its series."""
    rows: list[tuple[str, ...]] = []
    for name, metric in telemetry.METRICS.items():
        series = ["all"] if metric.total else []
        series += [", ".join(metric.dimensions)] if metric.dimensions else []
        unit = "" if metric.unit is MetricUnit.NoUnit else metric.unit.value.lower()
        rows.append((f"`{name}`", unit, "; ".join(series), metric.meaning))
    return table(("metric", "unit", "series", "what it is"), rows)


def alarms() -> str:
    """Every alarm, and when it rings by its own description."""
    rows: list[tuple[str, ...]] = []
    for name, each in template()["Resources"].items():
        if each["Type"] in _ALARMS:
            said, _, section = each["Properties"]["AlarmDescription"].partition(" docs/runbook.md#")
            rows.append((f"[`{name}`](runbook.md#{section})", said))
    return table(("alarm", "rings when"), rows)


def months() -> str:
    """US dollars a month, for each engine and number of stories."""
    rows: list[tuple[str, ...]] = []
    for engine in costs.ENGINES:
        for least in (0, 1):
            sums = (f"{costs.total(costs.month(n, engine, least)):,.0f}" for n in STORIES)
            needed = costs.endpoint(STORIES[-1], engine, least)
            name = f"`{engine}`, {needed.instance}"
            rows.append((name, str(least), *sums, f"{needed.instances:,}"))
    head = ("Engine", "MinInstances", "at rest", *(f"{n:,} a day" for n in STORIES[1:]))
    return table((*head, f"instances for {STORIES[-1]:,}"), rows)


def fleets() -> str:
    """What each engine needs for each number of stories a day."""
    rows: list[tuple[str, ...]] = []
    for engine in costs.ENGINES:
        for least in (0, 1):
            for many in STORIES[1:]:
                found = capacity.plan(many, engine, least)
                rows.append(
                    (
                        f"`{engine}`",
                        str(least),
                        f"{many:,}",
                        f"{found.instances:,}",
                        f"{found.paid_instances:,.1f}",
                        seconds(found.wait_p50),
                        seconds(found.wait_p95),
                        dollars(found.a_story, 3),
                        dollars(found.of_instances, 3),
                        dollars(found.of_idling, 3),
                    )
                )
    head = ("Engine", "MinInstances", "a day", "MaxInstances", "paid for", "wait p50", "wait p95")
    return table((*head, "US$ a story", "of it instances", "of that idle"), rows)


def choices() -> str:
    """Wait and monthly cost of each choice of Engine and MinInstances."""
    rows: list[tuple[str, ...]] = []
    for engine in costs.ENGINES:
        clip, start = figures.clip_seconds(engine), figures.start_seconds(engine)
        for least in (0, 1):
            first = clip if least else clip + start + fleet.MINUTE
            rest_and_10 = (costs.total(costs.month(n, engine, least)) for n in STORIES[:2])
            rows.append(
                (
                    f"`{engine}`",
                    costs.instance(engine),
                    str(least),
                    seconds(round(first)),
                    *(f"{each:,.0f}" for each in rest_and_10),
                )
            )
    head = ("Engine", "instance", "MinInstances", "the first clip comes after")
    return table((*head, "US$ a month at rest", "with 10 stories a day"), rows)


def sources() -> str:
    """Where each figure is from."""
    rows: list[tuple[str, ...]] = []
    for engine, said in figures.figures()["engines"].items():
        for what, took in (
            ("a clip", figures.clip_seconds(engine)),
            ("a start", figures.start_seconds(engine)),
        ):
            figure = said[what.removeprefix("a ")]
            rows.append((f"{what}, `{engine}`", seconds(took), figure["kind"], figure["source"]))
    rows += [
        (each["what"], dollars(each["dollars_a_clip"]), each["kind"], each["source"])
        for each in figures.figures()["hosted"]
    ]
    return table(("figure", "value", "kind", "source"), rows)


def rest() -> str:
    """What is paid while no story comes."""
    rows: list[tuple[str, ...]] = [
        (item.what, f"{costs.quantity(item.quantity)} {item.unit}", f"{item.cost:.2f}")
        for item in costs.month(0, "motion", 0)
    ]
    hourly = prices()["endpoint_hour"]
    rows += [
        (f"with MinInstances=1: SageMaker {instance}", "720 instance-hours", f"{720 * price:,.2f}")
        for instance, price in hourly.items()
    ]
    return table(("at rest", "a month", "US$"), rows)


def story() -> str:
    """What a thousand stories cost without the endpoint, a line a service."""
    a_month = sorted(costs.in_use(1_000), key=lambda item: -item.cost)
    rows: list[tuple[str, ...]] = [
        (item.what, f"{item.cost / costs.DAYS:.3f}")
        for item in a_month
        if item.unit != "series" and item.cost / costs.DAYS >= LEAST_SHOWN_USD
    ]
    return table(("for 1,000 stories", "US$"), rows)


def roles() -> str:
    """What each function, and the workflow, is granted by its own statements."""
    rows: list[tuple[str, ...]] = []
    for name, each in template()["Resources"].items():
        if each["Type"] not in _WITH_A_ROLE:
            continue
        policies = each["Properties"]["Policies"]
        documents = (policy.get("PolicyDocument", policy) for policy in policies)
        granted = [
            _granted(statement)
            for document in documents
            for plain in document["Statement"]
            for statement in _unconditional(plain)
        ]
        rows.append((f"`{name}`", "<br>".join(granted)))
    return table(("who", "may"), rows)


def operations() -> str:
    """Every operation of the API, as its document has it."""
    rows: list[tuple[str, ...]] = [
        (
            f"`{method.upper()} {path}`",
            f"`{operation['operationId']}`",
            operation["summary"] + ("" if operation["security"] else "; needs no token"),
        )
        for path, item in json.loads(openapi.text())["paths"].items()
        for method, operation in item.items()
    ]
    return table(("request", "operationId", "what it does"), rows)


def problems() -> str:
    """Every code that a refusal of the API may have."""
    openapi.prepare()
    from api.problems import PROBLEMS  # noqa: PLC0415 - see prepare

    kinds = sorted(PROBLEMS.items(), key=lambda each: (each[1].status, each[0]))
    return table(
        ("status", "code", "meaning"),
        [(str(int(kind.status)), f"`{code}`", kind.title) for code, kind in kinds],
    )


def states() -> str:
    """The life of a story as a diagram: who moves it from where to where."""
    moves: dict[tuple[str, str], list[str]] = {}
    for each in TRANSITIONS:
        moves.setdefault((each.origin, each.target), []).append(each.who.removeprefix("api."))
    lines = [
        f"    {origin} --> {target}: {', '.join(who)}" for (origin, target), who in moves.items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *_UNWRITTEN_MOVES, *lines, "```", ""])


#: What begins and ends a story without a move of its own.
_UNWRITTEN_MOVES = (
    "    [*] --> AWAITING_PHOTO: createStory",
    "    AWAITING_PHOTO --> EXPIRED: no photo in time",
)


def reasons() -> str:
    """Every reason of a report, and what it counts."""
    rows: list[tuple[str, ...]] = [
        (
            f"`{reason.value}`",
            "hides at once" if weight.points is None else str(weight.points),
            weight.severity.name.lower(),
        )
        for reason, weight in review.WEIGHTS.items()
    ]
    return table(("reason", "points", "in the queue"), rows)


def standing() -> str:
    """What strikes lead to."""
    policy = strikes.policy()
    lines = [
        f"- A `{decision}` counts for {days} days." for decision, days in policy.counts_days.items()
    ]
    lines += [
        f"- From {level.strikes} strikes that count on, nothing can be posted for {level.days}"
        " days after the latest."
        for level in policy.standing
    ]
    return "\n".join([*lines, ""])


def _unconditional(statement: dict[str, Any]) -> list[dict[str, Any]]:
    """A statement, or those behind a condition."""
    if "Fn::If" not in statement:
        return [statement]
    return [part for part in statement["Fn::If"][1:] if "Ref" not in part]


def _granted(statement: dict[str, Any]) -> str:
    actions, resources = _listed(statement["Action"]), _listed(statement["Resource"])
    what = ", ".join(action.partition(":")[2] for action in actions)
    where = ", ".join(dict.fromkeys(_named(resource) for resource in resources))
    keys = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
    partitions = "".join(f" ({', '.join(values)})" for values in keys.values())
    return f"{what}: {where}{partitions}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _named(resource: Any) -> str:
    """A resource by the logical names of the template."""
    if isinstance(resource, str):
        return "everything" if resource == "*" else resource
    ((function, argument),) = resource.items()
    if function == "Fn::If":
        return _named(argument[1])
    if function == "Fn::GetAtt":
        return str(argument if isinstance(argument, str) else argument[0]).partition(".")[0]
    if function == "Ref":
        return str(argument)
    text = str(argument[0] if isinstance(argument, list) else argument)
    # Of an ARN only what follows account and region tells anything.
    text = text.removeprefix("arn:${AWS::Partition}:")
    text = re.sub(r"^(\w+):(\$\{AWS::Region\}:\$\{AWS::AccountId\}:|::)", r"\1: ", text)
    text = text.replace("parameter${", "parameter ${")
    return re.sub(r"\$\{(\w+)(\.\w+)?\}", r"\1", text)


#: Page -> marker -> what stands between `<!-- marker -->` and `<!-- /marker -->`.
PAGES: dict[str, dict[str, Callable[[], str]]] = {
    "api.md": {"states": states, "operations": operations, "problems": problems},
    "operations.md": {"metrics": metrics, "alarms": alarms},
    "security.md": {"roles": roles},
    "reviewing.md": {"reasons": reasons, "strikes": standing},
    "capacity.md": {"choices": choices, "fleets": fleets, "sources": sources},
    "costs.md": {"months": months, "rest": rest, "story": story},
}


def page(name: str) -> str:
    """A page with its tables as they should be."""
    text = (DOCS / name).read_text("utf-8")
    for marker, make in PAGES[name].items():
        begin, end = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed) or begin in rest:
            raise ValueError(f"docs/{name} must have {begin.strip()} … {end} once")
        text = before + begin + make() + end + after
    return text


def write() -> None:
    """Write every page."""
    for name in PAGES:
        (DOCS / name).write_text(page(name), encoding="utf-8")


if __name__ == "__main__":
    write()
