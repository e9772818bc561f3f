"""The M/M/c queue in closed form: how likely a wait is, and how long. Pure.

Erlang, Solution of Some Problems in the Theory of Probabilities, 1917; in today's notation
Kleinrock, Queueing Systems I, 1975, section 3.5. Arrivals are Poisson, service times exponential.
"""

from __future__ import annotations

import math


def erlang_b(offered: float, servers: int) -> float:
    """The probability that all servers are busy where nobody waits.

    offered: arrivals a second times seconds of service, in Erlang. By the recursion
    B(0) = 1, B(c) = a B(c-1) / (c + a B(c-1)), which overflows for no number of servers.
    """
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked


def erlang_c(offered: float, servers: int) -> float:
    """The probability that a request has to wait: B / (1 - rho (1 - B)); 1 without a rest state.

    offered in Erlang, as in erlang_b.
    """
    if offered >= servers:
        return 1.0
    blocked = erlang_b(offered, servers)
    return blocked / (1 - offered / servers * (1 - blocked))


def mean_wait(offered: float, servers: int, service_seconds: float) -> float:
    """Seconds that a request waits on average: C s / (c - a); infinite without a rest state."""
    if offered >= servers:
        return math.inf
    return erlang_c(offered, servers) * service_seconds / (servers - offered)


def waits_longer(offered: float, servers: int, service_seconds: float, seconds: float) -> float:
    """The probability of a wait longer than `seconds`: C exp(-(c - a) t / s)."""
    if offered >= servers:
        return 1.0
    return erlang_c(offered, servers) * math.exp(-(servers - offered) * seconds / service_seconds)


def servers_for(offered: float, service_seconds: float, wait_seconds: float, late: float) -> int:
    """The fewest servers with which at most the part `late` waits longer than `wait_seconds`."""
    servers = max(1, math.floor(offered) + 1)
    while waits_longer(offered, servers, service_seconds, wait_seconds) > late:
        servers += 1
    return servers
