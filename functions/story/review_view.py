"""What the API says about reports, appeals and reviews: one model for each request and answer."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from story import review
from story.contracts import Gate, StoryId, VerdictValue, Visibility
from story.generation import Contract
from story.review import Decision, Kind, ReportReason
from story.states import Status
from story.view import Asked, Reason, words

Category = Annotated[str, words(80)]


class _Asked(Asked):
    """Built when first used: most cold starts of the API's function need none of these."""

    model_config = ConfigDict(defer_build=True)


class _Answered(Contract):
    """The same."""

    model_config = ConfigDict(defer_build=True)


class ReportStory(_Asked):
    """The body of POST /stories/{id}/report."""

    reason: Annotated[ReportReason, Field(strict=False)]
    #: For the reviewer alone.
    text: Annotated[str, words(review.MAX_REPORT_CHARACTERS)] | None = None


class ReportReceived(_Answered):
    """The answer to a report: the same whatever follows from it."""

    received: Literal[True] = True


class AppealDecision(_Asked):
    """The body of POST /stories/{id}/appeal."""

    #: What the reviewer should know.
    text: Annotated[str, words(review.MAX_APPEAL_CHARACTERS)]


class DecideReview(_Asked):
    """The body of POST /reviews/{id}/decide."""

    decision: Annotated[
        Literal["allow", "reject", "restore", "remove", "overturn", "uphold"],
        Field(
            description="`allow` or `reject` a story that a gate has held; `restore` or `remove` a"
            " reported one; `overturn` or `uphold` what an appeal is against."
        ),
    ]
    #: For the trail; say nothing of the story's own words.
    reason: Annotated[str, words(review.MAX_REASON_CHARACTERS)]
    #: Of `allow` and `overturn`: which findings are set aside; empty for all that decided. Of
    #: `remove`: reasons of reports that are right.
    categories: Annotated[list[Category], Field(max_length=20, default_factory=list)]


class ReviewSummary(_Answered):
    """A story in the queue."""

    id: StoryId
    kind: Kind
    #: 0 urgent, 1 high, 2 normal.
    severity: Annotated[int, Field(ge=0, le=2)]
    status: Status
    waiting_since: str
    reports: Annotated[int, Field(ge=0)]
    #: Whose it is now, if it is anybody's.
    claimed_by: str | None
    claimed_until: str | None
    #: Why you may not decide about it.
    conflict: str | None


class ReviewList(_Answered):
    """The answer to GET /reviews: the most urgent first, and of those the one that waits longest.

    A page may have fewer stories than were asked for, or none, and still a next one.
    """

    reviews: tuple[ReviewSummary, ...]
    next: str | None


class ReviewFinding(_Answered):
    """What a provider found, against the thresholds of the policy, all in percent."""

    category: str
    label: str
    confidence: float
    review_at: float | None
    reject_at: float | None
    #: The row of the policy that it was held against.
    row: str
    #: Whether this is what decided.
    fired: bool
    #: One for each picture that was judged, in the order of `frames`; None where it was not found.
    scores: tuple[float | None, ...]


class ReviewVerdict(_Answered):
    """One gate's verdict with everything that it was made from."""

    gate: Gate
    attempt: int
    verdict: VerdictValue
    reasons: tuple[Reason, ...]
    findings: tuple[ReviewFinding, ...]
    models: tuple[str, ...]
    policy: str
    decided_at: str


class ReviewReport(_Answered):
    """A report; nobody is told who made it."""

    reason: ReportReason
    text: str | None
    anonymous: bool
    reported_at: str


class ReviewAppeal(_Answered):
    """What the creator says against the decision."""

    text: str
    appealed_at: str


class PastDecision(_Answered):
    """A decision that was taken before."""

    id: str
    decision: Decision
    reason: str
    categories: tuple[str, ...]
    by: str
    at: str


class EvidenceLink(_Answered):
    """Something that was kept to be looked at; the link lives for a few minutes."""

    name: str
    kind: Literal["photo", "frame", "video", "poster"]
    url: str


class ReviewView(ReviewSummary):
    """A story as a reviewer sees it."""

    attempt: int
    prompt: str | None
    caption: str | None
    people_consent: bool
    visibility: Visibility | None
    posted_at: str | None
    verdicts: tuple[ReviewVerdict, ...]
    report_list: tuple[ReviewReport, ...]
    appeal: ReviewAppeal | None
    decisions: tuple[PastDecision, ...]
    #: Photo, frames in the order in which they were judged, video.
    evidence: tuple[EvidenceLink, ...]
    #: What may be decided.
    possible: tuple[Decision, ...]
    #: The categories that decided: what `allow` or `overturn` sets aside if it names none.
    fired: tuple[str, ...]


class Decided(_Answered):
    """The answer to POST /reviews/{id}/decide."""

    id: StoryId
    decision: Decision
    #: The story's status now; what is restored is back in a moment.
    status: Status
