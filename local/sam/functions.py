"""What a build holds, read from the template that `sam build` left with it."""

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse
from yaml import YAMLError

from local.sam.failure import SamError

ARCHITECTURES = ("x86_64", "arm64")
BUILD_FOLDER = ".aws-sam"
_FUNCTION = "AWS::Serverless::Function"
_LAYER = "AWS::Serverless::LayerVersion"
#: What platform.machine() calls the processors that Lambda has.
_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def host_architecture() -> str:
    """Lambda's name of this machine's processor. Raises SamError for one that Lambda lacks."""
    machine = platform.machine().lower()
    if machine not in _MACHINES:
        raise SamError(f"This machine is {machine}; Lambda runs {' and '.join(ARCHITECTURES)}")
    return _MACHINES[machine]


@dataclass(frozen=True)
class Function:
    """One function of a build."""

    name: str
    handler: str
    #: Its own code with what it requires, then its layers' import roots.
    code: Path
    layers: tuple[Path, ...]
    memory_mb: int
    timeout_s: int
    #: The names that the template declares; their values are the deployment's.
    variables: tuple[str, ...]

    @property
    def package(self) -> str:
        """The package that holds its handler: "inspect_photo"."""
        return self.handler.partition(".")[0]

    @property
    def import_path(self) -> tuple[Path, ...]:
        """Where Lambda lets it import from, its own things first, without the runtime's."""
        return (self.code, *(layer / "python" for layer in self.layers))


def read(built_template: Path) -> dict[str, Function]:
    """The functions of a built template by their logical ids.

    Raises SamError if there is no build.
    """
    template = load(built_template)
    folder = built_template.parent
    shared = template.get("Globals", {}).get("Function", {})
    return {
        name: _function(name, shared, resource["Properties"], template["Resources"], folder)
        for name, resource in template["Resources"].items()
        if resource["Type"] == _FUNCTION
    }


def load(template_path: Path) -> dict[str, Any]:
    """A template as CloudFormation's JSON. Raises SamError if it is not there or not one."""
    if not template_path.is_file():
        raise SamError(f"{template_path} is not there: `make build` makes it")
    try:
        template = yaml_parse(template_path.read_text("utf-8"))
    except YAMLError as error:
        raise SamError(f"{template_path} is no YAML: {error}") from error
    if not isinstance(template, dict) or "Resources" not in template:
        raise SamError(f"{template_path} is not a CloudFormation template: no Resources")
    return template


def _function(
    name: str,
    shared: dict[str, Any],
    own: dict[str, Any],
    resources: dict[str, Any],
    folder: Path,
) -> Function:
    told = shared | own
    variables = [
        variable
        for properties in (shared, own)
        for variable in properties.get("Environment", {}).get("Variables", {})
    ]
    return Function(
        name=name,
        handler=told["Handler"],
        code=folder / told["CodeUri"],
        layers=tuple(_layer(layer["Ref"], resources, folder) for layer in told.get("Layers", [])),
        memory_mb=int(told["MemorySize"]),
        timeout_s=int(told["Timeout"]),
        variables=tuple(dict.fromkeys(variables)),
    )


def _layer(name: str, resources: dict[str, Any], folder: Path) -> Path:
    if resources.get(name, {}).get("Type") != _LAYER:
        raise SamError(f"The template has no layer {name}")
    return folder / str(resources[name]["Properties"]["ContentUri"])
