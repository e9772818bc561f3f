"""The engine alone, on one photo: `python -m model_endpoint PHOTO --out clip.mp4`."""

import argparse
import re
import sys
from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from model_endpoint.engines.motion.encoders import ENCODERS, X264, encoder
from model_endpoint.engines.motion.engine import MotionEngine
from model_endpoint.engines.motion.explaining import explained
from model_endpoint.photo import read_photo
from story import limits
from story.errors import EnlivenError
from story.generation import Ambience, CameraMove, Direction, Fit, Preset
from story.vocabulary import read

#: One story that is nobody's: the engine alone knows no stories.
ALONE = "0" * 32
EXIT_BAD_INPUT = 2


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m model_endpoint", description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--prompt", default="make this photo come alive")
    parser.add_argument("--negative-prompt", default="")
    parser.add_argument("--out", type=Path, default=Path("clip.mp4"))
    parser.add_argument("--seconds", type=float, default=limits.CLIP_SECONDS)
    parser.add_argument("--fps", type=int, default=limits.CLIP_FPS)
    parser.add_argument("--size", default=f"{limits.CLIP_WIDTH_PX}x{limits.CLIP_HEIGHT_PX}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fit", choices=("auto", *get_args(Fit)), default="auto")
    parser.add_argument("--camera", choices=("auto", *get_args(CameraMove)), default="auto")
    parser.add_argument("--ambience", choices=("auto", *get_args(Ambience)), default="auto")
    parser.add_argument("--preset", choices=get_args(Preset))
    parser.add_argument("--encoder", choices=tuple(ENCODERS), default=X264.name)
    parser.add_argument(
        "--explain", type=Path, metavar="DIR", help="also write what was seen and decided, as HTML"
    )
    parser.add_argument("--no-loop", dest="loop", action="store_false")
    return parser.parse_args(arguments)


def direct(options: argparse.Namespace) -> Direction:
    """The direction that the options describe.

    Raises:
        ValueError: an option is out of the contract's range.
    """
    size = re.fullmatch(r"(\d+)x(\d+)", options.size)
    if size is None:
        raise ValueError(f"--size {options.size}: give WIDTHxHEIGHT, e.g. 720x1280")
    wishes = read(options.prompt, options.negative_prompt)
    if options.preset is not None:
        wishes = wishes.model_copy(update={"preset": options.preset})
    return Direction(
        story_id=ALONE,
        inference_id=f"{ALONE}-1-1",
        prompt=options.prompt,
        negative_prompt=options.negative_prompt,
        wishes=wishes,
        camera=options.camera,
        ambience=options.ambience,
        fit=options.fit,
        loop=options.loop,
        seed=options.seed,
        seconds=options.seconds,
        fps=options.fps,
        width=int(size[1]),
        height=int(size[2]),
    )


class Display:
    """Progress on one line of a terminal; nothing where no one watches."""

    def __init__(self) -> None:
        """Nothing is shown yet."""
        self._shown = ""

    def show(self, fraction: float, stage: str) -> None:
        """Write over the line when it changed."""
        line = f"{fraction:4.0%} {stage:<8}"
        if line != self._shown and sys.stderr.isatty():
            sys.stderr.write(f"\r{line}")
            sys.stderr.flush()
        self._shown = line

    def clear(self) -> None:
        """Leave the line empty, for what comes next."""
        if self._shown and sys.stderr.isatty():
            sys.stderr.write("\r" + " " * len(self._shown) + "\r")


def main(arguments: list[str]) -> int:
    """Make one clip; 0, or EXIT_BAD_INPUT after one line that says what was wrong."""
    options = parse(arguments)
    display = Display()
    try:
        direction = direct(options)
        photo = read_photo(options.photo.read_bytes())
        engine = MotionEngine(encoder(options.encoder))
        report = engine.generate(photo, direction, options.out, display.show)
        if options.explain is not None:
            sys.stderr.write(f"explained in {explained(photo, direction, options.explain)}\n")
        display.clear()
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        sys.stderr.write(f"{place}: {first['msg']}, not {first['input']!r}\n")
        return EXIT_BAD_INPUT
    except (EnlivenError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_BAD_INPUT
    sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
