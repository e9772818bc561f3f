"""`python -m local.sam build|invoke|start-api|list`: what `make` calls."""
# ruff: noqa: T201 - a command line prints

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from local import stack as stacks
from local import users
from local.environments import STACK_NAME
from local.processes import StackError
from local.sam import api, build, emulation, engine, functions, invoke, references, runtime, targets
from local.sam.failure import SamError
from local.sam.golden_story import GoldenStory

if TYPE_CHECKING:
    from argparse import Namespace


ROOT = Path(__file__).resolve().parents[2]
SAM = Path(".venv-sam") / "bin" / "sam"
_PLAYED = "golden-story.json"
_API_LOG = "sam-start-api.log"
_LOG_LINES = 40


def main() -> int:
    """0 if what was asked for is so, 1 with the reason if not."""
    parser = argparse.ArgumentParser(prog="python -m local.sam", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the project, if not this one")
    parser.add_argument("--state-dir", type=Path, help="of the local stack, if not the project's")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="both architectures, from nothing").set_defaults(run=_build)
    commands.add_parser("list", help="what can be invoked").set_defaults(run=_list)
    one = commands.add_parser("invoke", help="run one function on the golden story")
    one.add_argument("target", help="a state, or what `list` names")
    one.add_argument(
        "--without-engine", action="store_true", help="no container: only Lambda's emulator"
    )
    one.add_argument("--own-image", action="store_true", help="an image of this machine's Python")
    one.set_defaults(run=_invoke)
    served = commands.add_parser("start-api", help="serve the API from a container")
    served.add_argument("--port", type=int, default=3000)
    served.add_argument(
        "--own-image", action="store_true", help="an image of this machine's Python"
    )
    served.set_defaults(run=_start_api)
    options = parser.parse_args()
    # Whoever ends this ends it as Ctrl-C does: with all that it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        options.run(options)
    except (SamError, StackError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _build(options: Namespace) -> None:
    root: Path = options.root
    # Before anything that takes long.
    references.check(root / "template.yaml")
    found = runtime.prepare(root, root / functions.BUILD_FOLDER)
    print(f"with {found.python}")
    made = {}
    for architecture in functions.ARCHITECTURES:
        began = time.monotonic()
        made[architecture] = build.build(root, root / SAM, found, architecture)
        print(f"{architecture} built in {time.monotonic() - began:.0f} s")
    build.check_same(*made.values())
    print(build.report(made))


def _list(options: Namespace) -> None:
    del options
    for target in targets.TARGETS.values():
        print(f"{target.name:<16}{target.function}")


def _invoke(options: Namespace) -> None:
    target = targets.named(options.target)
    root: Path = options.root
    story = _story(options)
    found = runtime.prepare(root, root / functions.BUILD_FOLDER)
    made = build.up_to_date(root, root / SAM, found)
    event = target.prepare(story)
    story.remember(story.stack.state_dir / _PLAYED)
    began = time.monotonic()
    if options.without_engine:
        function = made.functions[target.function]
        own = invoke.variables(made, story)[target.function] | story.stack.environment()
        with (
            tempfile.TemporaryDirectory() as folder,
            emulation.emulated(function, found, root / SAM, own, Path(folder)) as emulated,
        ):
            answer = emulated.invoke(event).answer
    else:
        with (
            engine.engine(
                found, root / functions.BUILD_FOLDER, own_image=options.own_image
            ) as running,
            invoke.containers(made, story, running, root / SAM) as containers,
        ):
            began = time.monotonic()
            answer = containers.invoke(target.function, event)
    took = time.monotonic() - began
    print("\n".join(answer.log.strip().splitlines()[-_LOG_LINES:]), file=sys.stderr)
    output = targets.checked(target, story, event, answer.value)
    story.remember(story.stack.state_dir / _PLAYED)
    print(json.dumps(answer.value, indent=2))
    said = f"{target.name} answered as {type(output).__name__} says, in {took:.1f} s"
    print(said, file=sys.stderr)


def _start_api(options: Namespace) -> None:
    root: Path = options.root
    story = _story(options)
    found = runtime.prepare(root, root / functions.BUILD_FOLDER)
    made = build.up_to_date(root, root / SAM, found)
    with (
        engine.engine(found, root / functions.BUILD_FOLDER, own_image=options.own_image) as running,
        invoke.containers(made, story, running, root / SAM) as containers,
        api.serving(made, containers, options.port, story.stack.log_dir / _API_LOG) as url,
    ):
        print(f"{url} serves the API; sam's own words are in {story.stack.log_dir / _API_LOG}")
        token = users.access_token(story.stack, story.outputs, _user(story))
        print(f'curl -H "Authorization: Bearer {token}" {url}/stories\nCtrl-C ends it', flush=True)
        signal.pause()


def _user(story: GoldenStory) -> users.DemoUser:
    kept = json.loads((story.stack.state_dir / users.USERS_FILE).read_text())[0]
    return users.DemoUser(kept["username"], kept["password"], tuple(kept["groups"]))


def _story(options: Namespace) -> GoldenStory:
    running = stacks.find(options.root, state_dir=options.state_dir)
    if running is None or not all(server.is_healthy() for server in running.servers):
        raise SamError("The local stack is not up: `make up` starts it")
    described = running.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
    story = GoldenStory(running, outputs)
    story.recall(running.state_dir / _PLAYED)
    return story


if __name__ == "__main__":
    sys.exit(main())
