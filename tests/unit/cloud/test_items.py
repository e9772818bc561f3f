"""Values and DynamoDB's attributes, against the types that boto3 writes and reads."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from cloud import items
from story.states import Status

VALUES = [
    "",
    "words",
    True,
    False,
    0,
    -7,
    2**64,
    Decimal("0.1"),
    Decimal("1E+3"),
    None,
    [],
    ["a", 1, None, [True]],
    ("a", 2),
    {},
    {"a": {"b": [1, {"c": "d"}]}},
    # Named: the order of a set differs from process to process.
    pytest.param({"one", "two"}, id="a set"),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_is_written_and_read_as_boto3_does(value: Any) -> None:
    written = items.dump(value)
    assert TypeDeserializer().deserialize(written) == items.load(written)
    assert items.load(TypeSerializer().serialize(value)) == items.load(written)


def test_a_float_keeps_the_digits_that_it_shows() -> None:
    assert items.dump(0.1) == {"N": "0.1"}
    assert items.load({"N": "0.1"}) == Decimal("0.1")


def test_a_status_is_its_word() -> None:
    (written,) = items.dump(Status.READY).values()
    assert type(written) is str


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", object(), set(), {1, 2}])
def test_what_our_records_do_not_have_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        items.dump(value)


def test_an_attribute_that_our_records_do_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="BS"):
        items.load({"BS": [b"x"]})
