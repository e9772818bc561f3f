"""Draw the badges that ship with this function: `python -m label_video.render_badge`.

They are drawn when the words change, not when a clip is labelled: font engines differ between
machines, and a badge must not. A badge is a grey PNG with alpha: grey says how white a pixel is
(letters 255, pill 0), alpha how much it covers. The words themselves are kept in its text chunk,
so that a badge cannot be taken for another.

The font is Aileron (CC0), which comes with Pillow.
"""

import sys
from pathlib import Path
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFont, PngImagePlugin

from story.labels import LABELS

BADGES: Final = Path(__file__).parent / "badges"
TEXT_CHUNK: Final = "Badge"
#: Drawn large; it is only ever scaled down.
HEIGHT_PX: Final = 192
#: The letters' font size as a part of the badge's height.
FONT_PART: Final = 0.66
_SIDE_PART: Final = 0.36
_PILL_OPACITY: Final = 0.62
_OPAQUE: Final = 255


def render(text: str) -> Image.Image:
    """White words on a dark, translucent, rounded pill: mode LA, HEIGHT_PX high."""
    font = ImageFont.load_default(size=HEIGHT_PX * FONT_PART)
    left, _, right, _ = font.getbbox(text, anchor="lm")
    width = round(right - left + 2 * _SIDE_PART * HEIGHT_PX)
    letters = Image.new("L", (width, HEIGHT_PX), 0)
    ImageDraw.Draw(letters).text(
        (_SIDE_PART * HEIGHT_PX - left, HEIGHT_PX / 2),
        text,
        fill=_OPAQUE,
        font=font,
        anchor="lm",
        stroke_width=2,
    )
    pill = Image.new("L", letters.size, 0)
    ImageDraw.Draw(pill).rounded_rectangle(
        (0, 0, width - 1, HEIGHT_PX - 1), HEIGHT_PX / 2, fill=round(_OPAQUE * _PILL_OPACITY)
    )
    return Image.merge("LA", (letters, ImageChops.lighter(letters, pill)))


def main() -> int:
    """Write one PNG for each text of the table of labels."""
    BADGES.mkdir(exist_ok=True)
    for text in sorted({label.badge_text for label in LABELS.values()}):
        chunk = PngImagePlugin.PngInfo()
        chunk.add_text(TEXT_CHUNK, text)
        name = "-".join(text.lower().split()) + ".png"
        render(text).save(BADGES / name, pnginfo=chunk, optimize=True)
        sys.stdout.write(f"{BADGES / name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
