"""Clients that know the API by its document alone, and what they may count on."""

import hashlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests import fuzz_api
from tests.local.deployment import PATIENCE_SECONDS, PHOTO, ROOT, Deployment
from tests.operations import DOCUMENT

AT_ONCE = 10
FUZZ_SECONDS, FUZZ_SEED = 20, 20261126


def test_the_document_is_served_to_everybody(deployment: Deployment) -> None:
    answer = httpx.get(f"{deployment.api_url}/openapi.json", timeout=60)
    assert answer.json() == DOCUMENT


def script(deployment: Deployment, token: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run examples/story.py as somebody."""
    return subprocess.run(
        [sys.executable, "examples/story.py", deployment.api_url, str(PHOTO), *options],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ENLIVEN_TOKEN": token},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_a_script_that_knows_only_the_document_runs_a_whole_story(
    deployment: Deployment, tmp_path: Path
) -> None:
    newcomer = deployment.newcomer()
    video = tmp_path / "story.mp4"
    done = script(deployment, newcomer.token, str(video), "--post")
    assert done.returncode == 0, done.stdout + done.stderr
    # It gave no prompt, so it was asked for one; it may be seen now.
    assert "AWAITING_PROMPT" in done.stdout
    (story,) = newcomer.request("GET", "/stories").json()["stories"]
    assert story["status"] == "POSTED"
    page = httpx.get(f"{deployment.api_url}/s/{story['id']}", timeout=60)
    assert page.status_code == 200
    # Byte for byte what was signed.
    view = newcomer.story(story["id"])
    assert hashlib.sha256(video.read_bytes()).hexdigest() == view["video_sha256"]
    assert newcomer.request("DELETE", f"/stories/{story['id']}").status_code == 204
    assert httpx.get(page.url, timeout=60).status_code == 410


def test_what_was_refused_is_said_in_one_sentence(deployment: Deployment, tmp_path: Path) -> None:
    token = deployment.newcomer().token
    done = script(deployment, token, str(tmp_path / "story.mp4"), "--prompt", "w" * 601)
    assert "422 body_invalid: prompt: " in done.stderr


def test_the_same_post_sent_ten_times_at_once_makes_one_story(deployment: Deployment) -> None:
    newcomer = deployment.newcomer()
    headers = {"Idempotency-Key": "the-same-for-all-of-them"}

    def post(_: int) -> httpx.Response:
        return newcomer.request(
            "POST", "/stories", json={"prompt": "clouds drift"}, headers=headers
        )

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(post, range(AT_ONCE)))
    made = {a.json()["story"]["id"] for a in answers if a.status_code == 201}
    refused = [a for a in answers if a.status_code != 201]
    assert len(made) == 1
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
    time.sleep(max((int(a.headers["Retry-After"]) for a in refused), default=0))
    # Who does as he is told finds the story that the others have.
    assert post(0).json()["story"]["id"] in made
    listed = newcomer.request("GET", "/stories").json()["stories"]
    assert {story["id"] for story in listed} == made


def test_no_request_that_can_be_made_up_meets_a_5xx_or_an_undocumented_answer(
    deployment: Deployment, tmp_path: Path
) -> None:
    tokens = [deployment.newcomer().token for _ in range(fuzz_api.users(FUZZ_SECONDS))]
    done = fuzz_api.run(
        deployment.api_url, tokens, seconds=FUZZ_SECONDS, seed=FUZZ_SEED, folder=tmp_path
    )
    assert done.returncode == 0, done.stdout
