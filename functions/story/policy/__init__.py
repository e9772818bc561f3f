"""The policy: from what providers say to a verdict that can be explained, by rows in TOML.

rows      the files, read and checked    labels    moderation labels of pictures
verdicts  findings and decisions         words     what Guardrails says of texts
                                         people    faces, consent, public figures, block lists
"""

from story.policy.labels import judge_again, judge_labels
from story.policy.people import (
    Face,
    Seen,
    judge_blocked,
    judge_consent,
    judge_figures,
    note_minors,
    read_faces,
    read_lines,
    who_is_there,
)
from story.policy.rows import gate, is_for, version
from story.policy.verdicts import (
    ILLEGAL,
    Finding,
    Reason,
    Restriction,
    Verdict,
    join,
    overridden,
    strictest,
)
from story.policy.words import judge_words

__all__ = [
    "ILLEGAL",
    "Face",
    "Finding",
    "Reason",
    "Restriction",
    "Seen",
    "Verdict",
    "gate",
    "is_for",
    "join",
    "judge_again",
    "judge_blocked",
    "judge_consent",
    "judge_figures",
    "judge_labels",
    "judge_words",
    "note_minors",
    "overridden",
    "read_faces",
    "read_lines",
    "strictest",
    "version",
    "who_is_there",
]
