"""The page that checks a clip: what may run in it, where it sends files, and what it never says."""

import base64
import hashlib
import json
import re
from html import unescape
from typing import Any, get_args

import pytest

from api import verify_page, verify_words
from story import checks, labels
from story.labels import Language
from tests.unit.api.test_page import Parsed, stranger

pytestmark = pytest.mark.usefixtures("account")

LAMPS = {
    "credential": checks.CredentialLamp,
    "mark": checks.MarkLamp,
    "fingerprint": checks.FingerprintLamp,
}
WORDS = {each: verify_words.words(each) for each in labels.LANGUAGES}


@pytest.fixture(autouse=True)
def buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECKS_BUCKET", "enliven-checks")


def opened(language: str | None = None) -> tuple[str, dict[str, str]]:
    answer = stranger("/verify", "/verify", {"accept-language": language} if language else None)
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


def settings(html: str) -> dict[str, Any]:
    (found,) = re.findall(r'data-settings="(.*?)"', html)
    read: dict[str, Any] = json.loads(unescape(found))
    return read


@pytest.mark.parametrize("language", labels.LANGUAGES)
def test_it_has_a_lamp_for_every_state_that_the_api_tells_in_each_language(language: str) -> None:
    html, _ = opened(language)
    script, words = html.partition("<script>")[2], settings(html)["words"]
    for key, lamp in LAMPS.items():
        (looks,) = re.findall(rf"{key}: {{ (.*?) }},", script)
        states = get_args(lamp.model_fields["state"].annotation)
        assert {each.split(": ")[0] for each in looks.split(", ")} == set(states)
        assert all(words[f"{key}_{state}"] for state in states)
        assert words[f"lamp_{key}"]


def test_the_script_says_nothing_that_it_is_not_given() -> None:
    html, _ = opened()
    script, words = html.partition("<script>")[2], settings(html)["words"]
    asked = set(re.findall(r'(?:text|, )\(?"([a-z_]+)"', script)) & set(WORDS["en"])
    asked |= {f"row_{row}" for row in re.findall(r'\["([a-z]+)", story\.', script)}
    assert {"often", "late", "claims", "row_label", "row_name"} <= asked
    assert asked <= words.keys()


@pytest.mark.parametrize("language", labels.LANGUAGES)
def test_it_is_in_the_language_of_whoever_asks_and_in_its_direction(language: Language) -> None:
    answer = stranger("/verify", "/verify", {"accept-language": f"xx, {language}-XY;q=0.8"})
    html = Parsed(answer["body"]).all("html")[0]
    assert html == {"lang": language, "dir": "rtl" if language == "ar" else "ltr"}
    assert answer["headers"]["Content-Language"] == language
    assert answer["headers"]["Vary"] == "Accept-Language"
    assert WORDS[language]["intro"] in Parsed(answer["body"]).words
    assert "$" not in Parsed(answer["body"].partition("<script>")[0]).words


def test_every_language_says_the_same_and_fills_in_the_same() -> None:
    for said in WORDS.values():
        assert said.keys() == WORDS["en"].keys()
        assert len(said["months"].split(" ")) == 12
        for name, text in said.items():
            filled = re.findall(r"\$([a-z_]+)", text)
            assert sorted(filled) == sorted(re.findall(r"\$([a-z_]+)", WORDS["en"][name])), name
            assert text, name


#: Patterns by which each language calls a video made up or genuine, which is not for this service.
JUDGEMENTS = {
    "ar": ("مزيف", "مزيّف", "مزور", "حقيقي", "أصلي"),
    "de": ("echt", "fälsch", "unecht", "fake"),
    "en": ("fake", "real", "genuine", "authentic", "forge"),
    "es": ("fals", "auténtic", "genuin", "real", "verdader"),
    "fr": ("faux", "fausse", "falsifi", "authenti", r"\bvrai", "réel"),
    "ja": ("偽", "本物", "フェイク", "本当"),
    "pt": ("fals", "autêntic", "genuín", "real", "verdadeir"),
    "zh": ("伪", "假", "真"),
}


@pytest.mark.parametrize("language", labels.LANGUAGES)
def test_in_no_language_it_calls_a_video_fake_or_real(language: Language) -> None:
    said = " ".join(WORDS[language].values()).lower()
    assert [word for word in JUDGEMENTS[language] if re.search(word, said)] == []


def test_it_knows_the_limits_of_the_api() -> None:
    html, _ = opened()
    told = settings(html)
    assert told["maxBytes"] == checks.MAX_FILE_BYTES
    assert told["answerSeconds"] > checks.ANSWER_SECONDS
    assert f"{checks.FILE_SECONDS} seconds" in html


def test_it_never_calls_a_video_fake_or_real() -> None:
    assert not re.search(r"\b(fake|real|genuine|authentic)\w*", opened()[0], re.IGNORECASE)


def test_the_same_page_is_made_once() -> None:
    assert verify_page.page() is verify_page.page()
