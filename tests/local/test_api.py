"""What the API answers to those it must refuse, over HTTP, through the authorizer."""

from typing import Any

import httpx
import pytest

from story import limits
from tests.local.deployment import Browser, Deployment


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem details of a refusal, RFC 9457 in form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    # Of a body that is not what was asked for, each field that is wrong.
    told_by_field = {"errors"} if status == httpx.codes.UNPROCESSABLE_ENTITY else set()
    assert told.keys() == {"type", "title", "status", "detail", "code"} | told_by_field
    assert told["status"] == status
    return told


def test_another_users_story_is_not_found_and_not_listed(ana: Browser, bo: Browser) -> None:
    story_id = ana.create()["story"]["id"]
    assert problem(bo.request("GET", f"/stories/{story_id}"), 404)["code"] == "story_not_found"
    assert story_id in ana.request("GET", "/stories").text
    assert story_id not in bo.request("GET", "/stories").text


def test_the_answer_for_another_users_story_is_that_for_none(ana: Browser, bo: Browser) -> None:
    story_id, unknown = ana.create()["story"]["id"], "0" * 32
    told = [bo.request("GET", f"/stories/{which}").text for which in (story_id, unknown)]
    assert told[0].replace(story_id, unknown) == told[1]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YW5hOmFuYQ=="}],
    ids=["no token", "no JWT", "a password"],
)
def test_without_a_token_nothing_is_answered(
    deployment: Deployment, headers: dict[str, str]
) -> None:
    for method, path in (
        ("GET", "/stories"),
        ("POST", "/stories"),
        ("GET", "/stories/" + "0" * 32),
    ):
        answer = httpx.request(method, deployment.api_url + path, headers=headers)
        # The gateway's own words: a request without a token never reaches the function.
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_a_token_with_another_signature_is_refused(deployment: Deployment, ana: Browser) -> None:
    header, claims, signature = ana.token.split(".")
    swapped = signature[::-1]
    assert swapped != signature
    forged = Browser(deployment, f"{header}.{claims}.{swapped}")
    assert forged.request("GET", "/stories").status_code == 401


def test_an_id_token_is_no_permission(deployment: Deployment) -> None:
    holder = Browser(deployment, deployment.tokens(deployment.people[0])["IdToken"])
    told = problem(holder.request("GET", "/stories"), 401)
    assert told["code"] == "access_token_required"


def test_a_body_that_is_no_json_is_a_bad_request(ana: Browser) -> None:
    answer = ana.request("POST", "/stories", content=b'{"prompt": "clouds')
    assert problem(answer, 400)["code"] == "body_not_json"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"prompt": "clouds drift", "creator": "somebody else"}, "creator"),
        ({"prompt": "clouds drift", "status": "READY"}, "status"),
        ({"prompt": "w" * (limits.MAX_PROMPT_CHARACTERS + 1)}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "clouds drift", "seed": -1}, "seed"),
        ({"prompt": "clouds drift", "fit": "stretch"}, "fit"),
    ],
    ids=["foreign creator", "own status", "prompt too long", "no prompt", "seed", "fit"],
)
def test_a_body_that_breaks_the_contract_is_told_by_field(
    ana: Browser, body: dict[str, Any], field: str
) -> None:
    told = problem(ana.request("POST", "/stories", json=body), 422)
    assert told["code"] == "body_invalid"
    assert told["detail"].startswith(f"{field}: ")


def test_a_refusal_does_not_repeat_what_was_written(ana: Browser) -> None:
    secret = "pomegranate" * 60
    assert "pomegranate" not in ana.request("POST", "/stories", json={"prompt": secret}).text


def test_a_path_that_does_not_exist_is_not_found(ana: Browser) -> None:
    assert ana.request("GET", "/admin").status_code == 404
    assert ana.request("DELETE", "/stories").status_code in {404, 405}
