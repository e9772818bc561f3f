"""Words without the disguises that people put on them to pass a filter.

A text that wears none comes out as it went in, but for Unicode's compatibility forms and invisible
characters. Each step needs evidence, because a benign text has digits, initials and foreign words:

1. full-width and other compatibility forms (NFKC), invisible characters, marks piled on letters;
2. letters set apart: "n a k e d", "n.a.k.e.d"; where no wider gap parts the words, "k i l l h i m",
   they are the likeliest ones of a vocabulary;
3. look-alikes from another script (Unicode TR39, by the library disarm), in words that mix scripts
   or hold nothing but look-alikes, towards the script that the text is written in;
4. digits and signs for letters: of the readings, the one that the text model cuts into the
   fewest pieces, because words it knows are few pieces.
"""

import itertools
import re
import unicodedata
from collections.abc import Callable

import disarm

#: How many pieces the text model cuts a text into.
Pieces = Callable[[str], int]
#: The words that letters without gaps are.
Split = Callable[[str], list[str]]

#: A letter or digit with the marks that follow it (vowel signs in Hindi, for example).
_CLUSTER = r"[^\W_](?:(?![\w\s])[^\x00-\x7f])*"
_SINGLE = re.compile(rf"{_CLUSTER}\Z")
#: One letter, digit or sign.
_ALONE = re.compile(rf"(?:{_CLUSTER}|[^\w\s])\Z")
#: What letters are put together to: letters, or signs and digits between them.
_MARKS = r"(?:(?![\w\s])[^\x00-\x7f\u2000-\u206f\u3000-\u303f])*"
_STRETCH = re.compile(rf"(?P<letters>(?:[^\W\d_]{_MARKS})+)|.")
_SEPARATOR = r"[.\-_*·|/+~]"
_ELEMENT = rf"(?:{_CLUSTER}|[^\w\s.\-_*·|/+~])"
_CHAINED = re.compile(
    rf"{_ELEMENT}(?P<separator>{_SEPARATOR}){_ELEMENT}(?:(?P=separator){_ELEMENT})*\W?\Z"
)
#: So many letters in a row, each for itself, are no initials. Hindi has words of one letter.
_LEAST_APART = 4
_LEAST_APART_HINDI = 6
_LEAST_CHAINED = 4
#: From this share of single letters on, wider gaps are what parts the words.
_GAPPED_SHARE = 0.6
_DEVANAGARI = re.compile(r"[\u0900-\u097f]")
_GAP = re.compile(r"\s{2,}")
#: Signs after which a word starts.
_CLOSING = frozenset(",.;:!?،؛؟।")
_PILED_MARKS = re.compile(r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_STRETCHED = re.compile(r"([a-zà-öø-ÿа-яё])\1{2,}")

_WORD = re.compile(r"\S+")
#: Letters that people write words with; a brand's name is not made of their twins alone.
_PLAIN = {"latin": re.compile(r"[a-zA-Z]"), "cyrillic": re.compile(r"[\u0410-\u044f\u0401\u0451]")}
_PUNCTUATED = re.compile(r"([\"'(\[«„“]*)(.*?)([\"')\]»”.,;:?!]*)\Z", re.DOTALL)
_LATIN_TABLE = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb", "7": "t", "8": "b",
    "9": "g", "@": "a", "$": "s", "!": "i", "|": "li", "+": "t", "€": "e", "£": "l", "¡": "i",
}  # fmt: skip
_CYRILLIC_TABLE = {
    "0": "о", "3": "зе", "4": "ч", "6": "б", "8": "в", "@": "а", "$": "с", "|": "л",  # noqa: RUF001 - Cyrillic
}  # fmt: skip
#: A number with its unit: "4k", "24mm", "60fps", "80s", "1.5x".
_MEASURE = re.compile(r"\d+[.,:x×]?\d*[^\W\d_]{0,3}\Z")
_MOST_READINGS = 64


def unmasked(text: str, pieces: Pieces, split: Split) -> str:
    """The text as it is meant to be read."""
    text = _plain_letters(text)
    text = _joined(text, split)
    script = _script(text)
    if script is None:
        return text
    text = _WORD.sub(lambda found: _in_script(found[0], script), text)
    return _without_digits(text, script, pieces)


def _plain_letters(text: str) -> str:
    """Compatibility forms, invisible characters and piled marks are gone."""
    composed = unicodedata.normalize("NFKC", text)
    visible = "".join(letter for letter in composed if unicodedata.category(letter) != "Cf")
    return _STRETCHED.sub(r"\1", _PILED_MARKS.sub("", visible))


def _joined(text: str, split: Split) -> str:
    """Letters that were set apart, put together again."""
    tokens = text.split()
    chained = [_is_chained(token) for token in tokens]
    if sum(chained) > 1 or any(
        is_one and len(re.findall(_CLUSTER, token)) >= _LEAST_CHAINED
        for is_one, token in zip(chained, tokens, strict=True)
    ):
        tokens = [
            re.sub(_SEPARATOR, "", token) if is_one else token
            for is_one, token in zip(chained, tokens, strict=True)
        ]
        if len(tokens) == 1:
            tokens = _worded(tokens[0], split).split()
        text = " ".join(tokens)
    single = [_SINGLE.match(token) is not None for token in tokens]
    gaps = _GAP.split(text.strip())
    least = _LEAST_APART
    if len(gaps) == 1 and _DEVANAGARI.search(text):
        least = _LEAST_APART_HINDI
    if len(gaps) > 1 and sum(single) >= max(least, _GAPPED_SHARE * len(tokens)):
        return " ".join("".join(part.split()) for part in gaps)
    parts: list[str] = []
    joined = False
    for alone, run in itertools.groupby(tokens, key=lambda token: bool(_ALONE.match(token))):
        letters = list(run)
        if alone and sum(_SINGLE.match(letter) is not None for letter in letters) >= least:
            parts.append(_worded("".join(letters), split))
            joined = True
        else:
            parts += letters
    return " ".join(parts) if joined else text


def _worded(letters: str, split: Split) -> str:
    """Letters and signs without gaps, with gaps between the words."""
    worded = ""
    for found in _STRETCH.finditer(letters):
        if found["letters"]:
            gap = " " if worded and worded[-1] in _CLOSING else ""
            worded += gap + " ".join(split(found["letters"]))
        else:
            worded += found[0]
    return worded


def _is_chained(token: str) -> bool:
    return _CHAINED.match(token) is not None and any(letter.isalpha() for letter in token)


def _script(text: str) -> str | None:
    """The script that letters without a twin in the other script are mostly of.

    None for a text in neither Latin nor Cyrillic letters.
    """
    counts = {"latin": 0, "cyrillic": 0}
    shared = dict(counts)
    for letter in text:
        script = _script_of(letter)
        if script in counts:
            counts[script] += not _has_twin(letter, script)
            shared[script] += 1
    if not any(shared.values()):
        return None
    return max(counts, key=lambda name: (counts[name], shared[name]))


def _script_of(letter: str) -> str:
    if not letter.isalpha():
        return ""
    return unicodedata.name(letter, "").partition(" ")[0].lower()


def _has_twin(letter: str, script: str) -> bool:
    other = "cyrillic" if script == "latin" else "latin"
    return bool(disarm.normalize_confusables(letter, target_script=other) != letter)


def _in_script(word: str, script: str) -> str:
    """The word with its look-alikes replaced, if it is in disguise."""
    scripts = {_script_of(letter) for letter in word if letter.isalpha()}
    if scripts <= {script} or not scripts <= {"latin", "cyrillic", "greek", "armenian", "cherokee"}:
        return word
    folded = str(disarm.normalize_confusables(word, target_script=script))
    mixed = len(scripts) > 1
    wholly = all(_PLAIN[script].match(letter) for letter in folded if letter.isalpha())
    return folded if mixed or wholly else word


def _without_digits(text: str, script: str, pieces: Pieces) -> str:
    """Digits and signs read as letters, in a text where a word shows that they stand for them."""
    table = _LATIN_TABLE if script == "latin" else _CYRILLIC_TABLE
    words = [_core(word) for word in text.split(" ")]
    readings = [_reading(core, script, table, pieces) for _, core, _ in words]
    coded = any(
        reading != core and not _MEASURE.match(core) and pieces(reading) < pieces(core)
        for (_, core, _), reading in zip(words, readings, strict=True)
    )
    if not coded:
        return text
    return " ".join(
        f"{before}{reading}{after}"
        for (before, _, after), reading in zip(words, readings, strict=True)
    )


def _core(word: str) -> tuple[str, str, str]:
    """What stands before the word, the word, and the punctuation after it."""
    found = _PUNCTUATED.match(word)
    return (found[1], found[2], found[3]) if found else ("", word, "")


def _reading(core: str, script: str, table: dict[str, str], pieces: Pieces) -> str:
    """The word with letters for signs; a word of another script stays."""
    letters = [letter for letter in core if letter.isalpha()]
    if (
        "://" in core
        or not any(letter in table for letter in core)
        or not any(letter.isalnum() for letter in core)
        or any(_script_of(letter) != script for letter in letters)
    ):
        return core
    choices = [table.get(letter, letter) for letter in core]
    readings = itertools.islice(itertools.product(*choices), _MOST_READINGS)
    return min(("".join(reading) for reading in readings), key=pieces)
