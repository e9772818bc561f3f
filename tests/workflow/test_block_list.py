"""Photos that are on operators' lists, through the whole workflow."""

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cli import block
from cli.outcome import CommandFailed
from cloud import blocklist, changes, stories
from fingerprints import pdq
from inspect_photo import sandbox
from story import policy
from tests.workflow.conftest import PHOTO, Cloud

#: The day whose allowance holds a retry.
TODAY = "2026-11-26"
LOOKS = ("DetectModerationLabels", "DetectFaces", "DetectLabels", "DetectText")


def _copy() -> bytes:
    """The same photo in another file."""
    copied = io.BytesIO()
    with Image.open(PHOTO) as whole:
        whole.resize((whole.width * 2 // 3, whole.height * 2 // 3)).save(copied, "JPEG", quality=60)
    return copied.getvalue()


def _hash(photo: bytes) -> str:
    with Image.open(io.BytesIO(photo)) as opened:
        return pdq.of_photo(opened).hex


def _stopped(cloud: Cloud, photo: bytes | None = None) -> tuple[str, policy.Verdict]:
    story_id = cloud.create()
    assert cloud.run(story_id, photo)["status"] == "SUCCEEDED"
    assert cloud.story(story_id)["status"] == "REJECTED"
    assert not [call for call in cloud.providers.asked if call["operation"] in LOOKS]
    assert cloud.generated == 0
    kept = stories.verdict(story_id, 1, "photo")
    assert kept is not None
    return story_id, policy.Verdict.model_validate_json(kept["detail"])


@pytest.mark.parametrize("by", ["sha256", "pdq"])
def test_an_illegal_photo_is_rejected_unseen_held_and_told_of(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], by: str
) -> None:
    if by == "sha256":
        blocklist.add_sha256(hashlib.sha256(PHOTO.read_bytes()).hexdigest(), "illegal")
    else:
        blocklist.add_pdq(_hash(_copy()), "illegal")
    story_id, verdict = _stopped(cloud)
    assert [reason.code for reason in verdict.reasons] == ["illegal_content"]
    assert [(f.kind, f.row) for f in verdict.findings] == [("blocked", "photo/blocked/illegal")]
    story = cloud.story(story_id)
    assert story["legal_hold"] is True
    assert story["held_at"]
    assert cloud.keys("held") == [f"{story_id}/upload"]
    for bucket in ("uploads", "work", "evidence", "stories"):
        assert cloud.keys(bucket) == [], "nothing that a reviewer or a function could read"
    metric = [line for line in capsys.readouterr().out.splitlines() if '"BlockedPhotos"' in line]
    assert len(metric) == 1
    assert '"listed":"illegal"' in metric[0].replace(" ", "")


def test_a_held_story_is_not_erased_by_its_creator(cloud: Cloud) -> None:
    blocklist.add_pdq(_hash(_copy()), "illegal")
    story_id, _ = _stopped(cloud)
    stories.mark_deleted(story_id, by="creator", at="2026-11-26T12:00:00.000Z")
    cloud.changed(story_id)
    assert cloud.keys("held") == [f"{story_id}/upload"]
    assert {f"STORY#{story_id}", f"VERDICT#{story_id}"} <= set(cloud.records(story_id))


def test_a_listed_file_is_not_even_decoded(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr(sandbox, "rewrite", never)
    bytes_of_no_photo = b"whatever it is, it is listed"
    blocklist.add_sha256(hashlib.sha256(bytes_of_no_photo).hexdigest(), "banned")
    _, verdict = _stopped(cloud, bytes_of_no_photo)
    assert [reason.code for reason in verdict.reasons] == ["banned_content"]


def test_a_banned_photo_is_rejected_and_nothing_is_held(cloud: Cloud) -> None:
    blocklist.add_pdq(_hash(PHOTO.read_bytes()), "banned")
    story_id, verdict = _stopped(cloud, _copy())
    assert [reason.code for reason in verdict.reasons] == ["banned_content"]
    assert "legal_hold" not in cloud.story(story_id)
    assert cloud.keys("held") == []


@pytest.mark.parametrize(("bits", "found"), [(0, True), (31, True), (32, False)])
def test_a_match_is_found_up_to_31_bits_wherever_they_are(
    cloud: Cloud, bits: int, found: bool
) -> None:
    assert cloud.table == "stories"
    listed = _hash(PHOTO.read_bytes())
    # Spread over all slots, as far from each other as they can be: the hardest to find.
    flipped = sum(1 << (index * 8 % 256 + index * 8 // 256) for index in range(bits))
    other = f"{int(listed, 16) ^ flipped:064x}"
    assert pdq.distance(listed, other) == bits
    blocklist.add_pdq(listed, "banned")
    match = blocklist.find_pdq(other, 31)
    assert (match == blocklist.Match("banned", bits)) == found
    assert (match is None) == (not found)


def test_of_two_matches_the_illegal_one_counts_and_a_ban_does_not_lift_it(cloud: Cloud) -> None:
    assert cloud.table == "stories"
    digest = _hash(PHOTO.read_bytes())
    blocklist.add_pdq(digest, "banned")
    blocklist.add_pdq(f"{int(digest, 16) ^ 1:064x}", "illegal")
    assert blocklist.find_pdq(digest, 31) == blocklist.Match("illegal", 1)
    blocklist.add_sha256("a" * 64, "illegal")
    blocklist.add_sha256("a" * 64, "banned")
    assert blocklist.find_sha256("a" * 64) == "illegal"


def test_a_picture_that_says_nothing_matches_nothing(cloud: Cloud) -> None:
    grey = io.BytesIO()
    Image.new("RGB", (720, 1280), (90, 90, 90)).save(grey, "PNG")
    blocklist.add_pdq(_hash(grey.getvalue()), "illegal")
    story_id = cloud.create()
    cloud.run(story_id, grey.getvalue())
    assert "legal_hold" not in cloud.story(story_id)


def _failed(cloud: Cloud) -> str:
    cloud.failure = {"error": "GenerationFailed", "message": "no"}
    story_id = cloud.create()
    cloud.run(story_id)
    cloud.failure = None
    assert cloud.story(story_id)["status"] == "FAILED"
    assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"]
    cloud.providers.asked.clear()
    return story_id


def _retried(cloud: Cloud, story_id: str) -> dict[str, Any]:
    changes.retry(story_id, quota_day=TODAY)
    execution = cloud.executions()[0]
    cloud.wait(execution)
    cloud.settle(execution)
    return cloud.story(story_id)


@pytest.mark.parametrize("by", ["sha256", "pdq"])
@pytest.mark.parametrize("listed", ["illegal", "banned"])
def test_a_photo_that_came_onto_a_list_since_does_not_pass_a_retry(
    cloud: Cloud, by: str, listed: blocklist.List
) -> None:
    story_id = _failed(cloud)
    if by == "sha256":
        blocklist.add_sha256(hashlib.sha256(PHOTO.read_bytes()).hexdigest(), listed)
    else:
        blocklist.add_pdq(_hash(_copy()), listed)
    made = cloud.generated
    story = _retried(cloud, story_id)
    assert (story["status"], story["attempt"]) == ("REJECTED", 2)
    assert cloud.generated == made
    assert not [call for call in cloud.providers.asked if call["operation"] in LOOKS]
    kept = stories.verdict(story_id, 2, "photo")
    assert kept is not None
    verdict = policy.Verdict.model_validate_json(kept["detail"])
    assert [reason.code for reason in verdict.reasons] == [f"{listed}_content"]
    if listed == "illegal":
        assert story["legal_hold"] is True
        assert cloud.keys("held") == [f"{story_id}/upload"]
        for bucket in ("uploads", "work", "evidence", "stories"):
            assert cloud.keys(bucket) == [], "nothing that a reviewer or a function could read"
    else:
        assert cloud.keys("held") == []
        assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"], "for an appeal"


@pytest.mark.parametrize(("listed", "status"), [("banned", "READY"), ("illegal", "REJECTED")])
def test_a_reviewer_sets_a_ban_aside_and_nothing_that_is_illegal(
    cloud: Cloud, listed: blocklist.List, status: str
) -> None:
    story_id = _failed(cloud)
    blocklist.add_pdq(_hash(_copy()), listed)
    every = ["Banned Content", "Illegal Content"]
    cloud.annotate(story_id, overrides=[{"decision": "one", "categories": every}])
    assert _retried(cloud, story_id)["status"] == status


def test_a_file_of_hashes_becomes_entries_and_one_wrong_line_none(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli.main import parser  # noqa: PLC0415 - a command line is parsed by this test alone

    monkeypatch.setenv("STORIES_TABLE", "another")
    digest = _hash(PHOTO.read_bytes())
    listed = tmp_path / "hashes.txt"
    listed.write_text(f"# from the hotline\n\nPDQ:{digest}\nsha256:{'b' * 64}\n")
    given = ["block", str(listed), "--list", "banned", "--table", cloud.table]
    assert block.run(parser(given).parse_args(given)) == 0
    assert blocklist.find_pdq(digest, 31) == blocklist.Match("banned", 0)
    assert blocklist.find_sha256("b" * 64) == "banned"
    listed.write_text(f"sha256:{'c' * 64}\nmd5:{'d' * 32}\n")
    with pytest.raises(CommandFailed, match=r"line 2: 'md5:d.*Nothing was added"):
        block.run(parser(given).parse_args(given))
    assert blocklist.find_sha256("c" * 64) is None
