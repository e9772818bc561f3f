"""Retriers keep to MaxDelaySeconds and spread with JitterStrategy FULL, as on AWS."""

import random
from typing import Any

from ministack.services import stepfunctions


def _delay_seconds(retrier: dict[str, Any], count: int) -> float:
    """The pause before retry number `count` + 1.

    IntervalSeconds · BackoffRate^count, at most MaxDelaySeconds; FULL jitter draws uniformly from
    zero to that.
    """
    delay: float = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** count
    delay = min(delay, retrier.get("MaxDelaySeconds", delay))
    if retrier.get("JitterStrategy") == "FULL":
        return random.uniform(0, delay)  # noqa: S311 - it spreads load, it guards nothing
    return delay


def install() -> None:
    """Hand the interpreter retriers whose interval is the finished delay."""
    find = stepfunctions._find_matching_retrier

    def find_with_delay(
        retriers: list[dict[str, Any]], error: str, counts: dict[int, int]
    ) -> tuple[dict[str, Any] | None, int]:
        retrier, index = find(retriers, error, counts)
        if retrier is None:
            return None, index
        delay = _delay_seconds(retrier, counts.get(index, 0))
        return {**retrier, "IntervalSeconds": delay, "BackoffRate": 1}, index

    stepfunctions._find_matching_retrier = find_with_delay
