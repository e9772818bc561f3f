"""Numbers and foreign text as they are printed."""

import pytest

from cli import words


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (35_400, "35 kB"), (2_440_000, "2.4 MB"), (81e9, "81.0 GB")],
)
def test_a_size_has_the_unit_that_fits_it(count: int, text: str) -> None:
    assert words.size(count) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0.0, "$0.00"),
        (1.5, "$1.50"),
        (0.0123, "$0.0123"),
        (2.5e-05, "$0.000025"),
        (1e4, "$10,000.00"),
    ],
)
def test_dollars_have_the_digits_that_the_amount_has(amount: float, text: str) -> None:
    assert words.dollars(amount) == text


def test_an_amount_too_small_to_show_is_not_shown_as_nothing() -> None:
    assert words.dollars(0.000001, 5) == "<$0.00001"
    assert words.dollars(0.000006, 5) == "$0.00001"


@pytest.mark.parametrize(("quantity", "text"), [(8, "8"), (1_250, "1,250"), (17.4405, "17.44")])
def test_a_quantity_has_at_most_two_decimals(quantity: float, text: str) -> None:
    assert words.number(quantity) == text


@pytest.mark.parametrize(
    ("duration", "text"), [(4.24, "4.2 s"), (13, "13 s"), (185.2, "3 min 05 s"), (59.99, "60.0 s")]
)
def test_a_duration_is_said_as_people_do(duration: float, text: str) -> None:
    assert words.seconds(duration) == text


def test_scripts_that_need_joiners_keep_them() -> None:
    for text in ("क्\u200dष", "ك\u200cم", "👩\u200d🚀", "à la plage"):
        assert words.printable(text) == text
