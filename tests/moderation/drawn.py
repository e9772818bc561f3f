"""A threat drawn into a picture, in several scripts, with fonts that packages ship.

cjk.otf holds only the letters needed of Noto Sans CJK (SIL Open Font Licence 1.1).
"""

import io
from importlib.resources import files
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_SANS = Path(str(files("fontpkg_noto_sans"))) / "files" / "NotoSans[wdth,wght].ttf"
_ARABIC = Path(str(files("fontpkg_noto_sans_arabic"))) / "files" / "NotoSansArabic[wdth,wght].ttf"
_CJK = Path(__file__).with_name("cjk.otf")
#: Devanagari is not here: its letters join by rules that not every Pillow is built with. The
#: Arabic is spelt in presentation forms, from the left as it is drawn, for the same reason.
THREATS = {
    "Latin": ("I will kill you", _SANS),
    "Cyrillic": ("Я тебя убью", _SANS),
    "Arabic": ("\ufeda\ufee0\ufe98\ufed7\ufe84\ufeb3", _ARABIC),
    "Chinese": ("我要杀了你", _CJK),
    "Japanese": ("お前を殺す", _CJK),
}
_SIZE = (900, 600)
_LETTER_PX = 64


def drawn(text: str, font: Path) -> bytes:
    """A PNG with the text on a plain ground."""
    picture = Image.new("RGB", _SIZE, (235, 232, 220))
    letters = ImageFont.truetype(str(font), _LETTER_PX, layout_engine=ImageFont.Layout.BASIC)
    ImageDraw.Draw(picture).text((120, 250), text, font=letters, fill=(20, 20, 20))
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()
