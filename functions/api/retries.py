"""Idempotency-Key: a POST that is sent again does nothing again and is told the same.

Powertools keeps the keys in the stories table, a partition a user, for a day. What is kept is the
outcome's ids alone: words, forms and URLs are made anew from the records, so a replay tells how
things stand now, and no secret outlives its hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Header
from pydantic import StringConstraints

from api.problems import Refused
from cloud.clients import client
from cloud.environment import load
from cloud.timeline import TableSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

#: How long a key is remembered.
KEPT_SECONDS = 24 * 60 * 60
#: When a request whose twin is at work may ask again.
_ASK_AGAIN_SECONDS = 1

IdempotencyKey = Annotated[
    str,
    StringConstraints(pattern=r"^[!-~]{1,64}$"),
    Header(
        alias="Idempotency-Key",
        description="A random value of your own, e.g. a UUID: new for each thing that you want"
        " done, the same when you repeat a request whose answer you did not get."
        " It is remembered for 24 hours.",
        examples=["5f6d3a52-6c1f-4f0e-9d0c-3b1f0f8c9a77"],
    ),
]


def once(
    do: Callable[[], dict[str, str]],
    *,
    creator: str,
    operation: str,
    key: str,
    payload: object,
    context: LambdaContext | None,
) -> dict[str, str]:
    """What `do` answers, done once for this creator, operation and key within a day.

    If the function ends before `do` has answered, the key is free again when its time is over
    (`context` tells when that is); if `do` raises, at once.

    Raises Refused if the key came with another payload, or its first request is still at work.
    """
    # It costs a fifth of a cold start, and reading needs none of it.
    from aws_lambda_powertools.utilities.idempotency import (  # noqa: PLC0415 - see above
        DynamoDBPersistenceLayer,
        IdempotencyConfig,
        idempotent_function,
    )
    from aws_lambda_powertools.utilities.idempotency.exceptions import (  # noqa: PLC0415 - the same
        IdempotencyAlreadyInProgressError,
        IdempotencyInconsistentStateError,
        IdempotencyPersistenceLayerError,
        IdempotencyValidationError,
    )

    store = DynamoDBPersistenceLayer(
        table_name=load(TableSettings).stories_table,
        key_attr="pk",
        sort_key_attr="sk",
        static_pk_value=f"IDEMPOTENCY#{creator}",
        expiry_attr="ttl",
        boto3_client=client("dynamodb"),
    )
    config = IdempotencyConfig(
        event_key_jmespath="[operation, key]",
        payload_validation_jmespath="payload",
        expires_after_seconds=KEPT_SECONDS,
        raise_on_no_idempotency_key=True,
        lambda_context=context,
    )

    @idempotent_function(  # type: ignore[untyped-decorator]  # Powertools ships none
        data_keyword_argument="request",
        config=config,
        persistence_store=store,
        key_prefix="api",
    )
    def guarded(*, request: dict[str, Any]) -> dict[str, str]:
        del request  # the keys are made from it; what is done is `do`
        return do()

    request = {"operation": operation, "key": key, "payload": payload}
    try:
        outcome: dict[str, str] = guarded(request=request)
    except IdempotencyValidationError as error:
        raise Refused(
            "idempotency_key_reused",
            "This Idempotency-Key came before with another request. Send a new key for a new"
            " request.",
        ) from error
    except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError) as error:
        raise Refused(
            "idempotency_in_progress",
            "The first request with this Idempotency-Key is still at work. Ask again in a second.",
            retry_seconds=_ASK_AGAIN_SECONDS,
        ) from error
    except IdempotencyPersistenceLayerError as error:
        # Powertools wraps what the table said; outside, a table that does not answer is a cause.
        raise (error.__cause__ or error) from None
    return outcome
