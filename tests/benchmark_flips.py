"""Turn bits of a signed clip and ask two verifiers: `make bench-flips`.

Writes docs/benchmarks/flips.md. One byte is changed at a time: each of `moov`, of the XMP packet
and of the credential's own box, and 2,000 of `mdat`, drawn by SEED.
"""

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tests.provenance import boxes, ours, verifiers
from tests.provenance.mutation import flipped

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "flips.md"
OF_MDAT = 2_000
SEED = 1
WORKERS = 2
#: What a report says of the moment, and of the bytes as such, whatever these state.
_NOT_STATED = {"validation_time", "validationTime", "manifest_store_sha256"}


@dataclass(frozen=True)
class Clip:
    """A signed clip, whom to trust, and what both verifiers say of it while it is whole."""

    video: bytes
    root: str
    first: Any
    second: Any


def clip() -> Clip:
    """A clip of ours. Raises AssertionError if a verifier refuses it: then flips tell nothing."""
    made = ours.published()
    first, second = told(made.video, made.root)
    assert first is not None
    assert second is not None
    return Clip(made.video, made.root, first, second)


def told(video: bytes, root: str) -> tuple[Any, Any]:
    """What each verifier says of a file that it accepts; None of one that it refuses."""
    return verifiers.first(video, root), lasting(verifiers.second(video, root))


def lasting(report: Any) -> Any:
    """A report's values: without when it was made, and the digest of the credential's bytes."""
    if isinstance(report, dict):
        return {key: lasting(value) for key, value in report.items() if key not in _NOT_STATED}
    return [lasting(value) for value in report] if isinstance(report, list) else report


def places(video: bytes, box: str, seed: int = SEED) -> list[tuple[int, int]]:
    """Which bytes are changed, and which bit of each."""
    rng = np.random.default_rng(seed)
    payload = boxes.named(video, box).payload
    chosen = rng.choice(payload, OF_MDAT, replace=False) if box == "mdat" else np.asarray(payload)
    return [(int(place), 1 << int(rng.integers(8))) for place in chosen]


def outcome(whole: Clip, place: int, mask: int) -> tuple[str, str]:
    """What each verifier makes of one changed bit: refused, unchanged, or CHANGED."""
    found = told(flipped(whole.video, place, mask), whole.root)
    return tuple(  # type: ignore[return-value]  # of two
        "refused" if one is None else "unchanged" if one == known else "CHANGED"
        for one, known in zip(found, (whole.first, whole.second), strict=True)
    )


def outcomes(whole: Clip, chosen: list[tuple[int, int]]) -> Counter[tuple[str, str]]:
    """How often each pair of outcomes comes."""
    return Counter(outcome(whole, place, mask) for place, mask in chosen)


BOXES = ("moov", "mdat", "XMP", "manifest")


def kept(box: str, counted: Counter[tuple[str, str]]) -> bool:
    """Whether a box's bytes are guarded as they should be."""
    if box == "manifest":
        return not any("CHANGED" in pair for pair in counted)
    return set(counted) == {("refused", "refused")}


def page(whole: Clip, counted: dict[str, Counter[tuple[str, str]]]) -> str:
    """The whole page."""
    rows = []
    for box, counts in counted.items():
        each = [Counter[str](), Counter[str]()]
        for pair, count in counts.items():
            for tally, how in zip(each, pair, strict=True):
                tally[how] += count
        told_of = [
            ", ".join(f"{count:,} {how}" for how, count in tally.most_common()) for tally in each
        ]
        size = len(boxes.named(whole.video, box).payload)
        verdict = "kept" if kept(box, counts) else "**missed**"
        rows.append(
            f"| {box} | {size:,} | {counts.total():,} | {' | '.join(told_of)} | {verdict} |"
        )
    return "\n".join(
        [
            "# Changed bytes",
            "",
            f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `make bench-flips`.",
            f"A labelled and signed clip of {len(whole.video):,} bytes; in each file one bit of",
            "one byte is turned. Two verifiers that share no code are asked, with our root alone:",
            f"c2pa-python {version('c2pa-python')}, and encypher-c2pa {version('encypher-c2pa')},",
            "strict.",
            "",
            "| box | bytes | turned | c2pa-python | encypher-c2pa | |",
            "|---|---:|---:|---|---|---|",
            *rows,
            "",
            "Kept: outside of the credential's own box, both refuse each file. Inside of it a file",
            "is refused, or every value that is reported is the same as before: what is there is",
            "padding, or that verifier does not look at it. `ftyp` is outside of the hash, as",
            "C2PA has it.",
            "",
        ]
    )


def main() -> int:
    """Measure, write, and fail if a box is not guarded."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark_flips", description=__doc__)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    whole = clip()
    counted = {}
    with ProcessPoolExecutor(min(WORKERS, os.cpu_count() or 1)) as pool:
        for box in BOXES:
            chosen = places(whole.video, box)
            parts = [chosen[part :: WORKERS * 4] for part in range(WORKERS * 4)]
            found = pool.map(outcomes, [whole] * len(parts), parts)
            counted[box] = sum(found, Counter())
            print(box, dict(counted[box]), file=sys.stderr)  # noqa: T201 - a command line prints
    text = page(whole, counted)
    options.page.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return int(not all(kept(box, counts) for box, counts in counted.items()))


if __name__ == "__main__":
    sys.exit(main())
