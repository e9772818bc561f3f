"""Stories a day on the local AWS, whose table many ask at once."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from cloud import clients, quotas
from tests.local.deployment import Deployment

AT_ONCE, LIMIT = 50, 20


def test_fifty_requests_at_once_never_hold_more_than_a_day_has(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in deployment.stack.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STORIES_TABLE", deployment.outputs["StoriesTable"])
    clients.client.cache_clear()
    creator, now, ready = uuid.uuid4().hex, datetime.now(UTC), threading.Barrier(AT_ONCE)
    quotas.standing(creator, now)  # the client is made once, before all

    def one(_: int) -> bool:
        ready.wait(60)
        try:
            return quotas.take(creator, uuid.uuid4().hex, limit=LIMIT, now=now)
        except quotas.Exhausted:
            return False

    with ThreadPoolExecutor(AT_ONCE) as pool:
        taken = list(pool.map(one, range(AT_ONCE)))
    left = quotas.standing(creator, now)
    clients.client.cache_clear()
    assert taken.count(True) == LIMIT == len(left)
