"""Identifiers, error codes, transitions, labels and limits."""

from datetime import datetime, timedelta

import pytest

from story import errors, identifiers, limits
from story.generation import Box
from story.states import ENDED, LASTS_UNTIL, TRANSITIONS, Status, allowed, effective

STORY = "0f" * 16


def test_story_ids_are_not_repeated_and_fit_for_keys() -> None:
    made = {identifiers.new_story_id() for _ in range(200)}
    assert len(made) == 200
    assert all(identifiers.STORY_ID.match(story_id) for story_id in made)


def test_no_story_has_the_id_of_a_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = identifiers.new_replay_id()
    assert identifiers.STORY_ID.fullmatch(replay)
    assert identifiers.is_replay(replay)
    drawn = iter([replay, STORY])
    monkeypatch.setattr(identifiers.secrets, "token_hex", lambda _: next(drawn))
    assert identifiers.new_story_id() == STORY
    assert not identifiers.is_replay(STORY)


@pytest.mark.parametrize(("attempt", "take"), [(1, 1), (9_999, limits.MAX_TAKES)])
def test_an_inference_id_reads_back_and_fits_sagemaker(attempt: int, take: int) -> None:
    named = identifiers.inference_id(STORY, attempt, take)
    assert identifiers.parse_inference_id(named) == (STORY, attempt, take)
    assert len(named) <= 64


@pytest.mark.parametrize(
    "value",
    [
        "",
        STORY,
        f"{STORY}-1",
        f"{STORY}-0-1",
        f"{STORY}-1-0",
        f"{STORY}-1-10",
        f"{STORY}-10000-1",
        f"{STORY.upper()}-1-1",
        f" {STORY}-1-1",
        f"{STORY}-1-1;",
        f"{STORY}-1-1-1",
        f"{STORY}-1-1\n",
        "../../x-1-1",
    ],
)
def test_what_is_no_inference_id_of_ours_is_none(value: str) -> None:
    assert identifiers.parse_inference_id(value) is None


def test_all_that_belongs_to_a_story_is_below_its_prefixes() -> None:
    assert identifiers.upload_key(STORY).startswith(identifiers.upload_prefix(STORY))
    assert identifiers.work_key(STORY, 2, "x").startswith(identifiers.work_prefix(STORY))
    assert identifiers.request_key(STORY, 1, 2).startswith(identifiers.request_prefix(STORY))
    for key in (identifiers.story_video_key(STORY), identifiers.story_poster_key(STORY)):
        assert key.startswith(identifiers.story_prefix(STORY))


def test_the_prefixes_of_one_story_hold_nothing_of_another() -> None:
    prefixes = (identifiers.upload_prefix, identifiers.work_prefix, identifiers.request_prefix)
    assert all(prefix(STORY).endswith("/") for prefix in (*prefixes, identifiers.story_prefix))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.PhotoTooManyPixels, "photo_too_many_pixels"),
        (errors.EngineBusy, "engine_busy"),
        (errors.SettingInvalid, "setting_invalid"),
    ],
)
def test_a_code_is_the_class_name_in_snake_case(
    error: type[errors.EnlivenError], code: str
) -> None:
    assert error.code() == code


def test_a_story_at_work_ends_or_waits_for_its_creator() -> None:
    targets = {t.target for t in TRANSITIONS if t.origin is Status.PROCESSING}
    assert targets <= ENDED | {Status.AWAITING_PROMPT}


def test_what_has_ended_is_moved_by_its_creator_and_by_its_time_alone() -> None:
    assert {(t.origin, t.target, t.who) for t in TRANSITIONS if t.origin in ENDED} == {
        (Status.FAILED, Status.PROCESSING, "api.retryStory"),
        (Status.UNDER_REVIEW, Status.CANCELLED, "api.cancelStory"),
        # Its creator's wish, through gate 3.
        (Status.READY, Status.POSTED, "post_story"),
        (Status.POSTED, Status.EXPIRED, "settle_story.expiring"),
    }
    assert not [t for t in TRANSITIONS if t.origin is Status.CANCELLED]


@pytest.mark.parametrize("status", sorted(LASTS_UNTIL))
def test_what_does_not_last_has_expired_at_its_second(status: Status) -> None:
    until = "2026-11-26T12:00:00.000Z"
    record = {"status": status.value, LASTS_UNTIL[status]: until}
    noon = datetime.fromisoformat(until)
    assert effective(record, noon - timedelta(milliseconds=1)) is status
    assert effective(record, noon) is Status.EXPIRED


def test_only_whom_the_table_names_may_make_a_move() -> None:
    assert allowed(Status.PROCESSING, Status.READY, "PublishStory")
    assert not allowed(Status.PROCESSING, Status.READY, "RejectStory")
    assert not allowed(Status.AWAITING_PHOTO, Status.READY, "PublishStory")


def test_a_generation_outlasts_its_queue_and_its_making() -> None:
    waiting_and_making = limits.REQUEST_TTL_SECONDS + limits.INVOCATION_TIMEOUT_SECONDS
    assert waiting_and_making < limits.GENERATION_TIMEOUT_SECONDS


def test_a_box_in_pixels_stays_in_the_picture() -> None:
    box = Box(left=0.75, top=0.5, width=0.5, height=0.5)
    assert box.in_pixels(200, 100) == (150.0, 50.0, 200.0, 100.0)
