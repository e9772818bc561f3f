"""Measure what survives in clips: `make bench-provenance`. Writes docs/benchmarks/provenance.md.

The motion engine makes clips of every photo of photos/ with different words, sizes, seeds and
lengths; LabelVideo's own code labels them; each goes through every attack and is looked at by the
blind detector. Then clips without a mark and clips with other keys' marks are looked at, and the
tail of what they give is fitted. The engine's clips are kept in out/, which git ignores.
"""

import argparse
import hashlib
import io
import json
import math
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from unittest import mock

import av
import numpy as np
from numpy.typing import NDArray

from label_video import labelling
from label_video.declaration import Facts
from model_endpoint.engines.motion.engine import MotionEngine
from model_endpoint.photo import read_photo
from story.generation import Direction, EngineName
from story.labels import DEFAULT_LANGUAGE, for_engine
from tests.memory import peak_bytes
from tests.provenance.attacks import ATTACKS
from tests.provenance.signing import signs
from tests.quality.ssim import ssim
from watermark import code, detection
from watermark.pattern import Key

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "provenance.md"
CACHE = ROOT / "out" / "bench-provenance"
FPS = 24
STORY = "0" * 32
MADE_AT = "2026-11-26T00:00:00.000Z"
ENGINE = EngineName(family="procedural", name="enliven-motion", version="1.0.0")
#: What a clip is made with, in turn: words, size, seconds.
PROMPTS = ("", "slow push in", "pan to the left, wind", "tilt up, rain", "keep it still")
SIZES = ("720x1280", "960x960", "540x960", "720x1280", "1280x720", "720x1280", "1080x1920")
LENGTHS = (3.0, 3.0, 4.0, 3.0, 5.0, 3.0)
CLIPS = 42

#: The limits of the page.
SSIM_LIMIT, DETECTION_SECONDS, LABEL_SECONDS, PEAK_BYTES = 0.98, 2.0, 4.0, 500_000_000
#: Ids that each clip without our mark is compared with, and how many there may be one day.
IDS, ID_SPACE = 100_000, 10_000_000
#: Clip and key pairs in which there is no mark to be found, at least.
WITHOUT = 200
OTHER_KEYS = 4
SECRET = b"only for this benchmark, nowhere else"
KEY = Key(1, SECRET)
WORKERS = 2
#: How many clips of which length are timed, each in a process that does nothing else.
TIMED, TIMED_SECONDS = 3, 5.0


@dataclass(frozen=True)
class Plan:
    """What one clip is made with."""

    index: int
    photo: str
    prompt: str
    size: str
    seconds: float

    @property
    def mark_id(self) -> int:
        """Another one for each clip."""
        return int.from_bytes(hashlib.sha256(f"clip {self.index}".encode()).digest()[:4], "big")

    @property
    def path(self) -> Path:
        """Where the engine's clip is kept; another plan has another file."""
        name = hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:12]
        return CACHE / f"{self.index:03d}-{self.photo}-{name}.mp4"


@dataclass(frozen=True)
class Seen:
    """What the detector said of one file."""

    right: bool
    z: float
    seconds: float


@dataclass(frozen=True)
class Nothing:
    """What was read where there is no mark of ours: the likeliest id, and z of many ids."""

    decoded_z: float
    is_mark: bool
    greatest: float
    histogram: list[int]


@dataclass(frozen=True)
class Clip:
    """One clip: how like its unmarked self it is, and what is seen after each attack."""

    plan: Plan
    ssim: float
    worst_ssim: float
    psnr: float
    bytes_ratio: float
    seen: dict[str, Seen]
    nothing: list[Nothing]


class _Unmarked:
    """In place of labelling.Mark, for the same encode without a mark."""

    def __init__(self, *_: object) -> None: ...

    def add(self, _luma: NDArray[np.uint8]) -> None: ...


def plans(count: int) -> list[Plan]:
    """Every photo in turn, each time with other words, another size and length."""
    photos = sorted(path.stem for path in (ROOT / "photos").glob("*.jpg"))
    return [
        Plan(
            index,
            photos[index % len(photos)],
            PROMPTS[(index + index // len(photos)) % len(PROMPTS)],
            SIZES[(index + index // len(photos)) % len(SIZES)],
            LENGTHS[(index * 2 + index // len(photos)) % len(LENGTHS)],
        )
        for index in range(count)
    ]


def made(plan: Plan) -> bytes:
    """The engine's clip, made if it was not yet."""
    if not plan.path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        width, height = (int(side) for side in plan.size.split("x"))
        direction = Direction(
            story_id=STORY,
            inference_id=f"{STORY}-1-1",
            prompt=plan.prompt,
            negative_prompt="",
            camera="auto",
            ambience="auto",
            seed=plan.index + 1,
            seconds=plan.seconds,
            fps=FPS,
            width=width,
            height=height,
        )
        pixels = read_photo((ROOT / "photos" / f"{plan.photo}.jpg").read_bytes())
        part = plan.path.with_suffix(".part.mp4")
        MotionEngine().generate(pixels, direction, part, lambda _part, _stage: None)
        part.rename(plan.path)
    return plan.path.read_bytes()


def labelled(plan: Plan) -> bytes:
    """The clip as LabelVideo makes it."""
    marking = labelling.Marking(KEY, plan.mark_id)
    facts = Facts(STORY, "Example Stories", ENGINE, for_engine(ENGINE), MADE_AT)
    return labelling.label(made(plan), facts, DEFAULT_LANGUAGE, marking).video


def unmarked(plan: Plan) -> bytes:
    """The same encode, badge included, without the mark."""
    with mock.patch.object(labelling, "Mark", _Unmarked):
        return labelled(plan)


def lumas(video: bytes, step: int) -> Iterator[NDArray[np.float64]]:
    """Every step-th frame's luma."""
    with av.open(io.BytesIO(video)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index % step == 0:
                yield frame.to_ndarray(format="gray").astype(np.float64)


def look(video: bytes, keys: tuple[Key, ...] = (KEY,)) -> tuple[detection.Found, float]:
    """What the detector finds, and in how many seconds."""
    began = time.perf_counter()
    found = detection.detect(io.BytesIO(video), keys)
    return found, time.perf_counter() - began


def measured(plan: Plan) -> Clip:
    """One clip through everything."""
    marked, plain = labelled(plan), unmarked(plan)
    pairs = list(zip(lumas(marked, FPS), lumas(plain, FPS), strict=True))
    alike = [ssim(one, other) for one, other in pairs]
    error = np.mean([np.square(one - other).mean() for one, other in pairs])
    seen = {}
    for attack in ATTACKS:
        found, seconds = look(attack.run(marked))
        right = found.is_mark and found.mark_id == plan.mark_id
        seen[attack.name] = Seen(right, found.z_of(plan.mark_id), seconds)
    return Clip(
        plan,
        ssim=float(np.mean(alike)),
        worst_ssim=min(alike),
        psnr=float(10 * np.log10(255**2 / error)),
        bytes_ratio=len(marked) / len(plain),
        seen=seen,
        nothing=nothing(plan, marked, plain),
    )


#: Of z, for the fit of its tail: bins of a tenth from 0 to 10.
BINS = np.linspace(0, 10, 101)


def nothing(plan: Plan, marked: bytes, plain: bytes) -> list[Nothing]:
    """The clip without a mark, and with ours, looked at with keys that it was not marked with."""
    rng = np.random.default_rng(plan.index)
    others = tuple(Key(9, SECRET + bytes([index])) for index in range(OTHER_KEYS))
    looks = [(plain, KEY), *((marked, key) for key in others)]
    answers = []
    for video, key in looks:
        found, _ = look(video, (key,))
        ids = rng.integers(0, code.MAX_ID, IDS, endpoint=True)
        z = found.z_of_all(ids)
        answers.append(
            Nothing(found.z, found.is_mark, float(z.max()), np.histogram(z, BINS)[0].tolist())
        )
    return answers


def apart(step: str, plan: Plan) -> dict[str, float]:
    """One step in a fresh process, which tells its seconds and its memory."""
    command = [sys.executable, "-m", "tests.benchmark_provenance", "--one", step, str(plan.index)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'functions'}"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    answer: dict[str, float] = json.loads(ran.stdout)
    return answer


def one(step: str, plan: Plan) -> dict[str, float]:
    """What `apart` starts: the second run counts, as in a function that is warm."""
    path = CACHE / "labelled" / plan.path.name
    if step == "label":
        labelled(plan)
        began = time.perf_counter()
        video = labelled(plan)
        seconds = time.perf_counter() - began
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(video)
    elif step == "sign":
        with signs(ENGINE, path.read_bytes()) as sign:
            sign()
            began = time.perf_counter()
            sign()
            seconds = time.perf_counter() - began
    else:
        look(path.read_bytes())
        seconds = look(path.read_bytes())[1]
    return {"seconds": seconds, "peak_bytes": peak_bytes(), "load": os.getloadavg()[0]}


def tail(answers: list[Nothing]) -> tuple[float, float]:
    """(sigma, chance): how wide the far tail of z is, and how often ID_SPACE ids reach Z_MARK.

    The tail is taken as a normal one whose deviation is fitted to how many of all z lie beyond 3,
    3.1, ... as long as 20 do: each gives a deviation, the widest is taken.
    """
    counts = np.sum([answer.histogram for answer in answers], axis=0)
    total = IDS * len(answers)
    beyond = np.cumsum(counts[::-1])[::-1]
    normal = statistics.NormalDist()
    widths = [
        BINS[index] / normal.inv_cdf(1 - beyond[index] / total)
        for index in range(30, len(counts))
        if beyond[index] >= 20
    ]
    sigma = max(widths)
    return sigma, ID_SPACE * math.erfc(detection.Z_MARK / sigma / math.sqrt(2)) / 2


def kept(measured: float, limit: float, *, least: bool = False) -> str:
    """Whether a figure keeps its limit."""
    return "kept" if (measured >= limit if least else measured <= limit) else "**missed**"


def attacked(clips: list[Clip]) -> list[str]:
    """A row for each attack."""
    rows = []
    for attack in ATTACKS:
        seen = [clip.seen[attack.name] for clip in clips]
        share = sum(each.right for each in seen) / len(seen)
        z = sorted(each.z for each in seen)
        rows.append(
            f"| {attack.name} | {100 * share:.1f} % | {100 * attack.limit:g} % "
            f"| {kept(share, attack.limit, least=True)} | {z[0]:.1f} | {z[len(z) // 10]:.1f} "
            f"| {statistics.median(z):.1f} |"
        )
    return rows


def missed(clips: list[Clip]) -> list[str]:
    """Which clips were not recognised after which attack."""
    rows = [
        f"| {attack.name} | {clip.plan.photo} | {clip.plan.size.replace('x', '×')} "
        f"| {clip.plan.prompt or '(no words)'} | {clip.seen[attack.name].z:.1f} |"
        for attack in ATTACKS
        for clip in clips
        if not clip.seen[attack.name].right
    ]
    if not rows:
        return ["Every clip was recognised after every attack.", ""]
    head = ["Not recognised:", "", "| after | photo | size | words | z |", "|---|---|---|---|---:|"]
    return [*head, *rows, ""]


def row(what: str, measured: str, limit: str = "", verdict: str = "") -> str:
    """One line of a table of four columns."""
    return f"| {what} | {measured} | {limit} | {verdict} |"


def page(
    clips: list[Clip],
    costs: dict[str, list[dict[str, float]]],
    command: str,
) -> str:
    """The whole page."""
    answers = [answer for clip in clips for answer in clip.nothing]
    sigma, chance = tail(answers)
    false = sum(answer.is_mark for answer in answers)
    greatest = max(answer.greatest for answer in answers)
    decoded = max(answer.decoded_z for answer in answers)
    over = sum(answer.greatest >= detection.Z_MARK for answer in answers)
    worst = min(clips, key=lambda clip: clip.ssim)
    looked = [cost["seconds"] for cost in costs["look"]]
    labels = [cost["seconds"] for cost in costs["label"]]
    signing = [cost["seconds"] for cost in costs["sign"]]
    both = [label + sign for label, sign in zip(labels, signing, strict=True)]
    peak = max(cost["peak_bytes"] for each in costs.values() for cost in each)
    photos = len({clip.plan.photo for clip in clips})
    sizes = len({clip.plan.size for clip in clips})
    load = max(cost["load"] for each in costs.values() for cost in each)
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pillow", "av"))
    lines = [
        "# What survives in a clip",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `{command}`:",
        f"{len(clips)} clips of {photos} photos by the motion engine, in {sizes} sizes,",
        f"{min(LENGTHS):g} to {max(LENGTHS):g} s long, labelled by LabelVideo's own code.",
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}.",
        "",
        "## The watermark",
        "",
        f"Recognised: the decoded id is the clip's and z is at least {detection.Z_MARK:g}.",
        "",
        "| after | recognised | limit | | least z | a tenth below | median z |",
        "|---|---:|---:|---|---:|---:|---:|",
        *attacked(clips),
        "",
        *missed(clips),
        "z is how well the cells agree with the word of the clip's id, in standard deviations of",
        "what chance gives. Crop: a tenth of each side. Letterbox: 1280×720. Gamma: 0.8. Logo: an",
        "opaque box over 6 % of it. Screen recording: gamma 0.9, 0.8 of the size, a",
        "grey border, noise, 30 fps, CRF 30. Trimmed: without the first quarter. All are encoded",
        "by x264 veryfast, at CRF 23 where none is named (letterbox 26).",
        "",
        "| what | measured | limit | |",
        "|---|---:|---:|---|",
        row(
            f"least SSIM of a marked encode and the same without its mark: {worst.plan.photo}",
            f"{worst.ssim:.4f}",
            f"{SSIM_LIMIT:g}",
            kept(worst.ssim, SSIM_LIMIT, least=True),
        ),
        row("median of it", f"{statistics.median(clip.ssim for clip in clips):.4f}"),
        row("median PSNR of the two", f"{statistics.median(clip.psnr for clip in clips):.1f} dB"),
        row(
            "median size over that without a mark",
            f"{statistics.median(clip.bytes_ratio for clip in clips):.2f}",
        ),
        row(
            "longest detection, in a process of its own, warm",
            f"{max(looked):.2f} s",
            f"{DETECTION_SECONDS:g} s",
            kept(max(looked), DETECTION_SECONDS),
        ),
        row(
            f"longest labelling of {TIMED_SECONDS:g} s of 720×1280, in a process of its own, warm",
            f"{max(labels):.2f} s",
        ),
        row(
            "longest signing of it, with both verifiers, likewise; KMS answers in process",
            f"{max(signing):.2f} s",
        ),
        row(
            "longest of both together",
            f"{max(both):.2f} s",
            f"{LABEL_SECONDS:g} s",
            kept(max(both), LABEL_SECONDS),
        ),
        row(
            "greatest memory of any",
            f"{peak / 1e6:.0f} MB",
            f"{PEAK_BYTES / 1e6:g} MB",
            kept(peak, PEAK_BYTES),
        ),
        "",
        f"While seconds were measured, the machine's load was up to {load:.1f}. They say what a",
        f"function takes only with a load of {os.cpu_count()} or less, one for each core.",
        "",
        "## False positives",
        "",
        f"{len(answers)} looks where there is no mark to be found: every clip's own encode without",
        f"a mark, and the marked clips with {OTHER_KEYS} other keys. Each was compared with",
        f"{IDS:,} random ids, and its likeliest id of all 2³² was decoded.",
        "",
        "| what | measured | limit | |",
        "|---|---:|---:|---|",
        row("looks", f"{len(answers)}", f"{WITHOUT}", kept(len(answers), WITHOUT, least=True)),
        row(f"looks with an id of z ≥ {detection.Z_MARK:g}", f"{over}", "0", kept(over, 0)),
        row(f"the greatest z of {IDS * len(answers):,} ids", f"{greatest:.2f}"),
        row(f"decoded ids with z ≥ {detection.Z_MARK:g}", f"{false}", "0", kept(false, 0)),
        row("the greatest z of a decoded id", f"{decoded:.2f}"),
        row("deviation of the fitted tail", f"{sigma:.3f}"),
        row(f"chance that a look finds one of {ID_SPACE:,} ids", f"{chance:.1e}"),
        "",
        "z of one id and one look is normal with deviation 1 where there is no mark, whatever the",
        "picture, since the key draws the signs (docs/decisions/0017-watermark.md); the tail is",
        "fitted where at least 20 of all z lie beyond, from 3 on, and its widest fit is taken.",
        "",
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Measure and write, or one step of one clip for the process that asked."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmark_provenance", description=__doc__
    )
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--one", nargs=2, metavar=("STEP", "INDEX"), help="print one as JSON")
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    chosen = plans(options.clips)
    if options.one:
        step, index = options.one
        sys.stdout.write(json.dumps(one(step, plans(int(index) + 1)[int(index)])))
        return
    timed = [
        plan for plan in plans(CLIPS) if plan.size == "720x1280" and plan.seconds == TIMED_SECONDS
    ]
    costs: dict[str, list[dict[str, float]]] = {"label": [], "sign": [], "look": []}
    for plan in timed[:TIMED]:
        made(plan)
        for step, found in costs.items():
            found.append(apart(step, plan))
            sys.stderr.write(f"{plan.photo}: {step} {found[-1]['seconds']:.2f} s\n")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        clips = []
        for clip in pool.map(measured, chosen):
            clips.append(clip)
            wrong = [name for name, seen in clip.seen.items() if not seen.right]
            sys.stderr.write(f"{clip.plan.index} {clip.plan.photo}: {wrong or 'all recognised'}\n")
    text = page(
        clips,
        costs,
        " ".join(["python -m tests.benchmark_provenance", *arguments])
        if arguments
        else "make bench-provenance",
    )
    options.page.parent.mkdir(parents=True, exist_ok=True)
    options.page.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
