"""The tree of errors. A class name is a contract: Step Functions matches it exactly.

    EnlivenError
    ├── Transient                    retried by the workflow
    │   ├── DependencyThrottled      an AWS service asked us to slow down
    │   ├── DependencyUnavailable    an AWS service did not answer, or with a 5xx
    │   └── EngineBusy               the endpoint cannot take the request now
    └── Permanent                    ends the story; `code` is what the API calls it
        ├── PhotoUnreadable          photo_unreadable
        ├── PhotoTooSmall            photo_too_small
        ├── PhotoTooLarge            photo_too_large
        ├── PhotoTooManyPixels       photo_too_many_pixels
        ├── PhotoMissing             photo_missing
        ├── StoryMissing             story_missing
        ├── FileMissing              file_missing
        ├── PhotoBlocked             photo_blocked
        ├── ModerationUnanswered     moderation_unanswered
        ├── PolicyInvalid            policy_invalid
        ├── GenerationFailed         generation_failed
        ├── GenerationExpired        generation_expired
        ├── GenerationCapReached     generation_cap_reached
        ├── ServicePaused            service_paused
        ├── ResultUnreadable         result_unreadable
        ├── VideoUnreadable          video_unreadable
        ├── VideoDefective           video_defective
        ├── ModelDefective           model_defective
        ├── WatermarkKeyMissing      watermark_key_missing
        ├── CertificateMissing       certificate_missing
        ├── SigningFailed            signing_failed
        ├── CredentialInvalid        credential_invalid
        └── SettingInvalid           setting_invalid

Step Functions knows no inheritance, so the workflow lists every concrete name; a contract test
holds the ASL against this tree.
"""

import re
from collections.abc import Iterator


class EnlivenError(Exception):
    """Any failure of ours. The message says what was wrong, with the value, and what is right."""

    @classmethod
    def code(cls) -> str:
        """The stable snake_case name that the API and the command line show."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()


class Transient(EnlivenError):
    """May succeed when tried again; the workflow retries it."""


class DependencyThrottled(Transient):
    """An AWS service asked us to slow down."""


class DependencyUnavailable(Transient):
    """An AWS service did not answer, or answered with a 5xx."""


class EngineBusy(Transient):
    """The generation endpoint cannot take the request now."""


class Permanent(EnlivenError):
    """Trying again cannot help; the story ends with this class's code."""


class PhotoUnreadable(Permanent):
    """The bytes are not a JPEG, PNG, WebP, HEIC or AVIF photo that decodes completely."""


class PhotoTooSmall(Permanent):
    """A side is shorter than the least we can animate."""


class PhotoTooLarge(Permanent):
    """More bytes than the limit."""


class PhotoTooManyPixels(Permanent):
    """More pixels than the limit; refused before anything is decoded."""


class PhotoMissing(Permanent):
    """The upload that the event names is not in the bucket any more."""


class StoryMissing(Permanent):
    """No record of the story: it was deleted while its workflow ran."""


class FileMissing(Permanent):
    """The file to check is not in the bucket as the event announced it."""


class PhotoBlocked(Permanent):
    """The photo is on an operator's list; the workflow rejects the story, its verdict is kept."""


class ModerationUnanswered(Permanent):
    """A moderation provider answered, but not in a form that gives a verdict."""


class PolicyInvalid(Permanent):
    """A file of the moderation policy says something that cannot be; nothing is judged by it."""


class GenerationFailed(Permanent):
    """The engine reported a failure."""


class GenerationExpired(Permanent):
    """The endpoint gave no result within the request's life."""


class GenerationCapReached(Permanent):
    """As many generations as the operator allows for a day were made today."""


class ServicePaused(Permanent):
    """The operator's switch is not `open`, or cannot be read."""


class ResultUnreadable(Permanent):
    """The engine's result is not the tar of video.mp4 and report.json that the contract names."""


class VideoUnreadable(Permanent):
    """The clip does not decode."""


class VideoDefective(Permanent):
    """The clip decodes but is not what was asked: static, unfaithful, wrong in size, flashing."""


class ModelDefective(Permanent):
    """The same of a trained model's clip: the procedural engine may make the story instead."""


class WatermarkKeyMissing(Permanent):
    """KMS does not give the key that clips are marked with; no clip is published without one."""


class CertificateMissing(Permanent):
    """No certificate chain that matches the signing key is configured."""


class SigningFailed(Permanent):
    """The manifest could not be signed."""


class CredentialInvalid(Permanent):
    """The signed file did not verify; it is not published."""


class SettingInvalid(Permanent):
    """The function's environment lacks a variable or holds a value it cannot use."""


#: Errors that say nothing against the service: the photo's own, a story that was deleted, and what
#: the operator has decided. All others count as faults.
NO_FAULT = (
    PhotoBlocked,
    PhotoUnreadable,
    PhotoTooSmall,
    PhotoTooLarge,
    PhotoTooManyPixels,
    StoryMissing,
    FileMissing,
    GenerationCapReached,
    ServicePaused,
)


def is_fault(name: str) -> bool:
    """Whether an error of this class name is the service's own, or its providers'."""
    return name not in {error.__name__ for error in NO_FAULT}


def concrete(root: type[EnlivenError]) -> Iterator[type[EnlivenError]]:
    """Every leaf class below root: the names that Step Functions may meet."""
    for child in root.__subclasses__():
        if child.__subclasses__():
            yield from concrete(child)
        else:
            yield child
