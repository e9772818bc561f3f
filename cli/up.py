"""`enliven up`: start the local stack, deploy the template to it, and write the local profile."""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from cli import checkout
from cli import profile as profiles
from cli.outcome import CommandFailed, Exit
from cli.phones import announce
from cli.terminal import open_console
from cli.words import milliseconds, printable, seconds
from local.engine import ENGINES, MOTION
from local.environments import STACK_NAME
from local.stack import PARAMETERS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import Console

    from local.stack import LocalStack
    from local.users import DemoUser

#: `--lan` without an address; no address looks so.
DEFAULT_ROUTE = ""
#: What is deployed: the template and all that it names.
SOURCES = ("template.yaml", "functions", "layers", "statemachine")
#: In the state folder: the signature of the last `up` that went through.
RECORD = "deployed"
#: What the profile and the certificates need of the template.
OUTPUTS = (
    "ApiId",
    "UserPoolId",
    "UserPoolClientId",
    "SigningKey",
    "CertificateChainParameter",
    "TrustAnchorsParameter",
    "PublicUrlParameter",
)


def arguments(command: ArgumentParser) -> None:
    """The arguments of `enliven up`."""
    command.add_argument(
        "--fresh", action="store_true", help="stop what runs first: an empty stack, new users"
    )
    command.add_argument(
        "--lan",
        nargs="?",
        const=DEFAULT_ROUTE,
        metavar="ADDRESS",
        help="let phones in by this machine's ADDRESS (the default route's if none is given); "
        "without --lan they are shut out again",
    )
    command.add_argument(
        "--engine",
        choices=ENGINES,
        default=MOTION,
        help="behind the endpoint: motion, or a trained model in miniature (make up ENGINE=tiny)",
    )


def run(options: Namespace) -> Exit:
    """Bring the stack up, a line a step."""
    console = open_console()
    began = time.monotonic()
    with stack_failures():
        phones = None if options.lan is None else _phones(options.lan)
        stack = bring_up(
            checkout.ROOT, console, fresh=options.fresh, phones=phones, engine=options.engine
        )
    took = seconds(time.monotonic() - began)
    console.print(
        Text("up", "bold green").append(f" in {took}", "bold").append(f"  {stack.endpoint}", "dim")
    )
    if phones is not None and stack.lan is not None:
        announce(console, stack.lan.url, phones.closes_at)
    return Exit.OK


class Phones(NamedTuple):
    """By which address phones are let in, and until when, in seconds since 1970."""

    address: str
    closes_at: float


def _phones(wanted: str) -> Phones:
    """Look at the address before anything is started."""
    from local.lan import address, opening  # noqa: PLC0415 - only when it is run

    try:
        chosen = address.choose(None if wanted == DEFAULT_ROUTE else wanted)
    except address.AddressUnfit as error:
        raise CommandFailed("address_unfit", str(error), Exit.USAGE) from error
    return Phones(chosen, time.time() + opening.OPEN_SECONDS)


def bring_up(
    root: Path,
    console: Console,
    *,
    fresh: bool,
    phones: Phones | None = None,
    engine: str = MOTION,
) -> LocalStack:
    """Start, deploy, sign up the demo's users, certify the signing key, write the profile.

    What is there already is kept, but phones are let in only if that is asked for now. Raises
    StackError, and CommandFailed for what a deployment meets.
    """
    from local import deploy  # noqa: PLC0415 - only when it is run
    from local import stack as stacks  # noqa: PLC0415 - the same
    from local.lan import opening  # noqa: PLC0415 - the same

    if fresh:
        with _step(console, "stop") as note:
            note("stopped" if stacks.stop(root) else "nothing ran")
    with _step(console, "processes") as note:
        known = stacks.find(root)
        stack = stacks.start(root, engine=engine)
        kept = known is not None and known.servers == stack.servers
        names = ", ".join(server.name for server in stack.servers)
        note(f"{names} {'run already' if kept else 'started'}")
    origin = None if phones is None else opening.origin(stack, phones.address)
    if stack.lan is not None:
        with _step(console, "phones") as note:
            stack = opening.close(stack)
            note("shut out" if origin is None else "shut out for a moment")
    parameters = {
        **PARAMETERS,
        "LocalEngine": engine,
        **(origin.parameters if origin else {}),
    }
    with _step(console, "changes") as note:
        state = signature(stack, parameters)
        unchanged = kept and is_complete(stack.state_dir, state)
        note("none since it was brought up" if unchanged else "to be deployed")
    if not unchanged:
        with _aws_failures():
            _deploy(stack, console, parameters)
        (stack.state_dir / RECORD).write_text(state)
    if phones is not None and origin is not None:
        with _step(console, "phones") as note, _aws_failures():
            outputs = deploy.outputs_of(stack)
            stack = opening.serve(stack, outputs, origin, closes_at=phones.closes_at)
            note(f"let in at {origin.url}")
    return stack


def _deploy(stack: LocalStack, console: Console, parameters: Mapping[str, str]) -> None:
    """Deploy, sign up the users, certify the key, write the profile."""
    from local import certificates, deploy, users  # noqa: PLC0415 - boto3: only once needed

    with _step(console, "template") as note:
        outputs = deploy.deploy(stack, parameters=parameters)
        absent = [name for name in OUTPUTS if name not in outputs]
        if absent:
            raise CommandFailed(
                "template_invalid", f"template.yaml has no output {', '.join(absent)}"
            )
        deploy.tell_address(stack, outputs, parameters)
        note(f"template.yaml deployed as {outputs['ApiId']}")
    with _step(console, "users") as note:
        signed_up = users.install(stack, outputs)
        note(", ".join(user.username for user in signed_up))
    with _step(console, "certificate") as note:
        root_file = certificates.install(
            stack.client("ssm"),
            stack.client("kms"),
            outputs["SigningKey"],
            outputs["CertificateChainParameter"],
            outputs["TrustAnchorsParameter"],
            folder=stack.state_dir,
        )
        note(f"signing key certified by {root_file.name}")
    with _step(console, "profile") as note:
        path = write_profile(stack, outputs, signed_up[0], root_file)
        note(f"{path.parent.name}/{path.name}")


def signature(stack: LocalStack, parameters: Mapping[str, str] = PARAMETERS) -> str:
    """Stands for these processes and what is deployed to them: a change of either changes it.

    Files count by size and time of writing: that costs milliseconds, reading them a second.
    """
    files = (file for name in SOURCES for file in _files(stack.project_root / name))
    facts = [
        *(asdict(server) for server in stack.servers),
        dict(parameters),
        *((str(file), (found := file.stat()).st_size, found.st_mtime_ns) for file in files),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def is_complete(state_dir: Path, state: str) -> bool:
    """Whether the last `up` went through to its end with this very signature."""
    record = state_dir / RECORD
    profile = state_dir / profiles.path_of(profiles.LOCAL).name
    return profile.is_file() and record.is_file() and record.read_text() == state


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        yield from (Path(folder) / name for name in sorted(names))


def write_profile(
    stack: LocalStack, outputs: Mapping[str, str], user: DemoUser, root_file: Path
) -> Path:
    """Write what `enliven create` needs to know, readable by its owner only."""
    from local import deploy  # noqa: PLC0415 - boto3: only once needed

    path = stack.state_dir / profiles.path_of(profiles.LOCAL).name
    content = {
        "api_url": deploy.api_url(stack, outputs),
        "cognito_url": stack.endpoint,
        "client_id": outputs["UserPoolClientId"],
        "region": outputs["UserPoolId"].partition("_")[0],
        "username": user.username,
        "password": user.password,
        "root_certificate": root_file.name,
        "stack": STACK_NAME,
        "aws_endpoint_url": stack.endpoint,
    }
    private = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(private, "w") as file:
        path.chmod(0o600)  # also if it was there before, with another mode
        file.write(json.dumps(content, indent=2) + "\n")
    return path


@contextmanager
def stack_failures() -> Iterator[None]:
    """Convert the stack's failures, once, into a line for the user; a log's tail follows it."""
    from local.processes import StackError  # noqa: PLC0415 - only when it is run

    try:
        yield
    except StackError as error:
        sentence, _, log = str(error).partition("\n")
        raise CommandFailed("stack_failed", sentence, log=log) from error
    except OSError as error:
        raise CommandFailed("stack_failed", f"{error.filename}: {error.strerror}") from error


@contextmanager
def _aws_failures() -> Iterator[None]:
    """Convert what a deployment can meet besides StackError."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - boto3 is slow

    from local.packaging import TemplateError  # noqa: PLC0415 - the same

    try:
        yield
    except TemplateError as error:
        raise CommandFailed("template_invalid", str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise CommandFailed("local_aws_failed", str(error)) from error


@contextmanager
def _step(console: Console, name: str) -> Iterator[Callable[[str], None]]:
    """A line a step, with what was done and how long it took; a spinner before on a terminal."""
    notes: list[str] = []
    began = time.monotonic()
    with console.status(f"{name} …"):
        yield notes.append
    took = milliseconds(round((time.monotonic() - began) * 1000))
    line = Text("✓ ", "green").append(f"{name:<13}", "")
    line.append(f"{printable('; '.join(notes)):<50}", "dim").append(f"{took:>11}")
    console.print(line)
