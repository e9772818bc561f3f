from __future__ import annotations

import io
from typing import TYPE_CHECKING

import c2pa
import pytest

from sign_video import verification
from story.errors import CertificateMissing

if TYPE_CHECKING:
    from conftest import Stack

STORY = "0123456789abcdef0123456789abcdef"
VIDEO, POSTER = f"{STORY}/story.mp4", f"{STORY}/poster.jpg"


def test_a_signed_story_reads_back_as_trusted_by_those_who_trust_its_root(stack: Stack) -> None:
    output = stack.run()
    reading = verification.read(io.BytesIO(stack.object(VIDEO)), "video/mp4", stack.root)
    assert reading is not None
    assert reading.state == "Trusted"
    assert reading.failed == ()
    assert reading.manifest_id == output["credential"]["manifest_id"]
    assert output["credential"]["verified_by"] == f"c2pa-python {c2pa.__version__}"
    assert stack.object(POSTER) == stack.poster


def test_without_a_chain_nothing_is_signed_and_the_error_says_what_to_do(bare: Stack) -> None:
    with pytest.raises(CertificateMissing, match=r"Put the PEM chain of KMS key .* there"):
        bare.run()
    assert bare.published() == []
