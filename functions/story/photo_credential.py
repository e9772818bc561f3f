"""What is kept of the Content Credentials that a photo came with: a statement, never their bytes.

A photo's manifest carries what a story must not: a picture of the whole photo, the place, names,
the history before. Taking them out breaks its signature for most verifiers. So nothing of it goes
on; the video's own credential says what was found, in words of ours.
"""

from typing import Annotated, Final, Literal, get_args

from pydantic import Field, StringConstraints

from story.generation import Contract

#: IPTC NewsCodes, http://cv.iptc.org/newscodes/digitalsourcetype/.
SourceType = Literal[
    "algorithmicMedia",
    "algorithmicallyEnhanced",
    "composite",
    "compositeCapture",
    "compositeSynthetic",
    "compositeWithTrainedAlgorithmicMedia",
    "computationalCapture",
    "dataDrivenMedia",
    "digitalCapture",
    "digitalCreation",
    "humanEdits",
    "screenCapture",
    "trainedAlgorithmicMedia",
    "virtualRecording",
]
SOURCE_TYPES: Final[tuple[SourceType, ...]] = get_args(SourceType)
MAX_FAILURES: Final = 4

#: A manifest's label: the file's own, so only its form lets it into what we sign.
ManifestId = Annotated[
    str,
    StringConstraints(pattern=r"^([a-z0-9.-]{1,32}:)?urn:(c2pa|uuid):[0-9A-Fa-f-]{36}$"),
]
#: The code of a check, as C2PA's specification lists them.
FailureCode = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z-]{1,40}(\.[A-Za-z-]{1,40}){1,4}$")
]

#: "absent": none was found. "held": they were intact, and the creator wants that said. "unsaid":
#: they were intact, and the creator has not asked for it. "broken": they were tampered with, or the
#: photo was. "unreadable": there is something, and it could not be read.
Found = Literal["absent", "held", "unsaid", "broken", "unreadable"]


class PhotoCredential(Contract):
    """What was found in a photo. Only of "held" is there an id, only of "broken" a failure."""

    found: Found
    manifest_id: ManifestId | None = None
    source_type: SourceType | None = None
    failures: Annotated[tuple[FailureCode, ...], Field(max_length=MAX_FAILURES)] = ()

    @property
    def statement(self) -> str | None:
        """What the video's credential says of it; None if it says nothing."""
        if self.found == "held":
            return (
                "The photo had Content Credentials of its own, which held"
                f"{self._kept}. Who signed them was not checked; nothing else of them is kept."
            )
        if self.found == "broken":
            why = f" ({', '.join(self.failures)})" if self.failures else ""
            return f"The photo had Content Credentials of its own, which did not hold{why}."
        if self.found == "unreadable":
            return "The photo had Content Credentials of its own, which could not be read."
        return None

    @property
    def _kept(self) -> str:
        named = "" if self.manifest_id is None else f": {self.manifest_id}"
        made = "" if self.source_type is None else f", which calls it {self.source_type}"
        return named + made
