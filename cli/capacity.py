"""`enliven capacity`: the instances for a number of stories a day, their wait, and a story's cost.

The fleet is sized in closed form (cli/queueing.py) so that few stories wait long where every
instance is warm, and then simulated with the template's own scaling and cold starts (cli/fleet.py).
The figures and their sources are cli/capacity.toml. Stories come evenly over the day; clip times
are taken to vary as an exponential does, which is more than they will.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING

from cli import costs, fleet, queueing
from cli.figures import clip_seconds, figures, start_seconds
from cli.outcome import CommandFailed, Exit
from cli.words import dollars, seconds
from story import limits
from story.receipt import prices

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

DAY_SECONDS = 86_400
#: A fleet is large enough when at most this part of stories waits longer than this, all warm.
WAIT_SECONDS, LATE = 60.0, 0.05
#: Simulated: enough stories for a p95, but no longer than a quarter of a year.
STORIES, MOST_DAYS, LEAST_DAYS = 20_000, 90.0, 0.25
SEED = 1


@dataclass(frozen=True)
class Capacity:
    """What a number of stories a day needs; times in seconds, money in US dollars."""

    engine: str
    instance: str
    stories_a_day: int
    least: int
    #: What MaxInstances has to be.
    instances: int
    clip_seconds: float
    start_seconds: float
    #: Of stories: from the request to the engine's beginning with it.
    wait_p50: float
    wait_p95: float
    #: The part of requests that waited for their time to live and were dropped.
    dropped: float
    #: Instances paid for, on the average of the day, and the part of their time that they worked.
    paid_instances: float
    busy: float
    #: A story: in all, of that for instances, and of that for instances that had nothing to do.
    a_story: float
    of_instances: float
    of_idling: float


def arguments(command: ArgumentParser) -> None:
    """The arguments of `enliven capacity`."""
    command.add_argument("--stories-per-day", type=int, required=True, metavar="N")
    command.add_argument("--engine", choices=costs.ENGINES, help="default: each")
    command.add_argument("--min-instances", type=int, choices=(0, 1), help="default: both")
    command.add_argument("--seed", type=int, default=SEED, help="of the simulation")
    command.add_argument("--json", action="store_true", help="the same as one JSON document")


def run(options: Namespace) -> Exit:
    """Print a line an engine and MinInstances."""
    many = options.stories_per_day
    if many < 1:
        raise CommandFailed("usage", f"--stories-per-day {many}: 1 or more", Exit.USAGE)
    engines = (options.engine,) if options.engine else costs.ENGINES
    least = (0, 1) if options.min_instances is None else (options.min_instances,)
    found = [plan(many, engine, each, options.seed) for engine in engines for each in least]
    if options.json:
        print(json.dumps([asdict(each) for each in found], indent=2))
        return Exit.OK
    print(
        f"{many:,} stories a day, evenly; at most {LATE:.0%} wait over {WAIT_SECONDS:g} s if warm"
    )
    for each in found:
        print(f"{each.engine} on {each.instance}, MinInstances={each.least}:")
        print(
            f"  MaxInstances={each.instances}, {each.paid_instances:,.1f} paid for on the average"
        )
        print(
            f"  waits {seconds(each.wait_p50)} (p50), {seconds(each.wait_p95)} (p95) for a clip of "
            f"{seconds(each.clip_seconds)}; a start takes {seconds(each.start_seconds)}"
        )
        if each.dropped:
            print(f"  {each.dropped:.1%} expire after {limits.REQUEST_TTL_SECONDS} s in the queue")
        print(
            f"  {dollars(each.a_story, 4)} a story, {dollars(each.of_instances, 4)} of it for "
            f"instances, {dollars(each.of_idling, 4)} of that while they idle"
        )
    for hosted in figures()["hosted"]:
        print(f"{hosted['what']}: {dollars(hosted['dollars_a_clip'])} a clip ({hosted['source']})")
    print(f"by {prices()['price_list']}; seed {options.seed}")
    for engine in engines:
        said = figures()["engines"][engine]
        print(f"{engine}: {said['clip']['source']}; start {said['start']['source']}")
    return Exit.OK


def scaling(engine: str, least: int, most: int) -> fleet.Scaling:
    """The rules of template.yaml for an engine."""
    template = costs.template()
    policy = template["Resources"]["EndpointFollowsBacklog"]["Properties"]
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    return fleet.Scaling(
        least=least,
        most=most,
        start_seconds=start_seconds(engine),
        backlog_target=float(template["Mappings"]["Engines"][engine]["BacklogPerInstance"]),
        out_cooldown_seconds=tracking["ScaleOutCooldown"],
        in_cooldown_seconds=tracking["ScaleInCooldown"],
    )


@cache
def plan(stories: int, engine: str, least: int, seed: int = SEED) -> Capacity:
    """Size a fleet for so many stories a day and simulate it."""
    clip = clip_seconds(engine)
    offered = stories * clip / DAY_SECONDS
    instances = queueing.servers_for(offered, clip, WAIT_SECONDS, LATE)
    days = min(MOST_DAYS, max(LEAST_DAYS, STORIES / stories))
    done = fleet.simulate(
        stories / DAY_SECONDS,
        clip,
        scaling(engine, least, instances),
        seconds=days * DAY_SECONDS,
        seed=seed,
        # Until scaling has taken away what is not needed: one that grew from nothing would count
        # the backlog of its first hour for many more.
        begins_with=instances,
        warm_up_seconds=DAY_SECONDS / 4,
        ttl_seconds=limits.REQUEST_TTL_SECONDS,
    )
    hour = prices()["endpoint_hour"][costs.instance(engine)] / 3600
    came = max(1, done.arrivals)
    of_instances = done.paid_seconds * hour / came
    around = costs.total([*costs.at_rest(engine, least), *costs.in_use(stories)])
    return Capacity(
        engine=engine,
        instance=costs.instance(engine),
        stories_a_day=stories,
        least=least,
        instances=instances,
        clip_seconds=clip,
        start_seconds=start_seconds(engine),
        wait_p50=done.wait(0.5),
        wait_p95=done.wait(0.95),
        dropped=done.dropped / came,
        paid_instances=done.paid_seconds / done.seconds,
        busy=done.busy_seconds / done.paid_seconds,
        a_story=of_instances + around / (stories * costs.DAYS),
        of_instances=of_instances,
        of_idling=(done.paid_seconds - done.busy_seconds) * hour / came,
    )
