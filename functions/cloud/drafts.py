"""A draft that waits for its prompt: the token of the execution that waits, apart from the record.

The record is shown to its creator, a token is nobody's to read: it has a partition of its own.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from cloud.clients import answers, client, error_code
from cloud.environment import load
from cloud.stories import from_item, to_item
from cloud.timeline import TableSettings
from story.contracts import AwaitPromptOutput

#: Step Functions says these when nobody waits for the token any more.
_TASK_GONE = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


def _key(story_id: str) -> dict[str, Any]:
    return to_item({"pk": f"DRAFT#{story_id}", "sk": "TOKEN"})


def remember(story_id: str, attempt: int, token: str) -> None:
    """Keep the token that waits now; an earlier one has died with its task."""
    with answers("DynamoDB"):
        client("dynamodb").put_item(
            TableName=load(TableSettings).stories_table,
            Item={**_key(story_id), **to_item({"attempt": attempt, "task_token": token})},
        )


def resume(story_id: str) -> None:
    """Tell the execution that waits that the prompt is in the table; again, if need be.

    Nobody may wait any more: the workflow finds the prompt by itself as its time is over.
    """
    with answers("DynamoDB"):
        answer = client("dynamodb").get_item(
            TableName=load(TableSettings).stories_table, Key=_key(story_id), ConsistentRead=True
        )
    if "Item" not in answer:
        return
    try:
        with answers("Step Functions"):
            client("stepfunctions").send_task_success(
                taskToken=from_item(answer["Item"])["task_token"],
                output=AwaitPromptOutput().model_dump_json(),
            )
    except ClientError as error:
        if error_code(error) not in _TASK_GONE:
            raise
