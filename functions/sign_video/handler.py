"""SignVideo: sign, read back, and only then put the story where it can be published from."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from pydantic import Field

from cloud import certificates, media, timeline
from cloud.environment import Environment, load
from provenance import verification
from sign_video import manifest, signer
from story import labels
from story.contracts import SignVideoInput, SignVideoOutput
from story.identifiers import story_poster_key, story_video_key

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="sign_video")


class Settings(Environment):
    """Who signs, and where signed stories are kept."""

    stories_bucket: str = Field(min_length=1)
    signing_key_id: str = Field(min_length=1)
    certificate_chain_parameter: str = Field(min_length=1)
    trust_anchors_parameter: str = Field(min_length=1)
    #: An RFC 3161 time stamp authority, or nothing: then only we say when a story was signed.
    tsa_url: str = Field(default="", pattern=r"^(https?://.+)?$")


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Give a labelled clip its credential, and publish both objects of the story."""
    request = SignVideoInput.model_validate(event)
    with timeline.record("SignVideo", request):
        settings = load(Settings)
        identity = certificates.identity(
            settings.signing_key_id,
            settings.certificate_chain_parameter,
            settings.trust_anchors_parameter,
        )
        pictures = signer.Pictures(media.read(request.poster), media.read(request.ingredient))
        story = manifest.Story(
            instance_id=f"xmp:iid:{uuid.uuid4()}",
            made_at=timeline.now(),
            engine=request.engine,
            label=labels.for_engine(request.engine),
            language=request.language,
        )
        signed = signer.sign(
            media.read(request.clip), pictures, story, identity, tsa_url=settings.tsa_url or None
        )
        credential = verification.check(
            signed,
            manifest.MEDIA_TYPE,
            story.instance_id,
            identity.anchors,
            stamped=bool(settings.tsa_url),
        )
        bucket = settings.stories_bucket
        output = SignVideoOutput(
            video=media.write(
                bucket, story_video_key(request.story_id), signed, manifest.MEDIA_TYPE
            ),
            poster=media.write(
                bucket, story_poster_key(request.story_id), pictures.poster, "image/jpeg"
            ),
            credential=credential,
        )
        logger.info(
            "signed",
            story_id=request.story_id,
            manifest_id=credential.manifest_id,
            validation_state=credential.validation_state,
        )
        return output.model_dump(mode="json")
