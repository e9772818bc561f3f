import unicodedata
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from label_video import badge
from local.standins.reading import Reader
from story.labels import LANGUAGES, Label, Language, labels

FRAME = np.ndarray[Any, np.dtype[np.uint8]]
WORDS = labels()["procedural"].words
WIDTH, HEIGHT = 720, 1_280
#: WCAG 2.2, success criterion 1.4.3.
LEAST_CONTRAST = 4.5


def grey_frame(width: int, height: int, level: int = 120) -> FRAME:
    planes = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    planes[:height] = level
    return planes


def background(kind: str) -> FRAME:
    """Luma from black, 16, to white, 235."""
    frame = grey_frame(WIDTH, HEIGHT)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    grains = np.random.default_rng(7).integers(16, 236, (HEIGHT // 5, WIDTH // 5))
    frame[:HEIGHT] = {
        "black": np.full_like(rows, 16),
        "white": np.full_like(rows, 235),
        "grey": np.full_like(rows, 128),
        "checks": np.where((rows // 4 + columns // 3) % 2, 235, 16),
        "grain": grains.repeat(5, 0).repeat(5, 1),
        "ramp": 16 + columns * 219 // (WIDTH - 1),
        "stripes": np.where(columns // 9 % 2, 235, 16),
    }[kind]
    return frame


def luminance(luma: Any) -> Any:
    """WCAG's relative luminance of luma codes, by BT.1886's exponent: 0 black, 1 white."""
    return ((np.asarray(luma, dtype=float) - 16) / 219).clip(0, 1) ** 2.4


def letters(text: str) -> str:
    """Without spaces and vowel signs, and a final ya however it is written: Egypt's has no dots."""
    bare = "".join(each for each in text if not unicodedata.combining(each) and each != " ")
    return bare.replace("\u0649", "\u064a")


def burnt(language: Language, frame: FRAME) -> tuple[badge.Badge, FRAME]:
    fitted = badge.fit(language, WORDS[language], WIDTH, HEIGHT)
    after = frame.copy()
    fitted.burn(after, WIDTH, HEIGHT)
    return fitted, after


@pytest.mark.parametrize("label", labels().values())
def test_every_family_of_engines_has_its_badge_in_every_language(label: Label) -> None:
    assert set(label.words) == set(LANGUAGES)
    for language, words in label.words.items():
        assert badge.fit(language, words, WIDTH, HEIGHT).cover.max() > 0.99


def test_words_that_were_never_drawn_are_refused_with_the_way_to_draw_them() -> None:
    with pytest.raises(ValueError, match="`make badges`"):
        badge.fit("en", "Something else", WIDTH, HEIGHT)


def test_every_drawn_badge_is_of_a_language_of_the_table() -> None:
    assert {path.stem for path in badge.BADGES.iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("width", "height"), [(720, 1_280), (1_280, 720), (960, 960), (360, 640)])
def test_the_letters_are_a_twentieth_of_the_short_side_and_lie_where_no_player_covers_them(
    language: Language, width: int, height: int
) -> None:
    fitted = badge.fit(language, WORDS[language], width, height)
    # Columns with ink between columns without: letters, or in Arabic joined ones.
    inked = np.flatnonzero(np.diff((fitted.luma > 200).any(axis=0).astype(int), prepend=0))
    heights = [
        np.ptp(np.flatnonzero((fitted.luma[:, left:right] > 200).any(axis=1))) + 1
        for left, right in list(pairwise(inked))[::2]
    ]
    assert sorted(heights)[-2] >= 0.05 * min(width, height) - 0.5
    left, top, right, bottom = fitted.box
    assert left >= 0.06 * width
    assert left + inked[0] >= 0.11 * width or width > height
    assert top >= 0.14 * height
    assert right <= 0.88 * width
    assert bottom <= 0.65 * height


def test_only_the_pixels_under_the_badge_change() -> None:
    before = grey_frame(WIDTH, HEIGHT)
    fitted, after = burnt("en", before)
    left, top, right, bottom = fitted.box
    changed = np.argwhere(after[:HEIGHT] != before[:HEIGHT])
    assert changed.min(axis=0).tolist() >= [top, left]
    assert (changed.max(axis=0) < [bottom, right]).all()
    assert (after[:HEIGHT] != before[:HEIGHT]).mean() < 0.04


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["black", "white", "grey", "checks", "grain", "ramp", "stripes"])
def test_the_words_stand_out_from_the_worst_pixel_of_any_background(
    kind: str, language: Language
) -> None:
    fitted, after = burnt(language, background(kind))
    left, top, right, bottom = fitted.box
    shown = after[top:bottom, left:right]
    letters, pill = fitted.luma > 230, (fitted.luma < 20) & (fitted.cover > 0.7)
    darkest, brightest = shown[letters].min(), shown[pill].max()
    contrast = (luminance(darkest) + 0.05) / (luminance(brightest) + 0.05)
    assert contrast >= LEAST_CONTRAST


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["checks", "grain"])
def test_a_reader_of_its_script_reads_the_badge(
    kind: str, language: Language, reader: Reader
) -> None:
    """Letters in the right order, joined as they should be: or the reader reads something else."""
    _, after = burnt(language, background(kind))
    lines = reader.lines(np.repeat(after[:HEIGHT, :, None], 3, axis=2)[150:320])
    assert letters(WORDS[language]) in [letters(line.text) for line in lines]


def test_colour_is_taken_out_under_the_badge_and_nowhere_else() -> None:
    frame = grey_frame(WIDTH, HEIGHT)
    frame[HEIGHT:] = 200
    _, after = burnt("en", frame)
    chroma = after[HEIGHT:].reshape(2, 640, 360)
    assert chroma[:, 600:].min() == 200
    for plane in chroma:
        assert 128 <= plane.min() <= 130
