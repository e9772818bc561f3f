"""Invoking a built function as Lambda would: an event in, an answer out, in a container."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.sam import engine, functions
from local.sam.build import Build
from local.sam.engine import Engine
from local.sam.failure import SamError
from local.sam.golden_story import GoldenStory

_INVOKE_SECONDS = 300
#: Of the template that only `sam local` reads, beside the one that is deployed.
_LOCAL_TEMPLATE = "local.template.json"
_SERVICES = "AWS_ENDPOINT_URL"


@dataclass(frozen=True)
class Answer:
    """What an invocation gave."""

    value: Any
    #: The function's log, and sam's own words.
    log: str


def variables(build: Build, story: GoldenStory) -> dict[str, dict[str, str]]:
    """Each function's variables: the names that its build declares, with the deployment's values.

    Raises SamError for a name that the deployed stack does not give the function.
    """
    client = story.client("lambda")
    found: dict[str, dict[str, str]] = {}
    for name, function in build.functions.items():
        told = client.get_function_configuration(FunctionName=story.physical(name))
        deployed = told.get("Environment", {}).get("Variables", {})
        missing = sorted(set(function.variables) - set(deployed))
        if missing:
            raise SamError(
                f"The running stack gives {name} no {', '.join(missing)}, which template.yaml "
                "declares: `make up` deploys what has changed"
            )
        found[name] = {variable: deployed[variable] for variable in function.variables}
    return found


def endpoints(story: GoldenStory, urls: Mapping[int, str]) -> dict[str, str]:
    """What makes boto3 in a container talk to the local stack, and to nothing else."""
    stack = story.stack
    replaced = {stack.emulator.url: urls[stack.emulator.port]}
    replaced[stack.standins.url] = urls[stack.standins.port]
    return {
        name: replaced[value]
        for name, value in stack.environment().items()
        if name.startswith(_SERVICES)
    }


def write_template(build: Build, environment: dict[str, dict[str, str]]) -> Path:
    """The built template with the local stack's values: `sam local` resolves no reference.

    It stands beside the built one, whose relative paths it keeps.
    """
    template = functions.load(build.template)
    template["Parameters"]["Architecture"]["Default"] = build.architecture
    for name, values in environment.items():
        template["Resources"][name]["Properties"]["Environment"] = {"Variables": values}
    path = build.folder / _LOCAL_TEMPLATE
    # A copy of a build may share its files with it.
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(template, indent=1))
    return path


@contextmanager
def containers(
    build: Build, story: GoldenStory, found: Engine, sam: Path
) -> Iterator["Containers"]:
    """`sam local` on the golden story's stack, as long as the block runs."""
    stack = story.stack
    own = variables(build, story)
    with found.reaching([stack.emulator.port, stack.standins.port]) as urls:
        reached = endpoints(story, urls)
        template = write_template(build, {name: own[name] | reached for name in own})
        with tempfile.TemporaryDirectory(prefix="enliven-layers-") as layers:
            yield Containers(found, sam, template, _environment(stack.environment()), layers)


@dataclass(frozen=True)
class Containers:
    """Invokes functions by `sam local invoke`."""

    engine: Engine
    sam: Path
    template: Path
    environment: dict[str, str]
    layers: str

    def command(self, *arguments: str, template: Path | None = None) -> list[str | Path]:
        """A `sam local` command on this engine, with the local template or another one."""
        found = self.engine
        image = ("--invoke-image", found.invoke_image) if found.invoke_image else ()
        skip = ("--skip-pull-image",) if found.skip_pull else ()
        return [
            *(self.sam, "local", *arguments, "--template-file", template or self.template),
            *("--layer-cache-basedir", self.layers, "--region", "us-east-1", *image, *skip),
        ]

    def invoke(self, function: str, event: dict[str, Any]) -> Answer:
        """Run a function once. Raises SamError if no answer came at all."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(event, file)
            file.flush()
            try:
                ran = engine.run(
                    self.engine,
                    self.command("invoke", function, "--event", file.name),
                    env=self.environment,
                    timeout=_INVOKE_SECONDS,
                )
            except subprocess.TimeoutExpired as error:
                raise SamError(f"{function} gave no answer within {_INVOKE_SECONDS} s") from error
        lines = ran.stdout.strip().splitlines()
        try:
            return Answer(json.loads(lines[-1]), ran.stderr)
        except (IndexError, ValueError) as error:
            said = f"{ran.stdout}\n{ran.stderr}".strip()
            raise SamError(f"{function} gave no answer\n{said}") from error


def _environment(of_stack: dict[str, str]) -> dict[str, str]:
    """For sam itself: the stack's credentials, which it hands to the functions, and few tries."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    credentials = {
        name: value for name, value in of_stack.items() if not name.startswith(_SERVICES)
    }
    return kept | credentials | {"SAM_CLI_TELEMETRY": "0", "AWS_MAX_ATTEMPTS": "1"}
