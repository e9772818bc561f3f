"""The picture that a Rekognition request names, within Rekognition's limits."""

import base64
import binascii
import io
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from botocore.exceptions import ClientError
from PIL import Image

from local.standins.wire import Refusal

Rgb = npt.NDArray[np.uint8]

MAX_S3_BYTES = 15 * 1024 * 1024
MAX_INLINE_BYTES = 5 * 1024 * 1024
MAX_SIDE_PX = 10_000
#: JPEGs are decoded at a reduced scale; no model here looks at more.
_WORKING_SIDE_PX = 1_024


def load(image: Any, s3: Any) -> Rgb:
    """The `Image` of a request as (H, W, 3) uint8 RGB, at most 1,024 px a side.

    Raises Refusal with Rekognition's names: InvalidS3ObjectException, ImageTooLargeException,
    InvalidImageFormatException, InvalidParameterException.
    """
    if not isinstance(image, dict) or ("S3Object" in image) == ("Bytes" in image):
        raise Refusal("InvalidParameterException", "Image must have S3Object or Bytes, and one")
    if "S3Object" in image:
        return decode(_from_s3(image["S3Object"], s3), MAX_S3_BYTES)
    try:
        content = base64.b64decode(image["Bytes"], validate=True)
    except (TypeError, binascii.Error) as error:
        raise Refusal("SerializationException", f"Image.Bytes is not Base64: {error}") from error
    return decode(content, MAX_INLINE_BYTES)


def decode(content: bytes, limit_bytes: int) -> Rgb:
    """A JPEG or PNG as (H, W, 3) uint8 RGB, at most 1,024 px a side."""
    if len(content) > limit_bytes:
        raise Refusal(
            "ImageTooLargeException", f"{len(content)} bytes; at most {limit_bytes} are taken"
        )
    try:
        # A bomb warns when it is opened; the limit below is the one that decides.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture: Image.Image = Image.open(io.BytesIO(content), formats=("JPEG", "PNG"))
        if max(picture.size) > MAX_SIDE_PX:
            raise Refusal(
                "ImageTooLargeException",
                f"{picture.width} by {picture.height} px; at most {MAX_SIDE_PX} px a side",
            )
        picture.draft("RGB", (_WORKING_SIDE_PX, _WORKING_SIDE_PX))
        picture = picture.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Refusal("InvalidImageFormatException", "Request has invalid image format") from error
    picture.thumbnail((_WORKING_SIDE_PX, _WORKING_SIDE_PX))
    return np.asarray(picture)


def _from_s3(reference: Any, s3: Any) -> bytes:
    try:
        bucket, key = reference["Bucket"], reference["Name"]
    except (TypeError, KeyError) as error:
        raise Refusal(
            "InvalidParameterException", "Image.S3Object must have Bucket and Name"
        ) from error
    version = {"VersionId": reference["Version"]} if "Version" in reference else {}
    try:
        found = s3.get_object(Bucket=bucket, Key=key, **version)
        # One byte more than is allowed tells the size's refusal without reading the rest.
        content: bytes = found["Body"].read(MAX_S3_BYTES + 1)
    except ClientError as error:
        raise Refusal(
            "InvalidS3ObjectException",
            "Unable to get object metadata from S3. Check object key, region and/or access "
            f"permissions: s3://{bucket}/{key}: {error.response['Error']['Code']}",
        ) from error
    return content
