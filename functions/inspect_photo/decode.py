"""Decode one untrusted photo and rewrite it: the program that `sandbox` runs as a child process.

    python -m inspect_photo.decode FORMAT < upload > answer

It binds itself by limits first and only then reads and decodes. The answer is one line of JSON,
followed by the clean photo's bytes. Exit status 0: clean; 3: refused, the JSON says why. Anything
else means that the decoder was killed or crashed.
"""

import json
import resource
import sys
import warnings
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Final, get_args

from inspect_photo.header import Format
from story.errors import Permanent, PhotoUnreadable

if TYPE_CHECKING:
    from PIL import Image

REFUSED_STATUS: Final = 3
CPU_SECONDS: Final = 15
#: Room for 40 megapixels at 4 bytes each, three times over, and for the decoders themselves.
ADDRESS_SPACE_BYTES: Final = 1_280 * 1024 * 1024
#: The largest answer; a clean photo of 2,048 px a side has less than half.
MAX_ANSWER_BYTES: Final = 24 * 1024 * 1024


def bind_by_limits() -> None:
    """Give up the right to more processor time, memory or output than a photo needs."""
    for kind, limit in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, ADDRESS_SPACE_BYTES),
        (resource.RLIMIT_FSIZE, MAX_ANSWER_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))


def open_photo(source: IO[bytes], kind: Format) -> "Image.Image":
    """Open the photo with the one decoder that its first bytes name; decodes nothing yet."""
    from PIL import Image  # noqa: PLC0415  (only after the limits are set)

    from story.limits import MAX_PHOTO_PIXELS  # noqa: PLC0415  (the same)

    Image.MAX_IMAGE_PIXELS = MAX_PHOTO_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    if kind == "HEIF":
        import pi_heif  # noqa: PLC0415  (10 ms that other formats need not pay)

        pi_heif.register_heif_opener(
            thumbnails=False, aux_images=False, depth_images=False, decode_threads=2
        )
    return Image.open(source, formats=[kind])


def main() -> int:
    """Read standard input, write the answer to standard output; returns the exit status."""
    bind_by_limits()
    kind = next(name for name in get_args(Format) if name == sys.argv[1])
    from inspect_photo.cleaning import clean  # noqa: PLC0415  (after the limits: loads libraries)

    try:
        facts, jpeg = clean(sys.stdin.buffer, kind)
    except Permanent as error:
        answer: dict[str, object] = {"error": type(error).__name__, "message": str(error)}
        status, jpeg = REFUSED_STATUS, b""
    except MemoryError:
        answer = {
            "error": PhotoUnreadable.__name__,
            "message": f"The {kind} photo needs more memory to decode than any photo should",
        }
        status, jpeg = REFUSED_STATUS, b""
    else:
        answer, status = asdict(facts), 0
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + jpeg)
    sys.stdout.buffer.flush()
    return status


if __name__ == "__main__":
    sys.exit(main())
