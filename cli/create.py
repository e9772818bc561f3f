"""`enliven create PHOTO`: sign in, upload, watch the workflow, download, check, show a receipt."""

from __future__ import annotations

import json
import reprlib
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from pydantic import ValidationError

from cli import profile as profiles
from cli.client import Deadline, Fetched, StoriesApi, Unanswered
from cli.outcome import CommandFailed, Exit, exit_of_story
from cli.progress import LiveScreen, PlainScreen, Screen
from cli.receipt import Checked, receipt
from cli.terminal import open_console, show
from story import labels
from story.generation import Fit, Preset
from story.states import ENDED, Status
from story.view import CreateStory, StoryView

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from rich.console import Console

DEFAULT_PROMPT = "make this photo come alive"
DEFAULT_OUT = Path("out/story.mp4")
#: A cold endpoint in the cloud takes minutes to scale from zero.
DEFAULT_TIMEOUT_SECONDS = 900.0
FIRST_POLL_SECONDS = 0.15
LAST_POLL_SECONDS = 1.0
POLL_GROWTH = 1.25
#: How often in a row the API may fail to answer a poll before the command gives up.
POLL_FAILURES = 5
DOWNLOAD_TRIES = 3


class Targets(NamedTuple):
    """The three files that a ready story becomes."""

    video: Path
    poster: Path
    record: Path


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("photo", type=Path, help="JPEG, PNG, WebP, HEIC or AVIF, at most 25 MiB")
    parser.add_argument("--prompt", default=DEFAULT_PROMPT, help="what shall move, and how")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="where the MP4 goes")
    parser.add_argument(
        "--people-consent",
        action="store_true",
        help="the people in the photo agreed to be animated",
    )
    parser.add_argument("--fit", choices=("auto", *get_args(Fit)), default="auto")
    parser.add_argument(
        "--no-loop", dest="loop", action="store_false", help="a one-way move, not a seamless loop"
    )
    parser.add_argument("--preset", choices=get_args(Preset), help="the manner of all motion")
    parser.add_argument("--seed", type=int, help="0 to 4294967295; the same seed, the same clip")
    parser.add_argument(
        "--language",
        choices=labels.LANGUAGES,
        default=labels.DEFAULT_LANGUAGE,
        help="what the badge in the picture is written in",
    )
    parser.add_argument(
        "--keep-photo-credentials",
        action="store_true",
        help="the video's credential may say that the photo's own held, and name them",
    )
    parser.add_argument(
        "--no-fallback",
        dest="allow_fallback",
        action="store_false",
        help="rather no video than one by another engine, where a trained model's have defects",
    )
    parser.add_argument("--profile", default=profiles.LOCAL, metavar="NAME")
    parser.add_argument(
        "--timeout", type=float, default=DEFAULT_TIMEOUT_SECONDS, metavar="S", help="seconds"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document, no display")
    parser.add_argument("--plain", action="store_true", help="print lines, do not redraw")


def run(options: Namespace) -> Exit:
    """Make one story; raises CommandFailed when it cannot be made or fetched."""
    return make(options, lambda: profiles.load(options.profile))


def make(options: Namespace, sign_in_as: Callable[[], profiles.Profile]) -> Exit:
    """The same as whoever `sign_in_as` gives, once everything else was found good."""
    began = time.monotonic()
    if not options.timeout > 0:
        raise CommandFailed(
            "usage", f"--timeout {options.timeout:g}: must be more than 0 s", Exit.USAGE
        )
    request = _request(options)
    photo_bytes = _photo_size(options.photo)
    targets = _targets(options.out, options.photo)
    profile = sign_in_as()
    console = open_console()
    deadline = Deadline(options.timeout)

    with closing(StoriesApi(profile, deadline)) as api:
        with closing(_screen(console, options)) as screen:
            screen.begin(options.photo.name, options.prompt)
            api.sign_in()
            created = api.create(request)
            if created.upload is None:
                raise CommandFailed("answer_invalid", "the API gave no form for a new story")
            screen.uploading()
            upload_began = time.monotonic()
            api.upload(created.upload, options.photo)
            screen.uploaded(photo_bytes, round((time.monotonic() - upload_began) * 1000))
            story = _watch(api, created.story.id, screen, deadline)
        if story.view.status is Status.READY:
            story = _download(api, story, targets)

    ready = story.view.status is Status.READY
    files = tuple(targets) if ready else ()
    checked = _check(targets.video, profile.root_certificate) if ready else None
    total = time.monotonic() - began
    failure = _failure(story.view, targets.video, checked)
    if options.json:
        document = _document(story, files, checked)
        if failure is None:
            print(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            failure.document = document
    else:
        show(console, receipt(story.view, total, checked, files))
    if failure is not None:
        raise failure
    return Exit.OK


def _request(options: Namespace) -> CreateStory:
    try:
        return CreateStory(
            prompt=options.prompt,
            people_consent=options.people_consent,
            fit=options.fit,
            loop=options.loop,
            preset=options.preset,
            seed=options.seed,
            language=options.language,
            keep_photo_credentials=options.keep_photo_credentials,
            allow_fallback=options.allow_fallback,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        got = reprlib.repr(first["input"])
        raise CommandFailed(
            "usage", f"--{first['loc'][0]}: {first['msg']}; got {got}", Exit.USAGE
        ) from None


def _photo_size(photo: Path) -> int:
    """The light check before the upload; what is in the file is the server's to decide."""
    problem = None
    count = 0
    try:
        if not photo.exists():
            problem = "there is no such file"
        elif not photo.is_file():
            problem = "this is not a file"
        else:
            with photo.open("rb"):
                count = photo.stat().st_size
            problem = None if count else "the file is empty"
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
    if problem:
        raise CommandFailed("photo_unreadable", f"{photo}: {problem}", Exit.USAGE)
    return count


def _targets(out: Path, photo: Path) -> Targets:
    """Where the files go; found wanting before anything is uploaded, not after."""
    if out.suffix.lower() != ".mp4" or out.is_dir():
        raise CommandFailed("usage", f"--out {out}: must name an .mp4 file", Exit.USAGE)
    targets = Targets(out, out.with_suffix(".jpg"), out.with_suffix(".json"))
    for target in targets:
        if target.exists() and target.samefile(photo):
            raise CommandFailed(
                "usage", f"--out {out}: {target} would replace the photo itself", Exit.USAGE
            )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed("usage", f"--out {out}: {error.strerror}", Exit.USAGE) from error
    return targets


def _screen(console: Console, options: Namespace) -> Screen:
    if options.json:
        return Screen()
    if options.plain or not console.is_terminal:
        return PlainScreen(console)
    return LiveScreen(console)


def _watch(api: StoriesApi, story_id: str, screen: Screen, deadline: Deadline) -> Fetched:
    """Ask for the story until it has ended: often while it changes, seldom while it does not."""
    pause = FIRST_POLL_SECONDS
    failures = 0
    seen: object = None
    while True:
        try:
            story = api.story(story_id)
        except Unanswered:
            failures += 1
            if failures >= POLL_FAILURES:
                raise
        else:
            failures = 0
            view = story.view
            screen.update(view)
            if view.status in ENDED:
                return story
            now = (view.status, view.timeline)
            pause = FIRST_POLL_SECONDS if now != seen else pause
            seen = now
            deadline.check(f"story {story_id} was {view.status} ({view.stage or 'no state yet'})")
        deadline.check(f"story {story_id} was not answered for")
        time.sleep(min(pause, deadline.left))
        pause = min(LAST_POLL_SECONDS, pause * POLL_GROWTH)


def _download(api: StoriesApi, story: Fetched, targets: Targets) -> Fetched:
    """Fetch video and poster, then write the record; a lost connection asks for fresh URLs."""
    for attempt in range(1, DOWNLOAD_TRIES + 1):
        view = story.view
        if view.video_url is None or view.poster_url is None:
            raise CommandFailed(
                "answer_invalid", f"story {view.id} is {view.status} but has no video to download"
            )
        try:
            api.download(view.video_url, targets.video)
            api.download(view.poster_url, targets.poster)
            break
        except Unanswered:
            if attempt == DOWNLOAD_TRIES:
                raise
            time.sleep(FIRST_POLL_SECONDS)
            story = api.story(view.id)
    try:
        targets.record.write_bytes(story.raw)
    except OSError as error:
        raise CommandFailed("file_unwritable", f"{targets.record}: {error.strerror}") from error
    return story


def _check(video: Path, root_certificate: Path | None) -> Checked:
    """What this machine finds in the video, whatever the API said about it."""
    from cli.verify import summary, verify  # noqa: PLC0415 - half a second, while nothing waits

    try:
        anchors = root_certificate.read_bytes() if root_certificate else None
        report = verify(video, anchors)
    except OSError as error:
        return Checked(good=False, words=f"{root_certificate}: {error.strerror}")
    except CommandFailed as failure:
        return Checked(good=False, words=failure.detail)
    return Checked(good=report.good, words=summary(report))


def _document(story: Fetched, files: tuple[Path, ...], checked: Checked | None) -> dict[str, Any]:
    """The story as the API returned it, and what was made of it here."""
    return {
        "story": json.loads(story.raw),
        "files": [{"path": str(file), "bytes": file.stat().st_size} for file in files],
        "checked": checked._asdict() if checked else None,
    }


def _failure(view: StoryView, video: Path, checked: Checked | None) -> CommandFailed | None:
    """Why the command fails: the story's first reason, or a video that does not hold here."""
    status = exit_of_story(view.status, tuple(reason.code for reason in view.reasons))
    if status is Exit.OK:
        if checked is None or checked.good:
            return None
        return CommandFailed("credential_invalid", f"{video}: {checked.words}")
    if view.reasons:
        return CommandFailed(view.reasons[0].code, view.reasons[0].message, status)
    return CommandFailed(view.status.lower(), f"story {view.id} is {view.status}", status)
