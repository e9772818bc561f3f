"""The operations of docs/openapi.json, for tests that hold each of them to something."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parent.parent / "docs" / "openapi.json").read_text("utf-8")
)
_POINTER = "#/components/schemas/"


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    said: dict[str, Any]

    @property
    def id(self) -> str:
        """Its operationId."""
        return str(self.said["operationId"])

    @property
    def public(self) -> bool:
        """Whether it asks for no token."""
        return not self.said["security"]

    @property
    def of_a_story(self) -> bool:
        """Whether its path names a story."""
        return "{" in self.path

    @property
    def takes_a_key(self) -> bool:
        """Whether it must be sent with an Idempotency-Key."""
        return any(
            each["name"] == "Idempotency-Key" and each["required"]
            for each in self.said.get("parameters", [])
        )

    @property
    def body(self) -> dict[str, Any] | None:
        """The schema of its JSON body."""
        if "requestBody" not in self.said:
            return None
        schema: dict[str, Any] = self.said["requestBody"]["content"]["application/json"]["schema"]
        return schema

    @property
    def statuses(self) -> frozenset[int]:
        """The statuses that it may answer."""
        return frozenset(map(int, self.said["responses"]))

    def codes(self, status: int) -> frozenset[str]:
        """The codes that it documents for a status."""
        return frozenset(
            re.findall(r"`([a-z_]+)`:", self.said["responses"][str(status)]["description"])
        )

    def path_of(self, story_id: str) -> str:
        """Its path with a story in it."""
        return re.sub(r"\{\w+\}", story_id, self.path)

    def a_body(self) -> Any:
        """The least that it takes; None where it takes nothing."""
        return None if self.body is None else example(self.body)


OPERATIONS = tuple(
    Operation(method.upper(), path, said)
    for path, item in DOCUMENT["paths"].items()
    for method, said in item.items()
)


def example(schema: dict[str, Any]) -> Any:
    """A value that a schema allows: of an object only what is required."""
    if "$ref" in schema:
        return example(DOCUMENT["components"]["schemas"][schema["$ref"].removeprefix(_POINTER)])
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if schema.get("examples") or schema.get("enum"):
        return (schema.get("examples") or schema["enum"])[0]
    if "anyOf" in schema:
        return example(schema["anyOf"][0])
    if schema["type"] == "object":
        return {name: example(schema["properties"][name]) for name in schema.get("required", [])}
    plain = {"string": "clouds drift", "boolean": True, "integer": 5, "number": 5.0, "array": []}
    return plain[schema["type"]]
