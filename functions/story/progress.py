"""How far a story is, and how long it still takes: from the lines that its states left. Pure.

The fraction is for a bar: it never falls, whatever is tried again, so it is counted with fixed
weights. The time left is for a sentence: it is reckoned anew from what is known now, and may rise.

A line (cloud/timeline.py) has `state`, `began_at`, `outcome`, perhaps `ended_at`, and for the
states that a take repeats also `take` and, for each take, `take{n}_began_at`. That of GenerateVideo
has the engine's reports: `fraction` (take - 1 + part done), `reported_at`, `take{n}_engine_at`, and
while the request waits `waits_since` and `queued_for`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from statistics import median
from typing import Any, NamedTuple

from story import limits

Line = Mapping[str, Any]

ENGINE = "GenerateVideo"
#: Repeated by a take; everything before happens once.
TAKEN = ("DirectScene", ENGINE, "InspectVideo")
#: Native states at the end, which leave no line: the story's own record says when it is READY.
PUBLISHED = "PublishStory"


class Usual(NamedTuple):
    """What a state usually takes: seconds, and seconds more for each second of the clip."""

    fixed: float
    each: float = 0.0

    def of(self, clip_seconds: float) -> float:
        """For a clip of this length."""
        return self.fixed + self.each * clip_seconds


#: In the workflow's order, from the end of the state before to its own (docs/benchmarks/progress.md
#: says what they were measured with); GenerateVideo from the engine's beginning.
USUAL = {
    "InspectPhoto": Usual(0.2),
    "ReadPhotoCredential": Usual(0.1),
    "ModeratePhoto": Usual(0.2),
    "ModerateWords": Usual(0.1),
    "DirectScene": Usual(0.3),
    ENGINE: Usual(2.0, 0.45),
    "InspectVideo": Usual(0.3, 0.24),
    "ModerateVideo": Usual(0.7),
    "LabelVideo": Usual(0.3, 0.34),
    "SignVideo": Usual(0.2),
    PUBLISHED: Usual(0.2),
}
#: From the end of DirectScene until an engine that is free begins.
_DISPATCH_SECONDS = 0.4
#: At the head of the queue for longer, another's clip is being made.
_DISPATCH_AT_MOST_SECONDS = 3.0
#: Between the end of a state and the beginning of the next.
_GAP_AT_MOST = timedelta(seconds=2)
#: A state that takes longer than usual counts as this much done.
_NEARLY = 0.95
#: How much of a state's usual time is left, at least, while it runs.
_LEAST_LEFT = 0.1
#: What is usual weighs as much as this share of a story: less, and every chance delay counts as
#: slowness; more, and a machine that is busy today is noticed too late.
_PRIOR_SHARE = 0.3
#: How long a request may wait at the head of the queue until no clip explains it: in usual times
#: of its own clip, and in seconds.
_WAITS_AT_MOST, _WAITS_AT_MOST_SECONDS = 3.0, 20.0
#: How many times its usual an instance's start may take until nobody knows whether it comes.
_WAKES_AT_MOST = 2.0


class Position(NamedTuple):
    """Where a story is; eta_seconds is None when nobody can know."""

    stage: str | None
    fraction: float
    eta_seconds: float | None


class Pace(NamedTuple):
    """How this deployment compares with USUAL: a factor a state, 1 where nothing is known.

    wake_seconds: from a request where no instance runs until one begins; 0 if one always runs.
    """

    factors: Mapping[str, float]
    wake_seconds: float = 0.0

    def beginning_with(self, clip_seconds_of_work: float, wake_seconds: float) -> "Pace":
        """The same for an engine that takes so long for a clip, until its own stories say better.

        clip_seconds_of_work: for a clip of the usual length.
        """
        factor = clip_seconds_of_work / USUAL[ENGINE].of(limits.CLIP_SECONDS)
        return Pace({ENGINE: factor, **self.factors}, wake_seconds)

    def expects(self, state: str, clip_seconds: float) -> float:
        """Seconds that a state takes here."""
        return USUAL[state].of(clip_seconds) * self.factors.get(state, 1.0)


USUAL_PACE = Pace({})


def locate(
    lines: Iterable[Line],
    now: datetime,
    *,
    clip_seconds: float = limits.CLIP_SECONDS,
    pace: Pace = USUAL_PACE,
    before: int | None = None,
) -> Position:
    """The stage at work, the fraction done (0..1) and the seconds left of a story in work.

    lines are those of one attempt; before is how many requests wait before this one's, if it waits.
    """
    run = _Run({line["state"]: line for line in lines}, now, clip_seconds)
    return Position(run.stage(), run.fraction(), run.seconds_left(pace, before))


def stopped(lines: Iterable[Line], at: datetime) -> list[Line]:
    """The lines of a story that is over, as they stood when it ended: what came late is not told.

    A late report has replaced the one before, which nobody knows any more: what the engine had
    begun then counts as not done.
    """
    kept: list[Line] = []
    for line in lines:
        late = {
            name
            for name in ("ended_at", "reported_at")
            if line.get(name) and datetime.fromisoformat(line[name]) > at
        }
        if "reported_at" in late:
            late |= {"fraction", *(name for name in line if name.endswith("_engine_at"))}
        kept.append({name: told for name, told in line.items() if name not in late})
    return kept


def waits(lines: Iterable[Line]) -> str | None:
    """Since when the request of a story waits for the engine; None if it does not."""
    for line in lines:
        if line["state"] == ENGINE and line.get("queued_for"):
            return str(line["waits_since"])
    return None


def spans(lines: Iterable[Line], ended_at: str) -> dict[str, float]:
    """What each state of a READY story took, as USUAL counts it.

    lines are those of one attempt, ended_at is when the story was READY. A story that needed
    another take is no measure: nothing.
    """
    found: dict[str, float] = {}
    before: datetime | None = None
    in_order = sorted(lines, key=lambda line: str(line["began_at"]))
    if any(_take(line) > 1 for line in in_order):
        return found
    for line in in_order:
        if "ended_at" not in line:
            continue
        end = datetime.fromisoformat(line["ended_at"])
        own = datetime.fromisoformat(line["began_at"])
        # A longer gap was no work of the workflow's: somebody was waited for.
        begin = own if before is None else max(before, own - _GAP_AT_MOST)
        if line["state"] == ENGINE:
            engine = line.get("take1_engine_at")
            begin = datetime.fromisoformat(engine) if engine else end
        if line["state"] in USUAL and end > begin:
            found[line["state"]] = (end - begin).total_seconds()
        before = end
    if before is not None:
        found[PUBLISHED] = max(0.0, (datetime.fromisoformat(ended_at) - before).total_seconds())
    return found


def factors(
    recent: Mapping[str, Iterable[float]],
) -> Pace:
    """The pace from the factors of recent stories, a list a state: its median."""
    return Pace({state: median(values) for state, values in recent.items() if state in USUAL})


class _Run:
    """One attempt at a moment."""

    def __init__(self, by_state: Mapping[str, Line], now: datetime, clip_seconds: float) -> None:
        self._lines = by_state
        self._now = now
        self._clip = clip_seconds
        self._take = max((_take(line) for line in by_state.values()), default=1)

    def _line(self, state: str) -> Line | None:
        """The line of a state, if it is of the take that is at work."""
        line = self._lines.get(state)
        return line if line and (state not in TAKEN or _take(line) == self._take) else None

    def _is_done(self, state: str) -> bool:
        """Whether a state has ended well; one that ended with an error is tried again, or over."""
        line = self._line(state)
        return bool(line and line.get("ended_at") and line.get("outcome", "done") == "done")

    def _last(self) -> int:
        """Where in USUAL the latest state is that has begun; -1 if none has."""
        return max((at for at, state in enumerate(USUAL) if self._line(state)), default=-1)

    def stage(self) -> str | None:
        """The state that is at work."""
        running = None
        for state in USUAL:
            line = self._line(state)
            if line and not line.get("ended_at"):
                running = state
        return running

    # The bar -----------------------------------------------------------------------------------

    def fraction(self) -> float:
        """Done of all, by fixed weights. A later take fills what the one before left open."""
        weights = {state: usual.of(self._clip) for state, usual in USUAL.items()}
        total = sum(weights.values())
        if self._take == 1:
            return sum(weight * self._done(state) for state, weight in weights.items()) / total
        states = list(USUAL)
        again = states[states.index(TAKEN[0]) :]
        filled = sum(weights[state] for state in states[: states.index(TAKEN[-1]) + 1]) / total
        for _ in range(self._take - 2):
            filled += (1.0 - filled) * _share(weights, again, TAKEN)
        done = sum(weights[state] * self._done(state) for state in again)
        return filled + (1.0 - filled) * done / sum(weights[state] for state in again)

    def _done(self, state: str) -> float:
        """How much of a state is done, 0..1; never less than a moment before."""
        line = self._line(state)
        if line is None:
            # What a later state has left behind was not needed: a retry inspects no photo.
            return 1.0 if list(USUAL).index(state) < self._last() else 0.0
        if self._is_done(state):
            return 1.0
        if state == ENGINE:
            return _reported(line, self._take)
        usual = USUAL[state].of(self._clip)
        return min(_NEARLY, self._elapsed(line) / usual)

    def _elapsed(self, line: Line) -> float:
        began = line.get(f"take{self._take}_began_at", line["began_at"])
        return max(0.0, (self._now - datetime.fromisoformat(began)).total_seconds())

    # The sentence ------------------------------------------------------------------------------

    def seconds_left(self, pace: Pace, before: int | None) -> float | None:
        """Seconds until the story is READY, if nothing has to be done twice."""
        last, slowness = self._last(), self._slowness(pace)
        left, engine = 0.0, 0.0
        for at, state in enumerate(USUAL):
            if self._is_done(state):
                continue
            expected = slowness * pace.expects(state, self._clip)
            line = self._line(state)
            if state == ENGINE:
                waited = self._engine_left(line, expected, before, pace.wake_seconds)
                if waited is None:
                    return None
                engine = waited if at >= last else 0.0
            elif line is not None:
                left += max(expected - self._elapsed(line), _LEAST_LEFT * expected)
            elif at > last:
                left += expected
        return round(engine + left, 1)

    def _engine_left(
        self, line: Line | None, expected: float, before: int | None, wake: float
    ) -> float | None:
        if line is None:
            return _DISPATCH_SECONDS + expected
        began = line.get(f"take{self._take}_engine_at")
        if began is None:
            return self._queue_left(line, expected, before, wake)
        done = _reported(line, self._take)
        reported = datetime.fromisoformat(line["reported_at"])
        worked = (reported - datetime.fromisoformat(began)).total_seconds()
        # The engine's own pace counts the more, the further it is.
        whole = expected if done == 0 else (1.0 - done) * expected + worked
        since = max(0.0, (self._now - reported).total_seconds())
        return max((1.0 - done) * whole - since, _LEAST_LEFT * (1.0 - done) * expected)

    def _queue_left(
        self, line: Line, expected: float, before: int | None, wake: float
    ) -> float | None:
        since = line.get("waits_since")
        waited = (self._now - datetime.fromisoformat(since)).total_seconds() if since else 0.0
        if before is None or (before == 0 and waited <= _DISPATCH_AT_MOST_SECONDS):
            return max(_DISPATCH_SECONDS - waited, 0.0) + expected
        if before == 0 and wake and waited > expected + _DISPATCH_AT_MOST_SECONDS:
            # Longer than another's clip takes: an instance is starting, or none can be had.
            return max(wake - waited, 0.0) + expected if waited <= _WAKES_AT_MOST * wake else None
        if before == 0 and waited > max(_WAITS_AT_MOST * expected, _WAITS_AT_MOST_SECONDS):
            return None  # no clip takes so long: the endpoint may be starting from nothing
        # Those before it, half of the one that is being made, and its own.
        return (before + 1.5) * expected

    def _slowness(self, pace: Pace) -> float:
        """How much slower than the pace this story's states were until now: a machine is busy."""
        took = expected = _PRIOR_SHARE * sum(pace.expects(state, self._clip) for state in USUAL)
        before: datetime | None = None
        for state in USUAL:
            line = self._line(state)
            if line is None:
                continue
            done = self._is_done(state)
            part = _reported(line, self._take) if state == ENGINE and not done else float(done)
            end = line.get("ended_at") if done else line.get("reported_at")
            if end and (begin := self._begin(state, line, before)):
                took += max(0.0, (datetime.fromisoformat(end) - begin).total_seconds())
                expected += part * pace.expects(state, self._clip)
            before = datetime.fromisoformat(line["ended_at"]) if line.get("ended_at") else before
        return took / expected

    def _begin(self, state: str, line: Line, before: datetime | None) -> datetime | None:
        """When a state's time began, as USUAL counts it; None for an engine not heard of."""
        if state == ENGINE:
            engine = line.get(f"take{self._take}_engine_at")
            return datetime.fromisoformat(engine) if engine else None
        own = datetime.fromisoformat(line.get(f"take{self._take}_began_at", line["began_at"]))
        # A longer gap was no work of the workflow's: somebody was waited for.
        return own if before is None else min(own, max(before, own - _GAP_AT_MOST))


def _take(line: Line) -> int:
    return int(line.get("take", 1))


def _reported(line: Line, take: int) -> float:
    """What the engine reported for a take, 0..1; what it said of an earlier one is nothing."""
    return max(0.0, float(line.get("fraction", 0.0)) - (take - 1))


def _share(weights: Mapping[str, float], of: Iterable[str], part: Iterable[str]) -> float:
    return sum(weights[state] for state in part) / sum(weights[state] for state in of)
