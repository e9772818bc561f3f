"""Reading a prompt: from its words to the Wishes that an engine understands. Pure and linear."""

from typing import Final, cast

from story.generation import Ambience, Held, Inability, Mood, Preset, Wishes
from story.vocabulary.camerawork import is_camera, note_camera
from story.vocabulary.clauses import Clause, clauses_of, is_thing, is_word
from story.vocabulary.lexicon import understood
from story.vocabulary.notes import GROUPS, Notes

#: What is heard of a motion or a place when a prompt asks for its sound.
SOUNDS: Final[dict[str, Ambience]] = {
    "waves": "waves", "rain": "rain", "fire": "fire", "falling_water": "stream", "wind": "wind",
    "water": "stream", "river": "stream", "lake": "lapping", "foliage": "wind", "stars": "night",
}  # fmt: skip
#: What a refused degree asks for: "not too fast" is slow, "not slow" is nothing in particular.
_OPPOSITE: Final = {"fast": "slow", "strong": "weak", "slow": "", "weak": ""}
#: Refusing these leaves the camera free; refusing any other move asks for a still camera.
_HARMLESS: Final = frozenset({"handheld", "rack_focus", "none"})
_HELD: Final[dict[str, Held]] = {
    "people": "people", "animal": "subject", "vehicle": "subject", "object": "subject",
    "subject": "subject", "background": "background", "everything": "everything",
}  # fmt: skip
#: What an actor cannot do; a doing of people keeps its own name.
_ACTORS: Final[dict[str, Inability]] = {
    "people": "pose", "animal": "animal", "vehicle": "vehicle", "object": "object",
}  # fmt: skip
#: Words that may stand between a verb and what does it.
_ARTICLE: Final = 1
_DEEDS_OF_ACTORS: Final = frozenset({"walk", "pose", "speak", "laugh"})


def read(prompt: str, negative_prompt: str = "") -> Wishes:
    """What a prompt asks for. Everything that negative_prompt names is refused."""
    notes = Notes()
    for clause in clauses_of(understood(prompt)):
        _read_clause(clause, notes)
    for clause in clauses_of(understood(negative_prompt)):
        _refuse_clause(clause, notes)
    return notes.wishes()


def _read_clause(clause: Clause, notes: Notes) -> None:
    """One clause: what it refuses, what it asks for, and how."""
    _note_refusals(clause, notes)
    _note_only(clause, notes)
    _note_motions(clause, notes)
    _note_deeds(clause, notes)
    note_camera(clause, notes)
    _note_manner(clause, notes)


def _note_refusals(clause: Clause, notes: Notes) -> None:
    named = False
    things = any(clause.terms[index].kind == "motion" for index in clause.refused)
    rest = "rest" in clause or bool(clause.spared)
    moving = any(
        is_word(clause.terms[index], "move") or clause.terms[index].kind == "gesture"
        for index in clause.refused
    )
    modified = any(clause.terms[index].kind in {"speed", "strength"} for index in clause.refused)
    doing = any(clause.terms[index].kind == "deed" for index in clause.refused)
    for index in sorted(clause.refused | clause.stilled):
        term = clause.terms[index]
        named |= is_thing(term) or term.kind == "gesture"
        stilled = index in clause.stilled
        if term.kind == "motion" or (term.kind == "gesture" and not (things or _acts(clause))):
            notes.refuse(term.value)
        elif term.kind == "heard" or is_word(term, "sound"):
            notes.sounds.append("silence")
        elif term.kind == "camera" or (term.kind, term.value) == ("thing", "camera"):
            notes.fixed |= stilled
            notes.no_moves |= not (stilled or modified) and term.value not in _HARMLESS
        elif term.kind == "thing" and (stilled or (moving and not doing)) and not rest:
            notes.held[_HELD[term.value]] = None
    still = bool(clause.places("still")) and not clause.stilled and not clause.refused
    if rest and clause.is_negative:
        notes.only = True
    elif (still or (moving and not doing and not modified)) and not named:
        notes.held["everything"] = None


def _acts(clause: Clause) -> bool:
    """Whether somebody or something is named that acts: then a verb is not about the scenery."""
    return any(
        term.kind == "thing" and term.value in _ACTORS and index not in clause.spared
        for index, term in enumerate(clause.terms)
    )


def _note_only(clause: Clause, notes: Notes) -> None:
    for at in clause.places("only", "only_after"):
        later = range(at + 1, len(clause.terms))
        beside = clause.terms[at + 1] if at + 1 < len(clause.terms) else None
        if beside is not None and beside.kind in {"speed", "strength"}:
            continue
        reach = [*later, *range(at)] if clause.terms[at].value == "only_after" else [*later]
        if not any(clause.plain(index) and is_thing(clause.terms[index]) for index in reach):
            reach = [*range(at)]
        notes.only |= any(
            clause.plain(index)
            and (is_thing(clause.terms[index]) or clause.terms[index].kind == "gesture")
            for index in reach
        )


def _note_motions(clause: Clause, notes: Notes) -> None:
    """Things by name; verbs that suit one kind of thing only where nothing is named."""
    verbs = clause.indices("gesture") or clause.places("move")
    heard = [index for index in clause.places("sound") if clause.plain(index)]
    # "Heavy rain with the sound of rain" asks for both.
    shown = [index for index in clause.places("with") if any(at > index for at in heard)]
    named = False
    for index in clause.indices("motion", "audible", "heard"):
        term = clause.terms[index]
        named |= term.kind == "motion"
        if not clause.plain(index):
            continue
        if term.kind == "heard":
            notes.sounds.append(cast("Ambience", term.value))
        elif heard and not any(index < at for at in shown):
            sound = SOUNDS.get(term.value) if term.kind == "motion" else term.value
            if sound is not None:
                notes.sounds.append(cast("Ambience", sound))
        # "Tilt up to the sky" says where the camera goes, not that the sky shall move.
        aim = term.value in GROUPS and bool(clause.indices("camera"))
        seen = not heard or any(index < at for at in shown)
        if term.kind == "motion" and (verbs or (seen and not aim)):
            notes.ask(term.value)
    if not named and not _acts(clause):
        for index in clause.indices("gesture"):
            if clause.plain(index):
                notes.ask(clause.terms[index].value)


def _note_deeds(clause: Clause, notes: Notes) -> None:
    """What is asked of people, animals and things, and no photo can do."""
    for index in clause.indices("deed"):
        if clause.plain(index):
            able = _unable_to(clause, index)
            if able is not None:
                notes.unable[able] = None
    added = clause.places("add")
    for index, term in enumerate(clause.terms):
        if added and index == added[0] + 1 and term.kind == "thing" and term.value in _ACTORS:
            notes.unable["object"] = None
    scenery = any(is_thing(term) and term.value not in _ACTORS for term in clause.terms)
    verbs = [*clause.indices("gesture"), *clause.places("move")]
    # "Animate this photo of my family" asks for what the photo has, not for a pose.
    aside = scenery or any(word in clause for word in ("add", "rest", "photo"))
    if aside or not any(map(clause.plain, verbs)):
        return
    for index in clause.indices("thing"):
        if clause.plain(index):
            notes.unable[_ACTORS[clause.terms[index].value]] = None


def _unable_to(clause: Clause, at: int) -> Inability | None:
    """Who a deed belongs to decides what it is; leaves may dance."""
    deed = cast("Inability", clause.terms[at].value)
    before = [term for term in clause.terms[:at] if is_thing(term)]
    if any(is_camera(term) for term in before[-1:]):
        return None
    if deed not in _DEEDS_OF_ACTORS:
        return deed
    after = [term for term in clause.terms[at + 1 :] if is_thing(term)]
    actors = [term for term in before if term.value in _ACTORS]
    if before and before[-1].kind in {"motion", "camera"}:
        beside = before[-1].last + 1 == clause.terms[at].first
        if beside or not actors:
            return None
    beside = bool(after) and after[0].kind == "motion" and not actors
    if beside and after[0].first <= clause.terms[at].last + 1 + _ARTICLE:
        # идёт снег, fais danser les flammes: the snow falls, the flames dance.
        return None
    owner = actors[-1] if actors else next((term for term in after if term.value in _ACTORS), None)
    if owner is None or owner.value == "people":
        return deed
    return _ACTORS[owner.value]


def _note_manner(clause: Clause, notes: Notes) -> None:
    """How fast, how much, in which mood and by which preset."""
    specific = bool(clause.indices("motion", "gesture", "camera"))
    for index in clause.indices("speed", "strength"):
        term = clause.terms[index]
        value = _OPPOSITE[term.value] if index in clause.refused else term.value
        if value and term.kind == "speed":
            very = index > 0 and is_word(clause.terms[index - 1], "very")
            notes.speeds.append((value, very and clause.plain(index)))
        elif value:
            notes.strengths.append(value)
    for index in clause.indices("mood", "preset"):
        term = clause.terms[index]
        if not clause.plain(index):
            continue
        if term.kind == "mood":
            notes.moods.append(cast("Mood", term.value))
        elif term.kind == "preset" and not (term.value == "subtle" and specific):
            notes.presets.append(cast("Preset", term.value))
        else:
            notes.strengths.append("weak")


def _refuse_clause(clause: Clause, notes: Notes) -> None:
    """A clause of a negative prompt: what it names is refused.

    Verbs and words for stillness are not read: lists such as "static, frozen, flicker" name
    defects of pictures.
    """
    moving = any(is_word(term, "move") or term.kind == "deed" for term in clause.terms)
    for term in clause.terms:
        if term.kind == "motion":
            notes.refuse(term.value)
        elif is_word(term, "sound") or term.kind == "heard":
            notes.sounds.insert(0, "silence")
        elif is_camera(term):
            notes.no_moves |= term.value not in _HARMLESS and (term.kind == "camera" or moving)
        elif term.kind == "speed" and _OPPOSITE[term.value]:
            notes.speeds.append((_OPPOSITE[term.value], False))
        elif (term.kind, term.value) == ("thing", "people") and moving:
            notes.held["people"] = None
