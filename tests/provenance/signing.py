"""Signing as SignVideo does it, with a key of moto's KMS: what its own code takes is measured."""

from __future__ import annotations

import io
import os
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import av
from moto import mock_aws

from cloud.certificates import Identity
from cloud.clients import client
from fingerprints.clip import of_clip
from label_video import stills
from local import certificates
from provenance import publishing
from sign_video import manifest, signer
from story import labels
from story.generation import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from story.generation import EngineName

_WHOLE = Box(left=0.0, top=0.0, width=1.0, height=1.0)


@contextmanager
def signs(engine: EngineName, video: bytes) -> Iterator[Callable[[], bytes]]:
    """A function that signs a labelled clip, and has both verifiers accept it, again and again."""
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with av.open(io.BytesIO(video)) as container:
        poster = stills.poster(next(container.decode(video=0)).to_ndarray(format="rgb24"))
    pictures = signer.Pictures(poster, stills.ingredient(poster, _WHOLE))
    iscc = of_clip(video).iscc
    with mock_aws():
        made = client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        key_id = made["KeyMetadata"]["KeyId"]
        public_key = client("kms").get_public_key(KeyId=key_id)["PublicKey"]
        chain = certificates.issue(public_key, datetime.now(UTC))
        identity = Identity(key_id, chain.chain, chain.root)

        def sign() -> bytes:
            story = manifest.Story(
                instance_id=f"xmp:iid:{uuid.uuid4()}",
                made_at="2026-11-26T00:00:00.000Z",
                engine=engine,
                label=labels.for_engine(engine),
                language=labels.DEFAULT_LANGUAGE,
                iscc=iscc,
            )
            signed = signer.sign(video, pictures, story, identity)
            publishing.check(
                signed, manifest.MEDIA_TYPE, story.instance_id, chain.root, stamped=False
            )
            return signed

        yield sign
