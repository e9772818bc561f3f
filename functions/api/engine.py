"""What the engine behind this service can make, as the deployment says it."""

from __future__ import annotations

from pydantic import Field

from api.problems import Refused
from cloud.environment import Environment, load
from story import limits
from story.cards import card
from story.view import FieldError


class Settings(Environment):
    """The engine's name, how long a clip it makes at most, and how long it takes for one.

    engine_clip_seconds: of work, until stories have shown this deployment's own; of a clip of the
    usual length. engine_wake_seconds: from a request where no instance runs until one begins; 0
    where one always runs.
    """

    engine_name: str = Field(min_length=1)
    engine_max_seconds: float = Field(ge=limits.MIN_CLIP_SECONDS, le=limits.MAX_CLIP_SECONDS)
    engine_clip_seconds: float = Field(gt=0.0)
    engine_wake_seconds: float = Field(ge=0.0)


def settings() -> Settings:
    """This deployment's."""
    return load(Settings)


def require_seconds(seconds: float) -> None:
    """Refuse a longer clip than the engine makes, before anything is held or uploaded.

    Raises Refused.
    """
    here = settings()
    longest = min(here.engine_max_seconds, card(here.engine_name).form.max_seconds)
    if seconds > longest:
        detail = (
            f"This service's engine makes clips of {limits.MIN_CLIP_SECONDS:g} to {longest:g}"
            f" seconds, not of {seconds:g}; GET /presets says so too."
        )
        raise Refused("body_invalid", detail, errors=[FieldError(field="seconds", detail=detail)])
