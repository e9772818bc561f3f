#!/usr/bin/env python3
"""A whole story by a client that knows nothing but the API's OpenAPI document.

    ENLIVEN_TOKEN=… python examples/story.py API_URL PHOTO story.mp4 --prompt "slow zoom in"

API_URL is where the paths of the document begin, ENLIVEN_TOKEN an access token. Without a prompt
the service looks at the photo and suggests some; the first of them is taken. Only Python's
standard library is needed. Every request is made by its operationId; paths, methods and the
headers that are asked for come from the document.
"""
# ruff: noqa: T201, S310 - a script prints, and opens what its user and the API name

from __future__ import annotations

import argparse
import json
import os
import random
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

#: Between two looks at a story, where the answer does not say: doubled each time nothing changed.
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 1.0, 8.0
#: How long a story may take in all, and how often one request is sent.
PATIENCE_SECONDS, TRIES = 900.0, 6
#: Who is told to wait longer, until tomorrow for instance, is not to wait here.
LONGEST_WAIT_SECONDS = 60.0
WAITING = {"AWAITING_PHOTO", "PROCESSING"}
_AGAIN = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_IN_PROGRESS = "idempotency_in_progress"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; None where there is none."""
        return json.loads(self.body) if self.body else None


class Problem(Exception):
    """A refusal: problem details (RFC 9457). `code` is stable, the text is for people."""

    def __init__(self, status: int, told: dict[str, Any]) -> None:
        super().__init__(f"{status} {told.get('code', '')}: {told.get('detail') or told}")
        self.status = status
        self.code = told.get("code")


class Api:
    """Calls operations by their operationId."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token
        request = urllib.request.Request(f"{self._url}/openapi.json")
        document = _send(request).json()
        self.operations: dict[str, tuple[str, str, dict[str, Any]]] = {
            operation["operationId"]: (method.upper(), path, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
        }

    def call(
        self,
        operation_id: str,
        body: dict[str, Any] | None = None,
        *,
        known: str | None = None,
        **names: Any,
    ) -> Answer:
        """Send one request, again where the service asks for that; `names` go into path or query.

        `known` is the ETag of the answer that one has. Raises Problem if the request is refused.
        """
        request = self._request(operation_id, body, known, names)
        for tried in range(TRIES):
            wait = FIRST_PAUSE_SECONDS * 2**tried
            try:
                answer = _send(request)
            except (urllib.error.URLError, TimeoutError):
                # Whether it was done is not known; with the same key it is not done twice.
                if tried == TRIES - 1:
                    raise
                time.sleep(_jittered(wait))
                continue
            if answer.status < HTTPStatus.BAD_REQUEST:
                return answer
            problem = Problem(answer.status, _told(answer))
            may_repeat = answer.status in _AGAIN or problem.code == _IN_PROGRESS
            wait = _pause(answer, wait)
            if not may_repeat or tried == TRIES - 1 or wait > LONGEST_WAIT_SECONDS:
                raise problem
            time.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _request(
        self, operation_id: str, body: dict[str, Any] | None, known: str | None, names: Any
    ) -> urllib.request.Request:
        """One request, with one Idempotency-Key however often it is sent."""
        method, path, operation = self.operations[operation_id]
        content = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json, application/problem+json"}
        if operation["security"]:
            headers["Authorization"] = f"Bearer {self._token}"
        if content is not None:
            headers["Content-Type"] = "application/json"
        own = {"Idempotency-Key": str(uuid.uuid4()), "If-None-Match": known}
        query: dict[str, Any] = {}
        for parameter in operation.get("parameters", []):
            name, where = parameter["name"], parameter["in"]
            value = own.get(name) if where == "header" else names.get(name)
            if where == "path":
                path = path.replace(f"{{{name}}}", urllib.parse.quote(str(value), safe=""))
            elif value is not None:
                (query if where == "query" else headers)[name] = value
        url = self._url + path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        return urllib.request.Request(url, content, headers, method=method)


def upload(form: dict[str, Any], photo: Path) -> None:
    """Send the photo by its form: every field in the order it was given, the file last."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in form["fields"].items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="photo"\r\n\r\n'
    body = b"".join([*parts, head.encode(), photo.read_bytes(), f"\r\n--{boundary}--\r\n".encode()])
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = _send(urllib.request.Request(form["url"], body, headers, method="POST"))
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise SystemExit(f"The photo was refused: {answer.status} {answer.body.decode()}")


def follow(api: Api, story_id: str) -> dict[str, Any]:
    """Look at a story until it has ended; what has not changed is not sent again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    story: dict[str, Any] = {}
    tag, pause = None, FIRST_PAUSE_SECONDS
    while time.monotonic() < deadline:
        answer = api.call("getStory", story_id=story_id, known=tag)
        if answer.status == HTTPStatus.NOT_MODIFIED:
            pause = min(LAST_PAUSE_SECONDS, pause * 2)
        else:
            story, tag, pause = answer.json(), answer.headers["etag"], FIRST_PAUSE_SECONDS
            print(f"{story['status']:<15} {story['progress']:>4.0%}  {story['stage'] or ''}")
            if story["status"] not in WAITING:
                return story
        time.sleep(_pause(answer, pause))
    raise SystemExit(f"The story was not finished after {PATIENCE_SECONDS:g} s: {story_id}")


def download(url: str) -> bytes:
    """A finished video; the link lives for minutes, so ask for the story right before."""
    answer = _send(urllib.request.Request(url))
    if answer.status != HTTPStatus.OK:
        raise SystemExit(f"The video could not be read: {answer.status}")
    return answer.body


def mine(api: Api) -> list[str]:
    """The ids of all stories of this user, newest first, page by page."""
    found: list[str] = []
    cursor = None
    while True:
        page = api.call("listStories", cursor=cursor, limit=50).json()
        found += [story["id"] for story in page["stories"]]
        cursor = page["next"]
        if not cursor:
            return found


def arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("api_url", "photo", "out"):
        parser.add_argument(name)
    parser.add_argument("--prompt")
    parser.add_argument(
        "--people-consent",
        action="store_true",
        help="the people in the photo agreed to be animated",
    )
    parser.add_argument("--post", action="store_true", help="let others see it, by its link")
    parser.add_argument("--delete", action="store_true", help="delete it at the end")
    return parser.parse_args()


def main() -> None:
    """Make a story, deliver its photo, follow it, keep its video; post and delete it if asked."""
    asked = arguments()
    api = Api(asked.api_url, os.environ["ENLIVEN_TOKEN"])
    said = {"prompt": asked.prompt} if asked.prompt else {}
    words = {**said, "people_consent": asked.people_consent}
    created = api.call("createStory", words).json()
    story_id = created["story"]["id"]
    # The form lives for an hour; who could not send the photo in time asks for another one.
    form = api.call("renewUpload", story_id=story_id).json()
    upload(form, Path(asked.photo))
    story = follow(api, story_id)
    if story["status"] == "AWAITING_PROMPT":
        print(f"{', '.join(story['tags'])}: {' | '.join(story['suggestions'])}")
        words["prompt"] = story["suggestions"][0]
        api.call("putPrompt", words, story_id=story_id)
        story = follow(api, story_id)
    if story["status"] != "READY":
        raise SystemExit(f"{story['status']}: {[each['message'] for each in story['reasons']]}")
    if story_id not in mine(api):
        raise SystemExit(f"Story {story_id} is not in the list.")
    Path(asked.out).write_bytes(download(story["video_url"]))
    print(f"{asked.out}  {story['alt_text']}")
    if asked.post:
        posted = api.call("postStory", {"visibility": "link"}, story_id=story_id).json()
        page = api.call("showStory", story_id=story_id)
        print(f"{posted['share_url']}  {len(page.body)} bytes, until {posted['expires_at']}")
    if asked.delete:
        api.call("deleteStory", story_id=story_id)


def _pause(answer: Answer, otherwise: float) -> float:
    """What Retry-After says, or else what we would wait."""
    said = answer.headers.get("retry-after")
    return _jittered(float(said) if said else otherwise)


def _told(answer: Answer) -> dict[str, Any]:
    """What a refusal says; a public page says it in HTML."""
    is_json = "json" in answer.headers.get("content-type", "")
    return answer.json() if is_json else {"detail": answer.body.decode()}


def _jittered(seconds: float) -> float:
    """A little more, so that clients that failed together do not come back together."""
    return seconds * random.uniform(1.0, 1.5)  # noqa: S311 - no secret


def _send(request: urllib.request.Request) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=60) as got:
            return Answer(got.status, _lower(got.headers), got.read())
    except urllib.error.HTTPError as error:
        # Everything above 299 comes this way, 304 too.
        with error:
            return Answer(error.code, _lower(error.headers), error.read())


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


if __name__ == "__main__":
    main()
