"""The reviewers' page: what may run in it, and that it knows what the API takes."""

import base64
import hashlib
import json
import re
from html import unescape

import pytest

from api import review_page
from cloud import clients
from story.review import DECISIONS, ReportReason
from tests.unit.api import reviewers
from tests.unit.api.test_page import Parsed, stranger

pytestmark = pytest.mark.usefixtures("reviewed")
reviewed = reviewers.reviewed


def _opened() -> tuple[str, dict[str, str]]:
    answer = stranger("/review", "/review")
    assert answer["statusCode"] == 200
    policy = dict(
        part.split(" ", 1) for part in answer["headers"]["Content-Security-Policy"].split("; ")
    )
    return answer["body"], policy


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_only_its_own_script_and_style_are_allowed() -> None:
    html, policy = _opened()
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert policy["script-src"] == _digest(script)
    assert policy["style-src"] == _digest(style)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"


def test_it_has_no_inline_handlers_styles_or_foreign_addresses() -> None:
    html, _ = _opened()
    for tag, attributes in Parsed(html).tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        assert not [name for name in attributes if name in {"src", "action"}], tag
    script = html.partition("<script>")[2]
    for means in ("innerHTML", "insertAdjacentHTML", "eval(", "document.write", ".style."):
        assert means not in script, "what the API says is text, and is shown as text"
    assert "localStorage" not in script
    assert "sessionStorage" not in script


def test_it_reaches_the_api_cognito_and_the_evidence_and_nothing_else() -> None:
    html, policy = _opened()
    cognito = clients.client("cognito-idp").meta.endpoint_url
    assert policy["connect-src"] == f"'self' {cognito}"
    assert re.fullmatch(r"https://enliven-evidence\.s3\S*amazonaws\.com", policy["media-src"])
    assert policy["img-src"] == f"data: {policy['media-src']}"
    (body,) = Parsed(html).all("body")
    settings = json.loads(unescape(str(body["data-settings"])))
    assert settings["signInUrl"] == cognito
    assert settings["clientId"] == "example-client"


def test_it_offers_every_decision_and_every_reason() -> None:
    html, _ = _opened()
    (body,) = Parsed(html).all("body")
    offered = json.loads(unescape(str(body["data-settings"])))["removeFor"]
    assert offered == [each.value for each in ReportReason]
    effects = re.search(r"const EFFECT = \{(.*?)\};", html, re.DOTALL)
    assert effects
    named = set(re.findall(r"^\s+(\w+):", effects[1], re.MULTILINE))
    assert named == set().union(*DECISIONS.values())


def test_every_key_that_it_knows_is_on_its_list_of_keys() -> None:
    html, _ = _opened()
    keys = re.search(r"const KEYS = \{(.*?)\n  \};", html, re.DOTALL)
    assert keys
    named = {each.strip('"') for each in re.findall(r'(?:^|[\s,])("[^"]+"|\w+): \(\) =>', keys[1])}
    told = html[html.index('<dialog id="help"') : html.index("</dialog>")]
    shown = {"ArrowLeft": "←", "ArrowRight": "→", " ": "space"}
    # Up and down do what k and j do.
    for key in named - {"ArrowUp", "ArrowDown"}:
        assert f"<kbd>{shown.get(key, key)}</kbd>" in told, key


def test_it_holds_nothing_of_any_story() -> None:
    story_id = reviewers.hidden()
    html, _ = _opened()
    assert story_id not in html
    assert "X-Amz" not in html


def test_the_page_is_the_same_for_a_stranger_and_is_kept_by_nobody() -> None:
    answer = stranger("/review", "/review")
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert answer["headers"]["X-Frame-Options"] == "DENY"
    assert review_page.page().html == answer["body"]
