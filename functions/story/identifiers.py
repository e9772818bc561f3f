"""Names of things: stories, generations and the objects that belong to them."""

import re
import secrets

STORY_ID = re.compile(r"^[0-9a-f]{32}$")
_INFERENCE_ID = re.compile(r"^([0-9a-f]{32})-([1-9][0-9]{0,3})-([1-9])$")


#: Ids of replays (cli/replay) begin so, ids of stories never do: a role may be allowed to write
#: below this prefix and can then change no story.
REPLAY_PREFIX = "00000000"
_ID_BYTES = 16


def new_story_id() -> str:
    """128 random bits as 32 lower-case hexadecimal digits: not guessable, fit for keys and URLs."""
    while is_replay(drawn := secrets.token_hex(_ID_BYTES)):
        pass  # one in four billion
    return drawn


def new_replay_id() -> str:
    """The id of a scratch story: REPLAY_PREFIX and 96 random bits, in the form of a story's."""
    return REPLAY_PREFIX + secrets.token_hex(_ID_BYTES - len(REPLAY_PREFIX) // 2)


def is_replay(story_id: str) -> bool:
    """Whether an id is that of a replay's scratch story."""
    return story_id.startswith(REPLAY_PREFIX)


def inference_id(story_id: str, attempt: int, take: int) -> str:
    """SageMaker's InferenceId (≤ 64 characters): names one generation of one story."""
    return f"{story_id}-{attempt}-{take}"


def parse_inference_id(value: str) -> tuple[str, int, int] | None:
    """(story_id, attempt, take) of an InferenceId, or None if it is not one of ours."""
    match = _INFERENCE_ID.fullmatch(value)
    return (match[1], int(match[2]), int(match[3])) if match else None


def upload_prefix(story_id: str) -> str:
    """Everything a client uploaded for a story (uploads bucket)."""
    return f"uploads/{story_id}/"


def upload_key(story_id: str) -> str:
    """The one key that a story's upload form allows (uploads bucket)."""
    return f"{upload_prefix(story_id)}photo"


def work_prefix(story_id: str) -> str:
    """Every intermediate of a story (work bucket)."""
    return f"work/{story_id}/"


def work_key(story_id: str, attempt: int, name: str) -> str:
    """One intermediate of one attempt (work bucket)."""
    return f"{work_prefix(story_id)}{attempt}/{name}"


def request_prefix(story_id: str) -> str:
    """Every request to the endpoint for a story (work bucket)."""
    return f"requests/{story_id}/"


def request_key(story_id: str, attempt: int, take: int) -> str:
    """The request of one generation (work bucket); the endpoint's role may read only these."""
    return f"{request_prefix(story_id)}{attempt}-{take}.tar"


RESULTS_PREFIX = "results/"
FAILURES_PREFIX = "failures/"


def story_prefix(story_id: str) -> str:
    """What a ready story consists of (stories and evidence buckets)."""
    return f"{story_id}/"


def kept_photo_key(story_id: str) -> str:
    """The clean photo that is kept for a retry, an appeal or a reviewer (evidence bucket)."""
    return f"{story_prefix(story_id)}photo.jpg"


def story_video_key(story_id: str) -> str:
    """The signed video (stories bucket)."""
    return f"{story_id}/story.mp4"


def story_poster_key(story_id: str) -> str:
    """The still that stands for the video (stories bucket)."""
    return f"{story_id}/poster.jpg"
