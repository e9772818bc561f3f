"""AWS::StepFunctions::StateMachineVersion and ...Alias, which SAM's AutoPublishAlias makes.

ministack's Step Functions knows versions and aliases; its CloudFormation does not.
"""

import json
from typing import Any

from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, str]]


def _answer(resource: str, response: tuple[int, Any, bytes | str]) -> dict[str, Any]:
    status, _, body = response
    if status >= 400:  # noqa: PLR2004 - the first status that is an error
        raise ValueError(f"AWS::StepFunctions::{resource} was refused: {body!r}")
    answer: dict[str, Any] = json.loads(body)
    return answer


def _publish_version(_logical_id: str, props: Properties, _stack_name: str) -> Provisioned:
    request = {
        "stateMachineArn": props["StateMachineArn"],
        "revisionId": props.get("StateMachineRevisionId"),
        "description": props.get("Description", ""),
    }
    published = _answer(
        "StateMachineVersion", stepfunctions._publish_state_machine_version(request)
    )
    arn = published["stateMachineVersionArn"]
    return arn, {"Arn": arn}


def _replace_version(
    _physical_id: str, _old: Properties, new: Properties, stack_name: str
) -> Provisioned:
    """Every property of a version requires replacement: a new one is published.

    The old one stays: SAM gives versions UpdateReplacePolicy Retain.
    """
    return _publish_version("", new, stack_name)


def _delete_version(physical_id: str, _props: Properties) -> None:
    _answer(
        "StateMachineVersion",
        stepfunctions._delete_state_machine_version({"stateMachineVersionArn": physical_id}),
    )


def _routing(props: Properties) -> list[dict[str, Any]]:
    """Where an alias leads; a gradual deployment preference shifts at once here."""
    if "RoutingConfiguration" in props:
        return [
            {
                "stateMachineVersionArn": route["StateMachineVersionArn"],
                "weight": int(route["Weight"]),
            }
            for route in props["RoutingConfiguration"]
        ]
    version = props["DeploymentPreference"]["StateMachineVersionArn"]
    return [{"stateMachineVersionArn": version, "weight": 100}]


def _create_alias(logical_id: str, props: Properties, _stack_name: str) -> Provisioned:
    request = {
        "name": props.get("Name", logical_id),
        "description": props.get("Description", ""),
        "routingConfiguration": _routing(props),
    }
    created = _answer("StateMachineAlias", stepfunctions._create_state_machine_alias(request))
    arn = created["stateMachineAliasArn"]
    return arn, {"Arn": arn}


def _update_alias(
    physical_id: str, _old: Properties, new: Properties, _stack_name: str
) -> Provisioned:
    request = {
        "stateMachineAliasArn": physical_id,
        "description": new.get("Description", ""),
        "routingConfiguration": _routing(new),
    }
    _answer("StateMachineAlias", stepfunctions._update_state_machine_alias(request))
    return physical_id, {"Arn": physical_id}


def _delete_alias(physical_id: str, _props: Properties) -> None:
    _answer(
        "StateMachineAlias",
        stepfunctions._delete_state_machine_alias({"stateMachineAliasArn": physical_id}),
    )


def install() -> None:
    """Register the two resource types."""
    provisioners._RESOURCE_HANDLERS["AWS::StepFunctions::StateMachineVersion"] = {
        "create": _publish_version,
        "update": _replace_version,
        "delete": _delete_version,
    }
    provisioners._RESOURCE_HANDLERS["AWS::StepFunctions::StateMachineAlias"] = {
        "create": _create_alias,
        "update": _update_alias,
        "delete": _delete_alias,
    }
