"""The held-out prompts, and the disguises that people put on such words."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HELD_OUT = Path(__file__).with_name("heldout.toml")
LANGUAGES = ("en", "es", "fr", "de", "pt", "ru", "ar", "hi", "zh", "ja")
ALLOWED = "allowed"

_ZERO_WIDTH = "\u200b"
_JOINER = "\u2060"
_LEET = str.maketrans("aeiostAEIOST", "431057431057")
_RUSSIAN_LEET = str.maketrans("оазечОАЗЕЧ", "0@3340@334")
#: Letters of one script that look like letters of another.
_LATIN_TWINS = str.maketrans("aceopxyiABCEHKMOPTX", "асеорхуіАВСЕНКМОРТХ")  # noqa: RUF001
_CYRILLIC_TWINS = str.maketrans("асеорхуАВСЕНКМОРТХ", "aceopxyABCEHKMOPTX")  # noqa: RUF001
_GREEK_TWINS = str.maketrans("aeiouvnpABEHIKMNOPTXYZ", "αειουνηρΑΒΕΗΙΚΜΝΟΡΤΧΥΖ")
_LATIN = ("en", "es", "fr", "de", "pt")


@dataclass(frozen=True)
class Prompt:
    """One prompt; translations of each other share a group."""

    group: str
    language: str
    #: "allowed" or a category of Guardrails.
    verdict: str
    text: str


def read(path: Path = HELD_OUT) -> list[Prompt]:
    """Every prompt of the file."""
    content = tomllib.loads(path.read_text())
    shared = [
        Prompt(name, language, translations["verdict"], translations[language])
        for name, translations in content["shared"].items()
        for language in LANGUAGES
    ]
    own = [
        Prompt(f"{language}-{verdict}-{index}", language, verdict, text)
        for language, verdicts in content["own"].items()
        for verdict, texts in verdicts.items()
        for index, text in enumerate(texts)
    ]
    return shared + own


def _spaced(separator: str, gap: str) -> Callable[[str], str]:
    return lambda text: gap.join(separator.join(_clusters(word)) for word in text.split())


def _clusters(word: str) -> list[str]:
    """Letters with the marks that belong to them."""
    clusters: list[str] = []
    for letter in word:
        if clusters and not letter.isalnum() and not letter.isascii():
            clusters[-1] += letter
        else:
            clusters.append(letter)
    return clusters


def _every_other_word(change: Callable[[str], str]) -> Callable[[str], str]:
    """In the first word of four letters, and in every second one of them from there on."""

    def changed(text: str) -> str:
        words, long_words = text.split(" "), 0
        for index, word in enumerate(words):
            if len(word) >= 4:
                long_words += 1
                words[index] = change(word) if long_words % 2 else word
        return " ".join(words)

    return changed


def _full_width(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


#: (family, name, the languages whose script allows it, what it does)
DISGUISES: tuple[tuple[str, str, tuple[str, ...], Callable[[str], str]], ...] = (
    ("leet", "digits for letters", _LATIN, lambda text: text.translate(_LEET)),
    ("leet", "digits for letters", ("ru",), lambda text: text.translate(_RUSSIAN_LEET)),
    ("spacing", "letters apart, words further", LANGUAGES, _spaced(" ", "   ")),
    ("spacing", "dots between letters", LANGUAGES, _spaced(".", " ")),
    ("spacing", "hyphens between letters", LANGUAGES, _spaced("-", " ")),
    ("spacing", "letters apart, words no further", LANGUAGES, _spaced(" ", " ")),
    ("homoglyphs", "Cyrillic twins", _LATIN, lambda text: text.translate(_LATIN_TWINS)),
    ("homoglyphs", "Greek twins", _LATIN, lambda text: text.translate(_GREEK_TWINS)),
    ("homoglyphs", "Latin twins", ("ru",), lambda text: text.translate(_CYRILLIC_TWINS)),
    ("homoglyphs", "full width", _LATIN, _full_width),
    ("zero width", "a zero-width space in between", LANGUAGES, _spaced(_ZERO_WIDTH, " ")),
    ("zero width", "a word joiner in between", LANGUAGES, _spaced(_JOINER, " ")),
    (
        "mixed script",
        "every other word in Cyrillic twins",
        _LATIN,
        _every_other_word(lambda word: word.translate(_LATIN_TWINS)),
    ),
    (
        "mixed script",
        "every other word in Greek twins and digits",
        _LATIN,
        _every_other_word(lambda word: word.translate(_GREEK_TWINS).translate(_LEET)),
    ),
    (
        "mixed script",
        "every other word in Latin twins",
        ("ru",),
        _every_other_word(lambda word: word.translate(_CYRILLIC_TWINS)),
    ),
)
