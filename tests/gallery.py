"""Every photo with its clip, on one page: `make gallery` writes out/gallery/index.html.

`python -m tests.gallery [FOLDER ...] [--size 720x1280] [--out out/gallery]`. The folders default to
the repository's photos. Beside each clip stand what the engine found, what was drawn by hand
(tests/quality/truth), how well the two agree, and what was said about the plan. The
page's files lie beside it: the folder can be moved, and nothing is asked of the network.
"""

import argparse
import html
import os
import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model_endpoint.engines.motion.engine import MotionEngine
from model_endpoint.explain import COLOURS, NAMES, OTHER_COLOUR
from model_endpoint.photo import read_photo
from model_endpoint.pixels import Rgb
from model_endpoint.scene.analysis import analyse
from model_endpoint.scene.model import Scene
from story.generation import Direction, Report
from tests.quality.truth import KINDS, load, names

ROOT = Path(__file__).resolve().parent.parent
PHOTOS = ROOT / "photos"
OUT = ROOT / "out" / "gallery"
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
PICTURE_SIDE_PX = 640
JPEG_QUALITY = 84
#: Stills are samples, not the whole of what stands still: in grey, and compared with nothing.
STILL_COLOUR = (190, 190, 190)
STYLE = """
:root { color-scheme: light dark; --ink: #1c1c20; --paper: #faf9f6; --quiet: #5d5d66;
  --line: #dcdad3; --card: #fff; --accent: #0a6b5c; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececef; --paper: #141417; --quiet: #a3a3ad;
  --line: #303037; --card: #1d1d22; --accent: #6fd0bf; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 80rem; padding: 2rem 1.25rem 4rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
h1 { font-size: 1.8rem; margin: 0; } h2 { font-size: 1.2rem; margin: 0 0 .25rem; }
p { margin: .25rem 0; } .quiet { color: var(--quiet); font-size: .9rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem .9rem; margin: 1rem 0 2rem; font-size: .9rem; }
a { color: var(--accent); }
section { display: grid; grid-template-columns: minmax(12rem, 20rem) 1fr; gap: 1.5rem;
  background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem;
  margin-bottom: 1.5rem; }
video, img { display: block; width: 100%; height: auto; border-radius: .4rem; }
.pictures { display: grid; gap: .75rem; margin: 1rem 0;
  grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); }
figure { margin: 0; } figcaption { color: var(--quiet); font-size: .85rem; padding-top: .25rem; }
ul { margin: .5rem 0; padding-left: 1.2rem; } .unmet { color: var(--quiet); }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .15rem 1.2rem .15rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--quiet); }
.dot { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .5em; }
@media (max-width: 46rem) { section { grid-template-columns: 1fr; } }
"""
#: Seventeen clips at once are much to decode: only those in view play.
SCRIPT = """
const watch = new IntersectionObserver(entries => entries.forEach(e =>
  e.isIntersecting ? e.target.play().catch(() => {}) : e.target.pause()));
document.querySelectorAll("video").forEach(v => watch.observe(v));
"""


@dataclass(frozen=True)
class Entry:
    """One photo on the page."""

    name: str
    photo: Rgb
    scene: Scene
    report: Report
    seconds: float
    clip_bytes: int

    @property
    def drawn(self) -> bool:
        """Whether what this photo shows was drawn by hand."""
        return self.name in names() and load(self.name).mask("sky").shape == self.photo.shape[:2]


def found(folders: list[Path]) -> list[Path]:
    """The photos of some folders, each name once, by name.

    Raises:
        SystemExit: a folder is none, or there is no photo at all.
    """
    photos: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise SystemExit(f"{folder} is no folder")
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in SUFFIXES:
                photos.setdefault(path.stem, path)
    if not photos:
        raise SystemExit(f"no photo in {', '.join(map(str, folders))}")
    return [photos[name] for name in sorted(photos)]


def make(path: Path, size: tuple[int, int], clips: Path) -> Entry:
    """Make a photo's clip: that of a story about which nothing was said."""
    photo = read_photo(path.read_bytes())
    direction = Direction(
        story_id="0" * 32,
        inference_id="0" * 32 + "-1-1",
        prompt="",
        negative_prompt="",
        camera="auto",
        ambience="auto",
        seed=1,
        seconds=5.0,
        fps=24,
        width=size[0],
        height=size[1],
    )
    clip = clips / f"{path.stem}.mp4"
    began = time.perf_counter()
    report = MotionEngine().generate(photo, direction, clip, lambda _part, _stage: None)
    seconds = time.perf_counter() - began
    return Entry(path.stem, photo, analyse(photo), report, seconds, clip.stat().st_size)


def tinted(photo: Rgb, masks: dict[str, NDArray[np.bool_]]) -> Rgb:
    """The photo darkened, each mask (H, W) in its colour with its outline."""
    picture = photo.astype(np.float32) * 0.6
    for kind, mask in masks.items():
        colour = np.float32(STILL_COLOUR if kind == "still" else COLOURS.get(kind, OTHER_COLOUR))
        picture[mask] = 0.55 * picture[mask] + 0.45 * colour
        outline = mask & ~(cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
        picture[outline] = colour
    return np.clip(picture, 0.0, 255.0).astype(np.uint8)


def small(picture: Rgb) -> Rgb:
    """At most PICTURE_SIDE_PX a side."""
    scale = min(1.0, PICTURE_SIDE_PX / max(picture.shape[:2]))
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def masks_of(entry: Entry) -> dict[str, NDArray[np.bool_]]:
    """What the engine found, at the photo's size."""
    size = (entry.photo.shape[1], entry.photo.shape[0])
    return {
        region.kind: np.asarray(cv2.resize(region.mask, size) > 0.5)
        for region in entry.scene.regions
    }


def pictures(entry: Entry, folder: Path) -> list[tuple[str, str]]:
    """Write a photo's pictures; returns (file name, caption) of each."""
    framed = entry.photo.copy()
    height, width = framed.shape[:2]
    left, top, right, bottom = (int(v) for v in entry.report.crop.in_pixels(width, height))
    thick = max(2, round(max(width, height) / 200))
    cv2.rectangle(framed, (left, top), (right - 1, bottom - 1), (255, 255, 255), thick)
    seen = masks_of(entry)
    shown = [
        ("photo", framed, f"The photo, {width} by {height} px; the frame is what the clip shows"),
        ("found", tinted(entry.photo, seen), "What the engine found"),
    ]
    if entry.drawn:
        truth = load(entry.name)
        drawn = {kind: truth.mask(kind) for kind in KINDS if truth.shows(kind)}
        shown.append(
            ("drawn", tinted(entry.photo, drawn), "Drawn by hand; what is grey must stand still")
        )
    written = []
    for part, picture, caption in shown:
        name = f"{entry.name}_{part}.jpg"
        Image.fromarray(small(picture)).save(folder / name, quality=JPEG_QUALITY)
        written.append((name, caption))
    return written


def agreement(entry: Entry) -> list[tuple[str, str, str]]:
    """(kind, found, agreement) of each region: intersection over union with what was drawn."""
    seen = masks_of(entry)
    sure = {region.kind: region.confidence for region in entry.scene.regions}
    truth = load(entry.name) if entry.drawn else None
    rows = []
    for kind in dict.fromkeys([*seen, *(KINDS if truth else ())]):
        if kind == "still":
            continue
        real = truth.mask(kind) if truth is not None and kind in KINDS else None
        if kind not in seen and (real is None or not real.any()):
            continue
        share = f"{seen[kind].mean():.0%}, sure to {sure[kind]:.0%}" if kind in seen else "nothing"
        if real is None:
            told = "not drawn"
        elif not real.any():
            told = "none was drawn"
        else:
            mine = seen.get(kind, np.zeros_like(real))
            told = f"{(mine & real).sum() / (mine | real).sum():.2f}"
        rows.append((kind, share, told))
    return rows


def section(entry: Entry, folder: Path) -> str:
    """One photo's part of the page."""
    report, name = entry.report, html.escape(entry.name)
    said = [f"<li>{html.escape(line)}</li>" for line in report.understood]
    said += [f'<li class="unmet">{html.escape(line)}</li>' for line in report.unmet]
    figures = "".join(
        f'<figure><img src="pictures/{html.escape(file)}" alt="" loading="lazy">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for file, caption in pictures(entry, folder / "pictures")
    )
    rows = "".join(
        f'<tr><td><span class="dot" style="background:rgb{COLOURS.get(kind, OTHER_COLOUR)}"></span>'
        f"{html.escape(NAMES.get(kind, kind))}</td><td>{share}</td><td>{told}</td></tr>"
        for kind, share, told in agreement(entry)
    )
    table = (
        f"<table><tr><th>region</th><th>found</th><th>agrees with the drawing</th></tr>{rows}"
        "</table>"
        if rows
        else "<p>No region found.</p>"
    )
    stages = ", ".join(f"{stage} {spent:.1f} s" for stage, spent in report.timings.items())
    return f"""<section id="{name}"><div>
<video src="clips/{name}.mp4" width="{report.width}" height="{report.height}"
 loop autoplay muted playsinline controls preload="metadata"></video>
<p class="quiet">{report.width} by {report.height} px, {report.seconds:g} s at {report.fps} frames
a second, {entry.clip_bytes / 1e6:.1f} MB, made in {entry.seconds:.1f} s ({html.escape(stages)})</p>
</div><div><h2>{name}</h2>
<p class="quiet">Seen as: {entry.scene.kind}, sure to {entry.scene.kind_confidence:.0%}</p>
<ul>{"".join(said)}</ul>
<div class="pictures">{figures}</div>
{table}</div></section>"""


def page(entries: list[Entry], folder: Path) -> str:
    """The whole page."""
    sections = "\n".join(section(entry, folder) for entry in entries)
    links = "".join(f'<a href="#{html.escape(e.name)}">{html.escape(e.name)}</a>' for e in entries)
    engine = entries[0].report.engine
    seconds = sum(entry.seconds for entry in entries)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Enliven: the gallery</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{STYLE}</style></head><body>
<h1>Photos that came alive</h1>
<p class="quiet">{len(entries)} photos, {engine.name} {engine.version}, no words and seed 1.
Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC in {seconds:.0f} s on {os.cpu_count()} cores.</p>
<nav>{links}</nav>
{sections}
<script>{SCRIPT}</script></body></html>
"""


def main(arguments: list[str]) -> None:
    """Make every clip, then the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.gallery", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="folders of photos")
    parser.add_argument("--size", default="720x1280")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    size = re.fullmatch(r"(\d+)x(\d+)", options.size)
    if size is None:
        raise SystemExit(f"--size {options.size}: give WIDTHxHEIGHT, e.g. 720x1280")
    photos = found(options.folders or [PHOTOS])
    out: Path = options.out
    for part in ("clips", "pictures"):
        (out / part).mkdir(parents=True, exist_ok=True)
    entries = []
    for path in photos:
        entry = make(path, (int(size[1]), int(size[2])), out / "clips")
        sys.stderr.write(f"{entry.name}: {entry.seconds:.1f} s\n")
        entries.append(entry)
    (out / "index.html").write_text(page(entries, out), encoding="utf-8")
    sys.stdout.write(f"{out / 'index.html'}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
