"""Where a posted story stands in the feed's index."""

import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

from story import feed

AT = datetime(2026, 11, 22, 23, 59, 59, 999_000, tzinfo=UTC)


def test_the_day_is_that_of_utc_wherever_the_clock_is() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=9)))
    assert feed.partition("0" * 32, elsewhere, "everyone") == "2026-11-22#0"


def test_what_a_link_opens_is_in_no_partition_of_the_feed() -> None:
    ids = [secrets.token_hex(16) for _ in range(50)]
    beside = {feed.partition(each, AT, "link") for each in ids}
    listed = {feed.partition(each, AT, "everyone") for each in ids}
    assert not beside & set(feed.listed("2026-11-22"))
    assert listed <= set(feed.listed("2026-11-22"))
    assert beside | listed <= set(feed.all_of("2026-11-22"))


def test_stories_spread_evenly_over_the_shards() -> None:
    counted = Counter(feed.partition(secrets.token_hex(16), AT, "everyone") for _ in range(4_000))
    assert len(counted) == feed.SHARDS
    assert min(counted.values()) > 0.9 * 4_000 / feed.SHARDS


def test_a_story_that_is_seen_now_was_posted_on_one_of_two_days() -> None:
    for hour in range(24):
        now = datetime(2026, 11, 22, hour, 30, tzinfo=UTC)
        assert len(list(feed.days(now, now - feed.LASTS))) == 2
    assert list(feed.days(AT - feed.LASTS, AT)) == []


def test_times_are_in_order_as_text() -> None:
    moments = [AT + timedelta(milliseconds=step) for step in (-1_000, -1, 0, 1, 1_000)]
    assert [feed.iso(each) for each in moments] == sorted(map(feed.iso, moments))
    assert feed.iso(AT) == "2026-11-22T23:59:59.999Z"
