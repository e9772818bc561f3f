"""Strikes and what follows from them: pure. The numbers are data, in strikes.toml."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from story.generation import Contract

_FILE = Path(__file__).with_name("strikes.toml")
Days = Annotated[int, Field(ge=1)]


class Level(Contract):
    """From so many strikes on, nothing is posted for so many days after the latest."""

    strikes: Annotated[int, Field(ge=1)]
    days: Days


class StrikePolicy(Contract):
    """What strikes.toml says."""

    version: str
    counts_days: dict[str, Days]
    standing: tuple[Level, ...]


@cache
def policy() -> StrikePolicy:
    """The policy of this version."""
    return StrikePolicy.model_validate(tomllib.loads(_FILE.read_text("utf-8")))


def expires(decision: str, given_at: datetime) -> datetime | None:
    """When a decision's strike stops counting; None for a decision that gives none."""
    days = policy().counts_days.get(decision)
    return None if days is None else given_at + timedelta(days=days)


def counting(strikes: Iterable[Mapping[str, Any]], now: datetime) -> list[Mapping[str, Any]]:
    """The strikes that count now, oldest first."""
    return sorted(
        (each for each in strikes if not _is_over(each, now)), key=lambda each: each["given_at"]
    )


def _is_over(strike: Mapping[str, Any], now: datetime) -> bool:
    until = strike.get("expires_at")
    return until is not None and datetime.fromisoformat(until) <= now


def suspended_until(strikes: Iterable[Mapping[str, Any]], now: datetime) -> datetime | None:
    """Until when a creator with these strikes may not post; None if they may."""
    found = counting(strikes, now)
    days = max((each.days for each in policy().standing if each.strikes <= len(found)), default=0)
    if not days:
        return None
    latest = datetime.fromisoformat(found[-1]["given_at"]).astimezone(UTC)
    until = latest + timedelta(days=days)
    return until if until > now else None
