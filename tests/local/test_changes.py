"""A draft, a retry, a story that is called off, one that is deleted: with every policy enforced."""

from typing import Any

from tests.local.deployment import Browser, Deployment, eventually
from tests.local.test_disruptions import workflow

KINDS = ("STORY", "VERDICT", "TIMELINE", "GENERATION", "DRAFT")
BROKEN = {"States.ModeratePhoto.Next": "Nowhere"}


def _until(who: Browser, story_id: str, status: str) -> dict[str, Any]:
    def reached() -> dict[str, Any] | None:
        view = who.story(story_id)
        return view if view["status"] == status else None

    return eventually(f"story {story_id} is {status}", reached)


def _erased(deployment: Deployment, story_id: str) -> None:
    eventually(
        f"nothing of story {story_id} is left",
        lambda: (
            not deployment.left(story_id)
            and not any(deployment.items(kind, story_id) for kind in KINDS)
        ),
    )
    (line,) = deployment.items("AUDIT", story_id)
    assert line["what"] == {"S": "deleted"}


def test_a_draft_is_told_what_fits_its_photo_becomes_a_story_and_is_deleted(
    deployment: Deployment, ana: Browser
) -> None:
    story_id = ana.start(prompt=None)
    waiting = _until(ana, story_id, "AWAITING_PROMPT")
    assert (waiting["prompt"], waiting["people"]) == (None, 0)
    assert waiting["suggestions"]
    assert waiting["prompt_until"]
    words = {"prompt": waiting["suggestions"][0], "people_consent": True}
    given = ana.request("PUT", f"/stories/{story_id}/prompt", json=words)
    assert given.status_code == 200, given.text
    assert given.json()["status"] == "PROCESSING"
    assert ana.wait(story_id)["status"] == "READY"
    assert ana.request("DELETE", f"/stories/{story_id}").status_code == 204
    assert ana.request("GET", f"/stories/{story_id}").status_code == 404
    _erased(deployment, story_id)


def test_a_failed_story_is_tried_again_and_called_off_while_the_engine_is_at_it(
    deployment: Deployment, ana: Browser
) -> None:
    with workflow(deployment, BROKEN):
        story_id = ana.start()
        assert ana.wait(story_id)["status"] == "FAILED"
        assert deployment.settled(story_id) == {"evidence": [f"{story_id}/photo.jpg"]}

    def tried() -> bool:
        answer = ana.request("POST", f"/stories/{story_id}/retry")
        assert answer.status_code in {200, 409}, answer.text
        return answer.status_code == 200

    eventually("it was tried again", tried)
    ana.wait_for_generation(story_id)
    view = ana.story(story_id)
    assert view["attempt"] == 2
    assert "RestorePhoto" in [line["state"] for line in view["timeline"]]
    again = ana.request("POST", f"/stories/{story_id}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "transition_not_allowed")

    called_off = ana.request("POST", f"/stories/{story_id}/cancel")
    assert called_off.status_code == 200, called_off.text
    assert called_off.json()["status"] == "CANCELLED"
    (execution,) = [each for each in deployment.executions(story_id) if "retry" in each["input"]]
    eventually(
        "its execution is stopped",
        lambda: (
            deployment.client("stepfunctions").describe_execution(
                executionArn=execution["executionArn"]
            )["status"]
            == "ABORTED"
        ),
    )
    eventually("nothing of it is left", lambda: not deployment.left(story_id))


def test_a_story_is_deleted_while_it_is_at_work(deployment: Deployment, ana: Browser) -> None:
    story_id = ana.start()
    ana.wait_for_generation(story_id)
    assert ana.request("DELETE", f"/stories/{story_id}").status_code == 204
    assert ana.request("GET", f"/stories/{story_id}").status_code == 404
    _erased(deployment, story_id)
