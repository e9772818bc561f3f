"""Posting by the API, and the feed."""

import base64
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api import posting
from api.problems import PROBLEMS
from cloud import posts, stories
from local.golden_events import api_event
from story import limits, policy
from story.contracts import PostStoryInput, Refusal
from story.states import Status
from story.view import Feed, PostedStory, StoryView
from tests.contract.definition import ROOT
from tests.unit.api import posted as made
from tests.unit.api.calling import OTHER, call, get, listed, problem

pytestmark = pytest.mark.usefixtures("account")

DAY = timedelta(seconds=limits.POSTED_SECONDS)
ALMOST_A_DAY = DAY - timedelta(seconds=20)


class Gate:
    """post_story, as the API sees it: what it is asked, and what it shall answer."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.payload: Any = {"posted": True}
        self.error: str | None = None

    def answer(self, asked: dict[str, Any]) -> tuple[Any, str | None]:
        self.asked.append(asked)
        request = PostStoryInput.model_validate(asked)
        if self.error is None and self.payload == {"posted": True}:
            # As the real one does; what it decides is tested with it.
            record = stories.get(request.story_id)
            if record["status"] == Status.READY:
                made.post(
                    request.story_id,
                    creator=request.creator,
                    visibility=request.visibility,
                    caption=request.caption,
                )
        return self.payload, self.error


@pytest.fixture
def gate(account: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:  # noqa: ARG001 - it goes first
    found = Gate()
    with made.lambda_service(found.answer) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", url)
        monkeypatch.setenv("POST_STORY_FUNCTION", "post-story:live")
        yield found


def ask(story_id: str, creator: str = made.CREATOR, key: str = "", **asked: Any) -> dict[str, Any]:
    return call(
        api_event(
            "POST",
            f"/stories/{story_id}/post",
            route="/stories/{story_id}/post",
            body=json.dumps(asked),
            creator=creator,
            headers={"idempotency-key": key or str(uuid.uuid4())},
        )
    )


def feed(creator: str = OTHER, **query: str) -> Feed:
    answer = call(api_event("GET", "/feed", query=query or None, creator=creator))
    assert answer["statusCode"] == 200, answer
    return Feed.model_validate_json(answer["body"])


def ids(page: Feed) -> list[str]:
    return [story.id for story in page.stories]


# Posting -----------------------------------------------------------------------------------------


def test_a_ready_story_is_posted_and_its_creator_reads_how(gate: Gate) -> None:
    story_id = made.ready()
    answer = ask(story_id, visibility="everyone", caption="hello")
    assert answer["statusCode"] == 200, answer
    view = StoryView.model_validate_json(answer["body"])
    assert (view.status, view.visibility, view.caption) == ("POSTED", "everyone", "hello")
    assert view.share_url == f"https://stories.example/s/{story_id}"
    assert view.posted_at is not None
    assert view.expires_at is not None
    lasts = datetime.fromisoformat(view.expires_at) - datetime.fromisoformat(view.posted_at)
    assert lasts == DAY
    assert view.video_url
    assert view.credential
    assert view.video_sha256 == made.SIGNED.video.sha256
    assert gate.asked == [
        {
            "story_id": story_id,
            "creator": made.CREATOR,
            "visibility": "everyone",
            "caption": "hello",
            "credited": False,
        }
    ]


def test_by_default_only_those_with_the_link_see_it(gate: Gate) -> None:
    story_id = made.ready()
    assert StoryView.model_validate_json(ask(story_id)["body"]).visibility == "link"
    assert gate.asked[0]["caption"] is None
    assert feed().stories == ()


@pytest.mark.parametrize("code", Refusal.__args__)  # type: ignore[attr-defined]  # a Literal has them
def test_what_gate_3_refuses_is_told_with_its_code_and_reason(gate: Gate, code: str) -> None:
    gate.payload = {"posted": False, "refusal": code, "detail": "It is so."}
    answer = ask(made.ready())
    assert problem(answer) == (int(PROBLEMS[code].status), code)
    assert "It is so." in answer["body"]


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"errorType": "KeyError", "errorMessage": "kanarienvogel"}, "Unhandled"),
        ({"posted": False}, None),
    ],
    ids=["it broke", "neither posted nor refused"],
)
def test_a_gate_that_says_nothing_posts_nothing(
    gate: Gate, payload: dict[str, Any], error: str | None
) -> None:
    gate.payload, gate.error = payload, error
    story_id = made.ready()
    answer = ask(story_id)
    assert problem(answer) == (503, "unavailable")
    assert "Retry-After" in answer["headers"]
    assert "kanarienvogel" not in answer["body"]
    assert stories.get(story_id)["status"] == "READY"
    gate.payload, gate.error = {"posted": True}, None
    assert ask(story_id)["statusCode"] == 200, "it can be tried again"


def test_the_same_key_asks_the_gate_once(gate: Gate) -> None:
    story_id = made.ready()
    first, again = (ask(story_id, key="one", visibility="everyone") for _ in range(2))
    assert (first["statusCode"], again["statusCode"]) == (200, 200)
    assert len(gate.asked) == 1
    assert problem(ask(story_id, key="one")) == (422, "idempotency_key_reused")


def test_a_refusal_frees_the_key(gate: Gate) -> None:
    story_id = made.ready()
    gate.payload = {"posted": False, "refusal": "words_not_allowed", "detail": "No."}
    assert problem(ask(story_id, key="one"))[1] == "words_not_allowed"
    gate.payload = {"posted": True}
    assert ask(story_id, key="one")["statusCode"] == 200


@pytest.mark.parametrize(
    "asked",
    [{"visibility": "friends"}, {"caption": ""}, {"caption": "x" * 301}, {"surplus": 1}],
)
def test_a_body_that_is_not_asked_for_is_refused(gate: Gate, asked: dict[str, Any]) -> None:
    assert problem(ask(made.ready(), **asked)) == (422, "body_invalid")
    assert gate.asked == []


def test_nobody_posts_anothers_story(gate: Gate) -> None:
    story_id = made.ready()
    assert problem(ask(story_id, creator=OTHER)) == (404, "story_not_found")
    assert problem(ask("0" * 32)) == (404, "story_not_found")
    assert gate.asked == []


# What its creator sees ---------------------------------------------------------------------------


def _lives(url: str) -> int:
    return int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0])


def test_links_never_outlive_the_story() -> None:
    early, late = made.posted(), made.posted(ago=ALMOST_A_DAY)
    for story_id, at_most in ((early, limits.DOWNLOAD_URL_SECONDS), (late, 20)):
        view = StoryView.model_validate_json(get(story_id)["body"])
        assert view.video_url is not None
        assert view.poster_url is not None
        assert at_most - 15 <= _lives(view.video_url) <= at_most
        assert _lives(view.poster_url) <= at_most


@pytest.mark.parametrize("noticed", [False, True], ids=["nobody noticed yet", "settled"])
def test_an_expired_story_is_its_creators_without_links(noticed: bool) -> None:
    story_id = made.posted(ago=DAY)
    if noticed:
        assert posts.expire(story_id, datetime.now(UTC))
    view = StoryView.model_validate_json(get(story_id)["body"])
    assert view.status == "EXPIRED"
    assert (view.video_url, view.poster_url, view.share_url) == (None, None, None)
    assert (view.caption, view.visibility) == ("a day at the sea", "everyone")
    assert view.credential is not None
    assert view.prompt == made.PROMPT
    (listed_one,) = json.loads(listed(made.CREATOR)["body"])["stories"]
    assert (listed_one["status"], listed_one["video_url"]) == ("EXPIRED", None)


# The feed ----------------------------------------------------------------------------------------


def test_the_feed_shows_what_everyone_may_see_and_nothing_of_its_maker() -> None:
    seen = made.posted()
    made.posted(visibility="link")
    made.ready()
    made.posted(ago=DAY)
    page = feed()
    assert ids(page) == [seen]
    assert page.next is None
    (story,) = page.stories
    assert story.share_url == f"https://stories.example/s/{seen}"
    assert (story.label, story.alt_text) == ("AI-generated", "It seems to show sea.")
    text = page.model_dump_json()
    for hidden in (made.PROMPT, "kanarienvogel", made.CREATOR, "cost", "prompt"):
        assert hidden not in text


def test_a_label_is_told_in_the_language_that_it_is_drawn_in() -> None:
    made.post(made.ready(language="pt"))
    (story,) = feed().stories
    assert story.label == "Gerado por IA"


def test_the_feed_is_for_those_who_are_signed_in() -> None:
    event = api_event("GET", "/feed", token_use="id")
    assert problem(call(event)) == (401, "access_token_required")


def test_pages_give_every_story_once_newest_first_across_shards_and_days(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The feed is read at the latest noon, so that its day has a midnight in its middle.
    real = datetime.now(UTC)
    noon = (real - timedelta(hours=12)).replace(hour=12, minute=0, second=0, microsecond=0)

    class Noon(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # noqa: ARG003
            return noon

    monkeypatch.setattr(posting, "datetime", Noon)
    hours = [0.1 + index * 1.3 for index in range(18)]
    ordered = [made.posted(ago=real - noon + timedelta(hours=each)) for each in hours]
    shards = {stories.get(each)["feed_shard"] for each in ordered}
    assert len({shard.partition("#")[0] for shard in shards}) == 2, "over midnight"
    assert len(shards) > 2, "a day has two"
    found, cursor, pages = list[str](), "", 0
    while pages == 0 or cursor:
        page = feed(limit="5", **({"cursor": cursor} if cursor else {}))
        assert len(page.stories) <= 5
        found += ids(page)
        cursor, pages = page.next or "", pages + 1
        # Whatever comes meanwhile belongs before the first page, and changes no later one.
        made.posted()
    assert found == ordered
    assert pages == 4


def _one(story_id: str, groups: str = "") -> dict[str, Any]:
    path = f"/feed/{story_id}"
    return call(api_event("GET", path, route="/feed/{story_id}", creator=OTHER, groups=groups))


@pytest.mark.parametrize(
    ("groups", "sees"),
    [
        ("", False),
        ("[age-16]", False),
        ("[reviewers]", False),
        ("[age-180]", False),
        ("[not-age-18]", False),
        ("[age-18]", True),
        ("[age-16 age-21]", True),
    ],
)
def test_what_is_restricted_to_an_age_is_seen_by_users_alone_who_are_known_to_be_of_it(
    groups: str, sees: bool
) -> None:
    restricted, free = made.posted(age_restriction=18), made.posted()
    answer = call(api_event("GET", "/feed", creator=OTHER, groups=groups))
    assert set(ids(Feed.model_validate_json(answer["body"]))) == (
        {restricted, free} if sees else {free}
    )
    one = _one(restricted, groups)
    if sees:
        assert PostedStory.model_validate_json(one["body"]).id == restricted
    else:
        assert problem(one) == (403, "age_restricted")
    assert _one(free, groups)["statusCode"] == 200


def test_a_story_for_a_link_is_seen_by_its_id_and_one_that_is_not_shown_is_not() -> None:
    assert _one(made.posted(visibility="link"))["statusCode"] == 200
    assert problem(_one(made.ready())) == (404, "story_not_found")
    assert problem(_one(made.posted(ago=DAY), "[age-18]")) == (410, "story_gone")
    assert problem(_one("0" * 32)) == (404, "story_not_found")


def test_the_creator_of_a_restricted_story_sees_it_and_its_link() -> None:
    story_id = made.posted(age_restriction=18)
    view = StoryView.model_validate_json(get(story_id, made.CREATOR)["body"])
    assert view.video_url
    assert view.share_url


def test_every_age_of_the_policy_has_a_group_of_users() -> None:
    template = (ROOT / "template.yaml").read_text()
    ages = {
        row.age
        for gate in ("photo", "words", "video", "posting")
        for kind in policy.gate(gate).rows.values()
        for row in kind.values()
        if row.age is not None
    }
    assert ages, "the policy restricts nothing to an age"
    for age in ages:
        assert f"GroupName: age-{age}}}" in template


def test_stories_of_one_millisecond_are_each_shown_once() -> None:
    at = datetime.now(UTC)
    same = set()
    for _ in range(7):
        story_id = made.ready()
        assert posts.post(
            story_id,
            creator=made.CREATOR,
            attempt=1,
            now=at,
            visibility="everyone",
            clip=made.CLIP,
            caption=None,
            age_restriction=None,
        )
        same.add(story_id)
    found, cursor = list[str](), ""
    for _ in range(5):
        page = feed(limit="2", **({"cursor": cursor} if cursor else {}))
        found += ids(page)
        cursor = page.next or ""
        if not cursor:
            break
    assert sorted(found) == sorted(same)


def test_a_page_costs_at_most_four_queries_and_one_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        made.posted(ago=timedelta(hours=23))
    asked = []
    query, read = posts._query, posts.read
    monkeypatch.setattr(posts, "_query", lambda *a, **k: (asked.append("query"), query(*a, **k))[1])
    monkeypatch.setattr(posts, "read", lambda ids: (asked.append("read"), read(ids))[1])
    assert len(feed().stories) == 3
    assert asked.count("query") <= 4
    assert asked.count("read") == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"deleted_at": made.AT},
        {"visibility": "link"},
        {"status": "REMOVED"},
        {"expires_at": made.AT},
    ],
    ids=["deleted", "for a link", "removed", "over"],
)
def test_what_the_index_still_names_is_not_shown(fields: dict[str, str]) -> None:
    story_id, other = made.posted(), made.posted()
    made.change(story_id, **fields)
    assert ids(feed()) == [other]


def test_what_is_erased_between_index_and_read_is_not_shown() -> None:
    story_id, other = made.posted(), made.posted()
    entries, _ = posts.page(datetime.now(UTC), before=None, limit=10)
    made.erase(story_id)
    assert set(posts.read([entry.story_id for entry in entries])) == {other}


def _cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "garbage",
        "=",
        "é",
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        *map(_cursor, (5, None, {}, [], ["a"], ["a", "b"], [1, 2], ["a", "b", "c"])),
        _cursor(["now", "0" * 32]),
        _cursor(["2026-13-41T00:00:00.000Z", "0" * 32]),
        _cursor(["2026-11-22T12:00:00.000Z", "STORY"]),
        "x" * 5_000,
    ],
)
def test_a_cursor_that_no_feed_gave_is_refused(cursor: str) -> None:
    answer = call(api_event("GET", "/feed", query={"cursor": cursor}))
    assert problem(answer) == (400, "cursor_invalid")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
def test_a_cursor_of_another_time_is_a_page_like_any_other(moment: str) -> None:
    story_id = made.posted()
    page = feed(cursor=_cursor([moment, "0" * 32]))
    assert ids(page) == ([] if moment.startswith("0") else [story_id])
    assert page.next is None


@pytest.mark.parametrize("limit", ["0", "51", "-1", "many", ""])
def test_a_page_of_the_feed_has_from_one_to_fifty_stories(limit: str) -> None:
    assert problem(call(api_event("GET", "/feed", query={"limit": limit}))) == (
        400,
        "query_invalid",
    )
