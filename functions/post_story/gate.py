"""Gate 3: what must hold of a story now, so that it may be seen by others.

CHECKS is the door: each check looks at the candidate and says what is wrong with it, or nothing.
They are asked in order, the costly ones last, and only a candidate that all of them let through is
posted. Whatever a check cannot find out, it raises: nothing is posted then either.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import ClientError
from pydantic import Field, ValidationError

from cloud import certificates, guardrail, media, stories, users, verdicts
from cloud.clients import error_code
from cloud.environment import Environment, load
from post_story import looking
from provenance import publishing
from story import policy, strikes
from story.contracts import Credential, ObjectRef, ShownClip
from story.errors import CredentialInvalid, ResultUnreadable
from story.generation import Report
from story.second_look import LookAgainInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from story.contracts import Refusal

VIDEO_TYPE: Final = "video/mp4"
#: The gates that have judged every READY story.
JUDGED: Final = ("photo", "words", "video")
_ALLOW: Final = "allow"
_GONE = frozenset({"NoSuchKey", "404"})


class TrustSettings(Environment):
    """Whom a credential has to lead to."""

    trust_anchors_parameter: str = Field(min_length=1)


class Refused(NamedTuple):
    """Why a story stays as it is."""

    code: Refusal
    detail: str


@dataclass(frozen=True)
class Candidate:
    """A READY story, with what its attempt has left, and the caption that it would have."""

    record: Mapping[str, Any]
    #: State -> its line of the timeline; gate -> its verdict. Both of this attempt alone.
    lines: Mapping[str, Mapping[str, Any]]
    verdicts: Mapping[str, Mapping[str, Any]]
    caption: str | None

    @property
    def story_id(self) -> str:
        """Whose record it is."""
        return str(self.record["story_id"])

    @property
    def attempt(self) -> int:
        """Which attempt made the video."""
        return int(self.record["attempt"])

    def report(self) -> Report:
        """What the engine said of the video. Raises KeyError or ValidationError."""
        return Report.model_validate_json(self.lines["InspectVideo"]["report"])

    def decided(self, gate: str) -> policy.Verdict:
        """The verdict of a gate in full."""
        return policy.Verdict.model_validate_json(self.verdicts[gate]["detail"])

    def published(self) -> ObjectRef:
        """The video that others would see. Raises ValidationError if the record names none."""
        return ObjectRef.model_validate_json(self.record["video"])

    def clip(self) -> ShownClip:
        """What viewers are told of the video, as DirectScene and InspectVideo have found it.

        Raises KeyError or ValidationError where they have not.
        """
        report = self.report()
        return ShownClip(
            alt_text=self.lines["DirectScene"]["alt_text"],
            width=report.width,
            height=report.height,
            seconds=report.seconds,
        )


def judge(candidate: Candidate) -> Refused | None:
    """The first thing that is wrong with a candidate; None if it may be seen."""
    for check in CHECKS:
        refused = check(candidate)
        if refused is not None:
            return refused
    return None


def in_standing(candidate: Candidate) -> Refused | None:
    """The creator has not as many strikes as keep one from posting."""
    now = datetime.now(UTC)
    found = strikes.counting(users.strikes(str(candidate.record["creator"])), now)
    until = strikes.suspended_until(found, now)
    if until is None:
        return None
    return Refused(
        "posting_suspended",
        f"Reviewers have decided against stories of yours {len(found)} times, so you may not post"
        f" until {until:%Y-%m-%d %H:%M} UTC. GET /me has the strikes; a decision can be appealed.",
    )


def was_examined(candidate: Candidate) -> Refused | None:
    """The video was looked at by machine before anyone saw it, and what it shows is known."""
    try:
        candidate.clip()
    except (KeyError, ValidationError):
        return Refused("gates_not_passed", "There is no record that the video was examined.")
    return None


def gates_allow(candidate: Candidate) -> Refused | None:
    """Every gate has allowed this attempt, and would by the thresholds of today."""
    for gate in JUDGED:
        kept = candidate.verdicts.get(gate)
        if kept is None:
            return Refused("gates_not_passed", f"There is no verdict on its {gate}.")
        if kept["verdict"] != _ALLOW:
            return Refused("gates_not_passed", f"The verdict on its {gate} is not {_ALLOW!r}.")
        if not _allowed_today(kept, policy.overridden(candidate.record)):
            return Refused(
                "gates_not_passed",
                f"Our policy has changed: by the one of today, its {gate} would not be allowed.",
            )
    return None


def _allowed_today(kept: Mapping[str, Any], overridden: frozenset[str]) -> bool:
    """Of pictures the scores were kept; what another model has judged, and words, is asked anew."""
    if kept["gate"] == "words":
        return True
    try:
        verdict = policy.Verdict.model_validate(json.loads(kept["detail"]))
    except (ValueError, KeyError):
        return False
    if kept["policy"] == policy.version() or not policy.is_for(verdict.models):
        return True
    return policy.judge_again(verdict, overridden=overridden).verdict == _ALLOW


def age_restriction(candidate: Candidate) -> int | None:
    """From which age on viewers may see a candidate that every check let through; None: all.

    The highest age that a gate has found, or that today's policy sets for the scores it kept.
    """
    this = f"{candidate.attempt:04d}#"
    # Read anew: this gate's own verdict on the words has come since.
    ages = [
        int(kept["age_restriction"])
        for kept in stories.partition("VERDICT", candidate.story_id)
        if str(kept["sk"]).startswith(this) and "age_restriction" in kept
    ]
    for gate in JUDGED:
        verdict = candidate.decided(gate)
        if gate != "words" and not policy.is_for(verdict.models):
            # The rows of today say nothing of these scores; what they were then is above.
            continue
        restriction = policy.judge_again(verdict).restriction
        if restriction is not None:
            ages.append(restriction.age)
    return max(ages, default=None)


def credential_holds(candidate: Candidate) -> Refused | None:
    """What would be shown is what was signed, byte for byte; both verifiers find it good today."""
    anchors = certificates.anchors_in(load(TrustSettings).trust_anchors_parameter)
    try:
        video = media.read(candidate.published())
        media.read(ObjectRef.model_validate_json(candidate.record["poster"]))
        credential = Credential.model_validate_json(candidate.record["credential"])
        publishing.check_again(video, VIDEO_TYPE, credential, anchors)
    except (CredentialInvalid, ResultUnreadable, KeyError, ValidationError) as error:
        return _does_not_hold(error)
    except ClientError as error:
        if error_code(error) not in _GONE:
            raise
        return _does_not_hold(error)
    return None


def _does_not_hold(error: Exception) -> Refused:
    said = str(error) if isinstance(error, CredentialInvalid) else type(error).__name__
    return Refused(
        "credential_invalid",
        f"The video's Content Credentials do not hold now, so it is not shown ({said}).",
    )


def models_allow(candidate: Candidate) -> Refused | None:
    """Models of today allow the words, and the video where the one that has judged it is not.

    The words are the caption, which others read, and the prompt.
    """
    words = [text for text in (candidate.record.get("prompt"), candidate.caption) if text]
    if not words:
        return Refused("words_not_allowed", "The story has no words that could be judged.")
    # A reviewer has set findings aside for words that were read, not for any that come later.
    unchanged = candidate.caption == candidate.record.get("caption")
    overridden = policy.overridden(candidate.record)
    of_words = guardrail.judge(
        words, "posting", overridden=overridden if unchanged else frozenset()
    )
    verdict = of_words
    if of_words.verdict == _ALLOW and (of_video := _video_anew(candidate, overridden)):
        verdict = policy.join([of_words, of_video])
    verdicts.keep(candidate.story_id, candidate.attempt, "posting", verdict)
    if verdict.verdict == _ALLOW:
        return None
    told = " ".join(reason.message for reason in verdict.reasons)
    if of_words.verdict == _ALLOW:
        return Refused(
            "gates_not_passed",
            f"The model that judges pictures has changed: by the one of today, its video would not"
            f" be allowed. {told}",
        )
    return Refused("words_not_allowed", f"The caption or the prompt may not be posted. {told}")


def _video_anew(candidate: Candidate, overridden: frozenset[str]) -> policy.Verdict | None:
    """A new verdict on the video; None where the policy is for the model that gave the old ones.

    The photo of a READY story is gone: what there is of it is in the video.
    """
    before = [candidate.decided(gate) for gate in ("photo", "video")]
    if all(policy.is_for(verdict.models) for verdict in before):
        return None
    return looking.look_again(
        LookAgainInput(
            story_id=candidate.story_id,
            video=candidate.published(),
            report=candidate.report(),
            minor=any(found.kind == "face" for verdict in before for found in verdict.findings),
            overridden=tuple(sorted(overridden)),
        )
    )


CHECKS: Final[tuple[Callable[[Candidate], Refused | None], ...]] = (
    in_standing,
    was_examined,
    gates_allow,
    credential_holds,
    models_allow,
)
