"""What a clip and a start take, by cli/capacity.toml: each figure with its source."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def figures() -> dict[str, Any]:
    """cli/capacity.toml."""
    return tomllib.loads(Path(__file__).with_name("capacity.toml").read_text("utf-8"))


def clip_seconds(engine: str) -> float:
    """How long one clip takes on the engine's instance."""
    clip = figures()["engines"][engine]["clip"]
    if clip["kind"] == "computed":
        return float(clip["read_seconds"] * clip["read_tflops"] / clip["here_tflops"])
    return float(clip["seconds"])


def start_seconds(engine: str) -> float:
    """From the decision to start an instance until it takes a request."""
    start = figures()["engines"][engine]["start"]
    download = start["weights_gb"] / start["gb_per_second"]
    return float(start["instance_seconds"] + download + start["load_seconds"])
