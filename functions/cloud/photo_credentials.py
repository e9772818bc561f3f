"""What was found of a photo's own Content Credentials, kept with the line of who looked.

Not in the workflow's state, whose history outlives a story; and found again by a later attempt,
whose photo is the clean one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cloud import stories, timeline
from story.photo_credential import PhotoCredential

if TYPE_CHECKING:
    from story.contracts import StateInput

#: Whose line it is.
STATE: Final = "ReadPhotoCredential"
#: The field of a story's record by which its creator asks for it.
CONSENT: Final = "keep_photo_credentials"
_NOTED: Final = "photo_credential"


def note(request: StateInput, found: PhotoCredential) -> None:
    """Keep what was found."""
    timeline.note(request, STATE, **{_NOTED: found.model_dump_json()})


def of_story(story_id: str) -> PhotoCredential | None:
    """What was found in a story's photo by the last attempt that looked; None if none has."""
    notes = [line[_NOTED] for line in stories.partition("TIMELINE", story_id) if _NOTED in line]
    return PhotoCredential.model_validate_json(notes[-1]) if notes else None
