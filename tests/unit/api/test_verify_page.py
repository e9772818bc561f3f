"""The page that checks a clip: what may run in it, where it sends files, and what it never says."""

import base64
import hashlib
import json
import re
from html import unescape
from typing import get_args

import pytest

from api import verify_page
from story import checks
from tests.unit.api.test_page import Parsed, stranger

pytestmark = pytest.mark.usefixtures("account")


@pytest.fixture(autouse=True)
def buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECKS_BUCKET", "enliven-checks")


def opened() -> tuple[str, dict[str, str]]:
    answer = stranger("/verify", "/verify")
    assert answer["statusCode"] == 200
    policy = dict(
        part.split(" ", 1) for part in answer["headers"]["Content-Security-Policy"].split("; ")
    )
    return answer["body"], policy


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_only_its_own_script_and_style_are_allowed() -> None:
    html, policy = opened()
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert policy["script-src"] == digest(script)
    assert policy["style-src"] == digest(style)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"


def test_what_it_is_told_is_shown_as_text() -> None:
    html, _ = opened()
    for tag, attributes in Parsed(html).tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        assert not [name for name in attributes if name in {"src", "action"}], tag
    script = html.partition("<script>")[2]
    for means in ("innerHTML", "insertAdjacentHTML", "eval(", "document.write", ".style."):
        assert means not in script
    assert "localStorage" not in script
    assert "sessionStorage" not in script


def test_files_go_to_the_bucket_of_checks_and_nowhere_else() -> None:
    _, policy = opened()
    assert re.fullmatch(
        r"'self' https://enliven-checks\.s3\S*amazonaws\.com", policy["connect-src"]
    )
    assert re.fullmatch(r"'self' data: https://\S*stories\.s3\S*amazonaws\.com", policy["img-src"])


def test_it_has_a_lamp_for_every_state_that_the_api_tells() -> None:
    script = opened()[0].partition("<script>")[2]
    for lamp in (checks.CredentialLamp, checks.MarkLamp, checks.FingerprintLamp):
        for state in get_args(lamp.model_fields["state"].annotation):
            assert f"{state}: [" in script, state


def test_it_knows_the_limits_of_the_api() -> None:
    (found,) = re.findall(r'data-settings="(.*?)"', opened()[0])
    settings = json.loads(unescape(found))
    assert settings["maxBytes"] == checks.MAX_FILE_BYTES
    assert settings["answerSeconds"] > checks.ANSWER_SECONDS
    assert f"{checks.FILE_SECONDS} seconds" in opened()[0]


def test_it_never_calls_a_video_fake_or_real() -> None:
    assert not re.search(r"\b(fake|real|genuine|authentic)\w*", opened()[0], re.IGNORECASE)


def test_the_same_page_is_made_once() -> None:
    assert verify_page.page() is verify_page.page()
