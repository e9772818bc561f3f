"""The laptop stack: the local AWS, the AI stand-ins and the model endpoint's own server.

    emulator   ministack, patched (local/emulator): S3, Step Functions, Lambda, DynamoDB, KMS, …
    standins   Rekognition, Bedrock Guardrails and SageMaker Runtime (local/standins)
    model      the server that the SageMaker container runs (model_endpoint.serve)

all on the loopback; a fourth, which `local/lan` starts when it is asked to, lets phones in.
Nothing is kept over a restart. What runs is written to `.enliven/stack.json`.
"""

import contextlib
import fcntl
import json
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from local import engine as engines
from local import environments, processes
from local.environments import ACCESS_KEY, REGION, SECRET_KEY, STACK_NAME
from local.processes import Server, StackError

#: Of the template: no SageMaker here, nothing that has to outlive the stack, no concurrency to
#: reserve where there are two cores, and no user whom anybody has to be protected from.
PARAMETERS = {
    "Engine": "none",
    "DeletionProtection": "false",
    "ApiConcurrency": "0",
    "StateConcurrency": "0",
    "CheckConcurrency": "0",
    # An instance's share is a twentieth: 40 calls a second, and the stand-ins take 50 as AWS does.
    "RekognitionQuota": "800",
    # As many cores as a laptop surely has: more calls at once only wait for each other.
    "RekognitionConcurrency": "2",
    "DailyStoriesPerUser": "100000",
    "RequestsPerMinute": "100000",
    "ChecksPerHour": "100000",
    "ChecksPerHourOfAll": "100000",
}
#: What template.yaml calls its event bus in a stack of that name.
PROGRESS_BUS = f"{STACK_NAME}-stories"
STATE_FOLDER = ".enliven"

#: What presigned URLs and forms are signed with is another matter: they may be used from the LAN,
#: so it is drawn anew for each start. Published, anybody could sign their own.
_SECRET_BYTES = 32

_READY_SECONDS = 60.0
#: Where the emulator keeps the keys that its user pools sign tokens with, below the state folder.
#: Its own default is one folder for all stacks of a machine, which everybody can read.
EMULATOR_FOLDER = "emulator"
SIGNING_KEYS = f"{EMULATOR_FOLDER}/cognito-pool-keys"
EMULATOR_HEALTH = "/_ministack/ready"
MODEL_SERVER = ("-m", "model_endpoint.serve")
_STANDINS = ("-m", "local.standins")
_REPLACED = "the stack was stopped or started anew by somebody else meanwhile"


@dataclass(frozen=True)
class LocalStack:
    """A running stack and how to reach it."""

    project_root: Path
    state_dir: Path
    strict_auth: bool
    emulator: Server
    standins: Server
    model: Server
    #: The template's outputs; empty until it was deployed.
    outputs: Mapping[str, str] = field(default_factory=dict)
    #: What the emulator's functions sign with; never printed.
    secret_key: str = field(default=SECRET_KEY, repr=False)
    #: The front server for phones, if it was asked for.
    lan: Server | None = None
    #: One of local.engine.ENGINES.
    engine: str = engines.MOTION

    @property
    def servers(self) -> tuple[Server, Server, Server]:
        """The three processes that make the stack."""
        return (self.emulator, self.standins, self.model)

    @property
    def endpoint(self) -> str:
        """The local AWS."""
        return self.emulator.url

    @property
    def log_dir(self) -> Path:
        """Where the processes write."""
        return self.state_dir / "logs"

    def environment(self) -> dict[str, str]:
        """What makes boto3 of another process talk to this stack."""
        return environments.of_aws(self.endpoint, self.standins.url, self.secret_key)

    def client(self, service: str) -> Any:
        """A boto3 client of the local AWS, as its administrator."""
        import boto3  # noqa: PLC0415 - half a second that `down` and `status` need not pay

        environment = self.environment()
        variable = f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"
        # The service is only known when called: boto3's overloads cannot apply.
        session: Any = boto3.session.Session(
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=self.secret_key,
            region_name=REGION,
        )
        return session.client(service, endpoint_url=environment.get(variable, self.endpoint))


def start(
    project_root: Path,
    *,
    state_dir: Path | None = None,
    strict_auth: bool = False,
    model_server: tuple[str, ...] = MODEL_SERVER,
    engine: str = engines.MOTION,
) -> LocalStack:
    """Start the three processes, or find them running.

    `strict_auth` lets the emulator check signatures and role policies. `model_server` is what the
    engine's interpreter runs as the model endpoint. Raises StackError.
    """
    engines.interpreter(project_root, engine)  # before what runs is stopped for it
    state_dir = state_dir or project_root / STATE_FOLDER
    with _exclusive(state_dir):
        running = _read(project_root, state_dir)
        if running is not None:
            healthy = all(server.is_healthy() for server in running.servers)
            if healthy and (running.strict_auth, running.engine) == (strict_auth, engine):
                return running
            processes.stop(_all(running))
        started: list[Server] = []
        try:
            return _start(
                project_root, state_dir, strict_auth, model_server, started, engine=engine
            )
        except BaseException:
            processes.stop(started)
            raise


def stop(project_root: Path, *, state_dir: Path | None = None) -> bool:
    """Stop what runs; says whether anything did."""
    state_dir = state_dir or project_root / STATE_FOLDER
    with _exclusive(state_dir):
        running = _read(project_root, state_dir)
        if running is None:
            return False
        alive = any(server.is_alive() for server in _all(running))
        processes.stop(_all(running))
        _state_file(state_dir).unlink()
        return alive


def find(project_root: Path, *, state_dir: Path | None = None) -> LocalStack | None:
    """The stack that was started, whether or not its processes are well; None if there is none."""
    return _read(project_root, state_dir or project_root / STATE_FOLDER)


def restart_standins(stack: LocalStack) -> LocalStack:
    """Start the stand-ins anew where they were, and wait for them; nothing else is touched.

    What still runs of them is stopped. Raises StackError if the stack is another one by now.
    """
    with _exclusive(stack.state_dir):
        running = _read(stack.project_root, stack.state_dir)
        if running is None or running.servers != stack.servers:
            raise StackError(_REPLACED)
        before = running.standins
        processes.stop([before])
        aws = environments.inherited() | environments.of_aws(
            stack.endpoint, before.url, stack.secret_key
        )
        standins = processes.start(
            before.name,
            [sys.executable, *_STANDINS],
            port=before.port,
            health=before.health,
            directory=stack.project_root,
            environment=environments.of_standins(
                environments.inherited() | aws, before.port, stack.model.url
            ),
            log=Path(before.log),
        )
        _write(kept := replace(running, standins=standins))
        processes.wait_until_healthy(standins, _READY_SECONDS)
        return kept


def keep_lan(stack: LocalStack, lan: Server | None) -> LocalStack:
    """Record the front server for phones, or that there is none, so that `stop` finds it.

    One that ran before is stopped. Raises StackError if the stack was stopped meanwhile.
    """
    with _exclusive(stack.state_dir):
        running = _read(stack.project_root, stack.state_dir)
        if running is None or running.servers != stack.servers:
            raise StackError(_REPLACED)
        if running.lan is not None and running.lan != lan:
            processes.stop([running.lan])
        kept = replace(stack, lan=lan)
        _write(kept)
        return kept


def _all(stack: LocalStack) -> tuple[Server, ...]:
    """Every process that runs; who lets others in is stopped first."""
    return stack.servers if stack.lan is None else (stack.lan, *stack.servers)


def _start(
    project_root: Path,
    state_dir: Path,
    strict_auth: bool,
    model_server: tuple[str, ...],
    started: list[Server],
    *,
    engine: str,
) -> LocalStack:
    emulator_port, standins_port, model_port = processes.free_ports(3)
    emulator_url = f"http://127.0.0.1:{emulator_port}"
    standins_url = f"http://127.0.0.1:{standins_port}"
    secret_key = secrets.token_hex(_SECRET_BYTES)
    aws = environments.inherited() | environments.of_aws(emulator_url, standins_url, secret_key)

    def launch(
        name: str,
        arguments: tuple[str, ...],
        port: int,
        health: str,
        environment: dict[str, str],
        *,
        python: str = sys.executable,
    ) -> Server:
        server = processes.start(
            name,
            [python, *arguments],
            port=port,
            health=health,
            directory=project_root,
            environment=environment,
            log=state_dir / "logs" / f"{name}.log",
        )
        started.append(server)
        return server

    emulator = launch(
        "emulator",
        ("-m", "local.emulator"),
        emulator_port,
        EMULATOR_HEALTH,
        environments.of_emulator(
            emulator_port,
            standins_url,
            strict_auth=strict_auth,
            folder=state_dir / EMULATOR_FOLDER,
            secret_key=secret_key,
        ),
    )
    standins = launch(
        "standins",
        _STANDINS,
        standins_port,
        "/ping",
        environments.of_standins(aws, standins_port, f"http://127.0.0.1:{model_port}"),
    )
    model = launch(
        "model",
        model_server,
        model_port,
        "/ping",
        aws
        | environments.THREAD_LIMITS
        | {
            "SAGEMAKER_BIND_TO_PORT": str(model_port),
            "PROGRESS_BUS": PROGRESS_BUS,
            # As in its container, `story` is importable beside it.
            "PYTHONPATH": str(project_root / "functions"),
        }
        | engines.environment(project_root, engine),
        python=engines.interpreter(project_root, engine),
    )
    stack = LocalStack(
        project_root,
        state_dir,
        strict_auth,
        emulator,
        standins,
        model,
        secret_key=secret_key,
        engine=engine,
    )
    for server in stack.servers:
        processes.wait_until_healthy(server, engines.ready_seconds(engine))
    _write(stack)
    return stack


def _state_file(state_dir: Path) -> Path:
    return state_dir / "stack.json"


def _write(stack: LocalStack) -> None:
    document = {
        "strict_auth": stack.strict_auth,
        "engine": stack.engine,
        "secret_key": stack.secret_key,
        "servers": {server.name: asdict(server) for server in stack.servers},
        "lan": None if stack.lan is None else asdict(stack.lan),
    }
    path = _state_file(stack.state_dir)
    private = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(private, "w") as file:
        path.chmod(0o600)  # also if it was there before, with another mode
        file.write(json.dumps(document, indent=2) + "\n")


def _read(project_root: Path, state_dir: Path) -> LocalStack | None:
    path = _state_file(state_dir)
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_text())
        emulator, standins, model = (
            Server(**document["servers"][name]) for name in ("emulator", "standins", "model")
        )
        return LocalStack(
            project_root,
            state_dir,
            document["strict_auth"],
            emulator,
            standins,
            model,
            secret_key=document["secret_key"],
            engine=document["engine"],
            lan=None if document["lan"] is None else Server(**document["lan"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise StackError(
            f"{path} is not a record of this version's stack ({error!r}); "
            "end its processes and delete it"
        ) from error


@contextlib.contextmanager
def _exclusive(state_dir: Path) -> Iterator[None]:
    """One starter or stopper at a time; the others wait."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
