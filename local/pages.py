"""Writes the tables of docs/ that are made from the code: `python -m local.pages`.

A test makes them again and compares, so that no page can say what the code does not.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from samtranslator.yaml_helper import yaml_parse

from cloud import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
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


#: Page -> marker -> what stands between `<!-- marker -->` and `<!-- /marker -->`.
PAGES: dict[str, dict[str, Callable[[], str]]] = {
    "operations.md": {"metrics": metrics, "alarms": alarms},
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
