"""Text to tokens that can be compared: one form for what people write in many ways.

Latin, Cyrillic, Arabic and Devanagari are split into words, at whatever is no letter, mark or
digit. Chinese and Japanese put no spaces between words: there each character is a token, so that a
word is a run of tokens wherever it stands. An emoji is a token as well.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final, Literal, NamedTuple

#: Marks that fold away: Latin and Cyrillic accents, Arabic vowel signs, the Devanagari nukta.
_FOLDED_MARKS: Final = (
    (0x0300, 0x036F), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670), (0x06D6, 0x06ED),
    (0x093C, 0x093C),
)  # fmt: skip
#: Letters that writers exchange freely: alef maqsura, teh marbuta, the tatweel, chandrabindu.
_EXCHANGED: Final = str.maketrans({"ى": "ي", "ة": "ه", "ـ": None, "ँ": "ं"})  # noqa: RUF001
#: Kana, Han and their iteration marks.
_UNSPACED: Final = ((0x3005, 0x3007), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF))
Script = Literal["latin", "cyrillic", "arabic", "devanagari", "han"]
_SCRIPTS: Final[tuple[tuple[int, int, Script], ...]] = (
    (0x0400, 0x052F, "cyrillic"), (0x0600, 0x06FF, "arabic"), (0x0900, 0x097F, "devanagari"),
)  # fmt: skip
#: They only say how the emoji before them is drawn.
_SELECTORS: Final = ((0xFE00, 0xFE0F),)
_HARD_BREAKS: Final = frozenset(".!?…\n\r。．！？।॥؟")  # noqa: RUF001
_SOFT_BREAKS: Final = frozenset(",;،؛、，；()[]{}|/–—（）「」・")  # noqa: RUF001
#: A dash with spaces around it parts clauses; in a word it only parts words.
_SPACED_DASH: Final = re.compile(r"(?<= )-+(?= )")
_APOSTROPHES: Final = frozenset("'’ʼ`´")  # noqa: RUF001
#: Before an apostrophe, so short a beginning is a word of its own: l'eau, d'or, qu'elle, I'm.
_ELIDED_LETTERS: Final = 2
#: Clitics that Arabic writes together with the word: and, so; with, for, like; the.
_CONJUNCTIONS: Final = ("و", "ف")
_PREPOSITIONS: Final = ("لل", "ال", "بال", "كال", "ب", "ل", "ك")
_ACCUSATIVE: Final = "ا"  # noqa: RUF001
_SHORTEST_ARABIC_WORD: Final = 2
#: Longer beginnings are no stem of ours: it bounds the work for one endless word.
_LONGEST_STEM: Final = 24

#: Marks of the keys that a token is looked up by: the word itself, or a stem of it; and whether the
#: pattern only wants it to stand there.
WHOLE: Final = "="
STEM: Final = "*"
CONTEXT: Final = "("


class Token(NamedTuple):
    """A word, an unspaced character or an emoji.

    clause counts the clauses of the text, sentence its sentences; both start at 0.
    """

    text: str
    clause: int
    sentence: int
    script: Script


def fold(text: str) -> str:
    """Compatibility forms, case, accents and vowel signs taken away (UAX #15 NFKC, casefold)."""
    if text.isascii():
        return text.lower()
    if all(map(is_unspaced, text)) and unicodedata.is_normalized("NFKC", text):
        return text
    bare = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(char for char in bare if not _within(ord(char), _FOLDED_MARKS))
    return unicodedata.normalize("NFC", kept).translate(_EXCHANGED)


def tokenise(text: str) -> list[Token]:
    """The tokens of a text, each with the clause and the sentence that it stands in."""
    tokens: list[Token] = []
    word: list[str] = []
    clause = sentence = 0
    for char in [*_SPACED_DASH.sub(",", fold(text)), " "]:
        kind = _kind(char)
        if kind == "letter":
            word.append(char)
            continue
        if kind == "mute" or (kind == "apostrophe" and len(word) > _ELIDED_LETTERS):
            continue
        if word:
            tokens.append(Token("".join(word), clause, sentence, script_of(word[0])))
            word.clear()
        if kind == "sign":
            tokens.append(Token(char, clause, sentence, script_of(char)))
        elif kind in {"hard", "soft"}:
            clause, sentence = clause + 1, sentence + (kind == "hard")
    return tokens


@lru_cache(maxsize=4096)
def keys(token: str) -> tuple[str, ...]:
    """What a token may be looked up by: itself and its beginnings, without its clitics as well."""
    found: dict[str, None] = {}
    for reading in _readings(token):
        found[WHOLE + reading] = None
        if not is_unspaced(reading[0]):
            for length in range(1, min(len(reading), _LONGEST_STEM) + 1):
                found[STEM + reading[:length]] = None
    return (*found, *(CONTEXT + key for key in found))


def _readings(token: str) -> list[str]:
    if script_of(token[0]) != "arabic":
        return [token]
    readings = [token]
    for clitics in (_CONJUNCTIONS, _PREPOSITIONS):
        for reading in tuple(readings):
            readings += [
                reading[len(clitic) :]
                for clitic in clitics
                if reading.startswith(clitic)
                and len(reading) - len(clitic) >= _SHORTEST_ARABIC_WORD
            ]
    # The indefinite accusative is written with an alef: ثلجا beside ثلج.
    return readings + [
        reading.removesuffix(_ACCUSATIVE)
        for reading in readings
        if reading.endswith(_ACCUSATIVE) and len(reading) > _SHORTEST_ARABIC_WORD + 1
    ]


@lru_cache(maxsize=4096)
def script_of(char: str) -> Script:
    """The script of a character; whatever is none of the others is read as Latin."""
    if is_unspaced(char):
        return "han"
    code = ord(char)
    return next((name for first, last, name in _SCRIPTS if first <= code <= last), "latin")


def is_unspaced(text: str) -> bool:
    """Whether a text begins in a script that puts no spaces between words."""
    return ord(text[0]) >= _UNSPACED[0][0] and _within(ord(text[0]), _UNSPACED)


@lru_cache(maxsize=4096)
def _kind(char: str) -> str:
    for chars, kind in (
        (_APOSTROPHES, "apostrophe"),
        (_HARD_BREAKS, "hard"),
        (_SOFT_BREAKS, "soft"),
    ):
        if char in chars:
            return kind
    if is_unspaced(char):
        return "sign"
    category = unicodedata.category(char)
    if category[0] in "LMN":
        return "mute" if category == "Me" or _within(ord(char), _SELECTORS) else "letter"
    if category == "Cf":
        return "mute"
    return "sign" if category == "So" else "gap"


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)
