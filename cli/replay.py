"""`enliven replay STORY STATE`: run one state of a real story again, and see what comes out.

The story is only read. The state's deployed function is invoked with the input that the state had,
but for the story's id: it works in a scratch story of its own, which is removed afterwards.
"""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import naming
from cli import profile as profiles
from cli.client import Deadline
from cli.outcome import CommandFailed, Exit
from story.contracts import BESIDE, STATES
from story.limits import MAX_UPLOAD_BYTES

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cli.history import History

DEFAULT_TIMEOUT_SECONDS = 900.0
#: What can be played again: not the wait for a person, nor what takes up a kept photo.
REPLAYED = tuple(state for state in STATES if state not in BESIDE)
#: What the workflow does without a function.
NATIVE = (
    "BeginStory",
    "ClaimUpload",
    "ClaimRetry",
    "PhotoAllowed",
    "HasWords",
    "ExpireDraft",
    "ResumeDraft",
    "WordsAllowed",
    "VideoAllowed",
    "ChooseTake",
    "PublishStory",
    "AnnounceReady",
    "RejectStory",
    "HoldStory",
)
PURPOSE = """\
Runs one state of a story again: the state's deployed function, with the input that the state
had by the execution's history. Prints what came out, how long it took, whether the answer holds
the state's contract, and whether it is what came out then.

The story is only read: no status, verdict, line or object of it is written, and nothing is added
to its receipt. The function works in a scratch story with an id that no story can have (it begins
with 00000000): records and objects of its own, removed at the end, also when it fails or is
interrupted. If the process is killed, the sweep and the table's time to live remove them.

It is not free: the function runs, and with GenerateVideo the endpoint makes a clip, which counts
towards the day's cap. The receipt of the story stays as it is.

What a story used is cleared when it has ended; a story that failed keeps its clean photo for 24
hours, one that was rejected 7 days. Where it is gone, the command says so, and --photo with the
original makes it again by running the earlier states first.

states: {states}
"""
EPILOG = """\
exit status: 0 the function answered as its contract asks, or failed with the error that it failed
with then; 2 usage; 3 the story is someone else's; 4 it failed otherwise, or cannot be replayed
"""


def arguments(command: ArgumentParser) -> None:
    """The arguments of `enliven replay`."""
    command.formatter_class = RawDescriptionHelpFormatter
    command.description = PURPOSE.format(states=" ".join(REPLAYED))
    command.epilog = EPILOG
    command.add_argument("story", metavar="STORY", help=naming.ARGUMENT_HELP)
    command.add_argument("state", metavar="STATE", help="for example InspectVideo")
    command.add_argument(
        "--photo", type=Path, metavar="FILE", help="the original photo, where it was cleared"
    )
    command.add_argument(
        "--take", type=int, choices=(1, 2), help="which take; the last one unless given"
    )
    command.add_argument(
        "--code",
        choices=("now", "then"),
        default="now",
        help="the function as it is deployed now, or the version that the story ran",
    )
    command.add_argument("--out", type=Path, metavar="DIR", help="keep what came out there")
    command.add_argument("--profile", default=profiles.LOCAL, metavar="NAME")
    command.add_argument(
        "--timeout", type=float, default=DEFAULT_TIMEOUT_SECONDS, metavar="S", help="seconds"
    )
    command.add_argument("--json", action="store_true", help="print one JSON document")


def run(options: Namespace) -> Exit:
    """Replay one state; raises CommandFailed when it cannot be replayed."""
    _check_usage(options)
    story_id = naming.story_id(options.story)
    # boto3: a second that `--help` and mistakes need not pay.
    from cli import history as histories  # noqa: PLC0415
    from cli.behind import open_story  # noqa: PLC0415
    from cli.replayed import Screen, perform  # noqa: PLC0415
    from cli.rerun import Replay  # noqa: PLC0415

    photo = _photo(options.photo)
    behind, record = open_story(options.profile, story_id)
    if "execution_arn" not in record:
        raise CommandFailed(
            "state_not_reached",
            f"story {story_id} is {record['status']}: no photo of it has arrived, so its "
            "workflow has not begun",
        )
    history = histories.read(behind, record["execution_arn"])
    take = _require_reached(options, record, history, behind)
    replay = Replay(
        behind=behind,
        record=record,
        history=history,
        state=options.state,
        attempt=int(record["attempt"]),
        take=take,
        photo=photo,
        current_code=options.code == "now",
    )
    order = replay.plan()
    screen = Screen(quiet=options.json)
    screen.begin(replay, order)
    if photo is not None:
        screen.note("photo", f"{options.photo.name}, {replay.check_photo(str(options.photo))}")
    done = perform(replay, order, Deadline(options.timeout), screen, options.out)
    if options.json:
        print(json.dumps(done.document(), indent=2, ensure_ascii=False))
    return done.exit


def _check_usage(options: Namespace) -> None:
    if not options.timeout > 0:
        raise CommandFailed(
            "usage", f"--timeout {options.timeout:g}: must be more than 0 s", Exit.USAGE
        )
    if options.state in REPLAYED:
        return
    if options.state in BESIDE:
        raise CommandFailed(
            "usage",
            f"{options.state} belongs to a draft or a retry, and takes nothing from the story that "
            f"could be played again. States to replay: {', '.join(REPLAYED)}",
            Exit.USAGE,
        )
    if options.state in NATIVE:
        raise CommandFailed(
            "usage",
            f"{options.state} has no function: Step Functions does it itself, so there is nothing "
            f"to replay. States with one: {', '.join(REPLAYED)}",
            Exit.USAGE,
        )
    close = get_close_matches(options.state, REPLAYED, n=1, cutoff=0.5)
    meant = f"; did you mean {close[0]}?" if close else "."
    raise CommandFailed(
        "usage",
        f"there is no state {options.state!r}{meant} The states: {', '.join(REPLAYED)}",
        Exit.USAGE,
    )


def _photo(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        if path.stat().st_size > MAX_UPLOAD_BYTES:
            raise CommandFailed(
                "photo_too_large",
                f"{path}: {path.stat().st_size:,} bytes; no story had more than "
                f"{MAX_UPLOAD_BYTES:,}",
                Exit.USAGE,
            )
        return path.read_bytes()
    except OSError as error:
        raise CommandFailed("photo_unreadable", f"{path}: {error.strerror}", Exit.USAGE) from error


def _require_reached(
    options: Namespace, record: dict[str, Any], history: History | None, behind: Any
) -> int:
    """The take to replay. Raises CommandFailed if the story never came to the state."""
    if history is None:
        # Without a history the timeline still tells, though not of takes.
        lines = behind.partition("TIMELINE", record["story_id"])
        reached = [line["sk"].split("#", 1)[1] for line in lines]
        found = options.state in reached
        last = reached[-1] if reached else "ClaimUpload"
        take = options.take or 1
    else:
        entered = [state for state in history.entered if state in STATES]
        found = history.of(options.state, options.take) is not None
        last = entered[-1] if entered else "ClaimUpload"
        takes = [run.take for run in history.runs if run.take is not None]
        take = options.take or (takes[-1] if takes else 1)
    if found:
        return take
    of_take = f" in take {options.take}" if options.take else ""
    raise CommandFailed(
        "state_not_reached",
        f"story {record['story_id']} never came to {options.state}{of_take}: it is "
        f"{record['status']}, and {last} was its last state with a function",
    )
