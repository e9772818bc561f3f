"""Measure the API on the local stack: `make bench-api`. Prints, and writes docs/benchmarks/api.md.

Calm: one client, one request after the other, on warm workers. Load: fifty clients for two
minutes, each with a user of its own, who ask as an app does: they make a story (every third one by
the same POST twice at once, as a phone does that lost the first answer), then look at it again and
again, renew its form and list what they have. Together they ask as often as template.yaml lets the
gateway pass. Afterwards each user's list is held against what was answered: a story that was
promised and is not there is lost, one that is there and was never promised is doubled.

No photo is sent: what a story costs to make is measured by `make bench`.
"""
# ruff: noqa: T201 - a command line prints

import argparse
import asyncio
import os
import platform
import random
import statistics
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from samtranslator.yaml_helper import yaml_parse

from tests.local.deployment import Deployment, deployed
from tests.operations import OPERATIONS, Operation

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "api.md"
_API = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))["Resources"]["Api"]["Properties"]
#: What the gateway lets pass.
REQUESTS_A_SECOND = float(_API["DefaultRouteSettings"]["ThrottlingRateLimit"])

#: The targets.
CALL_MS, CREATE_MS = 150.0, 400.0
CLIENTS, LOAD_SECONDS = 50, 120
CREATE = "createStory"

#: Calm: how often each operation is called, and before that unmeasured, so that workers are warm.
CALLS, WARM_CALLS = 60, 5
#: Below what a user may make in a day and ask in a minute.
STORIES_EACH, CALLS_EACH = 10, 60
#: A client of the load waits as long as a page of an app does before it gives up.
_PATIENCE_SECONDS = 35.0
_TRIES = 6
_SERVER_ERROR = HTTPStatus.INTERNAL_SERVER_ERROR
_AGAIN = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.CONFLICT}


@dataclass
class Measured:
    """Milliseconds a call by operationId, and how often each status came."""

    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    #: No answer at all.
    broken: int = 0

    def note(self, operation: Operation, seconds: float, status: int) -> None:
        """One answered call."""
        self.took[operation.id].append(1000 * seconds)
        self.statuses[status] += 1


@dataclass
class User:
    """Somebody with stories: those that were promised to him."""

    token: str
    promised: set[str] = field(default_factory=set)


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def _call(
    url: str, operation: Operation, token: str, *, story_id: str = "", key: str | None = None
) -> dict[str, Any]:
    """The request of an operation, as arguments of httpx."""
    headers = {} if operation.public else {"Authorization": f"Bearer {token}"}
    if operation.takes_a_key:
        headers["Idempotency-Key"] = key or str(uuid.uuid4())
    body = {} if operation.body is None else {"json": operation.a_body()}
    return {
        "method": operation.method,
        "url": url + operation.path_of(story_id),
        "headers": headers,
        **body,
    }


#: What a story that waits for its photo allows, again and again.
REPEATABLE = [each for each in OPERATIONS if each.method == "GET" or each.id == "renewUpload"]
(CREATES,) = [each for each in OPERATIONS if each.id == CREATE]
#: What can be done with a story once.
ENDING = [each for each in OPERATIONS if each.id in {"cancelStory", "deleteStory"}]


def calm(deployment: Deployment) -> Measured:
    """Every operation, one call after the other."""
    measured = Measured()
    with httpx.Client(timeout=_PATIENCE_SECONDS) as http:
        for operation in [CREATES, *REPEATABLE, *ENDING]:
            newcomer, story_id = None, ""
            each = CALLS_EACH if operation in REPEATABLE else STORIES_EACH
            for number in range(-WARM_CALLS, CALLS):
                if newcomer is None or number % each == 0:
                    newcomer, story_id = deployment.newcomer(), ""
                if not story_id or operation in ENDING:
                    story_id = str(newcomer.create()["story"]["id"])
                request = _call(deployment.api_url, operation, newcomer.token, story_id=story_id)
                began = time.perf_counter()
                answer = http.request(**request)
                if number >= 0:
                    measured.note(operation, time.perf_counter() - began, answer.status_code)
    return measured


class Load:
    """Clients that ask at the same time."""

    def __init__(self, url: str, users: list[User], seconds: float) -> None:
        self.measured = Measured()
        self._url = url
        self._users = users
        self.clients, self.seconds = len(users), seconds
        self._pause = len(users) / REQUESTS_A_SECOND

    async def run(self) -> None:
        """Every user's client until the time is over."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=len(self._users))
        async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS, limits=limits) as http:
            self._end = time.monotonic() + self.seconds
            async with asyncio.TaskGroup() as clients:
                for user in self._users:
                    clients.create_task(self._client(http, user))

    async def _client(self, http: httpx.AsyncClient, user: User) -> None:
        story_id = ""
        # They do not all begin in the same moment.
        await asyncio.sleep(random.uniform(0, self._pause))  # noqa: S311 - no secret
        looks = [each for each in REPEATABLE if not each.public]
        while time.monotonic() < self._end:
            wants_more = not story_id or random.random() < STORIES_EACH / CALLS_EACH  # noqa: S311
            if wants_more and len(user.promised) < STORIES_EACH:
                story_id = await self._make(http, user)
                continue
            operation = random.choice(looks)  # noqa: S311
            request = _call(self._url, operation, user.token, story_id=story_id)
            await self._ask(http, operation, request)

    async def _make(self, http: httpx.AsyncClient, user: User) -> str:
        """A story, sometimes by two requests with the same key at once."""
        request = _call(self._url, CREATES, user.token)
        twins = 2 if len(user.promised) % 3 == 0 else 1
        answers = await asyncio.gather(*(self._ask(http, CREATES, request) for _ in range(twins)))
        named = {each.json()["story"]["id"] for each in answers if each and each.is_success}
        user.promised |= named
        return str(named.pop()) if named else ""

    async def _ask(
        self, http: httpx.AsyncClient, operation: Operation, request: dict[str, Any]
    ) -> httpx.Response | None:
        """One request, again as docs/mobile.md says; None if it was never answered with success."""
        answer = None
        for tried in range(_TRIES):
            began = time.perf_counter()
            try:
                answer = await http.request(**request)
            except httpx.TransportError:
                self.measured.broken += 1
                await asyncio.sleep(2**tried)
                continue
            took = time.perf_counter() - began
            self.measured.note(operation, took, answer.status_code)
            if answer.status_code not in _AGAIN:
                await asyncio.sleep(max(0, self._pause - took))
                break
            await asyncio.sleep(float(answer.headers.get("Retry-After", 2**tried)))
        return answer


def listed(deployment: Deployment, user: User) -> list[str]:
    """The ids of all stories of a user, by his list."""
    found: list[str] = []
    query: dict[str, str] = {"limit": "50"}
    while True:
        page = httpx.get(
            f"{deployment.api_url}/stories",
            params=query,
            headers={"Authorization": f"Bearer {user.token}"},
            timeout=_PATIENCE_SECONDS,
        ).json()
        found += [story["id"] for story in page["stories"]]
        if not page["next"]:
            return found
        query["cursor"] = page["next"]


@dataclass(frozen=True)
class Kept:
    """What the users' lists say after the load."""

    made: int
    lost: int
    doubled: int


def kept(deployment: Deployment, users: list[User]) -> Kept:
    """Hold each user's list against what he was promised."""
    made = lost = doubled = 0
    for user in users:
        found = listed(deployment, user)
        made += len(user.promised)
        lost += len(user.promised - set(found))
        doubled += len(found) - len(user.promised & set(found))
    return Kept(made, lost, doubled)


def calm_rows(took: dict[str, list[float]]) -> list[str]:
    """One operation a row, against its limit."""
    rows = []
    for name, values in took.items():
        limit = CREATE_MS if name == CREATE else CALL_MS
        found = p95(values)
        rows.append(
            f"| `{name}` | {statistics.median(values):.0f} ms | {found:.0f} ms | {limit:.0f} ms"
            f" | {found / limit:.2f} |"
        )
    return rows


def load_rows(took: dict[str, list[float]]) -> list[str]:
    """One operation a row."""
    return [
        f"| `{name}` | {len(values):,} | {statistics.median(values):.0f} ms | {p95(values):.0f} ms"
        f" | {max(values):.0f} ms |"
        for name, values in sorted(took.items())
    ]


def page(quiet: Measured, load: Load, after: Kept, loads: tuple[float, float]) -> str:
    """The whole page; `loads` are the machine's load averages before and at the end."""
    busy = load.measured
    asked = sum(busy.statuses.values())
    failed = sum(n for status, n in busy.statuses.items() if status >= _SERVER_ERROR)
    statuses = ", ".join(f"{count:,} × {status}" for status, count in sorted(busy.statuses.items()))
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    lines = [
        "# The API on a laptop",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `make bench-api` on",
        f"{os.cpu_count()} cores ({machine}), every signature and role checked.",
        f"Load average: {loads[0]:.1f} before, {loads[1]:.1f} at the end.",
        "",
        f"One client, {CALLS} calls each, one after the other, on warm workers:",
        "",
        "| operation | median | p95 | limit of p95 | ratio |",
        "|---|---:|---:|---:|---:|",
        *calm_rows(quiet.took),
        "",
        f"{load.clients} clients for {load.seconds:.0f} s, {REQUESTS_A_SECOND:.0f} requests",
        "a second at most, which is what the gateway of the template lets pass:",
        "",
        "| what | measured | limit |",
        "|---|---:|---:|",
        f"| answers 5xx | {failed} | 0 |",
        f"| requests without an answer | {busy.broken} | 0 |",
        f"| stories lost, of {after.made:,} | {after.lost} | 0 |",
        f"| stories doubled | {after.doubled} | 0 |",
        "",
        f"{asked:,} answers, {asked / load.seconds:.1f} a second: {statuses}. A 409 is the twin",
        "of a POST that was sent twice at once, told to ask again.",
        "",
        "| operation | calls | median | p95 | longest |",
        "|---|---:|---:|---:|---:|",
        *load_rows(busy.took),
        "",
        "The emulator, its Lambda workers and the clients share the cores: under load the times",
        "are the machine's, the zeros are the code's. On AWS a request has a processor of its own.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=LOAD_SECONDS)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    asked = parser.parse_args()
    before = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory() as name,
        contextmanager(deployed)(Path(name)) as deployment,
    ):
        quiet = calm(deployment)
        users = [User(deployment.newcomer().token) for _ in range(asked.clients)]
        load = Load(deployment.api_url, users, asked.seconds)
        asyncio.run(load.run())
        during = os.getloadavg()[0]
        after = kept(deployment, users)
    text = page(quiet, load, after, (before, during))
    PAGE.write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    main()
