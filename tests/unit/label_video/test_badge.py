from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from label_video import badge, render_badge
from story.labels import LABELS, Family


def grey_frame(width: int, height: int, level: int = 120) -> np.ndarray[Any, np.dtype[np.uint8]]:
    planes = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    planes[:height] = level
    return planes


@pytest.mark.parametrize("family", LABELS)
def test_every_family_of_engines_has_its_badge(family: Family) -> None:
    assert badge.fit(LABELS[family].badge_text, 720, 1_280).cover.max() > 0.99


def test_words_that_were_never_rendered_are_refused_with_the_way_to_render_them() -> None:
    with pytest.raises(FileNotFoundError, match=r"python -m label_video\.render_badge"):
        badge.fit("Something else", 720, 1_280)


def test_the_shipped_badge_is_what_the_renderer_draws() -> None:
    for label in LABELS.values():
        drawn = np.asarray(render_badge.render(label.badge_text), dtype=np.int16)
        shipped = np.asarray(badge._mask(label.badge_text), dtype=np.int16)
        assert drawn.shape == shipped.shape
        assert np.abs(drawn - shipped).mean() < 2


@pytest.mark.parametrize(("width", "height"), [(720, 1_280), (1_280, 720), (180, 320), (704, 704)])
def test_the_letters_are_a_twentieth_of_the_short_side_and_lie_where_no_player_covers_them(
    width: int, height: int
) -> None:
    fitted = badge.fit("AI-generated", width, height)
    left, top, right, bottom = fitted.box
    assert (bottom - top) * render_badge.FONT_PART >= 0.05 * min(width, height) - 1
    assert left >= 0.04 * width - 1
    assert top >= 0.12 * height - 1
    assert right <= 0.6 * width
    assert bottom <= 0.3 * height


def test_only_the_pixels_under_the_badge_change() -> None:
    before = grey_frame(720, 1_280)
    after = before.copy()
    fitted = badge.fit("AI-generated", 720, 1_280)
    fitted.burn(after, 720, 1_280)
    left, top, right, bottom = fitted.box
    changed = np.argwhere(after[:1_280] != before[:1_280])
    assert changed.min(axis=0).tolist() >= [top, left]
    assert (changed.max(axis=0) < [bottom, right]).all()
    assert (after[:1_280] != before[:1_280]).mean() < 0.02


@pytest.mark.parametrize("level", [16, 120, 235])
def test_the_words_are_legible_on_dark_and_on_light(level: int) -> None:
    frame = grey_frame(720, 1_280, level)
    fitted = badge.fit("AI-generated", 720, 1_280)
    fitted.burn(frame, 720, 1_280)
    left, top, right, bottom = fitted.box
    shown = frame[top:bottom, left:right].astype(float)
    pill = shown[fitted.luma < 20][fitted.cover[fitted.luma < 20] > 0.6].mean()
    letters = shown[fitted.luma > 230].mean()
    # WCAG contrast of the luma codes' relative luminances, for large text at least 3 : 1
    light, dark = (((value - 16) / 219) ** 2.2 for value in (letters, pill))
    assert (light + 0.05) / (dark + 0.05) > 3


def test_colour_is_taken_out_under_the_badge_and_nowhere_else() -> None:
    frame = grey_frame(720, 1_280)
    frame[1_280:] = 200
    badge.fit("AI-generated", 720, 1_280).burn(frame, 720, 1_280)
    chroma = frame[1_280:].reshape(2, 640, 360)
    assert chroma[:, 600:].min() == 200
    for plane in chroma:
        assert 128 <= plane.min() <= 130


def test_rendering_writes_one_png_a_text_with_its_words_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render_badge, "BADGES", tmp_path / "badges")
    assert render_badge.main() == 0
    written = list((tmp_path / "badges").iterdir())
    assert len(written) == len({label.badge_text for label in LABELS.values()})
    with Image.open(written[0]) as image:
        assert image.info[render_badge.TEXT_CHUNK] == "AI-generated"
