"""Draw the badges that ship with this function: `make badges`.

They are drawn when the words change, not when a clip is labelled: font engines differ between
machines, and Lambda's cannot join Arabic letters. A badge is a grey PNG with alpha, one a language:
grey says how white a pixel is (letters 255, pill 0), alpha how much it covers. The words
themselves are kept in its text chunk, so that a badge cannot be taken for another.

The fonts are Noto Sans (OFL-1.1), as Fontsource packs them: many small files, each of some
characters, which unicode.json names.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFont, PngImagePlugin, features

from label_video.badge import BADGES, LETTER_PX, TEXT_CHUNK
from story.labels import LANGUAGES, Language, labels

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGES: Final[dict[Language, str]] = {
    **dict.fromkeys(LANGUAGES, "noto-sans"),
    "ar": "noto-sans-arabic",
    "ja": "noto-sans-jp",
    "zh": "noto-sans-sc",
}
#: Whose height is LETTER_PX: a capital, also beside Chinese characters, which are higher; an alif.
_LETTERS: Final[dict[Language, str]] = {**dict.fromkeys(LANGUAGES, "I"), "ar": "\u0627"}
#: Between the ink and the pill's edge, in pixels of the badge as it is drawn.
_ABOVE_PX: Final = 34
_BESIDE_PX: Final = 60
_WEIGHT: Final = 600
_PILL_OPACITY: Final = 0.82
_OPAQUE: Final = 255
_TRIAL_PX: Final = 1_000


class _Run(NamedTuple):
    """Neighbouring characters of one font file."""

    text: str
    font: ImageFont.FreeTypeFont


def render(words: str, language: Language, fonts: Path) -> Image.Image:
    """White words on a dark, translucent, rounded pill: mode LA, letters LETTER_PX high.

    fonts: the folder of Fontsource's packages. Raises OSError without them, or without FriBiDi,
    which tells the shaping in which order letters stand.
    """
    if not features.check("fribidi"):
        raise OSError("Pillow finds no FriBiDi (Debian: apt-get install libfribidi0)")
    letter = _LETTERS[language]
    (trial,) = _runs(letter, language, fonts, _TRIAL_PX)
    _, top, _, bottom = trial.font.getbbox(letter)
    size = round(_TRIAL_PX * LETTER_PX / (bottom - top))
    runs = list(_runs(words, language, fonts, size))
    ink = _ink(runs, language, round(size * (len(words) + 2)))
    letters = Image.new("L", (ink.width + 2 * _BESIDE_PX, ink.height + 2 * _ABOVE_PX), 0)
    letters.paste(ink, (_BESIDE_PX, _ABOVE_PX))
    pill = Image.new("L", letters.size, 0)
    ImageDraw.Draw(pill).rounded_rectangle(
        (0, 0, letters.width - 1, letters.height - 1),
        letters.height / 2,
        fill=round(_OPAQUE * _PILL_OPACITY),
    )
    return Image.merge("LA", (letters, ImageChops.lighter(letters, pill)))


def _ink(runs: list[_Run], language: Language, width: int) -> Image.Image:
    """The drawn words, cut to what is not empty."""
    canvas = Image.new("L", (width, 4 * LETTER_PX), 0)
    draw = ImageDraw.Draw(canvas)
    direction: Literal["rtl", "ltr"] = "rtl" if language == "ar" else "ltr"
    at = float(LETTER_PX)
    for run in runs:
        draw.text(
            (at, 2.5 * LETTER_PX),
            run.text,
            fill=_OPAQUE,
            font=run.font,
            anchor="ls",
            direction=direction,
            language=language,
        )
        at += run.font.getlength(run.text, direction=direction, language=language)
    return canvas.crop(canvas.getbbox())


def _runs(words: str, language: Language, fonts: Path, size: int) -> Iterator[_Run]:
    package = fonts / _PACKAGES[language]
    ranges: dict[str, str] = json.loads((package / "unicode.json").read_text("utf-8"))
    subsets = [_subset(character, ranges) for character in words]
    for index, character in enumerate(words):
        if character == " ":  # every file has it
            subsets[index] = subsets[index - 1]
    for subset, part in itertools.groupby(zip(subsets, words, strict=True), lambda each: each[0]):
        path = package / "files" / f"{package.name}-{subset.strip('[]')}-wght-normal.woff2"
        font = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.RAQM)
        font.set_variation_by_axes([_WEIGHT])
        yield _Run("".join(character for _, character in part), font)


def _subset(character: str, ranges: dict[str, str]) -> str:
    """The file that has a character: the first of those that unicode.json names."""
    for subset, listed in ranges.items():
        for one in listed.split(","):
            first, _, last = one.strip().removeprefix("U+").partition("-")
            if int(first, 16) <= ord(character) <= int(last or first, 16):
                return subset
    raise LookupError(f"No file of the font has {character!r}")


def main(fonts: Path) -> int:
    """Write the badge of each language of the table of labels."""
    BADGES.mkdir(exist_ok=True)
    (table,) = {tuple(label.words.items()) for label in labels().values()}
    for language, words in table:
        chunk = PngImagePlugin.PngInfo()
        chunk.add_itxt(TEXT_CHUNK, words, lang=language)
        path = BADGES / f"{language}.png"
        render(words, language, fonts).save(path, pnginfo=chunk, optimize=True)
        sys.stdout.write(f"{path.name}: {words}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
