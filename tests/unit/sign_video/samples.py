"""What these tests say of their clip."""

from story.fingerprints import Fingerprints

FINGERPRINTS = Fingerprints(
    pdq=tuple(f"{number:x}" * 64 for number in range(6)), iscc="ISCC:EMDQ" + "A" * 51
)
