"""SignVideo: sign, read back, and only then put the story where it can be published from."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from pydantic import Field, ValidationInfo, field_validator

from cloud import certificates, media, photo_credentials, timeline
from cloud.environment import Environment, load
from provenance import publishing
from sign_video import manifest, signer
from story import labels
from story.contracts import SignVideoInput, SignVideoOutput
from story.identifiers import story_poster_key, story_video_key

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="sign_video")

_URL_OR_NOTHING = r"^(https?://.+)?$"


class Settings(Environment):
    """Who signs, and where signed stories are kept."""

    stories_bucket: str = Field(min_length=1)
    signing_key_id: str = Field(min_length=1)
    certificate_chain_parameter: str = Field(min_length=1)
    trust_anchors_parameter: str = Field(min_length=1)
    #: An RFC 3161 time stamp authority, or nothing: then only we say when a story was signed.
    tsa_url: str = Field(default="", pattern=_URL_OR_NOTHING)
    #: Another, which is asked when that one fails or is late.
    second_tsa_url: str = Field(default="", pattern=_URL_OR_NOTHING)

    @field_validator("second_tsa_url")
    @classmethod
    def _there_is_a_first(cls, second: str, others: ValidationInfo) -> str:
        if second and not others.data.get("tsa_url"):
            raise ValueError("it is for when that of TSA_URL fails, which names none")
        return second

    @property
    def authorities(self) -> tuple[str, ...]:
        """Whom to ask for time stamps, in this order."""
        return tuple(filter(None, (self.tsa_url, self.second_tsa_url)))


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
        photo = photo_credentials.of_story(request.story_id)
        story = manifest.Story(
            instance_id=f"xmp:iid:{uuid.uuid4()}",
            made_at=timeline.now(),
            engine=request.engine,
            label=labels.for_engine(request.engine),
            language=request.language,
            iscc=request.fingerprints.iscc,
            photo_credential=None if photo is None else photo.statement,
        )
        signed = signer.sign(
            media.read(request.clip), pictures, story, identity, authorities=settings.authorities
        )
        credential = publishing.check(
            signed,
            manifest.MEDIA_TYPE,
            story.instance_id,
            identity.anchors,
            stamped=bool(settings.authorities),
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
