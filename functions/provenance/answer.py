"""The answer that a credential alone gives, where no stack is asked for marks and looks: pure."""

from typing import Final, Literal

from provenance.reading import Examined, Fault, Verdict
from story.generation import Contract

Alone = Literal["verified", "invalid", "unknown"]

_ANSWERS: Final[dict[Verdict, Alone]] = {
    "trusted": "verified",
    # Whoever gave no anchors has not asked who signed it.
    "valid": "unknown",
    "untrusted": "unknown",
    "invalid": "invalid",
    "absent": "unknown",
    "unreadable": "unknown",
}
#: What is invalid has a sentence by its fault.
_SENTENCES: Final[dict[Verdict, str]] = {
    "trusted": "It has not been changed since a signer whom you trust signed it.",
    "valid": "It has not been changed since it was signed; who signed it was not checked, since no"
    " anchors were given.",
    "untrusted": "It has not been changed since it was signed, by a signer whom your anchors do not"
    " name.",
    "absent": "It carries no Content Credentials. Many services remove them; a hidden mark may have"
    " survived, which only a stack can look for.",
    "unreadable": "It could not be read for Content Credentials.",
}
#: The same of what does not hold, by why that is so.
_FAULTS: Final[dict[Fault, str]] = {
    "changed": "Its Content Credentials do not hold: it is not what was signed.",
    "parts": "It has not been changed since it was signed, but the Content Credentials of something"
    " that it was made from do not hold.",
    "unsound": "Its Content Credentials cannot be relied on. Whether it was changed, that does not"
    " say.",
}


class Said(Contract):
    """What a file's credential says of it: never more than that."""

    answer: Alone
    sentence: str
    verdict: Verdict
    credential: Examined


def of_verdict(verdict: Verdict) -> Alone:
    """The answer of a credential that is worth so much."""
    return _ANSWERS[verdict]


def of_credential(examined: Examined) -> Said:
    """The answer of one credential."""
    fault = examined.fault
    sentence = _SENTENCES[examined.verdict] if fault is None else _FAULTS[fault]
    return Said(
        answer=of_verdict(examined.verdict),
        sentence=sentence,
        verdict=examined.verdict,
        credential=examined,
    )
