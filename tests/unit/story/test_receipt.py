"""The receipt: what was counted, times what AWS lists."""

from decimal import Decimal

import pytest

from story.errors import SettingInvalid
from story.receipt import NATIVE_TRANSITIONS, itemise, prices


def _line(**counted: object) -> dict[str, object]:
    return {"state": "X", "runs": Decimal(1), "billed_ms": Decimal(1000), **counted}


def test_a_call_costs_its_price_as_often_as_it_was_made() -> None:
    cost = itemise(
        [_line(**{"call:rekognition:DetectModerationLabels": Decimal(7)})], engine_seconds=0
    )
    (item,) = [item for item in cost.items if item.what == "Rekognition moderation"]
    assert (item.quantity, item.unit_price, item.cost) == (7, 0.001, 0.007)


def test_compute_is_memory_times_time() -> None:
    cost = itemise([_line(memory_mb=Decimal(2048), billed_ms=Decimal(1500))], engine_seconds=0)
    (item,) = [item for item in cost.items if item.unit == "GB-second"]
    assert item.quantity == 3.0


def test_the_total_is_the_sum_of_its_items_and_the_dearest_is_first() -> None:
    line = _line(**{"call:s3:PutObject": 3, "call:kms:Sign": 1, "memory_mb": 512})
    cost = itemise([line], engine_seconds=9.5)
    assert cost.total == pytest.approx(sum(item.cost for item in cost.items), abs=1e-6)
    costs = [item.cost for item in cost.items]
    assert costs == sorted(costs, reverse=True)


def test_every_run_of_a_state_is_a_transition() -> None:
    cost = itemise([_line(runs=Decimal(3)), _line()], engine_seconds=0)
    (item,) = [item for item in cost.items if item.unit == "transition"]
    assert item.quantity == 3 + 1 + NATIVE_TRANSITIONS


def test_a_free_call_is_no_item() -> None:
    with_free = itemise([_line(**{"call:ssm:GetParameter": 5})], engine_seconds=0)
    assert with_free == itemise([_line()], engine_seconds=0)


def test_a_call_without_a_price_is_an_error_that_names_it() -> None:
    with pytest.raises(SettingInvalid, match="textract:DetectText"):
        itemise([_line(**{"call:textract:DetectText": 1})], engine_seconds=0)


def test_every_price_is_a_price() -> None:
    listed = prices()
    entries = [value for value in listed.values() if isinstance(value, dict) and "price" in value]
    for entry in (*entries, *listed["calls"].values()):
        assert entry["price"] > 0
        assert entry["what"]
        assert entry["unit"]


def test_a_trained_engines_seconds_cost_what_its_gpu_does() -> None:
    cost = itemise([], engine_seconds=100, engine="wan-a14b")
    (gpu,) = [each for each in cost.items if "SageMaker" in each.what]
    assert gpu.cost == pytest.approx(100 * 2.8026 / 3600, rel=1e-4)


def test_an_engine_without_a_row_is_priced_as_the_motion_engine_and_keeps_nothing_up() -> None:
    assert itemise([], engine_seconds=9, engine="unheard-of") == itemise([], engine_seconds=9)
