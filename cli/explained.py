"""A dossier as a page: what the template is given, in the order in which people read it."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cli import charts, gates, media, sight
from cli.dossier import states_reached
from cli.verify import SOURCE_TYPES, summary
from cli.wiring import UPLOAD, WORKFLOW, references
from cli.words import dollars, milliseconds, number, seconds, size
from story import labels
from story.limits import CLIP_HEIGHT_PX, CLIP_WIDTH_PX
from story.states import ENDED, Status

if TYPE_CHECKING:
    from datetime import datetime

    from cli.dossier import Dossier
    from model_endpoint.pixels import Rgb

FOLDER = Path(__file__).with_name("page")
#: Screens of phones show no more of a photo in half a page.
PHOTO_SIDE_PX = 1_280
PURPOSES = {
    "InspectPhoto": "Refuses what is no photo and rewrites the rest, without any metadata.",
    "ReadPhotoCredential": "Whether the photo came with Content Credentials that hold.",
    "RestorePhoto": "A retry: the clean photo, from where it was kept.",
    "ModeratePhoto": "Gate 1, first half: is this a photo that we show?",
    "AwaitPrompt": "A draft: says what fits the photo, and waits for its creator's words.",
    "ModerateWords": "Gate 1, second half: are these words that we take?",
    "DirectScene": "What the photo shows and what its creator said become one direction.",
    "GenerateVideo": "The engine makes the clip; the workflow waits for it.",
    "InspectVideo": "Unpacks the result and lets only a sound clip on.",
    "ModerateVideo": "Gate 2: before anyone, its creator included, can see the video.",
    "LabelVideo": "The mark, the badge, the declarations, the poster and the ingredient.",
    "SignVideo": "Content Credentials, signed by KMS and read back by two verifiers.",
}
TONES = {
    Status.READY: "good",
    Status.POSTED: "good",
    Status.UNDER_REVIEW: "wary",
    Status.REJECTED: "bad",
    Status.FAILED: "bad",
}
#: Of a record: what the table needs, and what has a place of its own on the page.
NOT_SHOWN = {"pk", "sk", "credential", "engine", "ttl", "watermark"}
CALL = "call:"


class StateView(NamedTuple):
    """One state of the workflow, opened up."""

    name: str
    purpose: str
    kind: str
    outcome: str
    took: str
    began: str
    function: str
    used: tuple[tuple[str, str], ...]
    takes: tuple[tuple[str, str], ...]
    gives: tuple[tuple[str, str], ...]
    pictures: tuple[tuple[str, str], ...]
    #: What it wrote that is not there any more.
    gone: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]
    error: str


def render(dossier: Dossier) -> str:
    """The page. Everything that comes from outside is escaped, and no script of it could run."""
    pictures = _pictures(dossier)
    style = (FOLDER / "style.css").read_text("utf-8")
    script = (FOLDER / "page.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
    view, seen = dossier.view, _sight(dossier)
    return environment.get_template(
        "page.html"
    ).render(
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - the same; the policy names its digest
        script_digest=digest,
        story=view,
        record=dossier.record,
        short=view.id[:8],
        status=str(view.status).replace("_", " ").lower(),
        tone=TONES.get(view.status, "quiet"),
        ended=view.status in ENDED,
        stack=dossier.stack,
        made_at=media.when(dossier.made_at.isoformat()),
        created=media.when(view.created_at),
        video=_uri(dossier.video, "video/mp4"),
        video_size=size(len(dossier.video)) if dossier.video else "",
        poster=_uri(dossier.poster, "image/jpeg"),
        no_video=dossier.no_video,
        photo=pictures.get("photo", ""),
        photo_said=dossier.photo_said,
        facts=_facts(dossier),
        chart=charts.chart(dossier),
        states=_states(dossier, pictures),
        gates=gates.gates(dossier, _frames_said(dossier)),
        pictures=pictures,
        report=dossier.report,
        sight=seen[0] if seen else None,
        sight_of=seen[1] if seen else "",
        figure_uri=lambda jpeg: _uri(jpeg, "image/jpeg"),
        no_sight=_no_sight(dossier),
        credential=_credential(dossier),
        cost=view.cost,
        dollars=dollars,
        number=number,
        record_rows=_record_rows(dossier),
        evidence=dossier.record.get("evidence_until"),
        when=media.when,
    )


def _uri(body: bytes | None, media_type: str) -> str:
    if body is None:
        return ""
    return f"data:{media_type};base64,{base64.b64encode(body).decode('ascii')}"


# Pictures ----------------------------------------------------------------------------------------


def _pictures(dossier: Dossier) -> dict[str, str]:
    """Data URIs of every picture that can be shown, by its name."""
    found = {}
    if dossier.photo is not None:
        shown = sight.jpeg(sight.opened(dossier.photo), PHOTO_SIDE_PX)
        found["photo"] = _uri(shown, "image/jpeg")
    for (_, name), exhibit in dossier.exhibits.items():
        if exhibit.body is not None and exhibit.media_type == "image/jpeg":
            side = PHOTO_SIDE_PX if name == "photo.jpg" else sight.STILL_SIDE_PX
            found[name] = _uri(sight.jpeg(sight.opened(exhibit.body), side), "image/jpeg")
    found.update(_again(dossier, set(found)))
    return found


def _again(dossier: Dossier, there: set[str]) -> dict[str, str]:
    """Judged frames that were cleared, taken from the published video."""
    names = [name for state, name in dossier.exhibits if state == "InspectVideo"]
    wanted = {n: i for n, i in gates.frame_indices(names).items() if n not in there}
    if dossier.video is None or not wanted:
        return {}
    frames = sight.frames_of(dossier.video, tuple(wanted.values()))
    return {
        name: _uri(sight.jpeg(frames[index], sight.STILL_SIDE_PX), "image/jpeg")
        for name, index in wanted.items()
        if index in frames
    }


def _frames_said(dossier: Dossier) -> dict[str, str]:
    said = {}
    for (_, name), exhibit in dossier.exhibits.items():
        if exhibit.body is not None:
            said[name] = f"As it was judged, {exhibit.said}."
        elif dossier.video is not None and name in gates.frame_indices([name]):
            said[name] = "Cleared; this is the same frame of the published video, with its badge."
        else:
            said[name] = f"Not shown: {exhibit.said}."
    return said


# What the engine sees ----------------------------------------------------------------------------


def _looked_at(dossier: Dossier) -> tuple[Rgb, str] | None:
    """The best picture to look at again, and what it is; None if none is left."""
    clean = dossier.exhibits.get(("InspectPhoto", "photo.jpg"))
    if clean is not None and clean.body is not None:
        return sight.opened(clean.body), "the clean photo"
    if dossier.photo is not None and dossier.photo_is_original:
        return sight.opened(dossier.photo), "the clean photo, made again"
    if dossier.video is not None and dossier.report is not None:
        frame = sight.frames_of(dossier.video, (0,))[0]
        said = "the first frame of the published video, its badge painted over"
        language = dossier.record.get("language", labels.DEFAULT_LANGUAGE)
        return sight.without_badge(frame, dossier.report.engine, language), said
    return None


def _no_sight(dossier: Dossier) -> str:
    if dossier.report is not None and dossier.report.engine.family != "procedural":
        return (
            f"{dossier.report.engine.name} is no motion engine: it makes no masks and no flow that "
            "could be shown."
        )
    return f"There is no picture left to look at again: {media.why_gone(dossier.record)}."


def _sight(dossier: Dossier) -> tuple[sight.Sight, str] | None:
    report = dossier.report
    if report is not None and report.engine.family != "procedural":
        return None
    found = _looked_at(dossier)
    if found is None:
        return None
    picture, said = found
    size_px = (report.width, report.height) if report else (CLIP_WIDTH_PX, CLIP_HEIGHT_PX)
    seed = report.seed if report else 0
    return sight.look(picture, dossier.record, seed=seed, size=size_px), said


# Facts -------------------------------------------------------------------------------------------


def _facts(dossier: Dossier) -> list[tuple[str, str]]:
    view, report, history = dossier.view, dossier.report, dossier.history
    rows = [("Made", media.when(view.created_at))]
    if history is not None:
        over = history.ended or dossier.made_at
        took = seconds((over - history.began).total_seconds())
        rows.append(("Took" if history.ended else "So far", took))
    if report is not None:
        rows.append(("Engine", f"{report.engine.name} {report.engine.version}"))
        rows.append(("Seed", str(report.seed)))
    if view.cost is not None:
        rows.append(("AWS cost", dollars(view.cost.total, 5)))
    if view.credential is not None:
        rows.append(("Credential", view.credential.validation_state))
    if "evidence_until" in dossier.record:
        rows.append(("Evidence until", media.when(dossier.record["evidence_until"])))
    return rows


def _states(dossier: Dossier, pictures: dict[str, str]) -> list[StateView]:
    return [_state(dossier, state, pictures) for state in states_reached(dossier)]


def _state(dossier: Dossier, state: str, pictures: dict[str, str]) -> StateView:
    line = dossier.lines.get(state, {})
    run = dossier.history.of(state) if dossier.history else None
    exhibits = [each for (of, _), each in dossier.exhibits.items() if of == state]
    calls = sorted(
        (name.removeprefix(CALL), int(count)) for name, count in line.items() if CALL in name
    )
    used = [("calls", ", ".join(f"{name} {count}" for name, count in calls))] if calls else []
    if "billed_ms" in line:
        ran = f"{int(line['billed_ms']):,} ms × {int(line['memory_mb'])} MB"
        used.insert(0, ("Lambda", f"{ran}, {int(line['runs'])} run{'s' * (line['runs'] != 1)}"))
    outcome = run.error or "" if run else ""
    if not outcome:
        outcome = str(line.get("outcome", "done")) if run is None or run.ended else "running"
    return StateView(
        name=state,
        purpose=PURPOSES.get(state, ""),
        kind=charts.KINDS.get(state, "media"),
        outcome=outcome,
        took=milliseconds(run.ms) if run and run.ended else "",
        began=_clock(run.began) if run else str(line.get("began_at", "")),
        function=run.function.rsplit(":function:", 1)[-1] if run and run.function else "",
        used=tuple(used),
        takes=_parts(run.payload if run else None, set(WORKFLOW[state].fixed)),
        gives=(("", "nothing: it failed"),)
        if run and run.error
        else _parts(run.output if run else None, set()),
        pictures=tuple((each.name, each.said) for each in exhibits if each.name in pictures),
        gone=tuple(each.said for each in exhibits if each.body is None),
        notes=tuple(
            (name.replace("_", " "), str(line[name])) for name in ("alt_text",) if name in line
        ),
        error=_cause(run.cause) if run and run.error else "",
    )


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def _cause(cause: str | None) -> str:
    """What Lambda says of an error, without the stack."""
    try:
        told = json.loads(cause or "")["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return cause or ""
    return str(told)


def _parts(document: dict[str, Any] | None, fixed: set[str]) -> tuple[tuple[str, str], ...]:
    """An input or output for people: names, sizes and digests of objects, values as they are."""
    if document is None:
        return (("", "not known: the execution's history is gone, or the state has not ended"),)
    if document.keys() == {"bucket", "key"}:
        return (("result", str(document["key"])),)
    rows = []
    for name, value in document.items():
        if name in fixed or name == "story_id":
            continue
        objects = references(value)
        if objects:
            told = "; ".join(_object(each) for each in objects)
            told += ": untrusted bytes, never shown" if name == UPLOAD else ""
        elif isinstance(value, dict):
            told = ", ".join(f"{key} {_short(part)}" for key, part in value.items())
        else:
            told = _short(value)
        rows.append((name, told))
    return tuple(rows)


def _object(reference: dict[str, Any]) -> str:
    name = reference["key"].rsplit("/", 1)[1]
    facts = [size(reference["size"])] if "size" in reference else []
    if "sha256" in reference:
        facts.append(f"SHA-256 {reference['sha256'][:8]}…")
    return f"{name} ({', '.join(facts)})" if facts else name


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return str(value)


# Credential --------------------------------------------------------------------------------------


def _credential(dossier: Dossier) -> dict[str, Any] | None:
    found = dossier.credential
    if found is None:
        return None
    report, reading = found.report, found.report.reading
    return {
        "good": report.good,
        "headline": summary(report),
        "verified_by": report.verified_by,
        "anchored": report.anchored,
        "reading": reading,
        "defects": report.defects,
        "made_of": _source(reading.made.digital_source_type) if reading and reading.made else "",
        "assertions": [(label, _told(data)) for label, data in found.assertions],
        "thumbnails": [_uri(each, "image/jpeg") for each in found.thumbnails],
    }


def _source(uri: str | None) -> str:
    name = (uri or "").rpartition("/")[2]
    return SOURCE_TYPES.get(name, "")


def _told(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) if data is not None else ""


def _record_rows(dossier: Dossier) -> list[tuple[str, str]]:
    rows = []
    for name, value in sorted(dossier.record.items()):
        if name in NOT_SHOWN or name == "prompt":
            continue
        if name == "reasons":
            told = "; ".join(f"{each['message']} ({each['code']})" for each in value)
        elif isinstance(value, bool):
            told = "yes" if value else "no"
        else:
            told = str(value)
        rows.append((name.replace("_", " "), told))
    return rows
