"""The watermark's keys: made by KMS from a key that never leaves it, one for each version.

A version's key is the HMAC of its name under the stack's HMAC_256 key. Whoever learns one version's
key learns nothing of another's, no key is stored anywhere, and rotating is naming a new version:
clips are marked with the first of the live versions and looked through for all of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from cloud.clients import answers, client
from cloud.environment import Environment, load
from story.errors import SettingInvalid, WatermarkKeyMissing
from watermark.pattern import Key

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Each live version is looked for in a clip, which takes time.
MAX_LIVE: Final = 4
_VERSIONS: Final = re.compile(r"[1-9][0-9]{0,3}(,[1-9][0-9]{0,3})*")
_ALGORITHM: Final = "HMAC_SHA_256"
_MESSAGE: Final = "enliven watermark key {version}"


class Settings(Environment):
    """Which KMS key, and the live versions: the one to mark with first, e.g. "3,2"."""

    watermark_key_id: str
    watermark_key_versions: str


def to_mark_with() -> Key:
    """The key of the first live version. Raises WatermarkKeyMissing if KMS does not give it."""
    return next(_keys())


def to_look_for() -> tuple[Key, ...]:
    """The keys of all live versions. Raises WatermarkKeyMissing if KMS does not give one."""
    return tuple(_keys())


def versions(setting: str) -> tuple[int, ...]:
    """The live versions, the one to mark with first. Raises SettingInvalid."""
    live = tuple(int(each) for each in setting.split(",")) if _VERSIONS.fullmatch(setting) else ()
    if not live or len(live) > MAX_LIVE or len(set(live)) < len(live):
        raise SettingInvalid(
            f"WATERMARK_KEY_VERSIONS is {setting!r}: name one to {MAX_LIVE} different versions "
            'from 1 to 9999, the one to mark with first, e.g. "2,1"'
        )
    return live


def _keys() -> Iterator[Key]:
    settings = load(Settings)
    for version in versions(settings.watermark_key_versions):
        yield Key(version, _derived(settings.watermark_key_id, version))


def _derived(key_id: str, version: int) -> bytes:
    try:
        with answers("KMS"):
            answer = client("kms").generate_mac(
                KeyId=key_id,
                Message=_MESSAGE.format(version=version).encode(),
                MacAlgorithm=_ALGORITHM,
            )
    except ClientError as error:
        raise WatermarkKeyMissing(
            f"KMS makes no version {version} of the watermark's key with {key_id}: {error}. It has "
            "to be an enabled HMAC_256 key with which this function may GenerateMac; without it no "
            "clip is published"
        ) from error
    mac: bytes = answer["Mac"]
    return mac
