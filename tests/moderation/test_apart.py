"""What is measured on was not learned from."""

import re
import unicodedata

from local.standins.phrases import read_phrases
from local.standins.training import kept
from local.standins.words import WordJudge
from tests.moderation.heldout import read

TOO_NEAR = 0.95


def normal(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", " ", folded).strip()


def test_no_phrase_is_a_held_out_prompt() -> None:
    learned = {normal(phrase.text) for phrase in read_phrases()}
    assert learned.isdisjoint(normal(prompt.text) for prompt in read())


def test_no_phrase_is_near_a_held_out_prompt() -> None:
    prompts = [prompt.text for prompt in read()]
    near = WordJudge().embed(prompts) @ kept().T
    phrases = read_phrases()
    pairs = [
        (prompts[at], phrases[index].text)
        for at, index in enumerate(near.argmax(axis=1))
        if near[at, index] > TOO_NEAR
    ]
    assert pairs == []


def test_translations_of_a_prompt_share_a_group() -> None:
    groups: dict[str, set[str]] = {}
    for prompt in read():
        groups.setdefault(prompt.group, set()).add(prompt.verdict)
    assert all(len(verdicts) == 1 for verdicts in groups.values())
