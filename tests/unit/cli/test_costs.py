"""What a stack is said to cost: from the template, the price list and one typical story."""

import pytest

from cli import costs, figures
from cli.main import main
from story.receipt import endpoint_second, prices


def _named(items: list[costs.Item], beginning: str) -> costs.Item:
    (found,) = [item for item in items if item.what.startswith(beginning)]
    return found


def test_at_rest_nothing_of_a_story_and_no_instance_is_paid() -> None:
    items = costs.month(0, "motion", 0)
    assert not [item for item in items if "SageMaker" in item.what or "Rekognition" in item.what]
    assert 15 < costs.total(items) < 30


def test_a_warm_instance_is_paid_for_every_hour() -> None:
    kept = _named(costs.month(0, "wan-5b", 1), "SageMaker")
    assert kept.quantity == 30 * 24
    assert kept.cost == pytest.approx(720 * 1.222)


def test_the_parts_are_what_they_are_multiplied_from() -> None:
    items = costs.month(1_000, "motion", 1)
    moderation = _named(items, "Rekognition moderation")
    assert moderation.quantity == 8 * 1_000 * 30
    assert moderation.cost == pytest.approx(240)
    assert costs.total(items) == pytest.approx(sum(item.cost for item in items))


def test_a_story_that_comes_alone_pays_for_the_waking_and_many_share_the_day() -> None:
    clip = figures.clip_seconds("motion")
    alone = costs.endpoint(1, "motion", 0)
    assert alone.hours == pytest.approx((clip + figures.start_seconds("motion") + 1_200) / 3600)
    assert costs.endpoint(1_000, "motion", 0).hours == 24, "one is on all day"
    many = costs.endpoint(100_000, "motion", 0)
    assert many.hours == pytest.approx(100_000 * clip / 3600 / 0.7)
    assert many.instances == 6


def test_a_stack_without_an_endpoint_pays_for_none() -> None:
    items = costs.month(0, "none", 0)
    assert not [item for item in items if "VPC" in item.what or "SageMaker" in item.what]


@pytest.mark.parametrize("engine", costs.ENGINES)
def test_more_stories_never_cost_less(engine: str) -> None:
    sums = [costs.total(costs.month(n, engine, 0)) for n in (0, 1, 10, 100, 1_000, 10_000)]
    assert sums == sorted(sums)


def test_a_receipt_prices_an_engines_seconds_as_its_own_instances_hour() -> None:
    listed = prices()
    for engine, instance in listed["engine_instances"].items():
        second = endpoint_second(engine)
        assert listed["endpoint_hour"][instance] == pytest.approx(3_600 * second["price"], rel=1e-4)
        assert instance in second["what"]
    for engine in ("wan-5b", "wan-a14b", "ltx-2"):
        assert listed["engine_instances"][engine] == costs.instance(engine)


def test_every_alarm_and_key_of_the_template_is_paid() -> None:
    cold, warm = (costs.at_rest("motion", least) for least in (0, 1))
    assert _named(cold, "CloudWatch alarms").quantity == 16
    assert _named(warm, "CloudWatch alarms").quantity == 18, "and the two halves of the objective"
    assert _named(warm, "CloudWatch composite").quantity == 1
    assert _named(cold, "KMS keys").quantity == 4


def test_the_command_prints_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["costs", "--stories", "1000", "--min-instances", "1"]) == 0
    told = capsys.readouterr().out
    assert f"{costs.total(costs.month(1_000, 'motion', 1)):,.2f}  in all" in told
    assert main(["costs", "--stories", "-1"]) == 2
