"""The policy's rows: TOML beside this module, one file a gate, read once and checked whole.

A row is a category at a gate: from which confidence on it rejects, is reviewed by a person, or is
shown to adults alone, and what the creator is told. docs/moderation.md says how to change one.
Whatever is wrong with a file is said with the file, the row, the value and what would be right;
nothing is judged by a policy that has an error in it.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from story.errors import PolicyInvalid

FOLDER: Final = Path(__file__).parent

#: Rekognition's moderation taxonomy, version 7: its top level and the second. What is below falls
#: to its parent. docs.aws.amazon.com/rekognition/latest/dg/moderation-api.html
TAXONOMY: Final[Mapping[str, tuple[str, ...]]] = {
    "Explicit": ("Explicit Nudity", "Explicit Sexual Activity", "Sex Toys"),
    "Non-Explicit Nudity of Intimate parts and Kissing": (
        "Non-Explicit Nudity",
        "Obstructed Intimate Parts",
        "Kissing on the Lips",
    ),
    "Swimwear or Underwear": ("Female Swimwear or Underwear", "Male Swimwear or Underwear"),
    "Violence": ("Weapons", "Graphic Violence"),
    "Visually Disturbing": ("Death and Emaciation", "Crashes"),
    "Drugs & Tobacco": ("Products", "Drugs & Tobacco Paraphernalia & Use"),
    "Alcohol": ("Alcohol Use", "Alcoholic Beverages"),
    "Rude Gestures": ("Middle Finger",),
    "Gambling": (),
    "Hate Symbols": ("Nazi Party", "White Supremacy", "Extremist"),
}
#: The content filters of Bedrock Guardrails.
FILTERS: Final = ("HATE", "INSULTS", "SEXUAL", "VIOLENCE", "MISCONDUCT", "PROMPT_ATTACK")
#: How sure Guardrails says it is, as percent.
LEVELS: Final = {"NONE": 0.0, "LOW": 25.0, "MEDIUM": 60.0, "HIGH": 90.0}
#: What an operator's list of blocked photos is for.
LISTS: Final = ("illegal", "banned")

#: gate -> the sections that its file has, and no others.
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "photo": ("labels", "text", "celebrity", "blocked", "reading", "people", "minor"),
    "words": ("words", "consent"),
    "video": ("labels", "text", "reading"),
    "posting": ("labels", "words"),
}
#: What policy.toml has.
_NAMED: Final = ("version", "models")
#: How verdicts name a moderation model, before its version.
MODERATION: Final = "rekognition moderation "
UNKNOWN: Final = "unknown"
REQUIRED: Final = "required"
RECOGNISED: Final = "Public Figures"
#: section -> the rows that it must have, each.
_ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "labels": (
        *(
            key
            for top, below in TAXONOMY.items()
            for key in (top, *(f"{top}/{second}" for second in below))
        ),
        UNKNOWN,
    ),
    "words": (*FILTERS, UNKNOWN),
    "text": (*FILTERS, UNKNOWN),
    "consent": (REQUIRED,),
    "celebrity": (RECOGNISED,),
    "blocked": LISTS,
}
#: Rows that are not named as the category is that creators and reviewers read.
_CATEGORIES: Final = {
    "illegal": "Illegal Content",
    "banned": "Banned Content",
    REQUIRED: "Consent Required",
}
#: section -> its numbers: the least, the most, and what it is.
_NUMBERS: Final[Mapping[str, Mapping[str, tuple[float, float, str]]]] = {
    "reading": {"line_percent": (0, 100, "how sure a line of text must be to be judged")},
    "people": {
        "face_percent": (0, 100, "how sure a face must be to count as a person"),
        "person_percent": (0, 100, "how sure a person must be who shows no face"),
        "least_area": (0, 1, "the part of the picture that such a person must fill"),
    },
    "minor": {"below_years": (1, 21, "a face whose lowest estimated age is less may be a minor's")},
    "blocked": {
        "distance_bits": (0, 31, "how many of PDQ's 256 bits may differ; 31 is its own advice"),
        "quality": (
            0,
            100,
            "the PDQ quality below which a hash says nothing; 50 is its own advice",
        ),
    },
}
_LIMITS: Final = ("reject", "review", "restrict")
_VARIANTS: Final = ("minor", "new")
_SURE: Final = 100
_OLDEST: Final = 21
_TOLD: Final = re.compile(r"[A-Z].{8,198}\.")
_VERSION: Final = re.compile(r"20\d\d-\d\d-\d+")


class Limits(NamedTuple):
    """Confidences in percent from which a category counts; None where it never does."""

    reject: float | None = None
    review: float | None = None
    restrict: float | None = None

    def stricter(self, other: "Limits") -> "Limits":
        """Each limit as the lower one of both has it."""
        return Limits(*(_lower(mine, theirs) for mine, theirs in zip(self, other, strict=True)))


NO_LIMITS: Final = Limits()


def _lower(one: float | None, other: float | None) -> float | None:
    given = [limit for limit in (one, other) if limit is not None]
    return min(given) if given else None


@dataclass(frozen=True)
class Row:
    """One category at one gate.

    `minor` holds where a face may be a minor's, `new` in a video whose photo had nothing of the
    category. `age` is the least age of a viewer where `restrict` is reached. A row that is `off`
    decides nothing.
    """

    id: str
    category: str
    told: str = ""
    limits: Limits = NO_LIMITS
    minor: Limits = NO_LIMITS
    new: Limits = NO_LIMITS
    age: int | None = None
    off: bool = False

    def limits_for(self, *, minor: bool = False, new: bool = False) -> Limits:
        """The limits that hold in these circumstances: the lowest of those that apply."""
        found = self.limits
        if minor:
            found = found.stricter(self.minor)
        return found.stricter(self.new) if new else found

    @property
    def least(self) -> float:
        """The lowest confidence that can make a difference, percent; 100 if none does."""
        every = self.limits.stricter(self.minor).stricter(self.new)
        return min((limit for limit in every if limit is not None), default=float(_SURE))


@dataclass(frozen=True)
class Gate:
    """What one gate goes by: section -> rows by category, and section -> its numbers."""

    rows: Mapping[str, Mapping[str, Row]]
    numbers: Mapping[str, Mapping[str, float]]

    @property
    def least_percent(self) -> float:
        """What a provider must be asked for, so that every score that counts is in its answer."""
        return min(row.least for row in self.rows["labels"].values())


@dataclass(frozen=True)
class Policy:
    """All gates, the version that names exactly this content, and the models that it is for."""

    version: str
    gates: Mapping[str, Gate]
    #: Versions of the moderation model whose scores the rows of pictures are for.
    models: frozenset[str]


@cache
def policy() -> Policy:
    """The policy of this deployment. Raises PolicyInvalid."""
    return load(FOLDER)


def gate(name: str) -> Gate:
    """What one gate goes by."""
    return policy().gates[name]


def version() -> str:
    """Names the policy: the version that people gave it, and a digest of what it says."""
    return policy().version


def is_for(models: Iterable[str]) -> bool:
    """Whether pictures that these models have judged were judged by one that the policy is for.

    `models` are a verdict's; one that names no moderation model says nothing of pictures.
    """
    asked = {name for name in models if name.startswith(MODERATION)}
    return bool(asked) and asked <= {f"{MODERATION}{each}" for each in policy().models}


def load(folder: Path) -> Policy:
    """Read and check policy.toml and a file for each gate. Raises PolicyInvalid."""
    digest = hashlib.sha256()
    documents = {}
    for name in ("policy", *SECTIONS):
        path = folder / f"{name}.toml"
        try:
            content = path.read_bytes()
            documents[name] = tomllib.loads(content.decode())
        except OSError as error:
            raise PolicyInvalid(f"{path.name} cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PolicyInvalid(f"{path.name} is not TOML: {error}") from error
        digest.update(content)
    named = _table(_At("policy.toml", "the file"), documents.pop("policy"), _NAMED, "keys")
    given, models = named["version"], named["models"]
    if not isinstance(given, str) or not _VERSION.fullmatch(given):
        raise PolicyInvalid(
            f"policy.toml, version: {given!r}; it must be a text as '2026-11-2': "
            "year, month, and a number"
        )
    if (
        not isinstance(models, list)
        or not models
        or not all(isinstance(each, str) and each for each in models)
    ):
        raise PolicyInvalid(
            f"policy.toml, models: {models!r}; it must be a list of versions of the moderation "
            "model, as ['7.0']"
        )
    gates = {name: _gate(name, document) for name, document in documents.items()}
    return Policy(f"{given}+{digest.hexdigest()[:8]}", gates, frozenset(models))


class _At(NamedTuple):
    """A place in a file, for errors."""

    file: str
    row: str

    def wrong(self, value: object, right: str) -> PolicyInvalid:
        return PolicyInvalid(f"{self.file}, {self.row}: {value!r}; {right}")


def _gate(name: str, document: dict[str, Any]) -> Gate:
    sections = SECTIONS[name]
    _table(_At(f"{name}.toml", "the file"), document, sections, "sections")
    return Gate(
        rows={each: _rows(name, each, document[each]) for each in sections if each in _ROWS},
        numbers={
            each: _numbers(name, each, document[each]) for each in sections if each in _NUMBERS
        },
    )


def _table(at: _At, found: object, wanted: Sequence[str], kind: str) -> dict[str, Any]:
    """A table that has exactly these keys. Raises PolicyInvalid for any other."""
    if not isinstance(found, dict):
        raise at.wrong(found, f"it must be a table with the {kind} {', '.join(wanted)}")
    for key in found:
        if key not in wanted:
            raise at.wrong(key, f"the {kind} that exist are {', '.join(wanted)}")
    for key in wanted:
        if key not in found:
            raise at.wrong(sorted(found), f"{key!r} is missing: every one has to be decided")
    return found


def _rows(gate_name: str, section: str, found: object) -> dict[str, Row]:
    """All rows of a section, by the name of what they decide on, e.g. "Weapons"."""
    keys = _ROWS[section]
    numbers = tuple(_NUMBERS.get(section, ()))
    table = _table(_At(f"{gate_name}.toml", section), found, (*keys, *numbers), "rows")
    prefix = "" if section in {"labels", "words"} else f"{section}/"
    return {
        key.rpartition("/")[2]: _row(
            _At(f"{gate_name}.toml", f"{section} {key}"),
            table[key],
            f"{gate_name}/{prefix}{key}",
            _CATEGORIES.get(key, key.partition("/")[0]),
            _level if section in {"words", "text"} else _percent,
        )
        for key in keys
    }


def _row(
    at: _At, found: object, row_id: str, category: str, read: Callable[[_At, object], float]
) -> Row:
    if not isinstance(found, dict):
        raise at.wrong(found, "it must be a table, as { reject = 80, review = 60, told = '…' }")
    fields = {*_LIMITS, *_VARIANTS, "told", "age", "off"}
    for key in found:
        if key not in fields:
            raise at.wrong(key, f"a row has {', '.join(sorted(fields))}")
    off = found.get("off", False)
    if off is not False and (off is not True or len(found) > 1):
        raise at.wrong(found, "a row is `off = true` and nothing else, or it is not off")
    limits = _limits(at, found, read)
    variants = {name: _variant(at, name, found.get(name), limits, read) for name in _VARIANTS}
    if "new" in found and not at.file.startswith("video"):
        raise at.wrong(found["new"], "only a video can show what its photo did not: no `new` here")
    every = limits.stricter(variants["minor"]).stricter(variants["new"])
    return Row(
        id=row_id,
        category=category,
        told=_told(at, found.get("told"), decides=any(limit is not None for limit in every)),
        limits=limits,
        minor=variants["minor"],
        new=variants["new"],
        age=_age(at, found.get("age"), restricts=every.restrict is not None),
        off=bool(off),
    )


def _limits(at: _At, found: Mapping[str, Any], read: Callable[[_At, object], float]) -> Limits:
    given = {
        name: read(_At(at.file, f"{at.row}, {name}"), found[name])
        for name in _LIMITS
        if name in found
    }
    limits = Limits(**given)
    if limits.reject is not None and limits.review is not None and limits.review >= limits.reject:
        raise _At(at.file, f"{at.row}, review").wrong(
            found["review"], f"a review begins below the rejection, which is at {found['reject']!r}"
        )
    return limits


def _variant(
    at: _At, name: str, found: object, base: Limits, read: Callable[[_At, object], float]
) -> Limits:
    """Limits that hold besides the row's own, where something is the case; never laxer."""
    if found is None:
        return NO_LIMITS
    at = _At(at.file, f"{at.row}, {name}")
    if not isinstance(found, dict) or not found or set(found) - set(_LIMITS):
        raise at.wrong(found, f"it must be a table with some of {', '.join(_LIMITS)}")
    limits = _limits(at, found, read)
    for limit, own in zip(_LIMITS, zip(limits, base, strict=True), strict=True):
        if own[0] is not None and own[1] is not None and own[0] >= own[1]:
            raise at.wrong(found[limit], f"it must be below the row's own {limit}, {own[1]:g} %")
    return limits


def _percent(at: _At, found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found <= _SURE:
        raise at.wrong(found, "it must be a confidence in percent, above 0 and at most 100")
    return float(found)


def _level(at: _At, found: object) -> float:
    named = [level for level in LEVELS if level != "NONE"]
    if found not in named:
        raise at.wrong(found, f"it must be one of {', '.join(named)}, as Guardrails says it")
    return LEVELS[str(found)]


def _told(at: _At, found: object, *, decides: bool) -> str:
    at = _At(at.file, f"{at.row}, told")
    if not decides:
        if found is not None:
            raise at.wrong(found, "the row decides nothing, so nobody is told: leave it out")
        return ""
    if not isinstance(found, str) or not _TOLD.fullmatch(found):
        raise at.wrong(found, "it must be a sentence for the creator, of 10 to 200 characters")
    return found


def _age(at: _At, found: object, *, restricts: bool) -> int | None:
    at = _At(at.file, f"{at.row}, age")
    if restricts and (type(found) is not int or not 0 < found <= _OLDEST):
        raise at.wrong(found, f"where `restrict` is set it must be a whole age up to {_OLDEST}")
    if not restricts and found is not None:
        raise at.wrong(found, "the row has no `restrict`: leave it out")
    return found if isinstance(found, int) else None


def _numbers(gate_name: str, section: str, found: object) -> dict[str, float]:
    """The numbers of a section, each within its bounds."""
    wanted = _NUMBERS[section]
    keys = (*_ROWS.get(section, ()), *wanted)
    table = _table(_At(f"{gate_name}.toml", section), found, keys, "numbers")
    for name, (least, most, meaning) in wanted.items():
        at, value = _At(f"{gate_name}.toml", f"{section}, {name}"), table[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise at.wrong(value, f"it must be a number: {meaning}")
        if not least <= value <= most:
            raise at.wrong(value, f"it must be {least:g} to {most:g}: {meaning}")
    return {name: float(table[name]) for name in wanted}
