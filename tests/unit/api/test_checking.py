"""POST /verify and GET /verify/{id}: without an account, within limits, no more than is known."""

import json
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, get_args

import boto3
import pytest

from api import telling, verify_words
from cloud import checks, stories
from conclude import answering
from local.golden_events import api_event
from story import checks as checking
from story import labels
from story.checks import MAX_FILE_BYTES, Check, CheckCreated, Conclusion
from story.contracts import ShownClip
from story.labels import Language
from tests.unit.api.calling import call, problem
from tests.unit.conclude import readings

pytestmark = pytest.mark.usefixtures("account")


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECKS_BUCKET", "enliven-checks")
    monkeypatch.setenv("CHECKS_PER_HOUR", "3")
    monkeypatch.setenv("CHECKS_PER_HOUR_OF_ALL", "5")


def anonymous(event: dict[str, Any], address: str = "192.0.2.1") -> dict[str, Any]:
    """A request without a token, from an address."""
    context = {name: part for name, part in event["requestContext"].items() if name != "authorizer"}
    context["http"] = {**context["http"], "sourceIp": address}
    return {**event, "requestContext": context}


def ask(key: str = "a", address: str = "192.0.2.1") -> dict[str, Any]:
    return call(anonymous(api_event("POST", "/verify", headers={"idempotency-key": key}), address))


def made(key: str = "a", address: str = "192.0.2.1") -> CheckCreated:
    answer = ask(key, address)
    assert answer["statusCode"] == 201, answer
    return CheckCreated.model_validate_json(answer["body"])


def get(check_id: str) -> dict[str, Any]:
    return call(anonymous(api_event("GET", f"/verify/{check_id}", route="/verify/{check_id}")))


def told(check_id: str) -> Check:
    answer = get(check_id)
    assert answer["statusCode"] == 200, answer
    return Check.model_validate_json(answer["body"])


def claim(check_id: str, at: datetime | None = None) -> None:
    """What the workflow's first state does."""
    boto3.client("dynamodb").update_item(
        TableName="stories",
        Key={"pk": {"S": f"CHECK#{check_id}"}, "sk": {"S": "META"}},
        UpdateExpression="SET #status = :checking, claimed_at = :at",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={
            ":checking": {"S": "checking"},
            ":at": {"S": (at or datetime.now(UTC)).isoformat().replace("+00:00", "Z")},
        },
    )


def conclusion(credential: Any, mark: Any, *, known: bool = True) -> Conclusion:
    named = answering.match(mark, readings.record()) if known else None
    found = answering.conclude(
        credential, mark, named=named, similar=None, searched=None, now=readings.NOW
    )
    assert found is not None
    return found


def recovered() -> Conclusion:
    return conclusion(readings.ABSENT, readings.marked(30.0))


def concluded(found: Conclusion) -> str:
    check_id = made().id
    claim(check_id)
    assert checks.conclude(check_id, found)
    return check_id


def story(**fields: Any) -> None:
    stories.create({"story_id": readings.STORY, "status": "POSTED", **fields})


SOON = (datetime.now(UTC) + timedelta(hours=3)).isoformat().replace("+00:00", "Z")


def test_a_check_is_a_form_for_one_file_of_limited_size() -> None:
    created = made()
    assert created.upload is not None
    assert created.upload.fields["key"] == f"checks/{created.id}/file"
    assert created.upload.max_bytes == MAX_FILE_BYTES == 100 * 1024 * 1024
    assert told(created.id).status == "waiting"
    assert get(created.id)["headers"]["Retry-After"] == "1"


def test_a_repeated_request_makes_no_second_check_and_another_address_has_keys_of_its_own() -> None:
    first = made("k")
    assert made("k").id == first.id
    assert made("k", "192.0.2.2").id != first.id
    assert made("l").id != first.id
    claim(first.id)
    assert made("k").upload is None, "its file has come"
    keyless = anonymous(api_event("POST", "/verify"))
    keyless["headers"] = {"accept": "application/json"}
    assert problem(call(keyless)) == (400, "idempotency_key_required")


def test_an_address_and_all_together_have_a_limit_an_hour_and_are_told_when_it_ends() -> None:
    for number in range(3):
        made(str(number))
    refused = ask("another")
    assert problem(refused) == (429, "rate_exceeded")
    assert 1 <= int(refused["headers"]["Retry-After"]) <= 3601
    assert "one address" in json.loads(refused["body"])["detail"]
    # A neighbour in the same /64 is the same subscriber.
    for number in range(2):
        made(str(number), f"2001:db8::{number + 1}")
    refused = ask("x", "198.51.100.7")
    assert problem(refused) == (429, "rate_exceeded")
    assert "all together" in json.loads(refused["body"])["detail"]


def test_nothing_in_the_table_says_which_address_asked() -> None:
    made("k", "203.0.113.9")
    items = boto3.client("dynamodb").scan(TableName="stories")["Items"]
    assert "203.0.113.9" not in json.dumps(items)
    check = next(item for item in items if item["pk"]["S"].startswith("CHECK#"))
    assert check.keys() == {
        "pk", "sk", "status", "created_at", "form_until", "told_until", "ttl",
    }  # fmt: skip


@pytest.mark.parametrize("check_id", ["0" * 32, "x", "A" * 32])
def test_an_unknown_check_is_not_found(check_id: str) -> None:
    assert problem(get(check_id)) == (404, "check_not_found")


def test_a_check_is_told_of_for_an_hour() -> None:
    check_id = made().id
    later = datetime.now(UTC) + timedelta(minutes=61)
    assert checks.find(check_id, datetime.now(UTC)) is not None
    assert checks.find(check_id, later) is None


def test_who_waits_longer_than_two_minutes_is_told_that_it_failed() -> None:
    check_id = made().id
    claim(check_id)
    assert told(check_id).status == "checking"
    claim(check_id, datetime.now(UTC) - timedelta(seconds=121))
    late = told(check_id)
    assert (late.status, late.answer) == ("failed", None)
    assert late.detail


def test_an_answer_is_given_once() -> None:
    check_id = concluded(recovered())
    assert not checks.conclude(check_id, recovered())
    assert not checks.give_up(check_id, "too late")
    assert told(check_id).answer == "recovered"


def test_a_file_that_could_not_be_read_says_why() -> None:
    check_id = made().id
    claim(check_id)
    assert checks.give_up(check_id, "The file could not be read: it is empty.")
    failed = told(check_id)
    assert (failed.status, failed.answer, failed.detail) == (
        "failed", None, "The file could not be read: it is empty.",
    )  # fmt: skip


def test_of_an_unposted_story_nothing_is_told_but_that_it_was_made_here() -> None:
    story(status="READY", caption="a secret")
    found = told(concluded(recovered()))
    assert (found.answer, found.story) == ("recovered", None)
    assert found.sentence == (
        "Made with Enliven. Its metadata had been removed; the hidden mark survived."
    )
    text = found.model_dump_json()
    assert readings.STORY not in text
    assert "2026-05-03" not in text
    assert "motion" not in text
    assert "secret" not in text


def test_of_a_posted_story_engine_time_and_label_are_told_and_no_name() -> None:
    story(posted_at="2026-05-03T11:00:00.000Z", expires_at=SOON, caption="a secret")
    found = told(concluded(recovered()))
    assert found.story is not None
    assert found.story.engine.name == "motion"
    assert found.story.label
    assert (found.story.name, found.story.poster_url) == (None, None)
    assert found.sentence == (
        "Made with Enliven from a photo on 3 May 2026."
        " Its metadata had been removed; the hidden mark survived."
    )


def test_name_and_poster_are_told_only_by_consent_and_as_long_as_the_story_is_seen() -> None:
    story(
        posted_at="2026-05-03T11:00:00.000Z",
        expires_at=SOON,
        caption="Sea",
        credited=True,
        clip=ShownClip(alt_text="sea", width=1, height=1, seconds=1.0).model_dump_json(),
    )
    check_id = concluded(recovered())
    found = told(check_id).story
    assert found is not None
    assert found.name == "Sea"
    assert found.poster_url == f"https://stories.example/s/{readings.STORY}/poster.jpg"
    stories.annotate(readings.STORY, expires_at="2026-05-04T11:00:00.000Z")
    later = told(check_id).story
    assert later is not None
    assert (later.name, later.poster_url) == (None, None)
    stories.mark_deleted(readings.STORY, by="creator", at=readings.NOW)
    assert told(check_id).story is None


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (
            conclusion(readings.OURS, readings.marked(30.0)),
            "Made with Enliven. It has not been changed since it was signed.",
        ),
        (
            conclusion(readings.ABSENT, readings.marked(3.0)),
            "It looks like a clip that was made with Enliven. Nothing else in it says so.",
        ),
        (
            conclusion(readings.BROKEN, readings.marked(30.0)),
            (
                "The Content Credentials in this file do not hold: it is not what was signed."
                " A hidden mark says: made with Enliven."
            ),
        ),
        (
            conclusion(readings.BROKEN, readings.marked(3.0), known=False),
            "The Content Credentials in this file do not hold: it is not what was signed.",
        ),
        (
            conclusion(readings.ABSENT, readings.marked(30.0), known=False),
            "This file carries a hidden mark of Enliven, and we cannot say of which clip.",
        ),
        (
            conclusion(readings.THEIRS, readings.marked(3.0), known=False),
            (
                "Its Content Credentials, which hold, are by Another."
                " Nothing in this file says that it was made with Enliven."
            ),
        ),
        (
            conclusion(
                readings.THEIRS.model_copy(update={"state": "untrusted"}),
                readings.marked(3.0),
                known=False,
            ),
            (
                "Its Content Credentials, which hold, are by a signer whom nobody we trust vouches"
                " for. Nothing in this file says that it was made with Enliven."
            ),
        ),
        (
            conclusion(
                readings.BROKEN.model_copy(update={"fault": "unsound"}),
                readings.marked(3.0),
                known=False,
            ),
            (
                "The Content Credentials in this file cannot be relied on. Whether it was changed,"
                " that does not say."
            ),
        ),
        (
            conclusion(
                readings.BROKEN.model_copy(update={"fault": "parts"}),
                readings.marked(3.0),
                known=False,
            ),
            (
                "This file is what was signed, but the Content Credentials of something that it was"
                " made from do not hold."
            ),
        ),
        (
            conclusion(readings.ABSENT, readings.marked(3.0), known=False),
            (
                "Nothing in this file says that it was made with Enliven."
                " How it was made, that does not say."
            ),
        ),
    ],
)
def test_one_plain_sentence_comes_first(found: Conclusion, says: str) -> None:
    assert telling.sentence(found, None) == says


EVERY_CREDENTIAL = (
    *(readings.ABSENT, readings.OURS, readings.THEIRS, readings.UNREADABLE),
    readings.THEIRS.model_copy(update={"state": "untrusted"}),
    *(readings.BROKEN.model_copy(update={"fault": fault}) for fault in get_args(checking.Fault)),
)
EVERY_MARK = (
    *(readings.marked(30.0), readings.marked(3.0), readings.marked(30.0, 2), readings.UNREAD),
    readings.marked(30.0).model_copy(update={"fingerprints": None, "mirrored": None}),
)


@pytest.mark.parametrize("language", labels.LANGUAGES)
def test_whatever_was_found_can_be_said_in_each_language(language: Language) -> None:
    reasons: set[str] = set()
    now = datetime.now(UTC)
    for credential, mark, known, posted in product(
        EVERY_CREDENTIAL, EVERY_MARK, (True, False), (True, False)
    ):
        match = answering.match(mark, readings.record()) if known else None
        found = answering.conclude(
            credential,
            mark,
            named=match,
            similar=None,
            searched=answering.Searched(100_000, complete=known) if posted else None,
            now=readings.NOW,
        )
        if found is None:
            continue
        record = {"status": "done", "conclusion": found.model_dump_json()}
        told = telling.tell("0" * 32, record, now, posted=posted, language=language)
        assert told.credential
        assert told.mark
        assert told.fingerprint
        says = (told.sentence, told.credential.says, told.mark.says, told.fingerprint.says)
        for text in says:
            assert text
            assert "$" not in text
        reasons |= {told.credential.reason, told.mark.reason, told.fingerprint.reason}
    every = (checking.CredentialReason, checking.MarkReason, checking.FingerprintReason)
    assert reasons == {each for kind in every for each in get_args(kind)}


def test_a_day_is_written_as_its_language_writes_it() -> None:
    told = {each: verify_words.day(each, "2026-05-03T23:59:59Z") for each in labels.LANGUAGES}
    assert told == {
        "ar": "3 مايو 2026",
        "de": "3. Mai 2026",
        "en": "3 May 2026",
        "es": "3 de mayo de 2026",
        "fr": "3 mai 2026",
        "ja": "2026年5月3日",
        "pt": "3 de maio de 2026",
        "zh": "2026年5月3日",
    }
    assert verify_words.day("fr", "2026-05-01T00:00:00Z") == "1er mai 2026"


def test_a_strangers_name_cannot_turn_the_sentence_that_it_stands_in() -> None:
    found = conclusion(readings.THEIRS, readings.marked(3.0), known=False)
    assert "\u2068Another\u2069" in telling.sentence(found, None, "ar")
    assert "\u2068" not in telling.sentence(found, None, "en")
    assert checking.quoted("Another\u202egnipA\u2069") == "Another gnipA"


def test_a_check_is_told_in_the_language_that_is_asked_for() -> None:
    check_id = concluded(recovered())
    event = api_event(
        "GET",
        f"/verify/{check_id}",
        route="/verify/{check_id}",
        headers={"accept-language": "de-AT,en;q=0.5"},
    )
    answer = call(anonymous(event))
    assert answer["headers"]["Content-Language"] == "de"
    told_in_german = Check.model_validate_json(answer["body"])
    assert told_in_german.sentence == (
        "Mit Enliven gemacht. Die Metadaten waren entfernt; die verborgene Markierung ist noch da."
    )
    assert told_in_german.answer == told(check_id).answer == "recovered"
