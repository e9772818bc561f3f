"""What a story is made from."""

import pytest

from tests.unit.api.calling import ask_to_create, create, problem

pytestmark = pytest.mark.usefixtures("account")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", True),
        ("seed", "5"),
        ("seed", 5.5),
        ("people_consent", 1),
        ("people_consent", "on"),
        ("loop", "false"),
        ("seconds", "5"),
        ("seconds", True),
        ("prompt", 5),
    ],
)
def test_a_value_of_another_type_is_not_read_as_what_it_is_not(field: str, value: object) -> None:
    assert problem(ask_to_create(**{field: value})) == (422, "body_invalid")


@pytest.mark.parametrize("seed", [5, 5.0, 0, 2**32 - 1])
def test_a_whole_number_may_be_written_with_a_point(seed: float) -> None:
    assert create(seed=seed).story.status == "AWAITING_PHOTO"
