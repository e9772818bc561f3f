"""A fleet of instances behind one queue, simulated: M/M/c, with starts from nothing and scaling.

The rules are those of template.yaml and of AWS: CloudWatch looks once a minute; a request that
waits where no instance runs starts one; target tracking adds instances when the backlog an instance
(waiting and at work) was above its target for three minutes, and takes some away when it was a
tenth below for fifteen; while instances start, the endpoint is Updating and takes no other change.
A request that has waited for its time to live is dropped. The same seed gives the same run.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Final

MINUTE: Final = 60.0
#: Application Auto Scaling, target tracking: the alarms that it makes.
_OUT_MINUTES, _IN_MINUTES, _IN_BELOW = 3, 15, 0.9


@dataclass(frozen=True)
class Scaling:
    """How many instances there may be, and what changes their number."""

    least: int
    most: int
    #: From the decision until an instance takes its first request.
    start_seconds: float
    #: Waiting and at work, an instance.
    backlog_target: float
    out_cooldown_seconds: float
    in_cooldown_seconds: float


def fixed(instances: int) -> Scaling:
    """A fleet that always has the same number."""
    return Scaling(instances, instances, 0.0, math.inf, 0.0, 0.0)


@dataclass
class Run:
    """What happened; times in seconds."""

    seconds: float
    arrivals: int = 0
    #: Of each request that an instance took, in the order of being taken.
    waits: list[float] = field(default_factory=list)
    dropped: int = 0
    busy_seconds: float = 0.0
    paid_seconds: float = 0.0
    #: The integral of how many waited, over time: request-seconds.
    waiting_area: float = 0.0
    most_instances: int = 0

    def wait(self, part: float) -> float:
        """The wait that this part of the taken requests does not exceed, e.g. 0.95."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)]

    @property
    def waited(self) -> float:
        """The part of the taken requests that waited at all."""
        return sum(wait > 0 for wait in self.waits) / len(self.waits)


class _Fleet:
    """The state of a run at one moment."""

    def __init__(
        self, scaling: Scaling, service_seconds: float, ttl: float, seed: int, *, begins_with: int
    ) -> None:
        self.scaling = scaling
        self.now = 0.0
        self.queue: deque[float] = deque()
        self.idle = begins_with
        #: When each busy instance is done.
        self.busy: list[float] = []
        #: When the instances that start are there, and how many they are.
        self.ready_at, self.starting = math.inf, 0
        #: Busy instances that go when they are done.
        self.leaving = 0
        self.above = self.below = 0
        self.out_free = self.in_free = 0.0
        self._service = service_seconds
        self._ttl = ttl
        self._random = random.Random(seed)  # noqa: S311 - a simulation, no secret
        self.run = Run(0.0, most_instances=begins_with)

    @property
    def instances(self) -> int:
        """Those that take requests."""
        return self.idle + len(self.busy) - self.leaving

    def advance(self, until: float) -> None:
        """Pass time; nothing happens in it."""
        passed = until - self.now
        run = self.run
        run.waiting_area += len(self.queue) * passed
        run.busy_seconds += len(self.busy) * passed
        run.paid_seconds += (self.idle + len(self.busy) + self.starting) * passed
        self.now = until

    def take(self) -> None:
        """Give what waits to who is idle, in the order of arrival."""
        queue, waits = self.queue, self.run.waits
        while self.idle and queue:
            wait = self.now - queue.popleft()
            waits.append(wait)
            self.idle -= 1
            heapq.heappush(self.busy, self.now + self._random.expovariate(1 / self._service))

    def finish(self) -> None:
        """The instance that is done first is free, or goes."""
        heapq.heappop(self.busy)
        if self.leaving:
            self.leaving -= 1
        else:
            self.idle += 1

    def arrive_instances(self) -> None:
        """What was starting is there."""
        self.idle += self.starting
        self.ready_at, self.starting = math.inf, 0
        self.run.most_instances = max(self.run.most_instances, self.instances)

    def drop(self) -> None:
        """Forget what has waited too long."""
        while self.queue and self.now - self.queue[0] > self._ttl:
            self.queue.popleft()
            self.run.dropped += 1

    def look(self) -> None:
        """What CloudWatch and the two policies do, once a minute."""
        if self.starting:
            return
        instances, scaling = self.instances, self.scaling
        if instances == 0:
            self.above = self.below = 0
            if self.queue:
                self._add(1)
            return
        backlog = (len(self.queue) + len(self.busy)) / instances
        self.above = self.above + 1 if backlog > scaling.backlog_target else 0
        self.below = self.below + 1 if backlog < _IN_BELOW * scaling.backlog_target else 0
        wanted = math.ceil(instances * backlog / scaling.backlog_target)
        if self.above >= _OUT_MINUTES and self.now >= self.out_free:
            self._add(min(scaling.most, wanted) - instances)
        elif self.below >= _IN_MINUTES and self.now >= self.in_free:
            self._remove(instances - max(scaling.least, wanted))

    def _add(self, count: int) -> None:
        if count > 0:
            self.starting = count
            self.ready_at = self.now + self.scaling.start_seconds
            self.out_free = self.ready_at + self.scaling.out_cooldown_seconds
            self.above = self.below = 0

    def _remove(self, count: int) -> None:
        if count > 0:
            gone = min(self.idle, count)
            self.idle -= gone
            self.leaving += count - gone
            self.in_free = self.now + self.scaling.in_cooldown_seconds
            self.above = self.below = 0


def simulate(
    arrivals_per_second: float,
    service_seconds: float,
    scaling: Scaling,
    *,
    seconds: float,
    seed: int,
    warm_up_seconds: float = 0.0,
    ttl_seconds: float = math.inf,
    begins_with: int | None = None,
) -> Run:
    """Let requests come for `seconds`, after a time that is not counted. Poisson, exponential.

    begins_with: instances at the very beginning; the fewest if nothing is said.
    """
    first = scaling.least if begins_with is None else begins_with
    fleet = _Fleet(scaling, service_seconds, ttl_seconds, seed, begins_with=first)
    come = random.Random(~seed)  # noqa: S311 - a simulation, no secret
    looks = scaling.backlog_target < math.inf
    arrival = come.expovariate(arrivals_per_second)
    tick = MINUTE if looks else math.inf
    end, counting = warm_up_seconds + seconds, warm_up_seconds == 0.0
    while True:
        done = fleet.busy[0] if fleet.busy else math.inf
        at = min(arrival, done, tick, fleet.ready_at)
        if not counting and at >= warm_up_seconds:
            fleet.advance(warm_up_seconds)
            fleet.run = Run(0.0, most_instances=fleet.instances)
            counting = True
        if at >= end:
            fleet.advance(end)
            fleet.run.seconds = seconds
            return fleet.run
        fleet.advance(at)
        if at == arrival:
            fleet.queue.append(at)
            fleet.run.arrivals += 1
            arrival = at + come.expovariate(arrivals_per_second)
        elif at == done:
            fleet.finish()
        elif at == fleet.ready_at:
            fleet.arrive_instances()
        else:
            fleet.drop()
            fleet.look()
            tick = at + MINUTE
        fleet.take()
