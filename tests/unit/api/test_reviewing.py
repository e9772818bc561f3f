"""The reviewers' queue, claims, decisions, appeals and what follows from each."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from cloud import audit, stories, users
from cloud.clients import client
from settle_story import lapsing
from story import feed, policy
from tests.unit.api import posted as made
from tests.unit.api import reviewers
from tests.unit.api.calling import get, problem
from tests.unit.api.reviewers import (
    RITA,
    SAM,
    appeal,
    ask,
    claim,
    decide,
    decided,
    hidden,
    keys,
    look,
    queue,
    report,
    settle,
)
from tests.unit.api.test_page import opened

pytestmark = pytest.mark.usefixtures("reviewed")
reviewed = reviewers.reviewed
LABELS = {
    "ModerationModelVersion": "7.0",
    "ModerationLabels": [
        {"Name": "Weapons", "ParentName": "Violence", "Confidence": 65.0},
        {"Name": "Violence", "ParentName": "", "Confidence": 65.0},
        {"Name": "Alcohol", "ParentName": "", "Confidence": 99.0},
    ],
}


def held(status: str = "UNDER_REVIEW", creator: str = made.CREATOR, **changed: Any) -> str:
    """A story that gate 1 has held, or rejected, and settle_story has settled."""
    now = datetime.now(UTC)
    waiting = {"review_queue": "2", "review_since": feed.iso(now)}
    story_id = made.ready(
        creator,
        status=status,
        settled_at=feed.iso(now),
        execution_arn=reviewers.EXECUTION,
        evidence=["photo.jpg"],
        evidence_until=feed.iso(now + timedelta(days=7)),
        **(waiting if status == "UNDER_REVIEW" else {}),
        **changed,
    )
    verdict = policy.judge_labels([LABELS])
    stories.put_verdict(
        story_id,
        1,
        "photo",
        {
            "gate": "photo",
            "verdict": verdict.verdict,
            "decided_at": feed.iso(now),
            "policy": verdict.policy,
            "detail": verdict.model_dump_json(),
        },
    )
    boto3.client("s3").put_object(
        Bucket="enliven-evidence", Key=f"{story_id}/photo.jpg", Body=b"photo"
    )
    return story_id


# The queue ---------------------------------------------------------------------------------------


ROUTES = [
    ("GET", "/reviews"),
    ("GET", "/reviews/{story_id}"),
    ("POST", "/reviews/{story_id}/claim"),
    ("POST", "/reviews/{story_id}/release"),
    ("POST", "/reviews/{story_id}/decide"),
]


@pytest.mark.parametrize(("method", "route"), ROUTES)
@pytest.mark.parametrize("groups", [None, "[admins]", "[reviewersx]"])
def test_who_is_no_reviewer_is_refused(method: str, route: str, groups: str | None) -> None:
    body = {"decision": "allow", "reason": "x"} if route.endswith("decide") else None
    answer = ask(method, route, held(), body=body, groups=groups)
    assert problem(answer) == (403, "reviewers_only")


def test_the_queue_is_by_severity_and_then_by_age() -> None:
    old, young = held(), held()
    made.change(old, review_since="2026-11-01T00:00:00.000Z")
    urgent = reviewers.posted()
    report(urgent, "u1", "child_safety")
    assert [each["id"] for each in queue()] == [urgent, old, young]
    assert [each["kind"] for each in queue()] == ["reported", "held", "held"]
    assert [each["severity"] for each in queue()] == [0, 2, 2]


def test_pages_of_the_queue_have_each_story_once() -> None:
    waiting = {held() for _ in range(5)}
    for story_id in list(waiting)[:3]:
        made.change(story_id, review_since="2026-11-01T00:00:00.000Z")
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        answer = json.loads(ask("GET", "/reviews", query=query)["body"])
        seen += [each["id"] for each in answer["reviews"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(waiting)


@pytest.mark.parametrize("cursor", ["nonsense", "WyI3IiwgIngiXQ=="])
def test_a_cursor_that_no_list_gave_is_refused(cursor: str) -> None:
    assert problem(ask("GET", "/reviews", query={"cursor": cursor})) == (400, "cursor_invalid")


def test_a_reviewer_sees_scores_thresholds_the_row_that_fired_and_the_evidence() -> None:
    story_id = held()
    seen = look(story_id)
    (verdict,) = seen["verdicts"]
    fired = {each["label"]: each for each in verdict["findings"] if each["fired"]}
    assert fired.keys() == {"Weapons"}, "Violence only repeats it"
    weapons = fired["Weapons"]
    assert (weapons["confidence"], weapons["review_at"], weapons["reject_at"]) == (65.0, 60, 80)
    assert weapons["row"] == "photo/Violence/Weapons"
    assert weapons["scores"] == [65.0]
    assert seen["fired"] == ["Violence"]
    assert seen["possible"] == ["allow", "reject"]
    (photo,) = seen["evidence"]
    assert (photo["name"], photo["kind"]) == ("photo.jpg", "photo")
    assert f"/{story_id}/photo.jpg?" in photo["url"]
    assert "X-Amz-Expires=300" in photo["url"]


def test_what_is_under_a_legal_hold_is_shown_to_no_reviewer() -> None:
    story_id = held(legal_hold=True)
    assert queue() == []
    assert problem(ask("GET", "/reviews/{story_id}", story_id)) == (404, "review_not_found")
    assert problem(claim(story_id)) == (404, "review_not_found")


def test_what_does_not_wait_is_not_there() -> None:
    for story_id in (made.ready(), made.posted(), held("REJECTED"), "0" * 32):
        assert problem(ask("GET", "/reviews/{story_id}", story_id)) == (404, "review_not_found")
        assert problem(decide(story_id, "allow")) == (404, "review_not_found")


def test_nobody_learns_who_reported() -> None:
    story_id = hidden()
    report(story_id, "secret-user", "hate", text="look at the sign")
    seen = look(story_id)
    assert "secret-user" not in json.dumps(seen)
    assert {"reason": "hate", "text": "look at the sign"}.items() <= seen["report_list"][-1].items()
    assert [each["kind"] for each in seen["evidence"]] == ["poster", "video"]


# Claims ------------------------------------------------------------------------------------------


def test_a_claimed_story_is_nobody_elses_until_it_is_released_or_its_time_is_over() -> None:
    story_id = held()
    assert claim(story_id)["statusCode"] == 200
    assert problem(claim(story_id, SAM)) == (409, "review_not_claimed")
    assert queue(SAM)[0]["claimed_by"] == RITA
    assert claim(story_id)["statusCode"] == 200, "its holder renews it"
    ask("POST", "/reviews/{story_id}/release", story_id, sub=SAM)
    assert problem(claim(story_id, SAM)) == (409, "review_not_claimed"), "not theirs to release"
    ask("POST", "/reviews/{story_id}/release", story_id)
    assert claim(story_id, SAM)["statusCode"] == 200
    made.change(story_id, claim_until="2026-11-01T00:00:00.000Z")
    assert queue(RITA)[0]["claimed_by"] is None
    assert claim(story_id)["statusCode"] == 200


def test_only_who_has_a_story_decides_about_it() -> None:
    story_id = held()
    assert problem(decide(story_id, "allow")) == (409, "review_not_claimed")
    claim(story_id, SAM)
    assert problem(decide(story_id, "allow")) == (409, "review_not_claimed")
    made.change(story_id, claim_until="2026-11-01T00:00:00.000Z")
    assert problem(decide(story_id, "allow", SAM)) == (409, "review_not_claimed")


def test_nobody_reviews_their_own_story() -> None:
    story_id = held(creator=RITA)
    assert look(story_id)["conflict"] == "It is your own story."
    assert problem(claim(story_id)) == (403, "review_conflict")
    made.change(story_id, claim_by=RITA, claim_until="2099-01-01T00:00:00.000Z")
    assert problem(decide(story_id, "allow")) == (403, "review_conflict")


@pytest.mark.parametrize("decision", ["restore", "remove", "overturn", "uphold"])
def test_a_decision_for_another_kind_of_story_is_refused(decision: str) -> None:
    story_id = held()
    claim(story_id)
    assert problem(decide(story_id, decision)) == (409, "decision_not_allowed")


def test_what_is_not_put_aside_yet_is_decided_in_a_moment() -> None:
    story_id = held()
    client("dynamodb").update_item(
        TableName="stories",
        Key=stories.to_item({"pk": f"STORY#{story_id}", "sk": "META"}),
        UpdateExpression="REMOVE settled_at",
    )
    claim(story_id)
    answer = decide(story_id, "allow")
    assert problem(answer) == (409, "decision_not_allowed")
    assert answer["headers"]["Retry-After"] == "1"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 1001])
def test_a_decision_needs_a_reason(reason: str) -> None:
    story_id = held()
    claim(story_id)
    assert problem(decide(story_id, "allow", reason=reason)) == (422, "body_invalid")


# Decisions ---------------------------------------------------------------------------------------


def test_an_allowed_story_is_made_anew_and_not_judged_by_what_was_set_aside(reviewed: str) -> None:
    story_id = held()
    decided(story_id, "allow")
    story = stories.get(story_id)
    assert (story["status"], story["attempt"]) == ("PROCESSING", 2)
    (override,) = story["overrides"]
    assert override == {"decision": f"{story_id}-d1", "categories": ["Violence"]}
    assert {"review_queue", "claim_by", "execution_arn"}.isdisjoint(story)
    (started,) = client("stepfunctions").list_executions(stateMachineArn=reviewed)["executions"]
    assert started["name"] == f"{story_id}-2"
    assert queue() == []
    assert keys("evidence") == [f"{story_id}/photo.jpg"], "the next attempt begins with it"


def test_a_reviewer_sets_aside_only_what_has_decided() -> None:
    story_id = held()
    claim(story_id)
    assert problem(decide(story_id, "allow", categories=["Alcohol"])) == (422, "body_invalid")
    assert decide(story_id, "allow", categories=["Violence"])["statusCode"] == 200


@pytest.mark.parametrize("kind", ["held", "reported", "appeal"])
def test_the_time_to_a_decision_is_a_metric_of_its_kind(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    story_id = hidden() if kind == "reported" else held()
    decision = {"held": "allow", "reported": "restore", "appeal": "uphold"}[kind]
    if kind == "appeal":
        decided(story_id, "reject")
        assert appeal(story_id)["statusCode"] == 200
    made.change(story_id, review_since=feed.iso(datetime.now(UTC) - timedelta(hours=2)))
    assert claim(story_id, SAM)["statusCode"] == 200
    capsys.readouterr()
    assert decide(story_id, decision, SAM)["statusCode"] == 200
    lines = capsys.readouterr().out.splitlines()
    (line,) = [json.loads(each) for each in lines if '"ReviewSeconds"' in each and "_aws" in each]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Metrics"] == [{"Name": "ReviewSeconds", "Unit": "Seconds"}]
    assert [sorted(each) for each in directive["Dimensions"]] == [[], ["decision", "kind"]]
    assert (line["kind"], line["decision"]) == (kind, decision)
    assert line["ReviewSeconds"] == [pytest.approx(7_200, abs=30)]
    assert line["story_id"] == story_id, "a property of the line, and no dimension"


def test_a_decision_sent_twice_is_taken_once() -> None:
    story_id = held()
    claim(story_id)
    body = {"decision": "allow", "reason": "a toy"}
    for _ in range(2):
        answer = ask("POST", "/reviews/{story_id}/decide", story_id, body=body, key="same")
        assert json.loads(answer["body"])["status"] == "PROCESSING"
    assert len(stories.get(story_id)["decisions"]) == 1


def test_a_rejected_story_keeps_its_evidence_for_an_appeal_and_gives_a_strike() -> None:
    story_id = held()
    decided(story_id, "reject")
    story = stories.get(story_id)
    assert story["status"] == "REJECTED"
    left = datetime.fromisoformat(story["evidence_until"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    assert keys("evidence") == [f"{story_id}/photo.jpg"]
    view = json.loads(get(story_id, made.CREATOR)["body"])
    assert view["appeal_until"] == story["evidence_until"]
    me = json.loads(ask("GET", "/me", sub=made.CREATOR, groups=None)["body"])
    (strike,) = me["strikes"]
    assert (strike["code"], strike["story_id"]) == ("story_rejected", story_id)


def test_a_restored_story_is_seen_again_for_as_long_as_was_left() -> None:
    story_id = hidden(ago=timedelta(hours=20))
    decided(story_id, "restore")
    story = stories.get(story_id)
    assert story["status"] == "POSTED"
    assert json.loads(get(story_id, made.CREATOR)["body"])["reasons"] == []
    left = datetime.fromisoformat(story["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=3, minutes=59) < left <= timedelta(hours=4)
    posted_at = datetime.fromisoformat(story["posted_at"])
    assert datetime.fromisoformat(story["expires_at"]) - posted_at == feed.LASTS
    assert keys("stories") == [f"{story_id}/poster.jpg", f"{story_id}/story.mp4"]
    assert opened(story_id)["statusCode"] == 200
    shown = json.loads(ask("GET", "/feed", sub="u1", groups=None)["body"])["stories"]
    assert [each["id"] for each in shown] == [story_id]
    assert users.strikes(made.CREATOR) == []


def test_reports_that_were_looked_at_do_not_count_again() -> None:
    story_id = hidden()
    decided(story_id, "restore")
    for sub in ("u1", "u4", "u5"):
        report(story_id, sub)
    assert stories.get(story_id)["status"] == "POSTED"
    report(story_id, "u6")
    assert stories.get(story_id)["status"] == "UNDER_REVIEW"


def test_a_removed_story_says_so_and_its_video_is_kept_for_an_appeal_alone() -> None:
    story_id = hidden()
    decided(story_id, "remove", categories=["hate"])
    story = stories.get(story_id)
    assert story["status"] == "REMOVED"
    assert keys("stories") == []
    assert f"{story_id}/story.mp4" in keys("evidence")
    page = opened(story_id)
    assert (page["statusCode"], "was removed" in page["body"]) == (410, True)
    view = json.loads(get(story_id, made.CREATOR)["body"])
    assert view["reasons"] == [
        {"code": "removed", "message": "A reviewer has removed it. It spreads hate."}
    ]
    assert view["video_url"] is None
    (strike,) = users.strikes(made.CREATOR)
    assert strike["code"] == "story_removed"


# Appeals -----------------------------------------------------------------------------------------


def test_a_rejection_is_appealed_once_and_waits_in_the_queue() -> None:
    story_id = held("REJECTED")
    answer = appeal(story_id)
    assert answer["statusCode"] == 200, answer
    told = json.loads(answer["body"])
    assert (told["status"], told["appeal"], told["appeal_until"]) == ("REJECTED", "pending", None)
    assert problem(appeal(story_id)) == (409, "appeal_not_allowed")
    (waiting,) = queue()
    assert (waiting["id"], waiting["kind"]) == (story_id, "appeal")
    seen = look(story_id)
    assert seen["appeal"]["text"] == "It is a toy."
    assert seen["possible"] == ["overturn", "uphold"]


@pytest.mark.parametrize("status", ["READY", "UNDER_REVIEW", "FAILED", "EXPIRED"])
def test_what_nobody_decided_against_cannot_be_appealed(status: str) -> None:
    assert problem(appeal(held(status))) == (409, "appeal_not_allowed")


def test_an_appeal_comes_within_the_window_and_of_the_creator() -> None:
    late = held("REJECTED")
    made.change(late, evidence_until="2026-11-01T00:00:00.000Z")
    assert problem(appeal(late)) == (409, "appeal_not_allowed")
    assert problem(appeal(held("REJECTED"), "somebody")) == (404, "story_not_found")
    assert problem(appeal(held("REJECTED", legal_hold=True))) == (409, "appeal_not_allowed")


def test_an_overturned_rejection_is_made_anew() -> None:
    story_id = held("REJECTED")
    appeal(story_id)
    decided(story_id, "overturn")
    story = stories.get(story_id)
    assert (story["status"], story["attempt"]) == ("PROCESSING", 2)
    assert story["overrides"][0]["categories"] == ["Violence"]
    assert story["appeal_outcome"] == "overturned"


def test_an_upheld_rejection_is_final_and_costs_no_strike() -> None:
    story_id = held("REJECTED")
    appeal(story_id)
    decided(story_id, "uphold")
    story = stories.get(story_id)
    assert (story["status"], story["appeal_outcome"]) == ("REJECTED", "upheld")
    assert datetime.fromisoformat(story["evidence_until"]) <= datetime.now(UTC)
    assert queue() == []
    assert problem(appeal(story_id)) == (409, "appeal_not_allowed")
    assert users.strikes(made.CREATOR) == []


def test_nobody_reviews_the_appeal_of_their_own_decision() -> None:
    story_id = hidden()
    decided(story_id, "remove")
    assert appeal(story_id)["statusCode"] == 200
    assert "your own decision" in look(story_id)["conflict"]
    assert problem(claim(story_id)) == (403, "review_conflict")
    decided(story_id, "overturn", SAM)
    assert stories.get(story_id)["status"] == "POSTED"


def test_an_overturned_removal_brings_the_story_back_and_takes_the_strike_back() -> None:
    story_id = hidden(ago=timedelta(hours=1))
    decided(story_id, "remove")
    assert len(users.strikes(made.CREATOR)) == 1
    appeal(story_id)
    settle(story_id)
    decided(story_id, "overturn", SAM)
    story = stories.get(story_id)
    assert story["status"] == "POSTED"
    assert "reasons" not in story
    assert keys("stories") == [f"{story_id}/poster.jpg", f"{story_id}/story.mp4"]
    assert opened(story_id)["statusCode"] == 200
    assert users.strikes(made.CREATOR) == []


# The trail, and what is over ---------------------------------------------------------------------


def test_the_trail_has_every_act_in_order_and_a_line_is_never_written_twice() -> None:
    story_id = hidden()
    claim(story_id, SAM)
    ask("POST", "/reviews/{story_id}/release", story_id, sub=SAM)
    decided(story_id, "remove", categories=["spam"])
    appeal(story_id)
    settle(story_id)
    decided(story_id, "uphold", SAM)
    before = list(audit.trail(story_id))
    settle(story_id)
    assert list(audit.trail(story_id)) == before
    acts = [(line["what"], line["who"]) for line in before]
    for act in (
        ("reported", "user#u1"),
        ("hidden", "reports"),
        ("claimed", SAM),
        ("released", SAM),
        ("claimed", RITA),
        ("decided remove", RITA),
        ("strike given", RITA),
        ("appealed", made.CREATOR),
        ("decided uphold", SAM),
    ):
        assert act in acts
    assert [line["when"] for line in before] == sorted(line["when"] for line in before)


def test_a_deleted_story_leaves_its_trail_and_nothing_else() -> None:
    story_id = hidden()
    decided(story_id, "remove")
    ask("DELETE", "/stories/{story_id}", story_id, sub=made.CREATOR, groups=None)
    settle(story_id)
    items = client("dynamodb").scan(TableName="stories")["Items"]
    kinds = {item["pk"]["S"].split("#")[0] for item in items if story_id in item["pk"]["S"]}
    assert kinds == {"AUDIT", "PAGE"}
    assert keys("evidence") == keys("stories") == []
    assert [line["what"] for line in audit.trail(story_id)][-1] == "deleted"


def test_what_nobody_decides_about_in_thirty_days_is_over_and_shown_to_nobody() -> None:
    story_id, appealed = held(), held("REJECTED")
    appeal(appealed)
    now = datetime.now(UTC)
    assert lapsing.lapse(now + timedelta(days=29)) == set()
    assert lapsing.lapse(now + timedelta(days=31)) == {story_id, appealed}
    assert stories.get(story_id)["status"] == "EXPIRED"
    assert stories.get(appealed)["appeal_outcome"] == "lapsed"
    assert keys("evidence") == []
    assert queue() == []


def test_a_story_that_is_called_off_while_it_waits_leaves_the_queue() -> None:
    story_id = held()
    ask("POST", "/stories/{story_id}/cancel", story_id, sub=made.CREATOR, groups=None)
    assert stories.get(story_id)["status"] == "CANCELLED"
    assert queue() == []
