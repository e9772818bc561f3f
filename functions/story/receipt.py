"""What a story would have cost on AWS: from the calls that its states counted, times list prices.

Left out are free tiers, storage, data transfer, the idle time of an endpoint that is kept warm, and
the functions around the workflow (the API, resume_story, story_progress, settle_story): the receipt
is for one story's way through its states, not for a month.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from story import takes
from story.errors import SettingInvalid
from story.view import Cost, CostItem

_CALL = "call:"
_MB_PER_GB = 1024
#: As the motion engine names itself in its reports.
DEFAULT_ENGINE = "enliven-motion"
#: Native states of a story that became READY; they have no Lambda and so no line of their own.
#: BeginStory, ClaimUpload, four more choices, KeepRecord, PublishStory, AnnounceReady, Ready.
NATIVE_TRANSITIONS = 10
#: What those states call: ClaimUpload, KeepRecord and PublishStory write, AnnounceReady tells.
NATIVE_CALLS = {"dynamodb:UpdateItem": 3, "events:PutEvents": 1}


@cache
def prices() -> dict[str, Any]:
    """The price list, data beside this module."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("prices.json").read_text("utf-8"))
    return loaded


def endpoint_second(engine: str) -> Mapping[str, Any]:
    """What a second of an engine's instance costs.

    An engine that has no row of its own runs where the motion engine does. It is no error: a name
    in a report must not keep a story from being settled.
    """
    listed = prices()
    instances = listed["engine_instances"]
    instance = instances.get(engine, instances[DEFAULT_ENGINE])
    per_second = round(listed["endpoint_hour"][instance] / 3600, 9)
    return {"what": f"SageMaker {instance}", "unit": "second", "price": per_second}


def of_story(lines: Sequence[Mapping[str, Any]]) -> Cost:
    """The cost of a story from the timeline's lines of one attempt, all of its takes included."""
    used = takes.used(lines)
    return itemise(lines, engine_seconds=used.seconds, engine=used.engine or DEFAULT_ENGINE)


def itemise(
    lines: Iterable[Mapping[str, Any]], *, engine_seconds: float, engine: str = DEFAULT_ENGINE
) -> Cost:
    """The cost of a story from its timeline's lines; engine: by the name in its report.

    A line has `runs`, `billed_ms`, `memory_mb` and counts named "call:{service}:{Operation}".
    Raises SettingInvalid for a call that the price list does not name: an unpriced call would make
    every receipt a lie.
    """
    listed = prices()
    quantities: dict[tuple[str, str, float], float] = defaultdict(float)

    def add(price: Mapping[str, Any], quantity: float) -> None:
        quantities[price["what"], price["unit"], price["price"]] += quantity

    for line in lines:
        runs = int(line.get("runs", 0))
        gigabytes = float(line.get("memory_mb", 0)) / _MB_PER_GB
        add(listed["lambda_request"], runs)
        add(listed["lambda_gb_second"], gigabytes * float(line.get("billed_ms", 0)) / 1000)
        add(listed["transition"], runs)
        for name, count in line.items():
            if not name.startswith(_CALL):
                continue
            call = name.removeprefix(_CALL)
            if call in listed["calls"]:
                add(listed["calls"][call], float(count))
            elif call not in listed["free_calls"]:
                raise SettingInvalid(f"prices.json has no price for {call}, which a state called")
    add(listed["transition"], NATIVE_TRANSITIONS)
    for call, count in NATIVE_CALLS.items():
        add(listed["calls"][call], count)
    add(endpoint_second(engine), engine_seconds)
    items = tuple(
        CostItem(
            what=what,
            quantity=round(quantity, 4),
            unit=unit,
            unit_price=price,
            cost=round(quantity * price, 8),
        )
        for (what, unit, price), quantity in sorted(
            quantities.items(), key=lambda entry: -entry[1] * entry[0][2]
        )
        if quantity
    )
    return Cost(
        currency="USD",
        total=round(sum(item.cost for item in items), 6),
        items=items,
        price_list=listed["price_list"],
    )
