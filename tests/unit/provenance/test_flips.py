"""A sample of `make bench-flips`, which turns a bit of each byte."""

import pytest

from tests import benchmark_flips


@pytest.fixture(scope="module")
def whole() -> benchmark_flips.Clip:
    return benchmark_flips.clip()


@pytest.mark.parametrize("box", benchmark_flips.BOXES)
def test_a_changed_byte_is_refused_by_both_or_changes_nothing_that_is_told(
    whole: benchmark_flips.Clip, box: str
) -> None:
    chosen = benchmark_flips.places(whole.video, box)
    some = chosen[:: max(1, len(chosen) // 40)]
    counted = benchmark_flips.outcomes(whole, some)
    assert counted.total() >= 40
    assert benchmark_flips.kept(box, counted), counted
