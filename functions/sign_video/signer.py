"""Signs a clip's manifest with a key that stays in KMS."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import c2pa
from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from cloud import telemetry
from cloud.clients import answers, client
from provenance import verification
from sign_video import manifest
from story.errors import DependencyUnavailable, EnlivenError, SigningFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloud.certificates import Identity

logger = Logger(service="sign_video")

#: KMS hashes a message of up to this many bytes itself; of a longer one it takes the digest.
MAX_RAW_BYTES = 4_096
#: A time stamp takes a public authority a second or less; the library itself would wait for ever.
TIME_STAMP_SECONDS = 15.0
_AUTHORITY = "time stamp authority"


@dataclass(frozen=True)
class Pictures:
    """JPEG bytes: what stands for the video, and what it shows of the photo."""

    poster: bytes
    ingredient: bytes


class KmsSigner:
    """Signs by KMS (ECDSA P-256, SHA-256) as the callback that c2pa asks for.

    c2pa reports only that its callback failed; `failure` keeps why. `signed` tells whether it was
    what comes after the signature, the time stamp, that failed.
    """

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        self.failure: EnlivenError | None = None
        self.signed = False

    def __call__(self, message: bytes) -> bytes:
        """The DER signature of a message. Raises what the tree calls the failure of KMS."""
        try:
            signature = self._sign(message)
        except EnlivenError as error:
            self.failure = error
            raise
        self.signed = True
        return signature

    def _sign(self, message: bytes) -> bytes:
        raw = len(message) <= MAX_RAW_BYTES
        try:
            with answers("KMS"):
                signature: bytes = client("kms").sign(
                    KeyId=self.key_id,
                    SigningAlgorithm="ECDSA_SHA_256",
                    MessageType="RAW" if raw else "DIGEST",
                    Message=message if raw else hashlib.sha256(message).digest(),
                )["Signature"]
        except (ClientError, BotoCoreError) as error:
            raise SigningFailed(f"KMS did not sign with key {self.key_id}: {error}") from error
        return signature


def sign(
    clip: bytes,
    pictures: Pictures,
    story: manifest.Story,
    identity: Identity,
    *,
    authorities: Sequence[str] = (),
    seconds: float = TIME_STAMP_SECONDS,
) -> bytes:
    """The clip with its signed manifest inside.

    authorities: URLs of RFC 3161 time stamp authorities, of which the first that answers within
    `seconds` states when; each is asked only if those before it failed. None: nobody states it.
    Raises SigningFailed, or DependencyThrottled or DependencyUnavailable if KMS or all of the
    authorities cannot answer now.
    """
    if not authorities:
        return _embed(clip, pictures, story, identity, tsa_url=None)
    failures: list[_NoTimeStamp] = []
    for url in authorities:
        try:
            return _stamped(clip, pictures, story, identity, tsa_url=url, seconds=seconds)
        except _NoTimeStamp as failure:
            telemetry.emit("DependencyFailures", 1, dependency=_AUTHORITY)
            logger.warning("no time stamp", authority=url, reason=str(failure))
            failures.append(failure)
    raise DependencyUnavailable(
        f"No time stamp: {'; '.join(str(failure) for failure in failures)}"
    ) from failures[-1]


class _NoTimeStamp(Exception):
    """An authority gave none; another one may."""


def _stamped(
    clip: bytes,
    pictures: Pictures,
    story: manifest.Story,
    identity: Identity,
    *,
    tsa_url: str,
    seconds: float,
) -> bytes:
    # Native code cannot be interrupted: it has a thread, and when it is late its result is dropped.
    threads = ThreadPoolExecutor(max_workers=1)
    try:
        return threads.submit(_embed, clip, pictures, story, identity, tsa_url=tsa_url).result(
            seconds
        )
    except TimeoutError as error:
        raise _NoTimeStamp(f"{tsa_url} gave no answer within {seconds:g} s") from error
    finally:
        threads.shutdown(wait=False)


def _embed(
    clip: bytes,
    pictures: Pictures,
    story: manifest.Story,
    identity: Identity,
    *,
    tsa_url: str | None,
) -> bytes:
    kms = KmsSigner(identity.key_id)
    settings = verification.settings(identity.anchors) | {
        "builder": {
            "thumbnail": {"enabled": False},
            "created_assertion_labels": list(manifest.CREATED),
        }
    }
    signed = io.BytesIO()
    try:
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Builder(manifest.manifest(story), context=context) as builder,
            c2pa.Signer.from_callback(
                kms, c2pa.C2paSigningAlg.ES256, identity.chain, tsa_url
            ) as signer,
        ):
            builder.add_resource(manifest.POSTER, io.BytesIO(pictures.poster))
            builder.add_resource(manifest.INGREDIENT, io.BytesIO(pictures.ingredient))
            builder.add_ingredient(
                manifest.ingredient(story.photo_credential),
                "image/jpeg",
                io.BytesIO(pictures.ingredient),
            )
            builder.sign(signer, manifest.MEDIA_TYPE, io.BytesIO(clip), signed)
    except c2pa.C2paError as error:
        if kms.failure is not None:
            raise kms.failure from error
        if kms.signed and tsa_url is not None:
            raise _NoTimeStamp(f"{tsa_url} gave no usable time stamp: {error}") from error
        raise SigningFailed(f"The manifest could not be made or embedded: {error}") from error
    return signed.getvalue()
