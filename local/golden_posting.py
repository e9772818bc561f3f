"""What gate 3 is asked, and what it asks, beyond the workflow."""

from typing import Any

from story import contracts
from story.generation import Box, EngineName, Report
from story.second_look import LookAgainInput


def events(
    story_id: str, creator: str, signed: Any, crop: Box, engine: EngineName
) -> dict[str, dict[str, Any]]:
    """By file name, for a story whose SignVideo has answered `signed`."""
    posting = contracts.PostStoryInput(
        story_id=story_id,
        creator=creator,
        visibility="everyone",
        caption="An example of a caption",
    )
    looking = LookAgainInput(
        story_id=story_id,
        video=signed.video,
        report=report(story_id, engine, crop),
        minor=False,
    )
    return {
        "post_story_input.json": posting.model_dump(mode="json"),
        "look_again_input.json": looking.model_dump(mode="json"),
    }


def report(story_id: str, engine: EngineName, crop: Box) -> Report:
    """What an engine says of a clip that it made without more ado."""
    return Report(
        inference_id=f"{story_id}-1-1",
        engine=engine,
        seed=7,
        seconds=5,
        fps=24,
        frames=120,
        width=720,
        height=1280,
        has_sound=True,
        crop=crop,
        fit="cover",
        camera="push_in",
        understood=(),
        unmet=(),
        regions=(),
        timings={"render": 4.0},
    )
