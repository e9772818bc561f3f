"""What operators see: whose story a log line is about, and the metrics that alarms watch.

A metric leaves as one more line of the log, in CloudWatch's embedded metric format (EMF): nothing
is called, nothing waits, and the line names the story, which no dimension ever does. METRICS is
the one list of them; template.yaml's alarms and dashboard are held against it by a test.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Its keys are every logger's: Powertools keeps them once a context, not once a logger.
_logger = Logger(service="telemetry")


class Metric(NamedTuple):
    """Its unit, the dimensions of its series, and whether there is a series of all as well."""

    unit: MetricUnit
    dimensions: tuple[str, ...]
    total: bool
    meaning: str


METRICS = {
    "Stories": Metric(MetricUnit.Count, ("outcome",), True, "stories that ended"),
    "StorySeconds": Metric(
        MetricUnit.Seconds, ("outcome",), False, "from a story's photo, prompt or retry to its end"
    ),
    "WithinObjective": Metric(
        MetricUnit.NoUnit,
        (),
        True,
        "1 for a story that was answered in time, 0 for one that was not",
    ),
    "StoryCost": Metric(
        MetricUnit.NoUnit, (), True, "US dollars of a story's receipt, at list prices"
    ),
    "StateSeconds": Metric(
        MetricUnit.Seconds, ("state",), False, "a state's time, waiting included"
    ),
    "Faults": Metric(
        MetricUnit.Count, ("state",), True, "errors of a state that are not the photo's own"
    ),
    "Verdicts": Metric(MetricUnit.Count, ("gate", "verdict"), False, "what the gates decided"),
    "ReviewSeconds": Metric(
        MetricUnit.Seconds,
        ("kind", "decision"),
        True,
        "from UNDER_REVIEW, a report or an appeal to a reviewer's decision",
    ),
    "BlockedPhotos": Metric(
        MetricUnit.Count, ("listed",), False, "photos that are on an operator's list"
    ),
    "QueueSeconds": Metric(
        MetricUnit.Seconds, (), True, "a request's wait until the engine began with it"
    ),
    "GenerationSeconds": Metric(
        MetricUnit.Seconds, ("engine",), True, "the engine's own time for a clip"
    ),
    "DependencyFailures": Metric(
        MetricUnit.Count, ("dependency",), True, "an AWS service throttled, failed or was silent"
    ),
    "CertificateDaysLeft": Metric(
        MetricUnit.NoUnit, (), True, "days until the signing certificate ends; 0 if it cannot sign"
    ),
}


@contextmanager
def about(**keys: str | int) -> Iterator[None]:
    """Name the story, and what else is known of the work, in every line that is logged inside."""
    before = dict(_logger.thread_safe_get_current_keys())
    _logger.thread_safe_append_keys(**keys)
    try:
        yield
    finally:
        _logger.thread_safe_clear_keys()
        _logger.thread_safe_append_keys(**before)


def emit(name: str, value: float, **dimensions: str) -> None:
    """Write one value of a metric, with the dimensions that METRICS gives it.

    Raises KeyError for a metric that is not listed, TypeError for other dimensions than its own.
    """
    metric = METRICS[name]
    if tuple(sorted(dimensions)) != tuple(sorted(metric.dimensions)):
        raise TypeError(f"{name} has the dimensions {metric.dimensions}, not {tuple(dimensions)}")
    line = EphemeralMetrics()
    if metric.total and metric.dimensions:
        line.add_dimensions(**dimensions)
    else:
        for dimension, said in dimensions.items():
            line.add_dimension(dimension, said)
    for key, known in _logger.thread_safe_get_current_keys().items():
        if key not in dimensions:
            line.add_metadata(key, known)
    line.add_metric(name, metric.unit, value)
    line.flush_metrics()
