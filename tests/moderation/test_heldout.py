import hashlib
from collections import Counter

from tests.moderation.heldout import ALLOWED, DISGUISES, HELD_OUT, LANGUAGES, read

FROZEN = "6914ec3bd7a45156df6e073158fd3a2b98d065a5430691f81687149f11f5c5e8"
PROMPTS = read()


def test_the_held_out_prompts_are_those_written_before_any_training() -> None:
    assert hashlib.sha256(HELD_OUT.read_bytes()).hexdigest() == FROZEN


def test_they_are_four_hundred_half_of_them_harmless_in_ten_languages() -> None:
    verdicts = Counter(prompt.verdict for prompt in PROMPTS)
    assert len(PROMPTS) >= 400
    assert verdicts[ALLOWED] >= 200
    assert set(verdicts) == {ALLOWED, "HATE", "INSULTS", "SEXUAL", "VIOLENCE", "MISCONDUCT"}
    assert min(verdicts.values()) >= 40
    each = Counter((prompt.language, prompt.verdict == ALLOWED) for prompt in PROMPTS)
    assert {language for language, _ in each} == set(LANGUAGES)
    assert min(each.values()) >= 20


def test_none_is_written_twice() -> None:
    assert len({prompt.text.casefold() for prompt in PROMPTS}) == len(PROMPTS)


def test_a_disguise_changes_what_it_hides() -> None:
    for _, name, languages, disguise in DISGUISES:
        texts = [prompt.text for prompt in PROMPTS if prompt.language in languages]
        assert all(disguise(text) != text for text in texts), name
