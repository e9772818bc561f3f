"""Which AWS a command works on: the local stack, or a stack in the account of your credentials."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli import checkout
from cli.outcome import CommandFailed, Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator, Mapping

#: A stack whose resources cannot be relied on; CloudFormation has given up making it.
BROKEN = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"}
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


@dataclass(frozen=True)
class Target:
    """One deployed stack, and boto3's clients of the AWS that it is in."""

    stack_name: str
    client: Callable[[str], Any]
    outputs: Mapping[str, str]
    status: str


def arguments(command: ArgumentParser) -> None:
    """The arguments that name a stack."""
    command.add_argument(
        "--stack", metavar="NAME", help="a stack in your AWS account (default: the local stack)"
    )
    command.add_argument("--region", metavar="REGION", help="its region (default: your shell's)")


def target(options: Namespace) -> Target:
    """The stack that the arguments name. Raises CommandFailed, with what would help."""
    client, name = _local() if options.stack is None else (session(options.region), options.stack)
    found = describe(client, name)
    if found is None:
        raise CommandFailed(
            "stack_missing",
            f"there is no stack {name!r} in {client('cloudformation').meta.region_name}; "
            "is that its region, and its name?",
            Exit.USAGE,
        )
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    return Target(name, client, outputs, found["StackStatus"])


def session(region: str | None) -> Callable[[str], Any]:
    """boto3's clients by the shell's credentials, each made once."""
    import boto3  # noqa: PLC0415 - half a second that other commands need not pay

    # The service is only known when called: boto3's overloads cannot apply.
    made: Any = boto3.session.Session(region_name=region)
    if made.region_name is None:
        raise CommandFailed(
            "region_missing",
            "no AWS region is set: pass --region, or set AWS_REGION, e.g. us-east-1",
            Exit.USAGE,
        )
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = made.client(service)
        return clients[service]

    return client


def describe(client: Callable[[str], Any], name: str) -> dict[str, Any] | None:
    """CloudFormation's description of a stack; None if there is none of that name."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - the same

    try:
        with failures():
            found = client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except CommandFailed as failed:
        cause = failed.__cause__
        if isinstance(cause, ClientError) and cause.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return None if found["StackStatus"] == "DELETE_COMPLETE" else dict(found)


def _local() -> tuple[Callable[[str], Any], str]:
    from local import stack  # noqa: PLC0415 - only where it is meant
    from local.environments import STACK_NAME  # noqa: PLC0415 - the same

    running = stack.find(checkout.ROOT)
    if running is None or not all(server.is_alive() for server in running.servers):
        raise CommandFailed(
            "stack_missing",
            "no local stack runs: start it by `enliven up`, or name one in AWS by --stack NAME",
        )
    return running.client, STACK_NAME


@contextmanager
def failures() -> Iterator[None]:
    """Convert what AWS, or the way to it, says into a sentence with a remedy."""
    from botocore import exceptions as aws  # noqa: PLC0415 - the same

    try:
        yield
    except (aws.NoCredentialsError, aws.PartialCredentialsError) as error:
        raise CommandFailed(
            "credentials_missing",
            "no AWS credentials: run `aws configure` or `aws sso login`, or set AWS_PROFILE",
            Exit.USAGE,
        ) from error
    except aws.ClientError as error:
        raise _refused(error) from error
    except aws.EndpointConnectionError as error:
        raise CommandFailed(
            "aws_unreachable", f"{error}; does the region exist, and is there a network?"
        ) from error
    except aws.BotoCoreError as error:
        raise CommandFailed("aws_failed", str(error)) from error


def _refused(error: Any) -> CommandFailed:
    code, operation = error.response["Error"]["Code"], error.operation_name
    if code in _EXPIRED:
        return CommandFailed(
            "credentials_expired", "your AWS credentials have expired: sign in again", Exit.USAGE
        )
    if code in _UNKNOWN:
        return CommandFailed(
            "credentials_invalid",
            f"AWS does not know these credentials ({code}): another profile, or a region that "
            "the account has not enabled?",
            Exit.USAGE,
        )
    if code in _DENIED:
        return CommandFailed(
            "permission_missing", f"your AWS identity may not {operation}: {error}", Exit.USAGE
        )
    return CommandFailed("aws_failed", str(error))
