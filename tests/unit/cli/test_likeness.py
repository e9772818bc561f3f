"""Whether what a replay made is what the story had."""

import hashlib

from cli.likeness import Read, compare
from story.identifiers import new_replay_id, new_story_id

SCRATCH, STORY = new_replay_id(), new_story_id()
IDS = (SCRATCH, STORY)


def reference(story_id: str, body: bytes, name: str = "clip.mp4") -> dict[str, object]:
    return {
        "bucket": "work",
        "key": f"work/{story_id}/1/{name}",
        "sha256": hashlib.sha256(body).hexdigest(),
        "size": len(body),
    }


def held(body: bytes) -> Read:
    return lambda *_: body


def test_bytes_that_hold_the_scratch_storys_id_are_read_as_the_storys() -> None:
    now, then = f"made for {SCRATCH}".encode(), f"made for {STORY}".encode()
    found = compare(reference(SCRATCH, now), reference(STORY, then), IDS, held(now))
    assert found == "same"


def test_other_bytes_differ() -> None:
    found = compare(reference(SCRATCH, b"a"), reference(STORY, b"b"), IDS, held(b"a"))
    assert found == "differs"


def test_another_number_of_objects_differs() -> None:
    one = reference(SCRATCH, b"a")
    assert compare([one], [reference(STORY, b"a")] * 2, IDS, held(b"a")) == "differs"
    assert compare([one, one], [reference(STORY, b"a")] * 2, IDS, held(b"a")) == "same"


def test_what_has_no_digest_cannot_be_compared() -> None:
    result = {"bucket": "work", "key": "results/1.out"}
    assert compare(result, {"bucket": "work", "key": "results/0.out"}, IDS, held(b"")) == "unknown"
    assert compare(result, None, IDS, held(b"")) == "unknown"


def test_values_are_compared_as_they_are() -> None:
    assert compare({"a": [1.5, SCRATCH]}, {"a": [1.5, STORY]}, IDS, held(b"")) == "same"
    assert compare("allow", "reject", IDS, held(b"")) == "differs"
