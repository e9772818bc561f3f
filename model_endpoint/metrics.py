"""Measured values as log lines that CloudWatch turns into metrics by itself.

Amazon CloudWatch Embedded Metric Format, version 0: the container's standard output goes to
CloudWatch Logs, so that a metric costs no call and no permission.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

NAMESPACE = "Enliven/Endpoint"
Unit: TypeAlias = Literal["Seconds", "Bytes", "Gigabytes", "Count", "Count/Second"]
MILLISECONDS = 1_000


def log(
    logger: logging.Logger,
    message: str,
    engine: str,
    measured: Mapping[str, tuple[float, Unit]],
    **facts: Any,
) -> None:
    """Log a line with facts, and each measured value in it as a metric of this engine."""
    metrics = [{"Name": name, "Unit": unit} for name, (_, unit) in measured.items()]
    about = {
        "Timestamp": round(time.time() * MILLISECONDS),
        "CloudWatchMetrics": [
            {"Namespace": NAMESPACE, "Dimensions": [["Engine"]], "Metrics": metrics}
        ],
    }
    values = {name: value for name, (value, _) in measured.items()}
    logger.info(message, extra={"facts": {**facts, "Engine": engine, **values, "_aws": about}})
