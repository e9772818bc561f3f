"""What gate 3 asks where the policy is for another model than the one that has judged a clip."""

from story.contracts import ObjectRef, StoryId
from story.generation import Contract, Report


class LookAgainInput(Contract):
    """A signed clip that a model of today has to judge, before others see it."""

    story_id: StoryId
    video: ObjectRef
    #: Of the engine that made it: its size and length.
    report: Report
    #: Whether gates 1 and 2 saw a face that may be a minor's.
    minor: bool
    #: Categories that reviewers have set aside.
    overridden: tuple[str, ...] = ()
