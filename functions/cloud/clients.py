"""botocore's clients, made once a process, that count their calls.

They are boto3's own; what boto3 has above them (resources, transfers) is not imported, since a cold
start is imports. Handlers talk to AWS through these and nothing else; where an endpoint lies is
botocore's business (`AWS_ENDPOINT_URL_*`), so the same code runs on a laptop. The count is what a
story's cost receipt is made from: the calls that happened, not the calls that were planned.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from cloud import telemetry
from story.errors import DependencyThrottled, DependencyUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_calls: Counter[str] = Counter()
#: A gate asks from several threads.
_counting = threading.Lock()

_THROTTLES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "LimitExceededException",
    }
)
_SERVER_ERROR = 500


class Patience(NamedTuple):
    """How long a service is waited for: seconds for a connection and an answer, and attempts."""

    connect_seconds: float
    read_seconds: float
    attempts: int


_USUAL = Patience(5, 30, 4)
#: Who judges answers within a second or two. All attempts together end before the function would be
#: stopped, so that a silent provider is an error with a name, which the workflow retries.
_PATIENCE = {"rekognition": Patience(3, 10, 3), "bedrock-runtime": Patience(3, 10, 3)}


def _count(model: Any, **_: Any) -> None:
    with _counting:
        _calls[f"{model.service_model.service_name}:{model.name}"] += 1


@cache
def _session() -> Any:
    return botocore.session.get_session()


@cache
def client(service: str) -> Any:
    """The client of a service, with short time-outs and the standard retries."""
    patience = _PATIENCE.get(service, _USUAL)
    made = _session().create_client(
        service,
        config=Config(
            connect_timeout=patience.connect_seconds,
            read_timeout=patience.read_seconds,
            # Its pauses between attempts grow and are random, so that many do not return at once.
            retries={"mode": "standard", "total_max_attempts": patience.attempts},
            # In us-east-1 botocore presigns with version 2, which S3 refuses for buckets of today.
            signature_version="s3v4" if service == "s3" else None,
        ),
    )
    made.meta.events.register("before-call", _count)
    return made


def take_calls() -> dict[str, int]:
    """The calls since the last time this was asked, e.g. {"s3:GetObject": 2}."""
    with _counting:
        counted = dict(_calls)
        _calls.clear()
    return counted


@contextmanager
def answers(dependency: str) -> Iterator[None]:
    """Turn what an AWS service says when it cannot answer now into the retried names of the tree.

    Anything else it says is left as it is: the caller knows what a missing key means.
    """
    try:
        yield
    except (
        EndpointConnectionError,
        ConnectTimeoutError,
        ReadTimeoutError,
        ConnectionClosedError,
    ) as error:
        telemetry.emit("DependencyFailures", 1, dependency=dependency)
        raise DependencyUnavailable(
            f"{dependency} did not answer: {type(error).__name__}"
        ) from error
    except ClientError as error:
        code = error_code(error)
        if code in _THROTTLES:
            telemetry.emit("DependencyFailures", 1, dependency=dependency)
            raise DependencyThrottled(f"{dependency} asked to slow down: {code}") from error
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= _SERVER_ERROR:
            telemetry.emit("DependencyFailures", 1, dependency=dependency)
            raise DependencyUnavailable(f"{dependency} failed on its side: {code}") from error
        raise


def error_code(error: ClientError | BotoCoreError) -> str:
    """The service's own name of an error, e.g. "NoSuchKey"."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__
