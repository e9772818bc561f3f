"""`enliven costs`: what a stack costs a month, at rest and with stories, by list prices.

The prices are those of the receipt (functions/story/prices.json), what a story needs is
cli/typical_story.json, and what a stack has at rest is counted in template.yaml. Left out: free
tiers, support, taxes, Cognito beyond its free users, and what people download again.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import checkout, figures
from cli.outcome import CommandFailed, Exit
from story.receipt import prices

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

DAYS = 30
HOURS_A_DAY = 24
#: An instance that one story has woken is there until scaling takes it away again: fifteen minutes
#: of target tracking, then its cool-down.
LINGER_SECONDS = 1_200
#: How busy an instance can be on the average before stories wait for each other.
UTILISATION = 0.7
#: What works while nobody comes: 96 sweeps a day, each listing four buckets, and four looks at the
#: certificate.
SWEEPS_A_DAY, LISTS_A_SWEEP, LOOKS_A_DAY = 96, 4, 4
SWEEP_GB_SECONDS = 0.5
#: Series that have a value while nobody comes: the certificate's days.
METRICS_AT_REST = 1
#: Series that a busy service writes: outcomes, states, verdicts, and the totals.
METRICS_IN_USE = 40
ENGINES = ("motion", "wan-5b", "wan-a14b", "ltx-2")


@dataclass(frozen=True)
class Item:
    """One thing that is paid for: US dollars a month."""

    what: str
    quantity: float
    unit: str
    cost: float


@dataclass(frozen=True)
class Endpoint:
    """The instances that a number of stories a day needs."""

    instance: str
    #: Hours a day, all instances together.
    hours: float
    #: How many at once, on the average of the day.
    instances: int


def arguments(command: ArgumentParser) -> None:
    """The arguments of `enliven costs`."""
    command.add_argument("--stories", type=int, default=0, metavar="N", help="stories a day")
    command.add_argument("--engine", choices=ENGINES, default="motion")
    command.add_argument("--min-instances", type=int, choices=(0, 1), default=0)


def run(options: Namespace) -> Exit:
    """Print the items of a month, the dearest first."""
    if options.stories < 0:
        raise CommandFailed("usage", f"--stories {options.stories}: 0 or more", Exit.USAGE)
    items = month(options.stories, options.engine, options.min_instances)
    print(
        f"US$ a month, {options.stories:,} stories a day, Engine={options.engine}, "
        f"MinInstances={options.min_instances}"
    )
    for item in items:
        print(f"  {item.cost:>12,.2f}  {item.what}: {quantity(item.quantity)} {item.unit}")
    print(f"  {total(items):>12,.2f}  in all")
    said = figures.figures()["engines"][options.engine]
    print(f"  by {prices()['price_list']}; engine time: {said['clip']['source']}")
    return Exit.OK


def quantity(number: float) -> str:
    """A count as people read it."""
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.2g}"  # noqa: PLR2004 - from here on, digits after the point tell nothing


def month(stories: int, engine: str, min_instances: int) -> list[Item]:
    """Everything that a month of so many stories a day costs, the dearest first."""
    items = [
        *at_rest(engine, min_instances),
        *in_use(stories),
        *_endpoint_items(stories, engine, min_instances),
    ]
    return sorted(items, key=lambda item: -item.cost)


def total(items: list[Item]) -> float:
    """US dollars."""
    return sum(item.cost for item in items)


def at_rest(engine: str, min_instances: int) -> list[Item]:
    """What is paid when no story comes, without the endpoint's instances."""
    listed = prices()
    counted = _counted(endpoint=engine != "none", warm=min_instances > 0)
    days = {"sweeps": SWEEPS_A_DAY * DAYS, "looks": LOOKS_A_DAY * DAYS}
    runs = days["sweeps"] + days["looks"]
    lists = days["sweeps"] * LISTS_A_SWEEP
    monthly = [
        _item(listed["month"][name], count)
        for name, count in (
            ("alarm", counted["AWS::CloudWatch::Alarm"] + counted["scaling alarms"]),
            ("composite_alarm", counted["AWS::CloudWatch::CompositeAlarm"]),
            ("dashboard", counted["AWS::CloudWatch::Dashboard"]),
            ("key", counted["AWS::KMS::Key"]),
            ("metric", METRICS_AT_REST),
        )
    ]
    zone_hours = counted["zones"] * HOURS_A_DAY * DAYS
    sweeping = (
        lists * listed["calls"]["s3:ListObjectsV2"]["price"]
        + runs * listed["lambda_request"]["price"]
        + runs * SWEEP_GB_SECONDS * listed["lambda_gb_second"]["price"]
    )
    return [
        *(item for item in monthly if item.quantity),
        *([_item(listed["vpc_endpoint_hour"], zone_hours)] if zone_hours else []),
        Item("Sweeping and looking", runs, "runs", sweeping),
    ]


def in_use(stories: int) -> list[Item]:
    """What a month of so many stories a day costs besides the endpoint."""
    if not stories:
        return []
    listed, typical, many = prices(), _typical(), stories * DAYS
    quantities: dict[str, tuple[dict[str, Any], float]] = {}

    def add(price: dict[str, Any], quantity: float) -> None:
        before = quantities[price["what"]][1] if price["what"] in quantities else 0.0
        quantities[price["what"]] = (price, before + quantity * many)

    for name, count in (*typical["calls"].items(), *typical["around_calls"].items()):
        add(listed["calls"][name], count)
    for name, count in typical["around"].items():
        add(listed["around"][name], count)
    add(listed["transition"], typical["transitions"])
    add(listed["lambda_request"], typical["lambda_requests"] + typical["around_lambda_requests"])
    add(
        listed["lambda_gb_second"],
        typical["lambda_gb_seconds"] + typical["around_lambda_gb_seconds"],
    )
    metrics = _item(listed["month"]["metric"], METRICS_IN_USE - METRICS_AT_REST)
    return [*(_item(price, quantity) for price, quantity in quantities.values()), metrics]


def endpoint(stories: int, engine: str, min_instances: int) -> Endpoint:
    """The instances for so many stories a day, evenly spread; engine is one of ENGINES.

    Busy seconds are N·s. From zero, each story that comes alone pays for the start and the time
    until scaling takes the instance away, at most the whole day; beyond that instances are added so
    that each is busy for UTILISATION of its time.
    """
    seconds = figures.clip_seconds(engine)
    busy = stories * seconds / 3600
    shared = busy / UTILISATION
    alone = stories * (seconds + figures.start_seconds(engine) + LINGER_SECONDS) / 3600
    least = HOURS_A_DAY * min_instances
    hours = max(least, shared, min(HOURS_A_DAY, alone))
    return Endpoint(instance(engine), hours, math.ceil(hours / HOURS_A_DAY))


def _endpoint_items(stories: int, engine: str, min_instances: int) -> list[Item]:
    if engine == "none":
        return []
    needed = endpoint(stories, engine, min_instances)
    hours = needed.hours * DAYS
    cost = hours * prices()["endpoint_hour"][needed.instance]
    return [Item(f"SageMaker {needed.instance}", hours, "instance-hours", cost)] if hours else []


def _item(price: dict[str, Any], quantity: float) -> Item:
    return Item(price["what"], quantity, price["unit"], quantity * price["price"])


@cache
def _typical() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        Path(__file__).with_name("typical_story.json").read_text("utf-8")
    )
    return found


@cache
def template() -> dict[str, Any]:
    """template.yaml as it is written."""
    from samtranslator.yaml_helper import yaml_parse  # noqa: PLC0415 - slow, and only for this

    found: dict[str, Any] = yaml_parse((checkout.ROOT / "template.yaml").read_text("utf-8"))
    return found


def instance(engine: str) -> str:
    """The instance type that template.yaml gives an engine."""
    return str(template()["Mappings"]["Engines"][engine]["InstanceType"])


def _counted(*, endpoint: bool, warm: bool) -> dict[str, int]:
    """How many resources of each type that costs at rest a stack has."""
    holds = {None: True, "HasEndpoint": endpoint, "IsWarm": endpoint and warm}
    counted = dict.fromkeys(
        (
            "AWS::CloudWatch::Alarm",
            "AWS::CloudWatch::CompositeAlarm",
            "AWS::CloudWatch::Dashboard",
            "AWS::KMS::Key",
        ),
        0,
    )
    resources = template()["Resources"]
    for each in resources.values():
        if each["Type"] in counted and holds[each.get("Condition")]:
            counted[each["Type"]] += 1
    zones = len(resources["EventsVpcEndpoint"]["Properties"]["SubnetIds"])
    counted["zones"] = zones if endpoint else 0
    # Target tracking makes two alarms of its own.
    counted["scaling alarms"] = 2 if endpoint else 0
    return counted
