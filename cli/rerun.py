"""A state's function, run again: from where its input comes, the run itself, and what came out.

What the input refers to is copied from where it still is; what was cleared is made again by the
states that made it, in their order, from the original photo.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import ValidationError

from cli import media
from cli.behind import GONE, aws_failures, parsed
from cli.outcome import CommandFailed, Exit
from cli.wiring import CLAIMED, MAKERS, UPLOAD, WAITS_FOR_TOKEN, WORKFLOW, references
from story.contracts import STATES, GenerateVideoOutput
from story.generation import Failure
from story.limits import MAX_CLIP_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.behind import Behind
    from cli.client import Deadline
    from cli.history import History, Run
    from cli.scratch import Scratch

#: What stands for the workflow's token: nobody waits for it, as resume_story finds.
NO_TOKEN = "replay"  # noqa: S105 - no secret
POLL_SECONDS = 0.5
#: Functions of the workflow answer within 120 s; a cold start comes on top.
ANSWER_SECONDS = 180.0

#: Things as people call them.
SPOKEN = {
    UPLOAD: "the upload",
    "photo": "the clean photo",
    "direction": "the direction",
    "result": "the engine's result",
    "clip": "the clip",
    "report": "the engine's report",
    "frames": "the judged frames",
    "engine": "the engine's name",
    "language": "the badge's language",
    "begun_at": "the time that it was begun",
    "crop": "the crop",
    "labelled": "the labelled clip",
    "watermark": "the invisible mark",
    "poster": "the poster",
    "ingredient": "the ingredient",
    "fingerprints": "the fingerprints",
}


@dataclass(frozen=True)
class Answer:
    """What one function said: an output, or the error that it failed with."""

    state: str
    function: str
    ms: int
    output: dict[str, Any] | None
    error: str | None = None
    message: str = ""
    #: Why the output breaks the state's contract; empty if it holds it.
    broken: str = ""


@dataclass
class Replay:
    """One replay: the story's past on one side, what is made of it now on the other."""

    behind: Behind
    record: dict[str, Any]
    history: History | None
    state: str
    attempt: int
    take: int
    #: The original photo, where it was given.
    photo: bytes | None
    current_code: bool
    #: What the story had, by name, as far as its history tells.
    had: dict[str, Any] = field(default_factory=dict)
    #: What is not made again but copied, with where it is.
    sources: dict[str, list[media.Found]] = field(default_factory=dict)

    @property
    def story_id(self) -> str:
        """The story that is replayed."""
        return str(self.record["story_id"])

    def run_of(self, state: str) -> Run | None:
        """How the state ran in the story."""
        return self.history.of(state, self.take) if self.history else None

    def plan(self) -> list[str]:
        """The states to run, in order, the one asked for last; finds what is still there.

        Raises CommandFailed that says what is missing and what would help.
        """
        self._remember()
        order: list[str] = []
        self._need(self.state, order)
        if "InspectPhoto" in order and self.photo is None and not self._finds(UPLOAD):
            raise CommandFailed("media_cleared", self._missing(order))
        return order

    def _remember(self) -> None:
        # Of the last attempt, or what the workflow takes for it; a history tells more exactly.
        self.had |= {
            name: self.record[field] for name, field in CLAIMED.items() if field in self.record
        }
        for run in self.history.runs if self.history else ():
            wiring = WORKFLOW[run.state]
            if run.take not in {self.take, None}:
                continue
            if run.payload is not None:
                self.had |= wiring.taken(run.payload)
            if run.output is not None:
                self.had |= wiring.given(run.output)

    def _need(self, state: str, order: list[str]) -> None:
        """Put a state into the order, behind those that make what it takes and what is gone."""
        for name in WORKFLOW[state].takes.values():
            there = name in self.sources or self._is_plain(name) or name == UPLOAD
            if there or MAKERS[name] in order or self._finds(name):
                continue
            self._need(MAKERS[name], order)
        if state not in order:
            order.append(state)

    def _is_plain(self, name: str) -> bool:
        return name in self.had and not references(self.had[name])

    def _finds(self, name: str) -> bool:
        """Whether all objects of a thing are still there; remembers where."""
        if name == UPLOAD:
            return self._upload_is_there()
        had = references(self.had.get(name))
        if not had and name == "photo":  # without a history its place is still known
            key = f"work/{self.story_id}/{self.attempt}/photo.jpg"
            had = [{"bucket": self.behind.bucket("work"), "key": key}]
        found = [media.find(self.behind, self.story_id, each) for each in had]
        if not found or None in found:
            return False
        self.sources[name] = [each for each in found if each is not None]
        return True

    def _upload_is_there(self) -> bool:
        upload = self.had.get(UPLOAD)
        if upload is None:
            return False
        with aws_failures(f"look for s3://{upload['bucket']}/{upload['key']}"):
            try:
                self.behind.client("s3").head_object(
                    Bucket=upload["bucket"],
                    Key=upload["key"],
                    VersionId=upload["version_id"],
                    IfMatch=upload["etag"],
                )
            except ClientError as error:
                if error.response["Error"]["Code"] in GONE:
                    return False
                raise
        return True

    def _missing(self, order: list[str]) -> str:
        gone = [
            SPOKEN[name]
            for name in WORKFLOW[self.state].takes.values()
            if name not in self.sources and not self._is_plain(name)
        ] or [SPOKEN[UPLOAD]]
        before = ", ".join(state for state in order if state != self.state)
        how = f", by running {before} first" if before else ""
        return (
            f"{self.state} cannot be replayed from what is left. Gone: {', '.join(gone)}; "
            f"{media.why_gone(self.record)}. With the original photo{self.described_photo()}, "
            f"`--photo FILE` makes that again{how}"
        )

    def described_photo(self) -> str:
        """What is known of the photo, for who looks for the file."""
        upload, inspected = self.had.get(UPLOAD), self.run_of("InspectPhoto")
        facts = []
        if upload is not None:
            facts.append(f"{upload['size']:,} bytes")
        if inspected is not None and inspected.output is not None:
            source = inspected.output["source"]
            facts.append(f"{source['format']}, {source['width']}×{source['height']} px")
            facts.append(f"SHA-256 {source['sha256'][:12]}…")
        return f" ({', '.join(facts)})" if facts else ""

    def check_photo(self, path: str) -> str:
        """Hold the given photo against the story's digest; returns how it was checked.

        Raises CommandFailed if it is another photo.
        """
        photo, upload = self.photo or b"", self.had.get(UPLOAD)
        inspected = self.run_of("InspectPhoto")
        if inspected is not None and inspected.output is not None:
            expected, given = (
                inspected.output["source"]["sha256"],
                hashlib.sha256(photo).hexdigest(),
            )
            how = "by its SHA-256"
        elif upload is not None:
            # S3's ETag of a photo that came in one piece; nobody is kept out by it.
            expected, given = upload["etag"], hashlib.md5(photo, usedforsecurity=False).hexdigest()
            how = "by S3's ETag"
        else:
            return "not checked: the execution's history is gone, and with it the photo's digest"
        if expected != given:
            raise CommandFailed(
                "photo_of_another_story",
                f"{path}: this is not the story's photo{self.described_photo()}; this file has "
                f"{len(photo):,} bytes and {given[:12]}… in place of {expected[:12]}…",
                Exit.USAGE,
            )
        return f"checked {how}"


@dataclass
class Workshop:
    """Runs the planned states in a scratch story."""

    replay: Replay
    scratch: Scratch
    deadline: Deadline
    #: Everything that was obtained, by name.
    things: dict[str, Any] = field(default_factory=dict)
    _current: dict[str, str] = field(default_factory=dict)

    def run(self, order: list[str]) -> Iterator[Answer]:
        """Copy what is there, then run state after state; stops after one that failed."""
        for name, found in self.replay.sources.items():
            self.things[name] = self._copied(name, found)
        for name, had in self.replay.had.items():
            if not references(had):
                self.things.setdefault(name, had)
        for state in order:
            if UPLOAD in WORKFLOW[state].takes.values() and UPLOAD not in self.things:
                self.things[UPLOAD] = self._upload()
            answer = self._ask(state)
            yield answer
            if answer.output is None or answer.broken:
                return
            self.things |= WORKFLOW[state].given(answer.output)

    def _copied(self, name: str, found: list[media.Found]) -> Any:
        had = self.replay.had.get(name)
        copies: list[dict[str, Any]] = []
        for each in found:
            key = f"work/{self.scratch.id}/{self.scratch.attempt}/{each.key.rsplit('/', 1)[1]}"
            if each.key.startswith("results/"):  # its reader's role reads it where it is
                copies.append({"bucket": each.bucket, "key": each.key})
                continue
            bucket = self.replay.behind.bucket("work")
            self.scratch.copy(bucket, key, each.body)
            digest = hashlib.sha256(each.body).hexdigest()
            facts: dict[str, Any] = {"sha256": digest, "size": len(each.body)}
            copies.append({"bucket": bucket, "key": key, **facts})
        return copies if isinstance(had, list) else copies[0]

    def _upload(self) -> dict[str, Any]:
        if self.replay.photo is not None:
            return self.scratch.upload(self.replay.photo)
        upload: dict[str, Any] = self.replay.had[UPLOAD]  # read where it is: nothing writes there
        return upload

    def _ask(self, state: str) -> Answer:
        scratch = self.scratch
        payload = WORKFLOW[state].payload(scratch.id, scratch.attempt, scratch.take, self.things)
        self._hold_against_history(state, payload)
        if state in WAITS_FOR_TOKEN:
            payload["token"] = NO_TOKEN
        function = self._function(state)
        began = time.monotonic()
        said = self._invoke(function, payload)
        if state in WAITS_FOR_TOKEN and "errorType" not in said:
            said = self._await_endpoint()
        ms = round((time.monotonic() - began) * 1000)
        if "errorType" in said:
            message = str(said.get("errorMessage", ""))
            return Answer(state, function, ms, None, str(said["errorType"]), message)
        return Answer(state, function, ms, said, broken=_broken(state, said))

    def _hold_against_history(self, state: str, payload: dict[str, Any]) -> None:
        """The input must have the fields that the story's had: else this is another workflow."""
        run = self.replay.run_of(state)
        if run is None or run.payload is None or run.payload.keys() == payload.keys():
            return
        differing = sorted(run.payload.keys() ^ payload.keys())
        raise CommandFailed(
            "contract_changed",
            f"the story ran with another contract: its {state} had {sorted(run.payload)}, this "
            f"checkout's has {sorted(payload)} (differing: {', '.join(differing)}); replay it "
            "from the checkout that was deployed then",
        )

    def _function(self, state: str) -> str:
        run = self.replay.run_of(state)
        if not self.replay.current_code:
            if run is None or run.function is None:
                raise CommandFailed(
                    "history_gone",
                    f"which version of {state} the story ran is not known any more; leave out "
                    "`--code then`",
                )
            return run.function
        if not self._current:
            self._current = current_functions(self.replay.behind)
        return self._current[state]

    def _invoke(self, function: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.deadline.check("still replaying")
        # One try: a function that runs twice is not the run that is looked at.
        client = self.replay.behind.client("lambda", read_seconds=ANSWER_SECONDS, tries=1)
        with aws_failures(f"invoke {function}"):
            try:
                answer = client.invoke(FunctionName=function, Payload=json.dumps(payload).encode())
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
                raise CommandFailed(
                    "function_gone",
                    f"{function} is not deployed any more; leave out `--code then`",
                ) from error
            said: dict[str, Any] = parsed(answer["Payload"].read().decode())
        if "FunctionError" in answer and "errorType" not in said:
            # A function that ended without a word, by a time-out for instance.
            said = {"errorType": answer["FunctionError"], "errorMessage": str(said)}
        return said

    def _await_endpoint(self) -> dict[str, Any]:
        """Wait until the endpoint has written a result or a failure for the scratch story."""
        sort = f"{self.scratch.attempt:04d}-{self.scratch.take}"
        generation = self.scratch.record("GENERATION", sort) or {}
        while True:
            for name in ("output_location", "failure_location"):
                bucket, _, key = str(generation[name]).removeprefix("s3://").partition("/")
                body = self.replay.behind.read(bucket, key, MAX_CLIP_BYTES)
                if body is None:
                    continue
                if name == "output_location":
                    return GenerateVideoOutput(bucket=bucket, key=key).model_dump(mode="json")
                failure = Failure.model_validate_json(body)
                return {"errorType": failure.error, "errorMessage": failure.message}
            self.deadline.check("the endpoint had not answered")
            time.sleep(POLL_SECONDS)


def _broken(state: str, output: dict[str, Any]) -> str:
    try:
        STATES[state][1].model_validate(output)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        return f"{where}: {first['msg']}"
    return ""


def current_functions(behind: Behind) -> dict[str, str]:
    """What each state runs for a story that starts now: function ARNs with their versions."""
    with aws_failures("read the workflow's definition"):
        described = behind.client("stepfunctions").describe_state_machine(
            stateMachineArn=behind.outputs["StoryWorkflow"]
        )
    definition = parsed(described["definition"])
    return {
        state: definition["States"][state]["Arguments"]["FunctionName"]
        for state in WORKFLOW
        if state in definition["States"]
    }
