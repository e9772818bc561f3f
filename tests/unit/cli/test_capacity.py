"""How many instances, how long a wait, how dear a story: closed forms and the simulation beside."""

import json
import math
import tomllib
from functools import cache
from pathlib import Path

import pytest

from cli import capacity, costs, figures, fleet, queueing
from cli.main import main

SERVICE_SECONDS = 10.0
#: Requests a run: the standard error of the part that waits, at a load of 0.95, is then about 1 %.
REQUESTS = 250_000


@cache
def _at(load: float, servers: int) -> fleet.Run:
    """A fleet that is warm and never changes, far from its beginning."""
    arrivals = load * servers / SERVICE_SECONDS
    return fleet.simulate(
        arrivals,
        SERVICE_SECONDS,
        fleet.fixed(servers),
        seconds=REQUESTS / arrivals,
        seed=1,
        warm_up_seconds=50_000,
    )


@pytest.mark.parametrize(("load", "servers"), [(0.5, 2), (0.8, 4), (0.95, 2)])
def test_the_simulation_keeps_erlangs_probability_of_a_wait(load: float, servers: int) -> None:
    expected = queueing.erlang_c(load * servers, servers)
    assert _at(load, servers).waited == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize(("load", "servers"), [(0.5, 2), (0.8, 4), (0.95, 2)])
def test_as_many_wait_as_littles_law_says(load: float, servers: int) -> None:
    done = _at(load, servers)
    rate, wait = done.arrivals / done.seconds, sum(done.waits) / len(done.waits)
    assert done.waiting_area / done.seconds == pytest.approx(rate * wait, rel=0.01)
    assert done.busy_seconds / done.paid_seconds == pytest.approx(load, rel=0.01)


@pytest.mark.parametrize(
    ("offered", "servers", "waits"),
    # One server: the load itself. Two: 2 rho^2 / (1 + rho). Ten of 8 Erlang: Erlang's own tables.
    [(0.5, 1, 0.5), (1.9, 2, 2 * 0.95**2 / 1.95), (8.0, 10, 0.4092), (3.0, 2, 1.0)],
)
def test_erlang_c_has_its_known_values(offered: float, servers: int, waits: float) -> None:
    assert queueing.erlang_c(offered, servers) == pytest.approx(waits, rel=2e-4)


def test_one_servers_wait_is_that_of_the_single_queue() -> None:
    assert queueing.mean_wait(0.8, 1, 10.0) == pytest.approx(0.8 / (1 - 0.8) * 10.0)
    assert queueing.mean_wait(1.0, 1, 10.0) == math.inf
    assert queueing.waits_longer(0.8, 1, 10.0, 30.0) == pytest.approx(0.8 * math.exp(-0.2 * 3))


def test_the_fewest_servers_are_few_enough_and_no_more() -> None:
    enough = queueing.servers_for(8.0, 10.0, 60.0, 0.05)
    assert queueing.waits_longer(8.0, enough, 10.0, 60.0) <= 0.05
    assert queueing.waits_longer(8.0, enough - 1, 10.0, 60.0) > 0.05


def test_thousands_of_servers_overflow_nothing() -> None:
    assert 0 < queueing.erlang_c(5_000.0, 5_050) < 1


def _waking(**changes: float) -> fleet.Scaling:
    rules = {"least": 0, "most": 3, "start_seconds": 300.0, "backlog_target": 1.0}
    cooldowns = {"out_cooldown_seconds": 60.0, "in_cooldown_seconds": 300.0}
    return fleet.Scaling(**(rules | cooldowns | changes))  # type: ignore[arg-type]  # counts are whole


def test_from_nothing_a_request_waits_for_the_look_and_the_start_and_pays_for_idling() -> None:
    # One story in five days or so: each wakes an instance of its own.
    done = fleet.simulate(1 / 400_000, 10.0, _waking(), seconds=4e7, seed=3)
    assert done.most_instances == 1
    assert all(300 <= wait <= 300 + fleet.MINUTE for wait in done.waits)
    alone = 300 + fleet.MINUTE + 15 * fleet.MINUTE
    assert done.paid_seconds / len(done.waits) == pytest.approx(alone, rel=0.1)


def test_a_warm_instance_answers_at_once_and_is_paid_for_all_the_time() -> None:
    done = fleet.simulate(1 / 4_000, 10.0, _waking(least=1, most=1), seconds=4e6, seed=3)
    assert done.wait(0.5) == 0
    assert done.paid_seconds == pytest.approx(done.seconds)


def test_what_one_instance_cannot_do_gets_more_up_to_the_most_and_the_rest_is_dropped() -> None:
    load = {"seconds": 100_000.0, "seed": 5, "ttl_seconds": 1_800.0}
    two = fleet.simulate(0.2, 10.0, _waking(most=3), **load)  # type: ignore[arg-type]  # a seed is whole
    assert two.most_instances == 3
    assert two.dropped == 0
    one = fleet.simulate(0.2, 10.0, _waking(most=1), **load)  # type: ignore[arg-type]  # the same
    assert one.dropped / one.arrivals == pytest.approx(0.5, abs=0.05)


def test_one_seed_gives_one_run() -> None:
    runs = [fleet.simulate(0.05, 10.0, _waking(), seconds=50_000, seed=7) for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("engine", costs.ENGINES)
def test_a_story_costs_its_parts_and_less_the_more_there_are(engine: str) -> None:
    few, many = (capacity.plan(n, engine, 1) for n in (10, 1_000))
    assert many.a_story < few.a_story
    assert few.of_idling < few.of_instances < few.a_story
    assert few.dropped == many.dropped == 0


def test_the_simulation_and_the_cost_pages_rule_of_thumb_agree_where_instances_are_busy() -> None:
    for engine in costs.ENGINES:
        thumb = costs.endpoint(100_000, engine, 1).hours / costs.HOURS_A_DAY
        assert 0.6 < capacity.plan(100_000, engine, 1).paid_instances / thumb < 1.1


def test_every_figure_says_where_it_is_from() -> None:
    kinds = {"measured", "read", "computed", "estimated"}
    engines = figures.figures()["engines"]
    assert engines.keys() == set(costs.ENGINES)
    told = [part for engine in engines.values() for part in engine.values()]
    for figure in (*told, *figures.figures()["hosted"]):
        assert figure["kind"] in kinds
        assert len(figure["source"]) > 20
    tomllib.loads(Path(figures.__file__).with_name("capacity.toml").read_text("utf-8"))


def test_the_command_tells_people_and_programs_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["capacity", "--stories-per-day", "10", "--engine", "motion", "--min-instances", "1"]
    assert main(asked) == 0
    told = capsys.readouterr().out
    assert "$0.40 a clip" in told
    assert main([*asked, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert f"MaxInstances={found['instances']}," in told
    assert main(["capacity", "--stories-per-day", "0"]) == 2
