"""Template values as CloudFormation would hand them to a service, for given parameters.

Only the functions that the endpoint's resources use; any other raises. An attribute or a reference
of another resource is whatever `known` says, else a name made from it.
"""

import re
from collections.abc import Mapping
from typing import Any

from tests.contract.definition import RESOURCES, TEMPLATE

REGION, ACCOUNT = "us-east-1", "123456789012"
NOTHING = object()
_PSEUDO = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::StackName": "enliven",
    "AWS::NoValue": NOTHING,
}


class Stack:
    """The template with parameters."""

    def __init__(
        self, parameters: Mapping[str, str], known: Mapping[str, str] | None = None
    ) -> None:
        defaults = {name: each.get("Default") for name, each in TEMPLATE["Parameters"].items()}
        self._values = {**defaults, **parameters, **_PSEUDO}
        self.known = dict(known or {})

    def properties(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.value(RESOURCES[name]["Properties"])
        return found

    def holds(self, condition: Any) -> bool:  # noqa: PLR0911 - one a function
        if isinstance(condition, str):
            return self.holds(TEMPLATE["Conditions"][condition])
        ((function, given),) = condition.items()
        match function:
            case "Condition":
                return self.holds(given)
            case "Fn::Equals":
                return bool(self.value(given[0]) == self.value(given[1]))
            case "Fn::Not":
                return not self.holds(given[0])
            case "Fn::And":
                return all(map(self.holds, given))
            case "Fn::Or":
                return any(map(self.holds, given))
            case "Fn::Contains":
                return self.value(given[1]) in self.value(given[0])
        raise NotImplementedError(function)

    def refusals(self) -> list[str]:
        """What the template's rules say against the parameters."""
        return [
            assertion["AssertDescription"]
            for rule in TEMPLATE["Rules"].values()
            if self.holds(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self.holds(assertion["Assert"])
        ]

    def value(self, given: Any) -> Any:
        if isinstance(given, list):
            return [found for each in given if (found := self.value(each)) is not NOTHING]
        if not isinstance(given, dict):
            return given
        ((function, argument),) = given.items() if len(given) == 1 else ((None, None),)
        if function == "Ref" or (function or "").startswith("Fn::"):
            return self._call(str(function), argument)
        found = {name: self.value(each) for name, each in given.items()}
        return {name: each for name, each in found.items() if each is not NOTHING}

    def _call(self, function: str, given: Any) -> Any:  # noqa: PLR0911 - the same
        match function:
            case "Ref":
                return self._values[given] if given in self._values else self._made(given)
            case "Fn::GetAtt":
                return self._made(given if isinstance(given, str) else ".".join(given))
            case "Fn::If":
                return self.value(given[1] if self.holds(given[0]) else given[2])
            case "Fn::FindInMap":
                name, first, second = map(self.value, given)
                return TEMPLATE["Mappings"][name][first][second]
            case "Fn::Select":
                return self.value(given[1])[int(given[0])]
            case "Fn::Split":
                return self.value(given[1]).split(given[0])
            case "Fn::Sub":
                text, more = given if isinstance(given, list) else (given, {})
                own = {name: self.value(each) for name, each in more.items()}
                return re.sub(
                    r"\$\{([\w.:]+)\}",
                    lambda found: str(
                        own[found[1]]
                        if found[1] in own
                        else self._values.get(found[1]) or self._made(found[1])
                    ),
                    text,
                )
        raise NotImplementedError(function)

    def _made(self, name: str) -> str:
        if name in self.known:
            return self.known[name]
        resource, _, attribute = name.partition(".")
        service = RESOURCES[resource]["Type"].split("::")[1].lower()
        if attribute == "Arn" and service == "iam":
            return f"arn:aws:iam::{ACCOUNT}:role/{resource}"
        if attribute == "Arn" and service == "s3":
            return f"arn:aws:s3:::{resource.lower()}"
        if attribute == "Arn" or service == "sns":
            return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
        return resource.lower() if service == "s3" else resource
