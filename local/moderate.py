"""Asks the gates about a photo and words, without a stack: `python -m local.moderate --photo F`.

The handlers are the ones that are deployed; AWS is moto's in this process, and what the providers
say comes from the stand-ins, on a loopback port for as long as this takes.
"""
# ruff: noqa: T201 - a command line prints

from __future__ import annotations

import argparse
import json
import logging
import os
import socket
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import boto3
import uvicorn
from moto import mock_aws

from cloud import clients, guardrail, stories, verdicts
from inspect_photo.handler import handler as inspect_photo
from local.standins.app import Settings, make_app
from moderate.handler import handler as moderate
from story import identifiers, policy
from story.contracts import InspectPhotoOutput, ObjectRef
from story.errors import EnlivenError, PhotoBlocked
from story.limits import MAX_CAPTION_CHARACTERS, MAX_PROMPT_CHARACTERS, MAX_UPLOAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Gates = Literal["input", "video", "posting"]
GATES: Final[tuple[Gates, ...]] = ("input", "video", "posting")
_REGION: Final = "us-east-1"
_BUCKETS: Final = ("uploads", "work", "evidence", "held")
_START_SECONDS: Final = 120
_NOW: Final = "2026-11-01T00:00:00.000Z"
_ATTEMPT: Final = 1
_TABLE: Final = "stories"
#: What the functions are told of their surroundings; the laptop has no quota to keep.
_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": _REGION,
    "STORIES_TABLE": _TABLE,
    "GUARDRAIL_ID": "local-guardrail",
    "GUARDRAIL_VERSION": "1",
    "REKOGNITION_QUOTA": "1000",
    "REKOGNITION_CONCURRENCY": "4",
    "STATE_CONCURRENCY": "1",
    "RECOGNIZE_CELEBRITIES": "off",
    "POWERTOOLS_METRICS_NAMESPACE": "Enliven/moderate",
    "POWERTOOLS_METRICS_DISABLED": "true",
    **{f"{name.upper()}_BUCKET": name for name in _BUCKETS},
}


class Asked(NamedTuple):
    """What to judge, and by which gate."""

    gate: Gates = "input"
    photo: bytes | None = None
    prompt: str | None = None
    caption: str | None = None
    people_consent: bool = False


class Refused(Exception):
    """What was given cannot be judged: a stable code and a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        """Keep both."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def read_photo(path: Path) -> bytes:
    """The bytes of a photo file. Raises Refused if there are none, or too many."""
    try:
        size = path.stat().st_size
        if size > MAX_UPLOAD_BYTES:
            raise Refused(
                "photo_too_large",
                f"{path} has {size:,} bytes; at most {MAX_UPLOAD_BYTES:,} are taken",
            )
        return path.read_bytes()
    except OSError as error:
        raise Refused("photo_missing", f"{path} cannot be read: {error.strerror}") from error


def require_sense(asked: Asked) -> None:
    """Raises Refused unless the gate has something to judge, and the words are of a story's."""
    if asked.gate == "video" and asked.photo is None:
        raise Refused("nothing_to_judge", "Gate video judges a picture as a frame: give --photo")
    if asked.gate == "posting" and (asked.photo is not None or not _words(asked)):
        raise Refused(
            "nothing_to_judge", "Gate posting judges words alone: give --prompt or --caption"
        )
    if asked.photo is None and not _words(asked):
        raise Refused("nothing_to_judge", "Give --photo, --prompt or --caption, or several")
    for name, text, most in (
        ("prompt", asked.prompt, MAX_PROMPT_CHARACTERS),
        ("caption", asked.caption, MAX_CAPTION_CHARACTERS),
    ):
        if text is not None and not 0 < len(text.strip()) <= most:
            raise Refused(
                f"{name}_invalid",
                f"The {name} has {len(text.strip())} characters; 1 to {most} are taken",
            )


def _words(asked: Asked) -> dict[str, str]:
    given = {"prompt": asked.prompt, "caption": asked.caption}
    return {name: text.strip() for name, text in given.items() if text is not None}


@contextmanager
def gates() -> Iterator[Gatekeeper]:
    """Gates that answer for as long as the context lasts; models are loaded once for all asked."""
    before, logged = dict(os.environ), logging.root.manager.disable
    clients.client.cache_clear()
    try:
        # Standard output, where functions log, is for the answer.
        logging.disable()
        os.environ.update(_ENVIRONMENT)
        for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
            del os.environ[name]
        with mock_aws(), _standins() as url:
            os.environ["AWS_ENDPOINT_URL_REKOGNITION"] = url
            os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = url
            _make_account()
            yield Gatekeeper()
    finally:
        os.environ.clear()
        os.environ.update(before)
        logging.disable(logged)
        clients.client.cache_clear()


class Gatekeeper:
    """Runs the real handlers on a new story for each question."""

    def judge(self, asked: Asked) -> dict[str, Any]:
        """The verdict as a document that can be printed as JSON.

        Raises Refused for what cannot be judged, EnlivenError for a provider that does not answer.
        """
        require_sense(asked)
        began = time.perf_counter()
        clients.take_calls()
        story_id = identifiers.new_story_id()
        stories.create(
            {
                "story_id": story_id,
                "status": "PROCESSING",
                "creator": "local",
                "created_at": _NOW,
                "updated_at": _NOW,
                "attempt": _ATTEMPT,
                "people_consent": asked.people_consent,
                **_words(asked),
            }
        )
        self._run(story_id, asked)
        kept = sorted(stories.partition("VERDICT", story_id), key=lambda each: each["decided_at"])
        return _document(asked.gate, kept, time.perf_counter() - began)

    def _run(self, story_id: str, asked: Asked) -> None:
        about = {"story_id": story_id, "attempt": _ATTEMPT}
        if asked.gate == "posting":
            verdict = guardrail.judge(_words(asked).values(), "posting")
            verdicts.keep(story_id, _ATTEMPT, "posting", verdict)
            return
        if asked.photo is not None:
            photo = self._cleaned(story_id, asked.photo)
            if photo is None:
                return
            images = [photo.model_dump(mode="json")]
            gate = "video" if asked.gate == "video" else "photo"
            moderate({**about, "gate": gate, "images": images}, None)  # type: ignore[arg-type]  # no Lambda around it
        if asked.gate == "input" and _words(asked):
            moderate({**about, "gate": "words"}, None)  # type: ignore[arg-type]  # the same

    def _cleaned(self, story_id: str, photo: bytes) -> ObjectRef | None:
        """The photo as the gates see it; None if it is on an operator's list."""
        key = identifiers.upload_key(story_id)
        put = boto3.client("s3").put_object(Bucket="uploads", Key=key, Body=photo)
        upload = {
            "bucket": "uploads",
            "key": key,
            "version_id": put["VersionId"],
            "etag": put["ETag"].strip('"'),
            "size": len(photo),
        }
        event = {"story_id": story_id, "attempt": _ATTEMPT, "upload": upload}
        try:
            answer = inspect_photo(event, None)  # type: ignore[arg-type]  # the same
        except PhotoBlocked:
            return None
        return InspectPhotoOutput.model_validate(answer).photo


def _document(gate: Gates, kept: Sequence[Any], seconds: float) -> dict[str, Any]:
    each = [
        (str(item["gate"]), policy.Verdict.model_validate_json(item["detail"])) for item in kept
    ]
    one = policy.join([verdict for _, verdict in each])
    return {
        "verdict": one.verdict,
        "gate": gate,
        "reasons": [reason.model_dump() for reason in one.reasons],
        "restriction": one.restriction and one.restriction.model_dump(mode="json"),
        "findings": [
            {"gate": name, **found.model_dump(mode="json")}
            for name, verdict in each
            for found in verdict.findings
        ],
        "policy": one.policy,
        "models": list(one.models),
        "seconds": round(seconds, 3),
    }


def _make_account() -> None:
    """The table and the buckets that the gates use."""
    boto3.client("dynamodb").create_table(
        TableName=_TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )
    for bucket in _BUCKETS:
        boto3.client("s3").create_bucket(Bucket=bucket)
        boto3.client("s3").put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
        )


@contextmanager
def _standins() -> Iterator[str]:
    """The stand-ins on a free loopback port, in a thread, so that they read the same S3."""
    # The engine's address is never called: no gate makes a video.
    app = make_app(Settings(model_url="http://127.0.0.1:9", stack_name="local", region=_REGION))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=3)
    )
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    until = time.monotonic() + _START_SECONDS
    try:
        while not server.started:
            if time.monotonic() > until or not thread.is_alive():
                raise Refused("standins_failed", "The stand-ins of the providers did not start")
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


def arguments(parser: argparse.ArgumentParser) -> None:
    """The same arguments for `enliven moderate` and this module."""
    from pathlib import Path  # noqa: PLC0415 - argparse needs it at run time only

    parser.add_argument("--photo", type=Path, metavar="FILE", help="a photo, judged as uploads are")
    parser.add_argument("--prompt", metavar="TEXT", help="what the story is asked to be")
    parser.add_argument("--caption", metavar="TEXT", help="what is shown with it")
    parser.add_argument(
        "--people-consent", action="store_true", help="the people in the photo agreed"
    )
    parser.add_argument(
        "--gate",
        choices=GATES,
        default="input",
        help="input: photo and words; video: the photo as a frame; posting: words (default: input)",
    )


def asked(options: argparse.Namespace) -> Asked:
    """What the arguments ask for. Raises Refused."""
    question = Asked(
        gate=options.gate,
        photo=None if options.photo is None else read_photo(options.photo),
        prompt=options.prompt,
        caption=options.caption,
        people_consent=options.people_consent,
    )
    require_sense(question)
    return question


def main(given: Sequence[str]) -> int:
    """Print the verdict as JSON: 0 allow, 3 review or reject, 2 the input's fault, 4 no verdict."""
    parser = argparse.ArgumentParser(prog="python -m local.moderate", description=__doc__)
    arguments(parser)
    try:
        question = asked(parser.parse_args(given))
        with gates() as gatekeeper:
            document = gatekeeper.judge(question)
    except (Refused, EnlivenError) as error:
        code = error.code if isinstance(error, Refused) else type(error).code()
        detail = error.detail if isinstance(error, Refused) else str(error)
        print(json.dumps({"error": {"code": code, "detail": detail}}, ensure_ascii=False))
        return 2 if isinstance(error, Refused) or code.startswith("photo_") else 4
    print(json.dumps(document, ensure_ascii=False, indent=2))
    return 0 if document["verdict"] == "allow" else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
