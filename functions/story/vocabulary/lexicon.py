"""The vocabulary: one JSON file a language, compiled once into one tree, and the search in it.

A file maps sections to keys to patterns; "motion", "clouds" and "cloud*" say that a word that
begins with "cloud" means the motion clouds. In a pattern `a|b` is either word, `word*` a stem, `_`
a gap of a few words, and `(word)` must stand there but is left for other patterns to read.

All languages are read at once. Where patterns overlap the longer one wins, then the language in
which more of the text is written. "ignored" words mean nothing here, but win in the same way;
"marks" are frequent words that tell a language.
"""

import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from story.vocabulary.folding import (
    CONTEXT,
    STEM,
    WHOLE,
    Script,
    Token,
    fold,
    is_unspaced,
    keys,
    tokenise,
)

#: Emoji belong to every language.
_SIGNS: Final = "emoji"
#: Points for a word that shows a language; divisible among all that share it.
_SHARE: Final = 60
#: In characters: a stem at least this long is no chance in a text of another language.
_SURE_STEM: Final = 6
#: In characters: so short a word means nothing in a text of another language.
_CHANCE_WORD: Final = 2
#: Which languages are written in a script: only those that a text needs are loaded.
_WRITTEN_IN: Final[dict[Script, tuple[str, ...]]] = {
    "latin": ("en", "es", "fr", "de", "pt", _SIGNS),
    "cyrillic": ("ru",),
    "arabic": ("ar",),
    "devanagari": ("hi",),
    "han": ("zh", "ja"),
}
LANGUAGES: Final = tuple(name for names in _WRITTEN_IN.values() for name in names if name != _SIGNS)
#: How many tokens `_` may skip; an unspaced word is several tokens.
_GAP_WORDS: Final = 4
_GAP_CHARACTERS: Final = 8
_KANA: Final = ("\u3040", "\u30ff")


@dataclass(frozen=True, slots=True)
class Term:
    """Something understood: a section and a key of the vocabulary, at tokens first..last."""

    kind: str
    value: str
    first: int
    last: int
    clause: int
    sentence: int


class _Node:
    """A place in the tree of patterns: what may follow, and what ends here, by language.

    The keys of `edges` are those that folding.keys makes of a token.
    """

    __slots__ = ("edges", "ends", "gap")

    def __init__(self) -> None:
        self.edges: dict[str, _Node] = {}
        self.gap: _Node | None = None
        self.ends: dict[str, list[tuple[str, str]]] = {}


class _Match(NamedTuple):
    """A pattern found: the tokens it uses up, and its length in characters."""

    used: tuple[int, ...]
    characters: int
    start: int
    ends: dict[str, list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class _Text:
    """A text under search: its tokens, the keys of each, and the patterns found so far."""

    tokens: list[Token]
    looks: list[tuple[str, ...]]
    matches: list[_Match]


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """The tree of the languages of one script, and the frequent words of each."""

    root: _Node
    marks: dict[str, frozenset[str]]


def load(language: str) -> dict[str, Any]:
    """The file of one language as it is written."""
    text = Path(__file__).with_name(f"{language}.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def understood(text: str) -> list[Term]:
    """Everything in a text that the vocabulary knows, in the order of the text."""
    tokens = tokenise(text)
    searched = _Text(tokens, [keys(token.text) for token in tokens], [])
    for start, token in enumerate(tokens):
        _search(_compiled(token.script).root, searched, start, _Match((), 0, start, {}))
    scores = _scores(searched)
    best = {
        script: max((name for name in names if name != _SIGNS), key=lambda name: scores[name])
        for script, names in _WRITTEN_IN.items()
    }

    def rank(match: _Match) -> tuple[int, bool, int]:
        return -match.characters, best[tokens[match.start].script] not in match.ends, match.start

    matches = [
        match
        for match in searched.matches
        if not _is_chance(match, tokens, scores, best[tokens[match.start].script])
    ]
    matches.sort(key=rank)
    taken: set[int] = set()
    terms: list[Term] = []
    for match in matches:
        if taken.isdisjoint(match.used):
            taken.update(match.used)
            at = tokens[match.used[0]]
            language = best[at.script]
            if language not in match.ends:
                language = max(match.ends, key=lambda name: scores[name])
            terms += [
                Term(kind, value, match.used[0], match.used[-1], at.clause, at.sentence)
                for kind, value in match.ends[language]
                if kind != "ignored"
            ]
    terms.sort(key=lambda term: (term.first, term.kind != "no"))
    return terms


def _scores(text: _Text) -> Counter[str]:
    """How much of a text is each language's: its frequent words, and the patterns it matches."""
    scores: Counter[str] = Counter()
    for token in text.tokens:
        for name, marks in _compiled(token.script).marks.items():
            if token.text in marks:
                scores[name] += _SHARE
    for match in text.matches:
        for name in match.ends:
            scores[name] += _SHARE // len(match.ends)
    # One kana outweighs any number of characters that both languages use.
    kana = any(_KANA[0] <= token.text[0] <= _KANA[1] for token in text.tokens)
    winner, loser = ("ja", "zh") if kana else ("zh", "ja")
    scores[winner] = max(scores[winner], scores[loser] + 1)
    return scores


def _is_chance(match: _Match, tokens: list[Token], scores: Counter[str], best: str) -> bool:
    """Whether a word only looks like one of a language that the text is not written in.

    So does a frequent word of its own language, and one that merely begins with a short stem.
    """
    if best in match.ends or len(match.used) > 1 or _SIGNS in match.ends:
        return False
    if scores[best] < 2 * _SHARE + max(scores[name] for name in match.ends):
        return False
    token = tokens[match.used[0]]
    frequent = token.text in _compiled(token.script).marks[best]
    short = len(token.text) <= _CHANCE_WORD
    return frequent or short or match.characters < min(len(token.text), _SURE_STEM)


@cache
def _compiled(script: Script) -> _Lexicon:
    root = _Node()
    marks: dict[str, frozenset[str]] = {}
    for language in _WRITTEN_IN[script]:
        words = load(language)
        marks[language] = frozenset(fold(mark) for mark in words.pop("marks"))
        ignored = words.pop("ignored")
        for pattern in ignored:
            _add(root, pattern, language, ("ignored", ""))
        for section, meanings in words.items():
            for key, patterns in meanings.items():
                for pattern in patterns:
                    _add(root, pattern, language, (section, key))
    return _Lexicon(root, marks)


def _add(root: _Node, pattern: str, language: str, meaning: tuple[str, str]) -> None:
    nodes = [root]
    for written in pattern.replace("_", " _ ").split():
        if written == "_":
            for node in nodes:
                node.gap = node.gap or _Node()
            nodes = [node.gap for node in nodes if node.gap is not None]
        else:
            paths = [
                _keys_of(word, is_context=written.startswith("("))
                for word in _alternatives(written)
            ]
            nodes = [_step(node, path) for node in nodes for path in paths]
    for node in nodes:
        meanings = node.ends.setdefault(language, [])
        if meaning not in meanings:
            meanings.append(meaning)


def _step(node: _Node, path: list[str]) -> _Node:
    for key in path:
        following = node.edges.get(key)
        if following is None:
            following = node.edges[key] = _Node()
        node = following
    return node


def _alternatives(word: str) -> list[str]:
    """The words that `a|b`, `(a|b)` and `beginning(a|b)` stand for."""
    beginning, bracket, inside = word.partition("(")
    if not bracket:
        return word.split("|")
    return [beginning + ending for ending in inside.removesuffix(")").split("|")]


def _keys_of(word: str, *, is_context: bool) -> list[str]:
    """The keys of a written word, which may be several tokens: don't, time-lapse, 波浪."""
    written = word.removesuffix("*")
    plain = written.isascii() and written.isalnum()
    parts = [written.lower()] if plain else [token.text for token in tokenise(written)]
    is_stem = word != written and not is_unspaced(parts[-1])
    mark = CONTEXT if is_context else ""
    found = [mark + WHOLE + part for part in parts]
    if is_stem:
        found[-1] = mark + STEM + parts[-1]
    return found


def _search(node: _Node, text: _Text, place: int, so_far: _Match) -> None:
    """Add to text.matches all patterns that go on from a node at a token."""
    if node.ends and so_far.used:
        text.matches.append(_Match(so_far.used, so_far.characters, so_far.start, node.ends))
    tokens = text.tokens
    if place == len(tokens) or tokens[place].clause != tokens[so_far.start].clause:
        return
    if node.edges:
        for key in text.looks[place]:
            following = node.edges.get(key)
            if following is not None:
                _search(following, text, place + 1, _longer(so_far, key, place))
    if node.gap is not None:
        reach = _GAP_CHARACTERS if is_unspaced(tokens[place].text) else _GAP_WORDS
        for later in range(place, min(place + reach, len(tokens) - 1) + 1):
            _search(node.gap, text, later, so_far)


def _longer(match: _Match, key: str, place: int) -> _Match:
    if key[0] == CONTEXT:
        length = match.characters + len(key) - len(CONTEXT + STEM)
        return _Match(match.used, length, match.start, match.ends)
    length = match.characters + len(key) - len(STEM)
    return _Match((*match.used, place), length, match.start, match.ends)
