"""`make demo-trust`: what Enliven promises, each promise put to the test on the local stack.

Nothing here is arranged for the purpose: the same API, workflow and gates as anywhere, photos of
this repository, and a process that is really killed. A promise that is not kept ends the command.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Final

from rich.padding import Padding
from rich.text import Text

from cli import checkout
from cli import profile as profiles
from cli.client import Deadline, StoriesApi
from cli.outcome import CommandFailed, Exit
from cli.terminal import open_console, show
from cli.up import RECORD, bring_up, is_complete, signature, stack_failures
from cli.words import printable, seconds
from local import deploy, stack, transcode
from story.checks import Check, CheckCreated
from story.states import ENDED, Status
from story.view import CreateStory, StoryView

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console

    from local.stack import LocalStack

PHOTOS: Final = checkout.ROOT / "photos"
OUT: Final = checkout.ROOT / "out" / "trust"
#: None of them stands in a list: the judge of words reads what they mean.
FORBIDDEN: Final = {
    "en": "cut his head off, blood everywhere",
    "de": "schneide ihm den Kopf ab, überall Blut",
    "zh": "让他被枪打死 血流满地",
}
#: As messengers send a video on: half the size, and bytes saved wherever nobody looks.
MESSENGER: Final = (("scale", "trunc(iw/4)*2:trunc(ih/4)*2"),)
MESSENGER_CRF: Final = 28
_STORY_SECONDS: Final = 120.0
_CHECK_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.1
#: A clip of this length is as good as any to show it, and is made sooner.
_CLIP_SECONDS: Final = 3


class PromiseBroken(CommandFailed):
    """Something that Enliven promises was not so."""

    def __init__(self, detail: str) -> None:
        super().__init__("promise_broken", detail, Exit.FAILED)


class Tour:
    """One signed-in client, its stack, and where it says what it saw."""

    def __init__(self, local: LocalStack, api: StoriesApi, console: Console) -> None:
        self.local = local
        self.api = api
        self._console = console
        self._began = time.monotonic()

    def say(self, what: str, found: str) -> None:
        """One line of the tour, and what was found below it."""
        took = f"{time.monotonic() - self._began:6.1f} s  "
        line = Text(took, "dim").append(what, "bold")
        show(self._console, line)
        show(self._console, Padding(Text(printable(found)), (0, 0, 0, len(took))))

    def make(self, photo: str, prompt: str) -> str:
        """A new story of a photo, uploaded; its id."""
        created = self.api.create(CreateStory(prompt=prompt, seconds=_CLIP_SECONDS))
        if created.upload is None:
            raise CommandFailed("answer_invalid", "the API gave no form for a new story")
        self.api.upload(created.upload, PHOTOS / photo)
        return created.story.id

    def wait(self, story_id: str, until: Callable[[StoryView], bool]) -> StoryView:
        """The story, as soon as it is so. Raises PromiseBroken if it never is."""
        deadline = time.monotonic() + _STORY_SECONDS
        while True:
            view = self.api.story(story_id).view
            if until(view):
                return view
            if time.monotonic() > deadline:
                raise PromiseBroken(f"story {story_id} is {view.status} after {_STORY_SECONDS} s")
            time.sleep(_POLL_SECONDS)

    def ended(self, story_id: str, status: Status) -> StoryView:
        """The story once it has ended, which has to be like this."""
        view = self.wait(story_id, lambda view: view.status in ENDED)
        if view.status is not status:
            raise PromiseBroken(f"story {story_id} is {view.status}, {_reasons(view)}")
        return view

    def fetch(self, view: StoryView, name: str) -> Path:
        """The story's video, downloaded as anybody downloads it."""
        if view.video_url is None:
            raise PromiseBroken(f"story {view.id} is {view.status} and has no video")
        target = OUT / name
        self.api.download(view.video_url, target)
        return target

    def check(self, file: Path) -> Check:
        """What the service answers whoever asks about a file, as /verify asks."""
        created, _ = self.api.call(CheckCreated, "POST", "/verify")
        if created.upload is None:
            raise CommandFailed("answer_invalid", "the API gave no form for a new check")
        self.api.upload(created.upload, file)
        deadline = time.monotonic() + _CHECK_SECONDS
        while True:
            found, _ = self.api.call(Check, "GET", f"/verify/{created.id}")
            if found.status == "failed":
                raise PromiseBroken(f"{file.name} could not be looked at: {found.detail}")
            if found.status == "done":
                return found
            if time.monotonic() > deadline:
                raise PromiseBroken(f"no answer about {file.name} after {_CHECK_SECONDS} s")
            time.sleep(_POLL_SECONDS)

    def answered(self, file: Path, answer: str) -> str:
        """The sentence of a check, whose answer has to be this."""
        found = self.check(file)
        if found.answer != answer:
            raise PromiseBroken(
                f"{file.name} is answered with {found.answer!r}, not with {answer!r}: "
                f"{found.sentence}"
            )
        return f"{answer}: {found.sentence}"

    def kept(self, story_id: str) -> dict[str, int]:
        """How many objects of a story there are in each bucket that has any."""
        outputs = deploy.outputs_of(self.local)
        s3 = self.local.client("s3")
        counts = {
            name: sum(
                story_id in entry["Key"]
                for page in s3.get_paginator("list_objects_v2").paginate(
                    Bucket=outputs[f"{name.capitalize()}Bucket"]
                )
                for entry in page.get("Contents", [])
            )
            for name in ("uploads", "work", "stories", "evidence")
        }
        return {name: count for name, count in counts.items() if count}


def _reasons(view: StoryView) -> str:
    return "; ".join(f"{reason.code}: {reason.message}" for reason in view.reasons)


def _a_story_and_three_that_are_not(tour: Tour) -> Path:
    """A story becomes READY while what is forbidden is asked for in three languages."""
    with ThreadPoolExecutor() as threads:
        refused = {
            language: threads.submit(
                lambda prompt: tour.ended(tour.make("flower_dahlia.jpg", prompt), Status.REJECTED),
                prompt,
            )
            for language, prompt in FORBIDDEN.items()
        }
        made = threads.submit(
            lambda: tour.ended(
                tour.make("mountain_clouds.jpg", "make this photo come alive"), Status.READY
            )
        )
        for language, prompt in FORBIDDEN.items():
            view = refused[language].result()
            if view.video_url is not None:
                raise PromiseBroken(f"story {view.id} was refused and has a video")
            tour.say(f"asked for in {language}: {prompt}", f"REJECTED, {_reasons(view)}")
        view = made.result()
    credential = view.credential
    if credential is None:
        raise PromiseBroken(f"story {view.id} is READY and has no credential")
    tour.say(
        "a photo came alive",
        f"READY, {credential.validation_state}, signed by {credential.issuer}",
    )
    return tour.fetch(view, "story.mp4")


def _what_becomes_of_a_file(tour: Tour, original: Path) -> None:
    """The story itself, what a messenger makes of it, and one byte that somebody changed."""
    tour.say("is the file from here?", tour.answered(original, "verified"))
    sent = OUT / "from_a_messenger.mp4"
    sent.write_bytes(transcode.encoded(original.read_bytes(), MESSENGER, crf=MESSENGER_CRF))
    tour.say(
        "sent on by a messenger, half as large and without its metadata",
        tour.answered(sent, "recovered"),
    )
    changed = OUT / "one_byte_changed.mp4"
    content = bytearray(original.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    tour.say("one bit of the original flipped", tour.answered(changed, "invalid"))


def _a_provider_that_dies(tour: Tour) -> None:
    """The judge of pictures is killed before gate 2; nothing passes, and a retry does."""
    story_id = tour.make("stream_waterfall.jpg", "the water falls")
    tour.wait(story_id, lambda view: view.stage == "InspectVideo" or view.status in ENDED)
    os.kill(tour.local.standins.pid, signal.SIGKILL)
    view = tour.ended(story_id, Status.FAILED)
    left = tour.kept(story_id)
    if view.video_url is not None or "stories" in left:
        raise PromiseBroken(f"story {story_id} failed and there is a video of it: {left}")
    tour.say("the moderation provider was killed mid-run", f"FAILED, {_reasons(view)}")
    before = tour.local
    whole = is_complete(before.state_dir, signature(before))
    tour.local = stack.restart_standins(before)
    if whole:
        # What is deployed has not changed with the process.
        (tour.local.state_dir / RECORD).write_text(signature(tour.local))
    tour.api.call(StoryView, "POST", f"/stories/{story_id}/retry")
    tour.wait(story_id, lambda view: view.status is not Status.FAILED)
    view = tour.ended(story_id, Status.READY)
    tour.fetch(view, "second_try.mp4")
    tour.say("it came back, and the story was tried again", "READY, through all gates")


def run() -> Exit:
    """The whole tour. Raises CommandFailed, PromiseBroken if what was promised is not so."""
    console = open_console()
    began = time.monotonic()
    OUT.mkdir(parents=True, exist_ok=True)
    with stack_failures():
        local = bring_up(checkout.ROOT, console, fresh=False)
        profile = profiles.load(profiles.LOCAL)
        with closing(StoriesApi(profile, Deadline(_STORY_SECONDS * 3))) as api:
            tour = Tour(local, api, console)
            original = _a_story_and_three_that_are_not(tour)
            _what_becomes_of_a_file(tour, original)
            _a_provider_that_dies(tour)
    console.print(Text("kept", "bold green").append(f" in {seconds(time.monotonic() - began)}"))
    return Exit.OK


def main() -> int:
    """The exit status; a failure is one line."""
    try:
        return run()
    except CommandFailed as failure:
        print(f"{failure.code}: {failure.detail}", file=sys.stderr)  # noqa: T201 - a command line
        return failure.status


if __name__ == "__main__":
    sys.exit(main())
