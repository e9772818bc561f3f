"""What the engine saw in a photo and what it chose, as one page that needs nothing else.

The page shows the photo, each region with its certainty, depth, faces, sources, the directions of
flow, the plan, and frames of the clip. Pictures are inside it; it asks nothing of the network.
"""

import base64
import html
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, Rgb, as_map, as_rgb
from model_endpoint.scene.model import Region, Scene

PAGE = "explain.html"
PICTURE_SIDE_PX = 720
FRAME_SIDE_PX = 360
JPEG_QUALITY = 82
#: A region's colour and outline over the darkened photo.
COLOURS: dict[str, tuple[int, int, int]] = {
    "sky": (86, 180, 233),
    "water": (0, 114, 178),
    "falling_water": (204, 121, 167),
    "foliage": (0, 158, 115),
    "subject": (230, 159, 0),
}
OTHER_COLOUR = (240, 228, 66)
MARK = (255, 64, 64)
TINT = 0.55
DIMMED = 0.45
#: Arrows: one each this part of the longer side; below this part of the fastest there is none.
ARROW_GRID = 1 / 28
ARROW_LEAST = 0.05
ARROW_LENGTH = 0.9
MIDDLE = 0.5
#: Kinds of regions are open: one that is new here goes by its own name.
NAMES = {
    "sky": "Sky",
    "water": "Water",
    "falling_water": "Falling water",
    "foliage": "Leaves and grass",
    "subject": "Subject",
}
STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fbfbf9; --quiet: #5c5c66;
  --line: #d8d8d2; --card: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf1; --paper: #16161a; --quiet: #a5a5b0;
  --line: #34343c; --card: #1f1f25; } }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); }
.strip { display: grid; gap: .5rem; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  overflow: hidden; }
img { display: block; width: 100%; height: auto; }
figcaption { padding: .6rem .8rem; } .quiet { color: var(--quiet); }
table { border-collapse: collapse; } td, th { text-align: left; padding: .3rem .9rem .3rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; }
meter { width: 6rem; vertical-align: middle; }
"""


def explain(
    photo: Rgb,
    scene: Scene,
    folder: Path,
    *,
    flow: Map | None = None,
    plan: Sequence[str | Sequence[str]] | None = None,
    frames: Sequence[Rgb] = (),
) -> Path:
    """Write the page into folder, which is made if need be, and return its path.

    photo (H, W, 3). flow: (h, w, 2) over the first frame, or over the photo without frames. plan:
    sentences, or rows of cells. frames: of the clip, in their order.
    """
    parts = [
        section("What the photo shows", summary(scene) + overview(photo, scene)),
        section("Where", regions(photo, scene)),
    ]
    if flow is not None:
        ground = frames[0] if len(frames) else photo
        parts.append(section("What moves, and where to", grid([flow_figure(ground, flow)])))
    if plan is not None:
        parts.append(section("What was chosen", plan_table(plan)))
    if len(frames):
        parts.append(section("The clip", strip(frames)))
    page = (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>What the engine saw</title><style>{STYLE}</style></head>\n"
        f"<body>\n<h1>What the engine saw</h1>\n{''.join(parts)}</body>\n</html>\n"
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PAGE
    path.write_text(page, encoding="utf-8")
    return path


def section(title: str, body: str) -> str:
    """A titled part of the page. body is HTML."""
    return f"<section><h2>{html.escape(title)}</h2>\n{body}</section>\n"


def figure(picture: Rgb, title: str, words: str = "", certainty: float | None = None) -> str:
    """A picture with a caption and, if it has one, its certainty."""
    side = PICTURE_SIDE_PX
    meter = "" if certainty is None else f"<br>{certain(certainty)}"
    quiet = f'<br><span class="quiet">{html.escape(words)}</span>' if words else ""
    return (
        f'<figure><img src="{data_uri(picture, side)}" alt="{html.escape(title)}">'
        f"<figcaption><strong>{html.escape(title)}</strong>{quiet}{meter}</figcaption></figure>\n"
    )


def certain(value: float) -> str:
    """A certainty as a bar and a number."""
    return f'<meter min="0" max="1" value="{value:.2f}"></meter> {value:.0%} sure'


def grid(figures: Sequence[str]) -> str:
    """Figures beside each other."""
    return f'<div class="grid">{"".join(figures)}</div>\n'


def data_uri(picture: Rgb, side: int) -> str:
    """The picture as a JPEG inside the page, its longer side at most `side` pixels."""
    encoded, content = cv2.imencode(
        ".jpg",
        cv2.cvtColor(fitted(picture, side), cv2.COLOR_RGB2BGR),
        [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY],
    )
    if not encoded:
        raise ValueError(f"a picture of shape {picture.shape} cannot be a JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(content.tobytes()).decode("ascii")


def fitted(picture: Rgb, side: int) -> Rgb:
    """The picture no larger than `side` pixels."""
    scale = min(1.0, side / max(picture.shape[:2]))
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return as_rgb(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def summary(scene: Scene) -> str:
    """The scene in words."""
    rows = [("Kind of scene", f"{scene.kind} ({scene.kind_confidence:.0%} sure)")]
    horizon = "not seen" if scene.horizon is None else f"{scene.horizon:.0%} from the top"
    rows.append(("Horizon", horizon))
    read = sum(face.points is not None for face in scene.faces)
    rows.append(("Faces", f"{len(scene.faces)} found, {read} read"))
    for source in scene.sources:
        place = f"at {source.x:.0%} across and {source.y:.0%} down"
        rows.append((source.kind.capitalize(), f"{place}, {source.confidence:.0%} sure"))
    return table(rows)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells; the first cell of each is its heading."""
    lines = []
    for row in rows:
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
        lines.append(f'<tr><th scope="row">{html.escape(row[0])}</th>{cells}</tr>')
    return f"<table>{''.join(lines)}</table>\n"


def plan_table(plan: Sequence[str | Sequence[str]]) -> str:
    """Sentences as a list, rows as a table."""
    sentences = [line for line in plan if isinstance(line, str)]
    rows = [line for line in plan if not isinstance(line, str)]
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    return (f"<ul>{items}</ul>\n" if items else "") + (table(rows) if rows else "")


def overview(photo: Rgb, scene: Scene) -> str:
    """The photo, the photo with faces and sources, and the depth."""
    figures = [
        figure(photo, "The photo", f"{photo.shape[1]} × {photo.shape[0]} pixels"),
        figure(depth_picture(scene), "Depth", "Light is near, dark is far."),
    ]
    if scene.faces or scene.sources or scene.horizon is not None:
        title = "Faces, sources and horizon"
        figures.append(figure(marked(photo, scene), title, "Boxes, points, circles, a line."))
    return grid(figures)


def depth_picture(scene: Scene) -> Rgb:
    """Near is light, far is dark."""
    grey = as_rgb(np.clip(255.0 * (1.0 - scene.depth), 0.0, 255.0))
    return as_rgb(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB))


def marked(photo: Rgb, scene: Scene) -> Rgb:
    """The photo with boxes and points of faces, circles of sources, and the horizon."""
    canvas = fitted(photo, PICTURE_SIDE_PX).copy()
    height, width = canvas.shape[:2]
    for face in scene.faces:
        left, top, right, bottom = (round(v) for v in face.box.in_pixels(width, height))
        cv2.rectangle(canvas, (left, top), (right, bottom), COLOURS["subject"], 2)
        if face.points is not None:
            for x, y in face.points * np.array([width, height]):
                cv2.circle(canvas, (round(float(x)), round(float(y))), 1, COLOURS["sky"], -1)
    for source in scene.sources:
        centre = (round(source.x * width), round(source.y * height))
        radius = max(3, round(source.radius * max(width, height)))
        cv2.circle(canvas, centre, radius, MARK, 2, cv2.LINE_AA)
    if scene.horizon is not None:
        row = round(scene.horizon * height)
        cv2.line(canvas, (0, row), (width, row), OTHER_COLOUR, 1)
    return canvas


def regions(photo: Rgb, scene: Scene) -> str:
    """Each region over the photo, the surest first."""
    if not scene.regions:
        return "<p>No region was found that is sure enough.</p>\n"
    ordered = sorted(scene.regions, key=lambda region: region.confidence, reverse=True)
    return grid(
        [
            figure(
                painted(photo, region),
                NAMES.get(region.kind, region.kind),
                f"{region.area:.0%} of the photo",
                region.confidence,
            )
            for region in ordered
        ]
    )


def painted(photo: Rgb, region: Region) -> Rgb:
    """The photo, dimmed but for the region, which is tinted and outlined."""
    canvas = fitted(photo, PICTURE_SIDE_PX)
    height, width = canvas.shape[:2]
    mask = as_map(cv2.resize(region.mask, (width, height), interpolation=cv2.INTER_LINEAR))
    colour = COLOURS.get(region.kind, OTHER_COLOUR)
    weight = mask[..., None]
    tinted = (1.0 - TINT) * as_map(canvas) + TINT * np.array(colour, dtype=np.float32)
    mixed = as_rgb(np.clip(weight * tinted + (1.0 - weight) * DIMMED * as_map(canvas), 0, 255))
    outlines, _ = cv2.findContours(
        (mask > MIDDLE).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    cv2.drawContours(mixed, outlines, -1, colour, 2, cv2.LINE_AA)
    if region.flow is not None:
        directions = as_map(cv2.resize(region.flow, (width, height)))
        arrows(mixed, as_map(directions * weight))
    return mixed


def flow_figure(ground: Rgb, flow: Map) -> str:
    """The flow as arrows over the picture; the longest arrow is the fastest."""
    canvas = fitted(ground, PICTURE_SIDE_PX).copy()
    size = (canvas.shape[1], canvas.shape[0])
    arrows(canvas, as_map(cv2.resize(flow, size, interpolation=cv2.INTER_AREA)))
    return figure(canvas, "Flow", "Arrows point where things go; longer is faster.")


def arrows(canvas: NDArray[np.uint8], flow: Map) -> None:
    """Draw a field (h, w, 2) as arrows into a picture (h, w, 3)."""
    speed = np.linalg.norm(flow, axis=2)
    fastest = float(speed.max())
    if fastest <= 0.0:
        return
    height, width = canvas.shape[:2]
    step = max(6, round(ARROW_GRID * max(height, width)))
    for row in range(step // 2, height, step):
        for column in range(step // 2, width, step):
            if speed[row, column] < ARROW_LEAST * fastest:
                continue
            way = flow[row, column] / fastest * step * ARROW_LENGTH
            tip = (round(float(column + way[0])), round(float(row + way[1])))
            for colour, thick in (((0, 0, 0), 3), ((255, 255, 255), 1)):
                cv2.arrowedLine(
                    canvas, (column, row), tip, colour, thick, cv2.LINE_AA, tipLength=0.35
                )


def strip(frames: Sequence[Rgb]) -> str:
    """The frames beside each other, numbered from one."""
    figures = [
        f'<figure><img src="{data_uri(frame, FRAME_SIDE_PX)}" alt="Frame {number}">'
        f'<figcaption class="quiet">{number}</figcaption></figure>\n'
        for number, frame in enumerate(frames, start=1)
    ]
    return f'<div class="strip">{"".join(figures)}</div>\n'
