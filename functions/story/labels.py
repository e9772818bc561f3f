"""What a clip must say about itself, by the kind of engine that made it: labels.toml, read.

The visible badge, XMP, the AIGC record and the signed manifest all take their words from here, so
that they cannot contradict each other. A new family of engines needs a row before it can be used.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from story.generation import EngineName

Family = Literal["procedural", "diffusion"]
#: What badges are drawn in (BCP 47).
Language = Literal["ar", "de", "en", "es", "fr", "ja", "pt", "zh"]
DEFAULT_LANGUAGE: Final[Language] = "en"
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

_TABLE: Final = Path(__file__).with_suffix(".toml")
#: IPTC NewsCodes.
_SOURCE_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@dataclass(frozen=True)
class Label:
    """What is shown, embedded and signed for one family of engines."""

    #: Of the badge that is burned into every frame, by language.
    words: dict[Language, str]
    #: The full URI of an IPTC digital source type, for XMP and the manifest's first action.
    digital_source_type: str
    #: `Label` of the AIGC record: "1" generated, "2" perhaps, "3" suspected.
    aigc_label: str
    #: The manifest's action for how the clip came to be, and its description.
    c2pa_action: str
    c2pa_description: str
    _fallback_description: str
    #: The same for the badge.
    badge_action: str
    _badge_description: str
    #: The same for the invisible mark.
    watermark_action: str
    watermark_description: str

    def made_description(self, engine: EngineName) -> str:
        """What the manifest says of how this engine made the clip, and why this one, if asked."""
        if engine.instead_of is None:
            return self.c2pa_description
        fallback = self._fallback_description.format(model=engine.instead_of)
        return f"{self.c2pa_description} {fallback}"

    def badge_description(self, language: Language) -> str:
        """What the manifest says of the badge in this language."""
        return self._badge_description.format(words=self.words[language])


@cache
def labels() -> dict[Family, Label]:
    """The whole table."""
    table = tomllib.loads(_TABLE.read_text("utf-8"))
    return {family: _label(row, table) for family, row in table["engines"].items()}


def for_engine(engine: EngineName) -> Label:
    """The label of every clip that this engine makes."""
    return labels()[engine.family]


def _label(row: dict[str, Any], table: dict[str, Any]) -> Label:
    return Label(
        words=table["words"][row["words"]],
        digital_source_type=_SOURCE_TYPES + row["digital_source_type"],
        aigc_label=row["aigc_label"],
        c2pa_action=row["c2pa_action"],
        c2pa_description=row["c2pa_description"],
        _fallback_description=table["fallback"]["c2pa_description"],
        badge_action=table["badge"]["c2pa_action"],
        _badge_description=table["badge"]["c2pa_description"],
        watermark_action=table["watermark"]["c2pa_action"],
        watermark_description=table["watermark"]["c2pa_description"],
    )
