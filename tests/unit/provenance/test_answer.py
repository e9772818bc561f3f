"""What is said of a credential alone: its worth, and no more than that."""

import json
from typing import get_args

import pytest

from cli.verify import FAULTS, HEADLINES
from provenance import answer
from provenance.reading import ITSELF, Examined, Fault, Finding, Reading, Verdict

READING = Reading(
    manifest_id="urn:c2pa:1",
    instance_id=None,
    state="Valid",
    issuer=None,
    common_name=None,
    generators=(),
    time_stamp=None,
    actions=(),
    ingredients=(),
    passed=(),
    failed=(),
)


def examined(*failed: tuple[str, str]) -> Examined:
    findings = tuple(Finding(where=w, code=code, explanation="") for w, code in failed)
    reading = READING.model_copy(update={"failed": findings})
    return Examined(media_type="image/png", anchored=True, reading=reading)


@pytest.mark.parametrize(
    ("failed", "fault"),
    [
        ([], None),
        ([(ITSELF, "signingCredential.untrusted")], None),
        ([(ITSELF, "assertion.dataHash.mismatch")], "changed"),
        ([(ITSELF, "claimSignature.mismatch")], "changed"),
        ([("photo.jpg", "assertion.dataHash.mismatch")], "parts"),
        ([("photo.jpg", "assertion.dataHash.mismatch"), (ITSELF, "general.error")], "unsound"),
        ([(ITSELF, "signingCredential.untrusted"), ("photo.jpg", "general.error")], "parts"),
        ([(ITSELF, "signingCredential.expired")], "unsound"),
        # The signature was not in a form that could be held against anything.
        (
            [(ITSELF, "signingCredential.invalid"), (ITSELF, "claimSignature.mismatch")],
            "unsound",
        ),
        (
            [(ITSELF, "signingCredential.invalid"), (ITSELF, "assertion.bmffHash.mismatch")],
            "changed",
        ),
    ],
)
def test_why_a_credential_does_not_hold_is_told_apart(
    failed: list[tuple[str, str]], fault: Fault | None
) -> None:
    found = examined(*failed)
    assert found.fault == fault
    assert (found.verdict == "invalid") == (fault is not None)
    sentence = answer.of_credential(found).sentence
    assert ("not what was signed" in sentence) == (fault == "changed")


def test_what_cannot_be_read_is_not_called_changed() -> None:
    broken = Examined(media_type="image/png", anchored=False, broken="it ends in its middle")
    assert (broken.verdict, broken.fault) == ("invalid", "unsound")
    state_alone = READING.model_copy(update={"state": "Invalid"})
    assert examined().model_copy(update={"reading": state_alone}).fault == "unsound"


def test_no_answer_of_the_command_line_says_fake_or_real() -> None:
    said = json.dumps([HEADLINES, FAULTS, answer._SENTENCES, answer._FAULTS]).lower()
    for word in ("fake", "real", "genuine", "authentic", "forge"):
        assert word not in said
    assert FAULTS.keys() == answer._FAULTS.keys() == set(get_args(Fault))
    assert answer._SENTENCES.keys() == set(get_args(Verdict)) - {"invalid"}
