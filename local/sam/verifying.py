"""What the functions of the verify workflow are given, and what their answers have to be.

The file that is looked at is the golden story's own video, as it was signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local import golden_checks, golden_events
from local.sam.failure import SamError
from story import checks, contracts

if TYPE_CHECKING:
    from local.sam.golden_story import GoldenStory

_CHECK = f"CHECK#{golden_checks.CHECK_ID}"


def prepare_reading(story: GoldenStory) -> dict[str, Any]:
    """The signed video, where the verify workflow finds files."""
    story.played_until("PostStory")
    signed = contracts.SignVideoOutput.model_validate(story.answers["SignVideo"])
    bucket, key = story.outputs["ChecksBucket"], checks.file_key(golden_checks.CHECK_ID)
    s3 = story.client("s3")
    body = s3.get_object(Bucket=signed.video.bucket, Key=signed.video.key)["Body"].read()
    # The stack's own workflow deletes what nobody waits for: not before this is told of it.
    etag = s3.put_object(Bucket=bucket, Key=f"example/{key}", Body=body)["ETag"].strip('"')
    file = checks.FileRef(bucket=bucket, key=f"example/{key}", etag=etag, size=len(body))
    event = checks.CheckInput(check_id=golden_checks.CHECK_ID, file=file)
    return event.model_dump(mode="json")


def check_credential(_story: GoldenStory, _event: Any, answer: Any) -> checks.CredentialReading:
    """It has just been signed by the stack itself."""
    told = checks.CredentialReading.model_validate(answer)
    if not (told.state == "trusted" and told.ours):
        raise SamError(f"The story's own video reads as {told}")
    return told


def check_mark(story: GoldenStory, _event: Any, answer: Any) -> checks.MarkReading:
    """It carries the mark that LabelVideo gave it."""
    told = checks.MarkReading.model_validate(answer)
    labelled = contracts.LabelVideoOutput.model_validate(story.answers["LabelVideo"])
    if not told.read:
        raise SamError(f"The story's own video was not looked at: {told}")
    if (told.is_mark, told.mark_id) != (True, labelled.watermark.id):
        raise SamError(f"The mark is {told.mark_id}; {labelled.watermark.id} was given")
    return told


def prepare_concluding(story: GoldenStory) -> dict[str, Any]:
    """A check that is being looked at."""
    story.put(_CHECK, "META", status="checking", claimed_at=golden_events.TIME)
    return story.event(golden_events.file_name("Conclude"))


def check_conclusion(story: GoldenStory, _event: Any, answer: Any) -> checks.ConcludeOutput:
    """The made-up readings are of a clip that was never published."""
    told = checks.ConcludeOutput.model_validate(answer)
    status = story.record(_CHECK, "META")["status"]["S"]
    if (told.answer, status) != ("unknown", "done"):
        raise SamError(f"The answer is {told.answer}, and the check {status}")
    return told


def prepare_packing(story: GoldenStory) -> dict[str, Any]:
    """Whatever was recorded before."""
    return story.event("pack_records_event.json")


def check_packing(story: GoldenStory, _event: Any, answer: Any) -> checks.PackRecordsOutput:
    """It is where Conclude looks for it."""
    told = checks.PackRecordsOutput.model_validate(answer)
    if not story.keys("RecordsBucket", ""):
        raise SamError("There is no packed file")
    return told
