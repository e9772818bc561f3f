"""The samples of docs/mobile.md as trees, and the requests in them.

What is read here is what our samples use of Swift and Kotlin: calls, literals, dictionaries,
`JSONObject().put(…)` chains, and the declared types of names. Whatever else stands where the
content of a request is expected is an error, not a guess.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_kotlin
import tree_sitter_swift
from tree_sitter import Node

PAGE = Path(__file__).resolve().parents[2] / "docs" / "mobile.md"
_GRAMMARS = {"swift": tree_sitter_swift.language, "kotlin": tree_sitter_kotlin.language}
#: A value of each type that a request's content may have.
_VALUES = {"String": "clouds drift", "Bool": True, "Boolean": True, "Double": 5.0, "Int": 5}


@dataclass(frozen=True)
class Request:
    """One call of the sample's `send`: what of a request it gives."""

    method: str
    #: With {} where a name stands.
    path: str
    body: Any
    given: frozenset[str]


@dataclass(frozen=True)
class Sample:
    """All blocks of one language, as one file."""

    language: str

    @cached_property
    def text(self) -> str:
        """The source."""
        blocks = re.findall(
            rf"^```{self.language}\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
        return "\n".join(blocks)

    @cached_property
    def root(self) -> Node:
        """Its syntax tree."""
        grammar = tree_sitter.Language(_GRAMMARS[self.language]())
        return tree_sitter.Parser(grammar).parse(self.text.encode()).root_node

    def nodes(self, kind: str, below: Node | None = None) -> Iterator[Node]:
        """Every node of a kind, in the order of the text."""
        waiting = [below or self.root]
        while waiting:
            node = waiting.pop()
            if node.type == kind:
                yield node
            waiting += reversed(node.children)

    def calls(self, name: str) -> Iterator[list[tuple[str, Node]]]:
        """(label, value) of each argument, for each call of a function by its bare name."""
        for call in self.nodes("call_expression"):
            if _said(call.named_children[0]) == name:
                yield list(_arguments(call))

    @cached_property
    def requests(self) -> list[Request]:
        """Every request to the API."""
        found = []
        for (_, method), (_, path), *rest in self.calls("send"):
            named = dict(rest)
            found.append(
                Request(
                    _said(method).strip('"'),
                    re.sub(r"\\\(\w+\)|\$\w+", "{}", _said(path).strip('"')),
                    self.value(named["body"]) if "body" in named else None,
                    frozenset(named),
                )
            )
        return found

    @cached_property
    def sign_in_requests(self) -> list[tuple[str, Any]]:
        """(operation, parameters) of every request to Cognito."""
        return [
            (_said(operation).strip('"'), self.value(asked))
            for (_, operation), (_, asked) in self.calls("cognito")
        ]

    @cached_property
    def headers(self) -> set[str]:
        """The names of all headers that are set."""
        return set(
            re.findall(r'(?:(?<!value\()forHTTPHeaderField: |\.header\()"([\w-]+)"', self.text)
        )

    def value(self, node: Node) -> Any:
        """What an expression is in JSON, with an example of its type for each name."""
        match node.type:
            case "line_string_literal" | "string_literal":
                return _said(node).strip('"')
            case "integer_literal" | "real_literal" | "number_literal" | "float_literal":
                return float(_said(node))
            case "array_literal":
                return [self.value(child) for child in node.named_children]
            case "dictionary_literal":
                parts = [self.value(child) for child in node.named_children]
                return dict(zip(parts[::2], parts[1::2], strict=True))
            case "simple_identifier" | "identifier" | "navigation_expression":
                return self._named(_said(node).rpartition(".")[2])
            case "call_expression":
                return self._called(node)
        raise AssertionError(
            f"{self.language}: {node.type} {_said(node)!r} as content of a request"
        )

    def _called(self, node: Node) -> Any:
        callee, arguments = node.named_children[0], list(_arguments(node))
        name = _said(callee)
        if name in {"JSONObject", "JSONArray"}:
            return {} if name == "JSONObject" else []
        if name.endswith(".put"):
            inside = self.value(callee.named_children[0])
            values = [self.value(argument) for _, argument in arguments]
            return (
                [*inside, *values] if isinstance(inside, list) else inside | {values[0]: values[1]}
            )
        # A Swift structure, which is sent with its names in snake case.
        return {snake(label): self.value(argument) for label, argument in arguments}

    def _named(self, name: str) -> Any:
        declared = re.search(rf"\b{name}: (\w+)", self.text)
        if declared and declared[1] in _VALUES:
            return _VALUES[declared[1]]
        if re.search(rf"\b{name}: String\?|\b(?:val|let) {name} = refreshToken\b", self.text):
            return _VALUES["String"]
        for node in self.nodes("property_declaration"):
            if re.match(rf"(?:let|val) {name}\b", _said(node)):
                return self.value(node.named_children[-1])
        raise AssertionError(f"{self.language}: what is {name}?")


def snake(name: str) -> str:
    """As convertToSnakeCase makes it."""
    return re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", name)


def _said(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()


def _arguments(call: Node) -> Iterator[tuple[str, Node]]:
    """(label, value) of each argument of a call."""
    (given,) = (
        node
        for child in call.named_children[1:]
        for node in ([child] if child.type == "value_arguments" else child.named_children)
        if node.type == "value_arguments"
    )
    for argument in given.named_children:
        # Swift has a node for the label, Kotlin an identifier before the equals sign.
        parts = argument.named_children
        yield (_said(parts[0]) if len(parts) > 1 else "", parts[-1])


SAMPLES = {language: Sample(language) for language in _GRAMMARS}
