"""A SAM template and its code, made ready for CloudFormation without the SAM or AWS command line.

Each distinct folder is zipped once, reproducibly, and named by its digest; the template refers to
the uploaded objects instead of the folders. The SAM transform itself is CloudFormation's work.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

#: Properties that name a local folder, by resource type.
_FOLDERS = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}
#: Properties that name a local file.
_FILES = {
    "AWS::Serverless::StateMachine": "DefinitionUri",
    "AWS::Serverless::HttpApi": "DefinitionUri",
}
_NOT_PACKAGED = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
#: A zip's earliest time: the digest must not depend on when a file was written.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_READABLE_FILE = 0o644 << 16


class TemplateError(Exception):
    """The template cannot be packaged; the message names the resource."""


@dataclass
class Package:
    """What has to be in the bucket before the template can be deployed."""

    template: dict[str, Any]
    #: Key in the packaging bucket -> bytes.
    objects: dict[str, bytes] = field(default_factory=dict)

    @property
    def body(self) -> str:
        """The template as JSON, which CloudFormation reads as well as YAML."""
        return json.dumps(self.template, indent=1)

    @property
    def digest(self) -> str:
        """Names this template with this code; the objects' keys, which it holds, are digests."""
        return hashlib.sha256(self.body.encode()).hexdigest()


def package(template_path: Path, bucket: str, *, compiled: bool = False) -> Package:
    """Read a template and collect what it refers to, as objects of `bucket`.

    A build's own byte code belongs into its zips (`compiled`); that of a checkout does not.
    Raises TemplateError for a reference to something that is not there.
    """
    template = yaml_parse(template_path.read_text())
    if not isinstance(template, dict) or "Resources" not in template:
        raise TemplateError(f"{template_path} is not a CloudFormation template: no Resources")
    result = Package(template)
    packed: dict[Path, str] = {}

    def upload(reference: str, where: str, *, folder: bool) -> str:
        path = (template_path.parent / reference).resolve()
        if not (path.is_dir() if folder else path.is_file()):
            kind = "folder" if folder else "file"
            raise TemplateError(f"{where}: {reference} is not a {kind} beside {template_path}")
        if path not in packed:
            content = _zip(path, compiled=compiled) if folder else path.read_bytes()
            suffix = ".zip" if folder else path.suffix
            packed[path] = hashlib.sha256(content).hexdigest() + suffix
            result.objects[packed[path]] = content
        return f"s3://{bucket}/{packed[path]}"

    for where, kind, properties in _packaged(template):
        for table, folder in ((_FOLDERS, True), (_FILES, False)):
            name = table.get(kind)
            if name in properties and isinstance(properties[name], str):
                properties[name] = upload(properties[name], f"{where}.{name}", folder=folder)
    return result


def stamp(template: dict[str, Any], parameters: Mapping[str, str]) -> None:
    """Let each function's version be named by all that it depends on, `parameters` included.

    Left alone, SAM publishes a version, which the alias `live` leads to, only when the function's
    code is another: a changed parameter, variable or layer would never come to live.
    """
    resources = template["Resources"]
    shared = {
        "globals": template.get("Globals", {}),
        "parameters": {
            name: str(parameters.get(name, declared.get("Default")))
            for name, declared in template.get("Parameters", {}).items()
        },
        "layers": [
            each["Properties"]
            for each in resources.values()
            if each["Type"] == "AWS::Serverless::LayerVersion"
        ],
    }
    for resource in resources.values():
        if resource["Type"] == "AWS::Serverless::Function":
            facts = json.dumps([shared, resource["Properties"]], sort_keys=True, default=str)
            digest = hashlib.sha256(facts.encode()).hexdigest()
            resource["Properties"]["AutoPublishCodeSha256"] = digest


def _packaged(template: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(place, resource type, properties) of everything that may refer to a path."""
    defaults = template.get("Globals", {}).get("Function")
    kinds = [each for each in template["Resources"].values() if each["Type"] in _FOLDERS]
    functions = [each["Properties"] for each in kinds if _FOLDERS[each["Type"]] == "CodeUri"]
    if defaults and all("CodeUri" in each for each in functions):
        # `sam build` gives each function its own and leaves this one, which names nothing there.
        defaults.pop("CodeUri", None)
    if defaults:
        yield "Globals.Function", "AWS::Serverless::Function", defaults
    for name, resource in template["Resources"].items():
        yield name, resource["Type"], resource.get("Properties", {})


def _zip(folder: Path, *, compiled: bool) -> bytes:
    """A folder as a zip that depends on nothing but its files' names and contents."""
    archive = io.BytesIO()
    left_out = _NOT_PACKAGED - ({"__pycache__"} if compiled else set())
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_dir() or left_out.intersection(inside.parts):
                continue
            entry = zipfile.ZipInfo(inside.as_posix(), _ZIP_TIME)
            entry.external_attr = _READABLE_FILE
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())
    return archive.getvalue()
