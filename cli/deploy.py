"""`enliven deploy`: what it will cost, whether it can work, then build, change and try it.

**Not run on AWS:** against the local AWS and fakes of moto it was, as far as those reach.

0  deployed, and one story became READY       4  something failed; what, and what to do, is said
2  something is missing that you can mend
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import account, asking, certificate, changes, checkout, costs, plan, preflight, smoke
from cli.outcome import CommandFailed, Exit
from cli.words import printable

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable

    from cli.doctor import Check

#: Where `make build` leaves what Lambda in production runs.
BUILT = Path(".aws-sam/arm64/template.yaml")
PHOTO = Path("photos/mountain_clouds.jpg")
OUT = Path("out/deployed.mp4")
MARKS = {"OK": "✓", "weak": "!", "missing": "✗"}


def arguments(command: ArgumentParser) -> None:
    """The arguments of `enliven deploy`."""
    command.add_argument("--environment", default="dev", metavar="NAME", help="of samconfig.toml")
    command.add_argument("--stack", metavar="NAME", help="another name than the environment's")
    command.add_argument("--region", metavar="REGION", help="default: your shell's")
    command.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", help="of template.yaml"
    )
    command.add_argument("--yes", action="store_true", help="answer every question with yes")
    command.add_argument(
        "--check-only", action="store_true", help="say what it costs and what is missing; no more"
    )
    command.add_argument(
        "--throw-away-certificate",
        action="store_true",
        help="where none is installed, one that nobody trusts: to try out",
    )
    command.add_argument("--photo", type=Path, default=PHOTO, help="of the story that tries it")
    command.add_argument(
        "--template", type=Path, metavar="FILE", help="built already; default: `make build` first"
    )


def run(options: Namespace) -> Exit:
    """Everything, in order; each step that changes something asks first."""
    client = account.session(options.region)
    read = plan.read(checkout.ROOT, options.environment, options.stack, options.parameter)
    planned = read.continuing(account.describe(client, read.stack_name))
    _tell_costs(planned)
    missing = _check(preflight.examine(planned, client))
    if missing:
        raise CommandFailed(
            "not_ready",
            f"{planned.stack_name} cannot be deployed: {', '.join(missing)}",
            Exit.USAGE,
        )
    if options.check_only:
        return Exit.OK
    where = client("sts").meta.region_name
    asking.confirm(f"Build and deploy {planned.stack_name} to {where}?", yes=options.yes)
    template = options.template or _build()
    url = changes.upload(template, planned, client, _say)
    change = changes.propose(planned, url, client)
    if change is None:
        print(f"✓ {planned.stack_name} is as it shall be: nothing to change.")
        found = account.describe(client, planned.stack_name) or {}
        outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
        target = account.Target(planned.stack_name, client, outputs, found["StackStatus"])
    else:
        target = _carry_out(change, options, client)
    return _try(target, options)


def _tell_costs(planned: plan.Plan) -> None:
    items = planned.cost_at_rest()
    print(
        f"{planned.stack_name}: Engine={planned.engine}, MinInstances="
        f"{planned.value('MinInstances')}, at most {planned.value('DailyGenerations')} videos a day"
    )
    for item in items:
        print(f"  {item.cost:>9,.2f}  {item.what}: {costs.quantity(item.quantity)} {item.unit}")
    print(f"  {costs.total(items):>9,.2f}  US$ a month at rest; with stories: enliven costs")


def _check(checks: Iterable[Check]) -> list[str]:
    """Print each check; the names of those that stop the deployment."""
    missing = []
    for found in checks:
        print(f"{MARKS[found.health]} {found.name:<12} {printable(found.found)}")
        if found.remedy and found.health != "OK":
            print(f"  → {found.remedy}")
        if found.health == "missing":
            missing.append(found.name)
    return missing


def _build() -> Path:
    done = subprocess.run(["make", "build"], cwd=checkout.ROOT, check=False)  # noqa: S607 - make is where the machine has it
    if done.returncode:
        raise CommandFailed("build_failed", "`make build` failed; what it said is above")
    template = checkout.ROOT / BUILT
    if not template.is_file():
        raise CommandFailed("build_failed", f"`make build` left no {BUILT}")
    return template


def _carry_out(
    change: changes.ChangeSet, options: Namespace, client: Callable[[str], Any]
) -> account.Target:
    print(f"The changes to {change.stack_name}:")
    for line in change.lines:
        print(f"  {line}")
    try:
        asking.confirm("Carry them out?", yes=options.yes)
    except CommandFailed:
        changes.discard(change, client)
        raise
    return changes.execute(change, client, _say)


def _try(target: account.Target, options: Namespace) -> Exit:
    """One story to READY, once it can be signed."""
    print(f"✓ deployed. API {target.outputs['ApiUrl']}, dashboard {target.outputs['Dashboard']}")
    told = certificate.standing(target)
    if not told.days and options.throw_away_certificate:
        print(f"! {certificate.install_throw_away(target)}.")
    elif not told.days:
        print(f"! No story can be signed: {told.told}.")
        print(f"  enliven certificate csr --stack {target.stack_name} asks for one; then")
        print(f"  enliven certificate install chain.pem --stack {target.stack_name}")
        raise CommandFailed(
            "certificate_missing",
            "deployed, but not tried: without a certificate no story becomes READY",
            Exit.USAGE,
        )
    print("One story, to try it:")
    return smoke.story(target, checkout.ROOT / options.photo, checkout.ROOT / OUT)


def _say(line: str) -> None:
    print(f"  {line}", flush=True)
