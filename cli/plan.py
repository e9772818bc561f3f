"""What shall be deployed: the parameters of samconfig.toml and of the command line, checked."""

from __future__ import annotations

import shlex
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cli import costs
from cli.outcome import CommandFailed, Exit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: What CloudFormation needs to hear for roles and for the SAM transform.
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")


@dataclass(frozen=True)
class Plan:
    """A stack's name and its parameters, as far as they are given."""

    environment: str
    stack_name: str
    parameters: Mapping[str, str]
    template: Mapping[str, Any]

    def value(self, name: str) -> str:
        """A parameter as CloudFormation will see it."""
        default = self.template["Parameters"][name].get("Default", "")
        return self.parameters.get(name, str(default))

    @property
    def engine(self) -> str:
        """Which engine."""
        return self.value("Engine")

    @property
    def instance(self) -> str:
        """The endpoint's instance type."""
        return str(self.template["Mappings"]["Engines"][self.engine]["InstanceType"])

    @property
    def reserved(self) -> int:
        """How much of the account's concurrency the functions reserve, all together."""
        reserving = [
            each["Properties"]["ReservedConcurrentExecutions"]["Fn::If"][1]["Ref"]
            for each in self.template["Resources"].values()
            if "ReservedConcurrentExecutions" in each.get("Properties", {})
        ]
        return sum(int(self.value(name)) for name in reserving)

    def continuing(self, found: Mapping[str, Any] | None) -> Plan:
        """The same, with what a stack that is there was given before and nobody gives now."""
        before = {
            each["ParameterKey"]: each["ParameterValue"]
            for each in (found or {}).get("Parameters", [])
            if each["ParameterKey"] in self.template["Parameters"]
        }
        return replace(self, parameters={**before, **self.parameters})

    def cost_at_rest(self) -> list[costs.Item]:
        """What a month without a story costs."""
        return costs.month(0, self.engine, int(self.value("MinInstances")))


def read(root: Path, environment: str, stack: str | None, given: Sequence[str]) -> Plan:
    """The plan of an environment of samconfig.toml, with parameters `given` as NAME=VALUE.

    Raises CommandFailed for what the template does not have or does not allow.
    """
    from samtranslator.yaml_helper import yaml_parse  # noqa: PLC0415 - slow, and only for this

    config = tomllib.loads((root / "samconfig.toml").read_text("utf-8"))
    known = [name for name in config if isinstance(config[name], dict) and "deploy" in config[name]]
    if environment not in known:
        raise CommandFailed(
            "environment_unknown",
            f"samconfig.toml has no environment {environment!r}; it has {', '.join(known)}",
            Exit.USAGE,
        )
    said = config[environment]["deploy"]["parameters"]
    template = yaml_parse((root / "template.yaml").read_text("utf-8"))
    parameters = {}
    for pair in (*shlex.split(said["parameter_overrides"]), *given):
        name, equals, value = pair.partition("=")
        _check(template["Parameters"], name, value, pair if not equals else None)
        parameters[name] = value
    return Plan(environment, stack or said["stack_name"], parameters, template)


def _check(known: Mapping[str, Any], name: str, value: str, malformed: str | None) -> None:
    if malformed is not None:
        raise CommandFailed(
            "parameter_invalid", f"{malformed!r}: a parameter is NAME=VALUE", Exit.USAGE
        )
    if name not in known:
        raise CommandFailed(
            "parameter_invalid",
            f"template.yaml has no parameter {name!r}; it has {', '.join(sorted(known))}",
            Exit.USAGE,
        )
    allowed = known[name].get("AllowedValues")
    if allowed is not None and value not in {str(each) for each in allowed}:
        raise CommandFailed(
            "parameter_invalid",
            f"{name}={value}: must be one of {', '.join(str(each) for each in allowed)}",
            Exit.USAGE,
        )
    if known[name]["Type"] == "Number" and not value.isdecimal():
        raise CommandFailed("parameter_invalid", f"{name}={value}: must be a number", Exit.USAGE)
