"""What the small words of a clause do: no, only, except and still, and how far each reaches.

A clause is what stands between two breaks: punctuation, or words such as "while" and "but". Its
terms get a role each: a term that is refused is asked to be left out, one that is stilled to be
kept as it is, one that is spared is what an "except" leaves over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from story.vocabulary.lexicon import Term

#: Names of things, as opposed to what they do.
_THINGS: Final = frozenset({"motion", "thing", "camera", "heard"})
_DOINGS: Final = frozenset({"gesture", "deed"})
#: In terms. Nobody means one "no" to reach farther; it bounds the work for one endless clause.
_LONGEST_CLAUSE: Final = 24
_DEGREES: Final = frozenset({"speed", "strength"})


def is_thing(term: Term) -> bool:
    """Whether a term names something that can be refused or kept."""
    return term.kind in _THINGS or (term.kind, term.value) == ("word", "sound")


def is_doing(term: Term) -> bool:
    """Whether a term says that something moves."""
    return term.kind in _DOINGS or is_word(term, "move", "act")


def is_word(term: Term, *values: str) -> bool:
    """Whether a term is one of these small words."""
    return term.kind == "word" and term.value in values


@dataclass(slots=True)
class Clause:
    """The terms of one clause, and the roles they get, as indices into `terms`."""

    terms: list[Term]
    refused: set[int] = field(default_factory=set)
    stilled: set[int] = field(default_factory=set)
    spared: set[int] = field(default_factory=set)
    known: set[str] = field(init=False)

    def __post_init__(self) -> None:
        """Know the kinds and the small words, so that a look for others ends at once."""
        self.known = {term.kind for term in self.terms}
        self.known |= {term.value for term in self.terms if term.kind == "word"}

    def __contains__(self, word: object) -> bool:
        """Whether a small word or a kind of term is in it."""
        return word in self.known

    def indices(self, *kinds: str) -> list[int]:
        """Where the terms of these kinds are."""
        if self.known.isdisjoint(kinds):
            return []
        return [index for index, term in enumerate(self.terms) if term.kind in kinds]

    def places(self, *values: str) -> list[int]:
        """Where these small words are."""
        if self.known.isdisjoint(values):
            return []
        return [index for index, term in enumerate(self.terms) if is_word(term, *values)]

    def plain(self, index: int) -> bool:
        """Whether a term is meant as it stands."""
        return index not in self.refused and index not in self.stilled

    @property
    def is_negative(self) -> bool:
        """Whether it says no to something or keeps something still."""
        return bool(self.indices("no")) or "still" in self


def clauses_of(terms: Sequence[Term]) -> list[Clause]:
    """The clauses of a text, with the roles of their terms."""
    found: list[Clause] = []
    for _, sentence in groupby(terms, key=lambda term: term.sentence):
        parts: list[list[Term]] = []
        for _, run in groupby(sentence, key=lambda term: term.clause):
            parts.append([])
            for term in run:
                if is_word(term, "break") or len(parts[-1]) == _LONGEST_CLAUSE:
                    parts.append([])
                if not is_word(term, "break"):
                    parts[-1].append(term)
        clauses = [Clause(part) for part in _lists_joined(parts)]
        negative = any(clause.is_negative for clause in clauses)
        for clause in clauses:
            _give_roles(clause, negative=negative)
        found += clauses
    return found


def _lists_joined(parts: Iterable[list[Term]]) -> list[list[Term]]:
    """Enumerations made whole: "no rain, snow or wind", "keep the boat, the man still"."""
    joined: list[list[Term]] = []
    pending: list[list[Term]] = []
    for part in parts:
        if not part:
            continue
        bare = all(is_thing(term) or is_word(term, "and", "or", "still") for term in part)
        ends = any(is_word(term, "or") for term in part) or (
            bool(joined)
            and any(is_word(term, "keep") for term in joined[-1])
            and not any(is_word(term, "still") for term in joined[-1])
            and any(is_word(term, "still") for term in part)
        )
        opened = joined and any(term.kind == "no" or is_word(term, "keep") for term in joined[-1])
        if joined and is_word(part[0], "except"):
            joined[-1].extend(part)
        elif bare and ends and opened:
            for member in (*pending, part):
                joined[-1].extend(member)
            pending = []
        elif bare and opened:
            pending.append(part)
        else:
            joined += [*pending, part]
            pending = []
    return [*joined, *pending]


def _give_roles(clause: Clause, *, negative: bool) -> None:
    """Spare what an "except" names, refuse what a "no" reaches, still what is to be still.

    negative: whether the sentence refuses or stills anything: then its exceptions may move.
    """
    for index in clause.places("except"):
        clause.spared.update(_group_after(clause, index))
    for index in clause.places("except_after"):
        clause.spared.update(_group_before(clause, index))
    for index in clause.indices("no"):
        clause.refused.update(_refused_by(clause, index))
    for index in clause.places("still"):
        if index not in clause.refused:
            clause.stilled.update(_stilled_by(clause, index))
    clause.refused -= clause.spared
    clause.stilled -= clause.spared
    if not negative:
        # "Everything moves except the people".
        clause.stilled |= clause.spared
        clause.spared = set()


def _refused_by(clause: Clause, at: int) -> set[int]:
    """What a negation reaches.

    One that stands before ("no rain", "don't move the camera") reaches what follows; where that
    is only a verb ("clouds should not move"), its subject as well. One that stands after its word
    (雨なし, बारिश नहीं) reaches back.
    """
    if clause.terms[at].value == "after":
        reached: set[int] = set()
        index = at - 1
        while index >= 0 and not is_thing(clause.terms[index]):
            if clause.terms[index].kind == "no":
                return reached
            reached.add(index)
            index -= 1
        return reached | _group_before(clause, at)
    reached = set()
    if at + 1 < len(clause.terms) and is_word(clause.terms[at + 1], "rest"):
        # "Nothing else moves" says nothing of what stands before it.
        return reached
    for index in range(at + 1, len(clause.terms)):
        if _ends_refusal(clause, index):
            break
        reached.add(index)
    if not any(is_thing(clause.terms[index]) for index in reached) and not any(
        clause.terms[index].kind in _DEGREES for index in reached
    ):
        reached |= _group_before(clause, at)
    return reached


def _ends_refusal(clause: Clause, index: int) -> bool:
    term = clause.terms[index]
    if term.kind == "no" or is_word(term, "with", "only", "except", "rest"):
        return True
    if not is_word(term, "and") or index + 1 == len(clause.terms):
        return False
    after = clause.terms[index + 1]
    return after.kind in _DEGREES or is_word(after, "act", "add", "keep")


def _stilled_by(clause: Clause, at: int) -> set[int]:
    """What "still" is said of: its neighbour, else what precedes it, else what follows."""
    terms = clause.terms
    place = terms[at].last
    for index in (at - 1, at + 1):
        if 0 <= index < len(terms) and is_thing(terms[index]):
            beside = terms[index].last == place - 1 or terms[index].first == place + 1
            if beside and index == at + 1:
                return _group_after(clause, at)
    return _group_before(clause, at) or _group_after(clause, at)


def _group_before(clause: Clause, at: int) -> set[int]:
    """The things right before a term: the nearest, and those joined to it by "and".

    A doing between them ends the group, one after them does not.
    """
    group: set[int] = set()
    linked = True
    for index in range(at - 1, -1, -1):
        term = clause.terms[index]
        if term.kind == "no" or is_word(term, "still", "except"):
            break
        if is_thing(term):
            apart = bool(group) and term.last + 1 < clause.terms[min(group)].first
            if group and apart and not linked:
                break
            group.add(index)
            linked = False
        elif is_word(term, "and", "or"):
            linked = True
        elif group and is_doing(term):
            break
    return group


def _group_after(clause: Clause, at: int) -> set[int]:
    """The things after a term, up to a doing, a negation or the end of the clause."""
    group: set[int] = set()
    for index in range(at + 1, len(clause.terms)):
        term = clause.terms[index]
        if group and is_doing(term):
            break
        if term.kind == "no" or is_word(term, "still", "except_after", "rest"):
            break
        if is_thing(term):
            group.add(index)
    return group
