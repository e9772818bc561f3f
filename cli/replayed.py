"""A replay as it is performed and shown: a line a step, then what came out beside what was then."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from cli.likeness import Likeness, compare
from cli.media import PLACES, when
from cli.outcome import CommandFailed, Exit
from cli.rerun import SPOKEN, Answer, Replay, Workshop
from cli.scratch import Scratch, scratch_story
from cli.terminal import open_console, show
from cli.wiring import WORKFLOW, references
from cli.words import milliseconds, printable, size
from story.contracts import STATES
from story.limits import MAX_CLIP_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from cli.client import Deadline

LABEL_COLUMNS = 14
LIKENESS: dict[Likeness, tuple[str, str]] = {
    "same": ("the same as then", "green"),
    "differs": ("not what came out then", "yellow"),
    "unknown": ("what came out then is not known", "dim"),
}
#: What is another one each time, whatever the code.
ALWAYS_NEW = {
    "SignVideo": "a credential has an id and a time of its own, and so has the video that holds it"
}
GATES = {"ModeratePhoto": "photo", "ModerateWords": "words", "ModerateVideo": "video"}


class Screen:
    """Prints a row at a time; nothing where a JSON document is asked for."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._console = open_console()

    def print(self, *content: RenderableType) -> None:
        """Show something below what is there."""
        if not self._quiet:
            show(self._console, Group(*content))

    def note(self, label: str, *content: RenderableType) -> None:
        """A row: what it is about, and what there is to say."""
        table = Table.grid(padding=(0, 1))
        table.add_column(width=LABEL_COLUMNS, no_wrap=True)
        table.add_column(overflow="fold")
        lines = (Text(printable(each)) if isinstance(each, str) else each for each in content)
        table.add_row(Text(f"  {label}", "dim"), Group(*lines))
        self.print(table)

    def begin(self, replay: Replay, order: list[str]) -> None:
        """Say what is replayed and from what."""
        headline = Text("replay ", "bold").append(replay.state, "bold")
        headline.append(f"  story {replay.story_id}", "dim")
        self.print(headline)
        take = f", take {replay.take}" if WORKFLOW[replay.state].told_take else ""
        self.note("story", f"{replay.record['status']}, attempt {replay.attempt}{take}")
        run = replay.run_of(replay.state)
        if run is not None and run.payload is not None:
            self.note("input", f"by the execution's history, {when(run.began.isoformat())}")
        else:
            self.note("input", "rebuilt from the records: the execution's history is gone")
        for name, found in replay.sources.items():
            places = ", ".join(dict.fromkeys(PLACES.get(each.place, each.place) for each in found))
            self.note("found", f"{SPOKEN[name]}, in {places}")
        if len(order) > 1:
            self.note("runs first", ", ".join(order[:-1]))


@dataclass
class Done:
    """What a replay came to."""

    replay: Replay
    scratch: Scratch
    answers: list[Answer] = field(default_factory=list)
    likeness: dict[str, Likeness] = field(default_factory=dict)
    verdict: dict[str, Any] | None = None
    files: list[Path] = field(default_factory=list)

    @property
    def answer(self) -> Answer:
        """The last thing that a function said."""
        return self.answers[-1]

    @property
    def fails_as_then(self) -> bool:
        """Whether the state that was asked for failed with the error of the story's own run."""
        run = self.replay.run_of(self.replay.state)
        return (
            self.answer.state == self.replay.state
            and run is not None
            and run.error is not None
            and run.error == self.answer.error
        )

    @property
    def exit(self) -> Exit:
        """0 if the function answered well, or failed as it did then."""
        well = self.answer.output is not None and not self.answer.broken
        return Exit.OK if well or self.fails_as_then else Exit.FAILED

    def document(self) -> dict[str, Any]:
        """Everything, for --json."""
        run = self.replay.run_of(self.replay.state)
        return {
            "story": self.replay.story_id,
            "state": self.replay.state,
            "take": self.replay.take,
            "runs": [answer.__dict__ for answer in self.answers],
            "then": None
            if run is None
            else {"ms": run.ms, "output": run.output, "error": run.error, "function": run.function},
            "likeness": self.likeness,
            "verdict": self.verdict,
            "files": [str(path) for path in self.files],
            "scratch": {"story": self.scratch.id, "removed": self.scratch.removed},
        }


def perform(
    replay: Replay, order: list[str], deadline: Deadline, screen: Screen, out: Path | None
) -> Done:
    """Run the states in a scratch story, compare, keep files if asked, and clean up."""
    with scratch_story(
        replay.behind, replay.record, replay.attempt, replay.take, deadline.seconds
    ) as scratch:
        done = Done(replay, scratch)
        for answer in Workshop(replay, scratch, deadline).run(order):
            done.answers.append(answer)
            _judge(done, answer)
            _show(screen, done, answer)
        if out is not None and done.answer.output is not None:
            done.files = _keep(done, out)
            screen.note("kept", *(str(path) for path in done.files))
    removed = scratch.removed
    screen.note(
        "scratch",
        f"story {scratch.id} removed: {removed['records']} records, {removed['objects']} objects",
    )
    return done


def _judge(done: Done, answer: Answer) -> None:
    """Hold what came out against what came out then."""
    run, replay = done.replay.run_of(answer.state), done.replay
    if answer.output is None or answer.broken:
        return
    then = run.output if run is not None else None
    ids = (done.scratch.id, replay.story_id)

    def read(bucket: str, key: str) -> bytes:
        body = replay.behind.read(bucket, key, MAX_CLIP_BYTES)
        if body is None:
            raise CommandFailed(
                "output_missing",
                f"{answer.state} says that it wrote s3://{bucket}/{key}, which is not there",
            )
        return body

    if answer.state in GATES:
        sort = f"{done.scratch.attempt:04d}#{GATES[answer.state]}"
        record = done.scratch.record("VERDICT", sort)
        done.verdict = json.loads(record["detail"]) if record else None
    parts = answer.output if WORKFLOW[answer.state].gives.get("") is None else {"": answer.output}
    for name, now in parts.items():
        had = (then if name == "" else then.get(name)) if then is not None else None
        if name == "report":
            found = _same_report(done, json.loads(read(now["bucket"], now["key"])))
        else:
            found = compare(now, had, ids, read)
        done.likeness[f"{answer.state}.{name}".rstrip(".")] = found


def _same_report(done: Done, now: dict[str, Any]) -> Likeness:
    """Whether the engine's report is the one in the story's timeline, but for its timings."""
    lines = done.replay.behind.partition("TIMELINE", done.replay.story_id)
    noted = [line["report"] for line in lines if "report" in line]
    if not noted:
        return "unknown"
    then = json.loads(noted[-1])
    renamed = json.loads(json.dumps(now).replace(done.scratch.id, done.replay.story_id))
    return "same" if renamed | {"timings": then["timings"]} == then else "differs"


def _show(screen: Screen, done: Done, answer: Answer) -> None:
    run = done.replay.run_of(answer.state)
    then = f"then {milliseconds(run.ms)}" if run is not None and run.ms is not None else ""
    last = answer.state == done.replay.state
    head = Text("✓ " if answer.output is not None and not answer.broken else "✗ ")
    head.stylize("green" if head.plain.startswith("✓") else "red")
    took = Text.assemble(head, f"{answer.state:<15}", f"{milliseconds(answer.ms):>10}")
    screen.note("ran", took.append(f"   {then}", "dim"))
    if answer.error is not None:
        as_then = "as it did then" if done.fails_as_then else _error_then(run)
        screen.note("failed", Text(f"{answer.error} ({as_then})", "red"), answer.message)
        return
    if answer.broken:
        contract = STATES[answer.state][1].__name__
        screen.note("contract", Text(f"the answer is no {contract}: {answer.broken}", "red"))
        return
    likenesses = {
        name: value for name, value in done.likeness.items() if name.split(".")[0] == answer.state
    }
    if not last:
        screen.note("", *_likeness_lines(likenesses, brief=True))
        return
    screen.note(
        "function", answer.function.rsplit(":function:", 1)[-1] + _version_note(answer, run)
    )
    contract = STATES[answer.state][1].__name__
    screen.note("contract", Text(f"holds {contract}", "green"))
    screen.note("answer", *_output_lines(answer.output or {}))
    if done.verdict is not None:
        screen.note("scores", *_finding_lines(done.verdict))
    always = [ALWAYS_NEW[answer.state]] if answer.state in ALWAYS_NEW else []
    screen.note("as then?", *_likeness_lines(likenesses, brief=False), *always)


def _version_note(answer: Answer, run: Any) -> str:
    if run is None or run.function is None:
        return ""
    if run.function == answer.function:
        return ", which the story ran too"
    return f"; the story ran version {run.function.rsplit(':', 1)[-1]}"


def _error_then(run: Any) -> str:
    if run is None:
        return "how it ended then is not known"
    return f"then it failed with {run.error}" if run.error else "then it answered"


def _likeness_lines(found: dict[str, Likeness], *, brief: bool) -> list[Text]:
    if len(set(found.values())) == 1:
        return [Text(*LIKENESS[next(iter(found.values()))])]
    return [
        Text(f"{name.split('.', 1)[-1]}: ").append(*LIKENESS[value])
        for name, value in found.items()
        if not brief or value != "same"
    ]


def _output_lines(output: dict[str, Any]) -> list[str]:
    """An answer for people: objects by name and size, values as they are."""
    if not set(output) - {"bucket", "key"}:
        return [f"s3://{output['bucket']}/{output['key']}"]
    lines = []
    for name, value in output.items():
        objects = references(value)
        if objects:
            told = ", ".join(
                f"{each['key'].rsplit('/', 1)[1]} ({size(each['size'])})" for each in objects
            )
        elif isinstance(value, dict):
            told = ", ".join(f"{key} {part}" for key, part in value.items())
        else:
            told = str(value)
        lines.append(f"{name}: {told}")
    return lines


def _finding_lines(verdict: dict[str, Any]) -> list[str]:
    if not verdict["findings"]:
        return ["no category reached 40 %"]
    lines = []
    for each in verdict["findings"]:
        limits = [
            f"{word} from {each[limit]:g}"
            for word, limit in (("reject", "reject_at"), ("review", "review_at"))
            if each[limit] is not None
        ]
        told = f" ({', '.join(limits)})" if limits else ""
        lines.append(f"{each['category']} / {each['label']}: {each['confidence']:.1f}{told}")
    return lines


def _keep(done: Done, folder: Path) -> list[Path]:
    """Write the objects that the last answer names into a folder."""
    kept = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for value in (done.answer.output, *(done.answer.output or {}).values()):
            for each in references(value):
                body = done.replay.behind.read(each["bucket"], each["key"], MAX_CLIP_BYTES)
                if body is not None:
                    path = folder / each["key"].rsplit("/", 1)[1]
                    path.write_bytes(body)
                    kept.append(path)
    except OSError as error:
        raise CommandFailed("file_unwritable", f"{folder}: {error.strerror}") from error
    return kept
