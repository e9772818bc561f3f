"""The page of a story: whole for every status, and closed to whatever its records say."""

import itertools
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from api import presenting
from cli import charts, explained, sight
from cli.dossier import Dossier
from cli.history import History, Run
from cli.main import main
from local import golden_events
from story.generation import EngineName, RegionReport, Report
from story.states import Status
from tests.unit.cli.conftest import signed_clip

STORY = "0f" * 16
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)></style>"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:Inspect:3"


def iso(seconds: float) -> str:
    moment = NOON + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def report(family: str = "procedural", words: str = "clouds drift") -> Report:
    return golden_events.REPORT.model_copy(
        update={
            "engine": EngineName.model_validate({"family": family, "name": words, "version": "1"}),
            "understood": (words,),
            "unmet": (words,),
            "regions": (RegionReport(kind=words, confidence=0.9, area=0.3, motion=words),),
            "timings": {"scene": 0.5, "render": 2.0},
        }
    )


def record(status: Status, words: str = "clouds drift") -> dict[str, Any]:
    return {
        "pk": f"STORY#{STORY}",
        "sk": "META",
        "prompt_until": "2999-01-01T00:00:00.000Z",
        "tags": ["Sea"],
        "people": 0,
        "suggestions": ["The waves roll in"],
        "story_id": STORY,
        "status": status.value,
        "creator": words,
        "created_at": iso(0),
        "updated_at": iso(9),
        "expires_at": iso(10**9),
        "attempt": 1,
        "prompt": words,
        "fit": "auto",
        "loop": True,
        "engine": EngineName(family="procedural", name=words, version="1").model_dump_json(),
        "credential": json.dumps(
            {
                "manifest_id": words,
                "issuer": words,
                "signed_at": iso(8),
                "digital_source_type": words,
                "verified_by": words,
                "validation_state": "Trusted",
            }
        ),
        "reasons": [{"code": words, "message": words}] if status is Status.FAILED else [],
    }


def dossier(status: Status, words: str = "clouds drift", **more: Any) -> Dossier:
    """A story that has come as far as InspectVideo, unless it waits for its photo."""
    begun = status is not Status.AWAITING_PHOTO
    finding = {
        "category": words,
        "label": words,
        "confidence": 85.0,
        "reject_at": 80.0,
        "review_at": 60.0,
        "scores": [None, 85.0],
    }
    verdict = {
        "verdict": "reject" if status is Status.REJECTED else "allow",
        "reasons": [{"code": words, "message": words}] if status is Status.REJECTED else [],
        "findings": [finding],
        "models": [words],
        "policy": "1",
    }
    lines = [
        {
            "sk": "0001#InspectVideo",
            "began_at": iso(1),
            "ended_at": iso(4),
            "outcome": "done",
            "report": report(words=words).model_dump_json(),
            "runs": 1,
            "billed_ms": 3000,
            "memory_mb": 512,
            "call:s3:PutObject": 9,
        },
        {
            "sk": "0001#DirectScene",
            "began_at": iso(0.5),
            "ended_at": iso(0.9),
            "outcome": "done",
            "alt_text": words,
        },
    ]
    images = [{"bucket": "w", "key": f"work/x/take1-frame00{n}0.jpg", "size": 1} for n in (0, 1)]
    runs = (
        Run("DirectScene", NOON, {"take": 1}, FUNCTION, {"direction": {}}, ended=NOON),
        Run("InspectVideo", NOON, {"take": 1}, FUNCTION, {"clip": words}, ended=NOON),
        Run("ModerateVideo", NOON, {"images": images}, FUNCTION, None, words, words, NOON),
    )
    kept = record(status, words)
    stored = [
        {
            "sk": "0001#video",
            "gate": "video",
            "verdict": verdict["verdict"],
            "decided_at": iso(5),
            "policy": "1",
        }
        | {"detail": json.dumps(verdict)}
    ]
    return Dossier(
        record=kept,
        view=presenting.present(
            kept,
            lines=lines if begun else (),
            verdicts=stored if begun else (),
            sign=lambda _: "",
            now=NOON + timedelta(seconds=9),
        ),
        lines={str(line["sk"]).split("#")[1]: line for line in lines} if begun else {},
        verdicts={"video": verdict | {"decided_at": iso(5)}} if begun else {},
        history=History("SUCCEEDED", {}, NOON, NOON, runs) if begun else None,
        stack=words,
        made_at=NOON + timedelta(seconds=9),
        **more,
    )


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_page(status: Status) -> None:
    page = explained.render(dossier(status))
    assert "clouds drift" in page
    assert status.replace("_", " ").lower() in page
    headings = [tag for tag, _ in Page(page).tags if re.fullmatch(r"h\d", tag)]
    assert headings.count("h1") == 1
    for before, after in itertools.pairwise(headings):
        assert int(after[1]) - int(before[1]) <= 1, "no level is skipped"


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED, Status.REJECTED])
def test_what_a_record_says_is_never_markup(status: Status) -> None:
    page = Page(explained.render(dossier(status, HOSTILE)))
    assert len(page.all("script")) == 1
    assert len(page.all("style")) == 1
    assert not page.all("img"), "nothing was kept, so there is no picture but a hostile one"
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]


def test_no_script_but_the_pages_own_may_run_and_nothing_is_asked_of_a_network() -> None:
    page = Page(explained.render(dossier(Status.READY)))
    (policy,) = (
        each["content"]
        for each in page.all("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]{44}'", policy)
    assert "unsafe-eval" not in policy
    assert not page.all("link")


def test_each_picture_says_what_it_scored_against_the_thresholds() -> None:
    page = explained.render(dossier(Status.REJECTED))
    assert page.count("Frame 10") >= 1
    assert "85.0" in page
    assert "review from 60%, reject from 80%" in page
    assert "nothing above 40%" in page, "the first frame"


def test_a_verdict_from_before_pictures_had_scores_says_so() -> None:
    old = dossier(Status.REJECTED)
    for finding in old.verdicts["video"]["findings"]:
        del finding["scores"]
    assert "scores of each picture were not kept" in explained.render(old)


def test_the_last_gate_of_a_posted_story_is_shown_with_the_others() -> None:
    made = dossier(Status.POSTED, video=signed_clip().video)
    words = {"verdict": "allow", "reasons": [], "findings": [], "models": ["m"], "policy": "1"}
    made.verdicts["posting"] = words | {"decided_at": iso(9)}
    page = explained.render(made)
    assert 'id="gate-posting"' in page
    assert "The words again, before others saw it" in page


def test_an_engine_that_is_not_ours_is_not_looked_at_again() -> None:
    made = dossier(Status.READY, video=signed_clip().video)
    made.lines["InspectVideo"]["report"] = report("diffusion").model_dump_json()
    assert "is no motion engine" in explained.render(made)


def test_the_video_is_in_the_page_and_is_looked_at_again() -> None:
    page = explained.render(dossier(Status.READY, video=signed_clip().video))
    assert 'src="data:video/mp4;base64,' in page
    assert "from the first frame of the published video" in page
    assert "they may differ" in page


def test_bars_lie_on_one_axis_and_a_state_at_work_has_no_end() -> None:
    made = dossier(Status.PROCESSING)
    runs = (
        Run("DirectScene", NOON, {"take": 1}, ended=NOON + timedelta(seconds=2)),
        Run("GenerateVideo", NOON + timedelta(seconds=2), {"take": 1}),
    )
    chart = charts.chart(replace(made, history=History("RUNNING", {}, NOON, None, runs)))
    assert chart is not None
    first, second = chart.bars
    assert (first.left, first.width) == (0.0, pytest.approx(100 * 2 / 9, abs=0.01))
    assert second.left + second.width == pytest.approx(100, abs=0.01)
    assert (first.took, second.took) == ("2,000 ms", "running")
    assert [tick.label for tick in chart.ticks][:3] == ["0 s", "2 s", "4 s"]


def test_a_second_take_is_told_from_the_first() -> None:
    runs = tuple(Run("DirectScene", NOON, {"take": take}, ended=NOON) for take in (1, 2))
    chart = charts.chart(
        replace(dossier(Status.FAILED), history=History("FAILED", {}, NOON, NOON, runs))
    )
    assert chart is not None
    assert [bar.note for bar in chart.bars] == ["take 1", "take 2"]


def test_frames_are_found_by_their_index() -> None:
    frames = sight.frames_of(signed_clip().video, (0, 23))
    assert frames.keys() == {0, 23}
    assert frames[0].shape == (64, 64, 3)
    assert abs(int(np.median(frames[23])) - 128) < 8


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["explain", "0f" * 16, "--out", "page.txt"], "must name an .html file"),
        (["explain", "my-story"], "'my-story' is no story's id"),
        (["explain", "nowhere.json"], "nowhere.json: No such file"),
        (["explain", "package.json"], "this is not the record of a story"),
        (["replay", "0f" * 16, "Nonsense"], "there is no state 'Nonsense'"),
        (["replay", "0f" * 16, "HoldStory"], "has no function"),
        (["replay", "0f" * 16, "LabelVideo", "--photo", "no.jpg"], "no.jpg: No such file"),
    ],
)
def test_a_mistake_is_told_before_anything_is_asked(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: str
) -> None:
    assert main(arguments) == 2
    assert code in capsys.readouterr().err


@pytest.mark.parametrize("command", ["explain", "replay"])
def test_help_comes_without_what_the_work_needs(command: str) -> None:
    code = (
        "import sys; from cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({'boto3', 'cv2', 'c2pa', 'jinja2', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "STORY" in done.stdout
