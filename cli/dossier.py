"""Everything that is known of one story, gathered for `enliven explain`."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import c2pa
from pydantic import ValidationError

from api import presenting
from cli import history as histories
from cli import media
from cli.outcome import CommandFailed, Exit
from cli.verify import verify
from cli.wiring import WORKFLOW, references
from inspect_photo import header, sandbox
from provenance import verification
from story import identifiers
from story.contracts import STATES
from story.errors import Permanent
from story.generation import Report
from story.limits import MAX_CLIP_BYTES
from story.states import Status

if TYPE_CHECKING:
    from cli.behind import Behind
    from cli.history import History
    from cli.verify import VerifyReport
    from story.view import StoryView

#: What a reference is a picture or a film of; anything else is shown by its name.
MEDIA_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4"}


class Exhibit(NamedTuple):
    """One object of the story: its bytes and where they are, or why they are gone."""

    name: str
    media_type: str
    body: bytes | None
    said: str
    reference: dict[str, Any]


@dataclass(frozen=True)
class Credential:
    """What was found in the signed video."""

    report: VerifyReport
    #: label -> data of each assertion of the active manifest.
    assertions: tuple[tuple[str, Any], ...]
    #: The pictures that the manifest shows of what the video was made from.
    thumbnails: tuple[bytes, ...]


@dataclass
class Dossier:
    """One story, as completely as it can be known now."""

    record: dict[str, Any]
    view: StoryView
    #: State -> its line: what it counted, and what it noted.
    lines: dict[str, dict[str, Any]]
    #: Gate -> the verdict in full, with its scores.
    verdicts: dict[str, dict[str, Any]]
    history: History | None
    stack: str
    made_at: datetime
    #: Why the signed video is not shown; empty if it is.
    no_video: str = ""
    video: bytes | None = None
    poster: bytes | None = None
    credential: Credential | None = None
    #: The photo as a browser may show it, and where it comes from.
    photo: bytes | None = None
    photo_said: str = ""
    #: Whether it was made again from the original, held against the story's digest.
    photo_is_original: bool = False
    exhibits: dict[tuple[str, str], Exhibit] = field(default_factory=dict)

    @property
    def report(self) -> Report | None:
        """The engine's report, if a clip has been examined."""
        noted = self.lines.get("InspectVideo", {}).get("report")
        return Report.model_validate_json(noted) if noted else None

    @property
    def status(self) -> Status:
        """Where the story is."""
        return self.view.status


def gather(
    behind: Behind, record: dict[str, Any], photo: Path | None, anchors: bytes | None
) -> Dossier:
    """Read all of a story. photo: the original, in place of a clean photo that was cleared."""
    story_id = str(record["story_id"])
    # Of the last attempt: its execution is the one whose history is read.
    this = f"{int(record['attempt']):04d}#"
    lines, verdicts = (
        [each for each in behind.partition(kind, story_id) if str(each["sk"]).startswith(this)]
        for kind in ("TIMELINE", "VERDICT")
    )
    arn = record.get("execution_arn")
    try:
        # Links would be dead before the page is read: what they lead to is inside it.
        view = presenting.present(record, lines=lines, verdicts=verdicts, sign=lambda _: "")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CommandFailed(
            "record_unreadable",
            f"story {story_id} was made with other contracts than this checkout has: "
            f"{error.title}.{where}: {first['msg']}; use the checkout that was deployed then",
        ) from error
    dossier = Dossier(
        record=record,
        view=view,
        lines={str(line["sk"]).split("#", 1)[1]: line for line in lines},
        verdicts={
            str(each["gate"]): {**json.loads(each["detail"]), "decided_at": each["decided_at"]}
            for each in verdicts
        },
        history=histories.read(behind, arn) if arn else None,
        stack=behind.stack,
        made_at=datetime.now(UTC),
    )
    _gather_exhibits(behind, dossier)
    _gather_published(behind, dossier, anchors)
    _choose_photo(behind, dossier, photo)
    return dossier


def _gather_exhibits(behind: Behind, dossier: Dossier) -> None:
    """Every object that the last run of each state wrote, if it is still there."""
    story_id = str(dossier.record["story_id"])
    for state in WORKFLOW:
        run = dossier.history.of(state) if dossier.history else None
        for value in (run.output or {}).values() if run else ():
            for reference in references(value):
                name = reference["key"].rsplit("/", 1)[1]
                kind = MEDIA_TYPES.get(Path(name).suffix, "")
                if state == "SignVideo" or not kind:
                    continue
                found = media.find(behind, story_id, reference)
                said = (
                    f"from {media.PLACES.get(found.place, found.place)}"
                    if found
                    else f"{name} is gone: {media.why_gone(dossier.record)}"
                )
                body = found.body if found else None
                dossier.exhibits[state, name] = Exhibit(name, kind, body, said, reference)


def _gather_published(behind: Behind, dossier: Dossier, anchors: bytes | None) -> None:
    """The signed video, its poster and its credential."""
    story_id = str(dossier.record["story_id"])
    if dossier.status not in {Status.READY, Status.POSTED}:
        dossier.no_video = (
            "There is no signed video: only a story that is READY has one."
            if dossier.status is not Status.PROCESSING
            else "There is no signed video yet: the story is in work."
        )
        return
    bucket = behind.bucket("stories")
    dossier.video = behind.read(bucket, identifiers.story_video_key(story_id), MAX_CLIP_BYTES)
    dossier.poster = behind.read(bucket, identifiers.story_poster_key(story_id), MAX_CLIP_BYTES)
    if dossier.video is None:
        dossier.no_video = (
            f"The story is {dossier.status}, but its video is not in the stories bucket."
        )
        return
    dossier.credential = _credential(dossier.video, anchors)


def _credential(video: bytes, anchors: bytes | None) -> Credential:
    """Read the credential in a child process first; only one that holds is read again for more."""
    with tempfile.TemporaryDirectory(prefix="enliven-") as folder:
        path = Path(folder) / "story.mp4"
        path.write_bytes(video)
        report = verify(path, anchors)
        if not report.good:
            return Credential(report, (), ())
        text = anchors.decode() if anchors else None
        with (
            path.open("rb") as file,
            c2pa.Context.from_dict(verification.settings(text)) as context,
            c2pa.Reader(report.media_type, file, context=context) as reader,
        ):
            store = json.loads(reader.json())
            manifest = store["manifests"][store["active_manifest"]]
            thumbnails = []
            for part in manifest.get("ingredients", ()):
                identifier = (part.get("thumbnail") or {}).get("identifier")
                if identifier:
                    with tempfile.TemporaryFile(dir=folder) as target:
                        reader.resource_to_stream(identifier, target)
                        target.seek(0)
                        thumbnails.append(target.read())
    assertions = tuple(
        (str(each["label"]), each.get("data")) for each in manifest.get("assertions", ())
    )
    return Credential(report, assertions, tuple(thumbnails))


def _choose_photo(behind: Behind, dossier: Dossier, given: Path | None) -> None:
    """The best picture of the photo that may be shown, and what it is."""
    story_id, attempt = str(dossier.record["story_id"]), int(dossier.record["attempt"])
    clean = dossier.exhibits.get(("InspectPhoto", "photo.jpg"))
    reference = (
        clean.reference
        if clean
        else {
            "bucket": behind.bucket("work"),
            "key": identifiers.work_key(story_id, attempt, "photo.jpg"),
        }
    )
    found = media.find(behind, story_id, reference)
    if found is not None:
        dossier.photo = found.body
        dossier.photo_said = f"The clean photo, from {media.PLACES.get(found.place, found.place)}."
    elif given is not None:
        dossier.photo = _given(given, dossier)
        dossier.photo_is_original = True
        dossier.photo_said = (
            "The clean photo, made again from the original that was given to this command; its "
            f"SHA-256 is the story's. The story's own is gone: {media.why_gone(dossier.record)}."
        )
    elif dossier.credential is not None and dossier.credential.thumbnails:
        dossier.photo = dossier.credential.thumbnails[0]
        dossier.photo_said = (
            "All that the Content Credentials show of the photo: the part that became the first "
            f"frame, small. The photo itself is gone: {media.why_gone(dossier.record)}."
        )
    else:
        dossier.photo_said = f"No photo to show: {media.why_gone(dossier.record)}."


def _given(path: Path, dossier: Dossier) -> bytes:
    """The clean photo that the given original makes, as InspectPhoto would."""
    run = dossier.history.of("InspectPhoto") if dossier.history else None
    if run is None or run.output is None:
        raise CommandFailed(
            "photo_unchecked",
            f"{path}: the story's record has no digest to hold this photo against, so it is not "
            "shown as the story's; leave out --photo",
            Exit.USAGE,
        )
    try:
        photo = path.read_bytes()
    except OSError as error:
        raise CommandFailed("photo_unreadable", f"{path}: {error.strerror}", Exit.USAGE) from error
    expected = run.output["source"]["sha256"]
    digest = hashlib.sha256(photo).hexdigest()
    if digest != expected:
        raise CommandFailed(
            "photo_of_another_story",
            f"{path}: its SHA-256 is {digest[:12]}…, the story's photo has {expected[:12]}…",
            Exit.USAGE,
        )
    try:
        return sandbox.rewrite(photo, header.read(photo).format).jpeg
    except Permanent as error:
        raise CommandFailed("photo_unreadable", f"{path}: {error}", Exit.USAGE) from error


def states_reached(dossier: Dossier) -> list[str]:
    """The states with a function that the story came to, in the workflow's order."""
    seen = set(dossier.lines)
    if dossier.history is not None:
        seen.update(run.state for run in dossier.history.runs)
    return [state for state in STATES if state in seen]
