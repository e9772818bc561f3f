"""What `sam validate` and `sam build` let through: a template that names what is not there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.sam.failure import SamError
from local.sam.functions import load

_SUBSTITUTED = re.compile(r"\$\{([^!}][^}]*)\}")
_STATE_MACHINE = "AWS::Serverless::StateMachine"


def check(template_path: Path) -> None:
    """Raises SamError with every reference of a template that leads nowhere."""
    template = load(template_path)
    known = set(template["Resources"]) | set(template.get("Parameters", {}))
    problems = [
        f"{where} names {name}, which is no resource or parameter of the template"
        for part in ("Globals", "Resources", "Outputs")
        for where, name in _references(template.get(part, {}), part)
        if not _is_known(name, known)
    ]
    for name, resource in template["Resources"].items():
        if resource["Type"] == _STATE_MACHINE:
            problems += _definition(name, resource["Properties"], template_path.parent)
    if problems:
        raise SamError(f"{template_path}: " + "; ".join(problems))


def _definition(name: str, properties: dict[str, Any], folder: Path) -> Iterator[str]:
    path = folder / properties["DefinitionUri"]
    if not path.is_file():
        yield f"{name}.DefinitionUri is {properties['DefinitionUri']}, where no file is"
        return
    asked = set(_SUBSTITUTED.findall(path.read_text("utf-8")))
    given = set(properties.get("DefinitionSubstitutions", {}))
    yield from (
        f"{path.name} has ${{{each}}}, which {name} does not substitute"
        for each in sorted(asked - given)
    )
    yield from (
        f"{name} substitutes {each}, which {path.name} does not have"
        for each in sorted(given - asked)
    )


def _references(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """(place, logical id) of each Ref, GetAtt and Sub inside a value."""
    if isinstance(value, list):
        for inner in value:
            yield from _references(inner, where)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        place = where if key.startswith("Fn::") else f"{where}.{key}"
        if key == "Ref" and isinstance(inner, str):
            yield where, inner
        elif key == "Fn::GetAtt":
            yield where, inner.partition(".")[0] if isinstance(inner, str) else inner[0]
        elif key == "Fn::Sub":
            text, own = (inner, {}) if isinstance(inner, str) else inner
            yield from ((where, each) for each in _SUBSTITUTED.findall(text) if each not in own)
            yield from _references(own, where)
        else:
            yield from _references(inner, place)


def _is_known(name: str, known: set[str]) -> bool:
    """`Function.Version` and `MachineAliaslive` are what SAM makes of a function and a machine."""
    first = name.partition(".")[0]
    return (
        first in known
        or first.startswith("AWS::")
        or any(first.startswith(f"{each}Alias") for each in known)
    )
