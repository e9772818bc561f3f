"""ReadPhotoCredential: what the photo's own Content Credentials are worth, before it is judged.

The upload is read as InspectPhoto reads it: by version and ETag, in a child without credentials,
under limits. What is found stays in the table, where a retry, which has no upload, finds it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import media, photo_credentials, stories, timeline
from read_photo_credential import finding
from story.contracts import ReadPhotoCredentialInput, ReadPhotoCredentialOutput
from story.limits import MAX_UPLOAD_BYTES

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="read_photo_credential")


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Read the upload's credential, and note what SignVideo may say of it."""
    request = ReadPhotoCredentialInput.model_validate(event)
    with timeline.record(photo_credentials.STATE, request):
        record = stories.get(request.story_id, photo_credentials.CONSENT)
        upload = media.read_upload(request.upload, limit=MAX_UPLOAD_BYTES)
        with tempfile.NamedTemporaryFile() as file:
            file.write(upload)
            file.flush()
            found = finding.find(
                Path(file.name), wanted=record.get(photo_credentials.CONSENT) is True
            )
        photo_credentials.note(request, found)
        logger.info("credential", found=found.found, failures=found.failures)
        return ReadPhotoCredentialOutput(found=found.found).model_dump(mode="json")
