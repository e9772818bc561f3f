import base64
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np

from model_endpoint.explain import arrows, explain, painted
from model_endpoint.pixels import Rgb
from model_endpoint.scene.model import SKY, Face, Region, Scene, Source
from story.generation import Box

PHOTO = np.full((90, 160, 3), 120, np.uint8)


class Reader(HTMLParser):
    """The sources of a page's pictures, its words, and whether every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.pictures.append(dict(attrs)["src"] or "")
        if tag not in {"img", "meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def scene() -> Scene:
    mask = np.zeros((45, 80), np.float32)
    mask[:20] = 1.0
    points = np.random.default_rng(0).uniform(0.4, 0.6, (468, 2)).astype(np.float32)
    return Scene(
        regions=(Region(kind=SKY, mask=mask, confidence=0.87), Region("lava", mask, 0.5)),
        horizon=0.45,
        depth=np.linspace(1, 0, 45, dtype=np.float32)[:, None].repeat(80, axis=1),
        faces=(Face(Box(left=0.4, top=0.4, width=0.2, height=0.2), points, 0.9),),
        sources=(Source("sun", 0.5, 0.2, 0.05, 0.8),),
        kind="sunset",
        kind_confidence=0.7,
    )


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    assert reader.open == []
    return reader


def test_the_page_holds_its_pictures_and_asks_nothing_of_the_network(tmp_path: Path) -> None:
    path = explain(PHOTO, scene(), tmp_path / "new", frames=[PHOTO, PHOTO])
    page = path.read_text(encoding="utf-8")
    assert not re.search(r"https?:|<script|<link|url\(|@import", page)
    pictures = read(path).pictures
    # Photo, depth, marks, two regions, two frames.
    assert len(pictures) == 7
    for picture in pictures:
        content = base64.b64decode(picture.removeprefix("data:image/jpeg;base64,"))
        assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) is not None


def test_the_page_says_what_was_found_and_chosen(tmp_path: Path) -> None:
    flow = np.ones((9, 16, 2), np.float32)
    plan = ["Clouds drift to the left.", ("camera", "push in", "0.5")]
    words = " ".join(read(explain(PHOTO, scene(), tmp_path, flow=flow, plan=plan)).words)
    for said in ("sunset", "Sky", "87% sure", "lava", "1 found, 1 read", "Sun",
                 "Clouds drift to the left.", "push in", "where to"):  # fmt: skip
        assert said in words


def test_words_of_a_plan_cannot_become_markup(tmp_path: Path) -> None:
    page = explain(PHOTO, scene(), tmp_path, plan=["<b>bold</b> & more"]).read_text()
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in page
    assert "<b>" not in page


def test_a_region_is_tinted_where_it_is_and_dimmed_where_it_is_not() -> None:
    region = scene().regions[0]
    picture = painted(PHOTO, region)
    assert picture[10, 80, 2] > PHOTO[10, 80, 2] + 20
    assert (picture[80, 80] < PHOTO[80, 80] - 40).all()


def test_arrows_point_where_the_flow_goes_and_stillness_has_none() -> None:
    still = PHOTO.copy()
    arrows(still, np.zeros((90, 160, 2), np.float32))
    assert (still == PHOTO).all()
    flow = np.zeros((90, 160, 2), np.float32)
    flow[:, :80, 0] = 1.0
    moved = PHOTO.copy()
    arrows(moved, flow)
    assert (moved[:, :80] != PHOTO[:, :80]).any()
    assert (moved[:, 100:] == PHOTO[:, 100:]).all()


def test_a_real_photo_is_explained(
    tmp_path: Path, photo: Callable[[str], Rgb], look: Callable[[str], Scene]
) -> None:
    name = "night_rocket"
    path = explain(photo(name), look(name), tmp_path)
    assert len(read(path).pictures) == 3 + len(look(name).regions)
    assert path.stat().st_size < 2_000_000
