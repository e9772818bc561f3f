"""Values as DynamoDB's typed attributes, and back: only the types that our records have.

boto3 brings the same for all types, and with it a tenth of a function's cold start
(docs/benchmarks/cold-start.md); nothing else of boto3 is needed beside botocore's clients.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def dump(value: Any) -> dict[str, Any]:
    """One value with its type; a number keeps its digits. Raises TypeError for any other type."""
    content: Any
    match value:
        case None:
            kind, content = "NULL", True
        case str():
            kind, content = "S", str(value)
        case bool():
            kind, content = "BOOL", value
        case int() | float() | Decimal():
            kind, content = "N", _digits(value)
        case dict():
            kind, content = "M", {name: dump(inner) for name, inner in value.items()}
        case list() | tuple():
            kind, content = "L", [dump(inner) for inner in value]
        case set() | frozenset() if value and all(isinstance(each, str) for each in value):
            kind, content = "SS", sorted(value)
        case _:
            raise TypeError(f"{type(value).__name__} is no type of our records")
    return {kind: content}


def load(attribute: dict[str, Any]) -> Any:
    """The value of a typed attribute; a number comes as Decimal, a set as set."""
    ((kind, value),) = attribute.items()
    if kind == "NULL":
        return None
    if kind == "N":
        return Decimal(value)
    if kind == "M":
        return {name: load(inner) for name, inner in value.items()}
    if kind == "L":
        return [load(inner) for inner in value]
    if kind == "SS":
        return set(value)
    if kind in {"S", "BOOL"}:
        return value
    raise TypeError(f"{kind} is no type of our records")


def _digits(number: float | Decimal) -> str:
    exact = Decimal(str(number))
    if not exact.is_finite():
        raise TypeError(f"{number!r} is no number that DynamoDB keeps")
    return str(exact)
