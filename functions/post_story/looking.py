"""Having a signed clip judged anew, by a function that can decode it.

What decodes video and what reads Content Credentials are two layers, and together more than Lambda
unpacks for one function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from cloud.clients import answers, client
from cloud.environment import Environment, load
from story import policy
from story.errors import DependencyUnavailable, ModerationUnanswered

if TYPE_CHECKING:
    from story.second_look import LookAgainInput


class LookSettings(Environment):
    """Who looks again."""

    look_again_function: str = Field(min_length=1)


def look_again(request: LookAgainInput) -> policy.Verdict:
    """The verdict on the frames of a clip, by the model of today.

    Raises DependencyUnavailable if look_again broke, ModerationUnanswered if it gave no verdict.
    """
    with answers("Lambda"):
        answer = client("lambda").invoke(
            FunctionName=load(LookSettings).look_again_function,
            Payload=request.model_dump_json().encode(),
        )
    said = answer["Payload"].read()
    if "FunctionError" in answer:
        # What it was, its own log tells.
        raise DependencyUnavailable("look_again ended with an error")
    try:
        return policy.Verdict.model_validate_json(said)
    except ValidationError as error:
        raise ModerationUnanswered(
            f"look_again gave no verdict: {error.error_count()} fields are wrong"
        ) from error
