"""Telling the bus that something became of a story; the event says which, its record says what."""

from __future__ import annotations

import json

from cloud.clients import answers, client
from cloud.environment import Environment, load
from story.announcements import STORIES_SOURCE


class BusSettings(Environment):
    """Where settle_story hears of what was done to a story."""

    event_bus: str


def tell(story_id: str, what: str) -> None:
    """Send one event."""
    with answers("EventBridge"):
        client("events").put_events(
            Entries=[
                {
                    "EventBusName": load(BusSettings).event_bus,
                    "Source": STORIES_SOURCE,
                    "DetailType": what,
                    "Detail": json.dumps({"story_id": story_id}),
                }
            ]
        )
