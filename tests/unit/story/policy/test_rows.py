"""The files of the policy: what they decide, and what is said of one that is wrong."""

import re
import shutil
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from local import policy as command
from story import policy
from story.errors import PolicyInvalid
from story.policy import rows

ROOT = Path(__file__).resolve().parents[4]
PICTURES = ("photo", "video", "posting")
WITH_WORDS = (("photo", "text"), ("words", "words"), ("video", "text"), ("posting", "words"))
EVERY_ROW = [
    (gate, section, name, row)
    for gate in rows.SECTIONS
    for section, found in policy.gate(gate).rows.items()
    for name, row in found.items()
]


@pytest.mark.parametrize("gate", PICTURES)
def test_both_upper_levels_of_the_taxonomy_are_decided_at_every_gate_of_pictures(gate: str) -> None:
    second = {name for below in rows.TAXONOMY.values() for name in below}
    assert (len(rows.TAXONOMY), len(second)) == (10, 20)
    assert policy.gate(gate).rows["labels"].keys() == {*rows.TAXONOMY, *second, rows.UNKNOWN}
    for top, below in rows.TAXONOMY.items():
        assert {policy.gate(gate).rows["labels"][name].category for name in (top, *below)} == {top}


@pytest.mark.parametrize(("gate", "section"), WITH_WORDS)
def test_every_filter_of_the_guardrail_is_decided_at_every_gate_of_words(
    gate: str, section: str
) -> None:
    found = policy.gate(gate).rows[section]
    assert found.keys() == {*rows.FILTERS, rows.UNKNOWN}
    assert found["PROMPT_ATTACK"].off
    assert all(found[name].limits.reject for name in rows.FILTERS if name != "PROMPT_ATTACK")


def test_the_template_asks_the_guardrail_for_what_the_policy_rejects() -> None:
    template = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))
    filters = template["Resources"]["Guardrail"]["Properties"]["ContentPolicyConfig"]
    strength = {each["Type"]: each["InputStrength"] for each in filters["FiltersConfig"]}
    decided = {name for name in rows.FILTERS if not policy.gate("words").rows["words"][name].off}
    assert strength.keys() == decided
    # The strength HIGH blocks from the confidence LOW on, and the other way round.
    least = {
        "HIGH": rows.LEVELS["LOW"],
        "MEDIUM": rows.LEVELS["MEDIUM"],
        "LOW": rows.LEVELS["HIGH"],
    }
    for gate, section in WITH_WORDS:
        for name, given in strength.items():
            assert policy.gate(gate).rows[section][name].limits.reject == least[given], (gate, name)


@pytest.mark.parametrize(("gate", "section", "name", "row"), EVERY_ROW)
def test_a_row_is_named_by_its_place_and_tells_whom_it_stops(
    gate: str, section: str, name: str, row: rows.Row
) -> None:
    assert row.id.startswith(f"{gate}/")
    assert row.id.rpartition("/")[2] == name
    assert section in {"labels", "words"} or f"/{section}/" in row.id
    every = (row.limits, row.minor, row.new)
    decides = any(limit is not None for limits in every for limit in limits)
    assert bool(row.told) == decides
    assert bool(row.age) == any(limits.restrict is not None for limits in every)


@pytest.mark.parametrize(("gate", "section", "name", "row"), EVERY_ROW)
def test_whatever_applies_makes_a_row_stricter_and_never_laxer(
    gate: str, section: str, name: str, row: rows.Row
) -> None:
    for minor in (False, True):
        for new in (False, True):
            found = row.limits_for(minor=minor, new=new)
            for limit, own in zip(found, row.limits, strict=True):
                assert own is None or (limit is not None and limit <= own), (gate, section, name)
            if found.reject is not None and found.review is not None:
                assert found.review < found.reject, (gate, section, name)


def test_what_a_photo_did_not_have_is_rejected_earlier_in_its_video() -> None:
    for name, row in policy.gate("video").rows["labels"].items():
        if row.limits.reject is not None:
            new = row.limits_for(new=True).reject
            assert new is not None, name
            assert new < row.limits.reject, name


def test_what_others_are_shown_is_judged_no_laxer_than_a_photo() -> None:
    for name, posted in policy.gate("posting").rows["labels"].items():
        kept = policy.gate("photo").rows["labels"][name]
        assert posted.limits_for() == posted.limits_for().stricter(kept.limits_for()), name


def _changed(tmp_path: Path, file: str, old: str, new: str) -> Path:
    folder = tmp_path / "policy"
    folder.mkdir()
    for path in rows.FOLDER.glob("*.toml"):
        shutil.copy(path, folder)
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text, f"{file} has no {old!r} to be changed"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return folder


WRONG = [
    (
        "photo.toml",
        "reject = 60",
        "reject = 160",
        "labels Explicit, reject: 160; it must be a conf",
    ),
    (
        "photo.toml",
        "reject = 60",
        "reject = true",
        "labels Explicit, reject: True; it must be a con",
    ),
    (
        "photo.toml",
        "reject = 60",
        'reject = "60"',
        "labels Explicit, reject: '60'; it must be a con",
    ),
    (
        "photo.toml",
        "reject = 60",
        "reject = nan",
        "labels Explicit, reject: nan; it must be a conf",
    ),
    (
        "photo.toml",
        "review = 40",
        "review = 60",
        "labels Explicit, review: 60; a review begins bel",
    ),
    ("photo.toml", "review = 40", "revue = 40", "labels Explicit: 'revue'; a row has age, "),
    (
        "photo.toml",
        "minor = { reject = 40, review = 25 }",
        "minor = { reject = 70 }",
        "labels Explicit, minor: 70; it must be below the row's own reject, 60 %",
    ),
    (
        "photo.toml",
        "minor = { reject = 40, review = 25 }",
        "minor = 4",
        "labels Explicit, minor: 4; it must be a table with some of reject, review, restrict",
    ),
    (
        "photo.toml",
        "minor = { reject = 40, review = 25 }",
        "new = { reject = 40 }",
        "only a video can show what its photo did not",
    ),
    ("photo.toml", "age = 18", "age = 180", "age: 180; where `restrict` is set it must be a whole"),
    ("photo.toml", "age = 18", "", "age: None; where `restrict` is set it must be a whole age"),
    (
        "photo.toml",
        "reject = 60",
        "reject = 60\nage = 18",
        "age: 18; the row has no `restrict`: le",
    ),
    (
        "photo.toml",
        'told = "It seems to show explicit nudity or sexual activity."',
        "",
        "labels Explicit, told: None; it must be a sentence for the creator",
    ),
    (
        "photo.toml",
        'told = "It seems to show nudity."',
        'told = "nudity"',
        "told: 'nudity'; it mus",
    ),
    (
        "photo.toml",
        '[labels."Hate Symbols/Extremist"]',
        '[labels."Hate Symbols/Extremists"]',
        "labels: 'Hate Symbols/Extremists'; the rows that exist are ",
    ),
    (
        "photo.toml",
        "line_percent = 60",
        "line_percent = 600",
        "reading, line_percent: 600; it must",
    ),
    (
        "photo.toml",
        "distance_bits = 31",
        "distance_bits = 64",
        "blocked, distance_bits: 64; it mus",
    ),
    ("photo.toml", "below_years = 18", "", "minor: []; 'below_years' is missing"),
    (
        "photo.toml",
        "[minor]",
        "[minors]",
        "the file: 'minors'; the sections that exist are labels, ",
    ),
    (
        "words.toml",
        'reject = "MEDIUM"',
        'reject = "SOME"',
        "words HATE, reject: 'SOME'; it must be ",
    ),
    (
        "words.toml",
        'reject = "MEDIUM"',
        "reject = 60",
        "words HATE, reject: 60; it must be one of ",
    ),
    (
        "words.toml",
        "off = true",
        'off = true\nreject = "LOW"',
        "words PROMPT_ATTACK: {'off': True,",
    ),
    (
        "words.toml",
        "[words.HATE]",
        "[words.HATRED]",
        "words: 'HATRED'; the rows that exist are HATE",
    ),
    ("words.toml", "[words.HATE]", "[words", "words.toml is not TOML: "),
    (
        "policy.toml",
        '"2026-11-3"',
        '"latest"',
        "policy.toml, version: 'latest'; it must be a text ",
    ),
    ("policy.toml", "models", "model", "policy.toml, the file: 'model'; the keys that exist are "),
    ("policy.toml", '["7.0", ', "[7.0, ", "policy.toml, models: [7.0, "),
]


@pytest.mark.parametrize(("file", "old", "new", "said"), WRONG)
def test_an_error_names_the_file_the_row_the_value_and_what_would_be_right(
    tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    with pytest.raises(PolicyInvalid) as raised:
        rows.load(_changed(tmp_path, file, old, new))
    assert str(raised.value).startswith(file)
    assert said in str(raised.value)


def test_a_row_that_is_left_out_is_an_error_and_not_a_pass(tmp_path: Path) -> None:
    text = (rows.FOLDER / "video.toml").read_text("utf-8")
    (row,) = re.findall(r"\[labels\.Gambling\][^\[]+", text)
    with pytest.raises(PolicyInvalid, match=r"video\.toml, labels.*'Gambling' is missing"):
        rows.load(_changed(tmp_path, "video.toml", row, ""))


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    folder = _changed(tmp_path, "words.toml", "words", "words")
    (folder / "video.toml").unlink()
    with pytest.raises(PolicyInvalid, match=r"video\.toml cannot be read: No such file"):
        rows.load(folder)


def test_no_change_goes_by_the_same_version(tmp_path: Path) -> None:
    changed = rows.load(_changed(tmp_path, "photo.toml", "reject = 60", "reject = 61"))
    assert changed.version != policy.version()
    assert changed.version.partition("+")[0] == policy.version().partition("+")[0]


def test_the_policy_is_for_the_models_that_it_names_and_no_other() -> None:
    assert policy.is_for(["bedrock guardrails", "rekognition moderation 7.0"])
    assert not policy.is_for(["rekognition moderation 7.0", "rekognition moderation 6.1"])
    assert not policy.is_for(["rekognition moderation"])
    assert not policy.is_for(["bedrock guardrails"]), "nothing is known of the pictures"
    assert not policy.is_for([])


def test_the_check_of_the_build_says_what_is_wrong_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([]) == 0
    assert policy.version() in capsys.readouterr().out
    folder = _changed(tmp_path, "photo.toml", "reject = 60", "reject = 160")
    assert command.main([str(folder)]) == 1
    assert "photo.toml, labels Explicit, reject: 160" in capsys.readouterr().err
