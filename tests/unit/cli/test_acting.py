"""What post, report and appeal have in common."""

import pytest

from cli import acting
from cli.outcome import CommandFailed, Exit


@pytest.mark.parametrize("given", ["nope", "", "0" * 31, "A" * 32, "\x1b[31m" * 20])
def test_what_is_no_storys_id_is_told_with_what_would_be_one(given: str) -> None:
    with pytest.raises(CommandFailed) as refused:
        acting.require_story(given)
    assert (refused.value.code, refused.value.status) == ("story_not_found", Exit.USAGE)
    assert "32 lower-case hexadecimal digits" in refused.value.detail
    assert refused.value.detail.startswith("'")
    assert "\x1b" not in refused.value.detail
    assert len(refused.value.detail) < 120


def test_a_storys_id_is_one() -> None:
    acting.require_story("0123456789abcdef" * 2)
