"""The trail of what people have done to stories: who, what, when. Lines are added, never changed.

AUDIT#{story}   {time}#{what}#{who}

A line is written on the condition that it is not there, so doing it again adds nothing, and no
other module writes, changes or deletes any. It outlives the story, so it holds no words of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cloud.clients import answers, client, error_code
from cloud.environment import load
from cloud.stories import partition, to_item
from cloud.timeline import TableSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

_THERE_ALREADY = "ConditionalCheckFailedException"


def append(story_id: str, what: str, *, at: str, by: str, **facts: Any) -> bool:
    """Add a line; False if it is there already."""
    try:
        with answers("DynamoDB"):
            client("dynamodb").put_item(
                TableName=load(TableSettings).stories_table,
                Item=to_item(
                    {
                        "pk": f"AUDIT#{story_id}",
                        "sk": f"{at}#{what}#{by}",
                        "when": at,
                        "who": by,
                        "what": what,
                        **facts,
                    }
                ),
                ConditionExpression="attribute_not_exists(pk)",
            )
    except ClientError as error:
        if error_code(error) == _THERE_ALREADY:
            return False
        raise
    return True


def trail(story_id: str) -> Iterator[dict[str, Any]]:
    """The lines of a story, oldest first."""
    return partition("AUDIT", story_id)
