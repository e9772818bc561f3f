"""A threat drawn into a picture, in several scripts.

cjk.otf holds only the letters needed of Noto Sans CJK (SIL Open Font Licence 1.1). Arabic and
Devanagari join their letters by rules that not every Pillow is built with: these two pictures were
drawn with it, in Noto Sans, as `drawn` draws the others.
"""

import io
from importlib.resources import files
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_HERE = Path(__file__).with_name("drawn_lines")
_SANS = Path(str(files("fontpkg_noto_sans"))) / "files" / "NotoSans[wdth,wght].ttf"
_FONTS = {
    "Latin": _SANS,
    "Cyrillic": _SANS,
    "Chinese": _HERE / "cjk.otf",
    "Japanese": _HERE / "cjk.otf",
}
THREATS = {
    "Latin": "I will kill you",
    "Cyrillic": "Я тебя убью",
    "Arabic": "سأقتلك",
    "Devanagari": "मैं तुम्हें मार डालूँगा",
    "Chinese": "我要杀了你",
    "Japanese": "お前を殺す",
}
_SIZE = (900, 600)
_LETTER_PX = 64


def drawn(script: str) -> bytes:
    """A PNG with the threat on a plain ground."""
    if script not in _FONTS:
        return (_HERE / f"{script.lower()}.png").read_bytes()
    picture = Image.new("RGB", _SIZE, (235, 232, 220))
    letters = ImageFont.truetype(str(_FONTS[script]), _LETTER_PX)
    ImageDraw.Draw(picture).text((120, 250), THREATS[script], font=letters, fill=(20, 20, 20))
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()
