"""Asks the guard of trained models about clips that have no defect: those of the motion engine.

`make guard`; writes docs/benchmarks/guard.md. The clips are made as a trained engine's are asked
for: no loop, and without what the motion engine would do to light and colours by itself, which is
no defect where it is meant, and which a trained engine is not asked for unless somebody wishes it.
"""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from frames import clip
from inspect_video import model_defects
from local.pages import table
from model_endpoint.engines.motion.engine import MotionEngine
from model_endpoint.engines.protocol import no_progress
from model_endpoint.photo import read_photo
from story.generation import Direction, Wishes

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "guard.md"


def directed() -> Direction:
    """What a story without words asks of a trained engine."""
    return Direction(
        story_id="0" * 32,
        inference_id="guard",
        prompt="make this photo come alive",
        negative_prompt="",
        wishes=Wishes(refused=tuple(sorted(model_defects.RECOLOURING))),
        camera="auto",
        ambience="silence",
        loop=False,
        seed=1,
        seconds=5.0,
        fps=24,
        width=720,
        height=1280,
    )


def measured(photo: Path) -> tuple[tuple[str, ...], list[str]]:
    """A row of the page, and the false alarms."""
    asked = directed()
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "clip.mp4"
        MotionEngine().generate(read_photo(photo.read_bytes()), asked, made, no_progress)
        pictures = clip.decode(made.read_bytes(), asked)
    measures = model_defects.measure(pictures, asked.fps)
    alarms = list(model_defects.of_trained(pictures, asked))
    row = (
        f"`{photo.stem}`",
        f"{measures.sprung_part:.2f}",
        f"{measures.pace:.1f}",
        f"{measures.left:.0%}",
        f"{measures.grain[0]:.1f} → {measures.grain[1]:.1f}",
        f"{measures.drift[0]:.1f}, {measures.drift[1]:.0%}",
        "; ".join(alarms) or "none",
    )
    return row, alarms


def main() -> int:
    """0 if no clip is refused; 1 otherwise. The page is written either way."""
    rows, wrong = [], []
    for photo in sorted((ROOT / "photos").glob("*.jpg")):
        row, alarms = measured(photo)
        rows.append(row)
        wrong += [f"{photo.stem}: {each}" for each in alarms]
        sys.stdout.write(f"{' | '.join(row)}\n")
        sys.stdout.flush()
    head = ("photo", "falls back", "pace", "left", "grain", "drift", "refused for")
    written = PAGE.read_text("utf-8")
    before, _, rest = written.partition("<!-- gallery -->\n")
    _, _, after = rest.partition("<!-- /gallery -->")
    told = f"Measured on {datetime.now(UTC):%Y-%m-%d} by `make guard`, 720×1280, 5 s.\n\n"
    block = f"<!-- gallery -->\n{told}{table(head, rows)}<!-- /gallery -->"
    PAGE.write_text(before + block + after, encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
