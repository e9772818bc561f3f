"""What is said of a check, in the languages that it is said in: data beside the page, a file each.

Nothing here decides anything: which words are said follows from the reasons that Conclude has kept.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

from api import markup
from story import labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from story.labels import Language

#: Languages whose sentences have no space between them.
UNSPACED: Final[frozenset[Language]] = frozenset({"ja", "zh"})
_FOLDER: Final = Path(__file__).with_name("verify_page") / "words"


@cache
def words(language: Language) -> Mapping[str, str]:
    """Everything that is said in one of the languages, which are those of the badges."""
    found: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return found


def choose_language(accepted: str | None) -> Language:
    """The language that an Accept-Language header likes best of those we have."""
    chosen = markup.choose_language(accepted, labels.LANGUAGES)
    return next(each for each in labels.LANGUAGES if each == chosen)


def say(language: Language, which: str, **values: str) -> str:
    """One text, with what it has to be filled with. Raises KeyError if that is not given."""
    return Template(words(language)[which]).substitute(values)


def apart(language: Language, quoted: str) -> str:
    """What a stranger has written, fit to stand in a text that may run the other way (FSI, PDI)."""
    return f"\u2068{quoted}\u2069" if words(language)["dir"] == "rtl" else quoted


def day(language: Language, moment: str) -> str:
    """A moment (ISO 8601) as a day in UTC, as it is written in a sentence."""
    at, said = datetime.fromisoformat(moment).astimezone(UTC), words(language)
    number = said["first_day"] if at.day == 1 else str(at.day)
    month = said["months"].split(" ")[at.month - 1]
    return say(language, "date", day=number, month=month, year=str(at.year))
