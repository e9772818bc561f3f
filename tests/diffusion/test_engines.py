"""Each engine's real code path: from packed weights to a clip."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest

from model_endpoint.engines.diffusion.engine import DiffusionEngine
from model_endpoint.engines.diffusion.loading import load
from model_endpoint.engines.diffusion.model import Wanted
from model_endpoint.engines.diffusion.schedule import EvenSchedule
from model_endpoint.engines.protocol import no_progress
from model_endpoint.photo import read_photo
from story.errors import GenerationFailed
from story.generation import Direction, Report
from tests.diffusion.miniature import FPS, FRAMES, MODELS, PHOTO, SIZES, STEPS, miniature

Direct = Callable[..., Direction]
Engines = Callable[[str], DiffusionEngine]


@pytest.fixture(scope="module")
def engines(packed: Callable[[str], Path]) -> Engines:
    @cache
    def loaded(name: str) -> DiffusionEngine:
        return DiffusionEngine(miniature(name), packed(name))

    return loaded


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as clip:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)])


@dataclass(frozen=True)
class Made:
    """A clip, what its engine reported, and what it told on the way."""

    path: Path
    report: Report
    told: list[tuple[float, str]]


@pytest.fixture(scope="module")
def made(
    engines: Engines, direct: Direct, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Made]:
    """The clip that a model makes of a direction; drawn once, for every test that asks for it."""

    @cache
    def clip(name: str, **changes: object) -> Made:
        path = tmp_path_factory.mktemp("clips") / "clip.mp4"
        told: list[tuple[float, str]] = []
        report = engines(name).generate(
            read_photo(PHOTO), direct(**changes), path, lambda f, s: told.append((f, s))
        )
        return Made(path, report, told)

    return clip


@pytest.mark.parametrize("name", MODELS)
def test_a_clip_has_the_frames_rate_size_and_sound_that_were_directed(
    made: Callable[..., Made], name: str
) -> None:
    clip = made(name)
    report = clip.report
    assert decoded(clip.path).shape == (24, SIZES["9:16"][1], SIZES["9:16"][0], 3)
    assert (report.frames, report.fps, report.seconds, report.has_sound) == (24, FPS, 3.0, True)
    assert report.engine == miniature(name).engine
    assert report.engine.family == "diffusion"
    with av.open(str(clip.path)) as opened:
        assert opened.streams.video[0].average_rate == FPS
        sound = opened.streams.audio[0]
        assert (sound.codec_context.sample_rate, sound.codec_context.channels) == (48_000, 2)
        assert sound.duration is not None
        assert sound.time_base is not None
        assert float(sound.duration * sound.time_base) == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("name", MODELS)
def test_a_seed_means_one_clip_and_another_seed_another(engines: Engines, name: str) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (96, 96, 3), dtype=np.uint8)

    def drawn(seed: int) -> np.ndarray:
        wanted = Wanted(picture, "a cup", "frozen", FRAMES, FPS, STEPS, seed, returns=False)
        return engines(name)._model.draw(wanted, lambda _done, _of: None).frames

    first = drawn(1)
    assert first.shape == (FRAMES, 96, 96, 3)
    assert np.array_equal(first, drawn(1))
    assert not np.array_equal(first, drawn(2))


@pytest.mark.parametrize("name", MODELS)
def test_the_words_change_what_is_drawn(engines: Engines, name: str) -> None:
    picture = np.full((96, 96, 3), 90, dtype=np.uint8)

    def drawn(prompt: str) -> np.ndarray:
        wanted = Wanted(picture, prompt, "", FRAMES, FPS, STEPS, 1, returns=False)
        return engines(name)._model.draw(wanted, lambda _done, _of: None).frames

    assert not np.array_equal(drawn("a cup"), drawn("snow falls on mountains"))


@pytest.mark.parametrize("name", MODELS)
def test_progress_never_falls_and_counts_the_models_steps(
    made: Callable[..., Made], name: str
) -> None:
    told = made(name).told
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    assert [stage for _, stage in told].count("model") == 1 + STEPS
    assert {stage for _, stage in told} == {"scene", "model", "encode"}


@pytest.mark.parametrize("name", MODELS)
def test_what_progress_raises_ends_the_clip_at_that_step(
    engines: Engines, direct: Direct, tmp_path: Path, name: str
) -> None:
    steps = 0

    def stop(_fraction: float, stage: str) -> None:
        nonlocal steps
        steps += stage == "model"
        if steps == 2:
            raise GenerationFailed("called off")

    with pytest.raises(GenerationFailed, match="called off"):
        engines(name).generate(read_photo(PHOTO), direct(), tmp_path / "clip.mp4", stop)
    assert steps == 2
    picture = np.full((96, 96, 3), 90, dtype=np.uint8)
    wanted = Wanted(picture, "x", "", FRAMES, FPS, STEPS, 1, returns=False)
    assert len(engines(name)._draw(wanted, lambda _done, _of: None).frames) == FRAMES


#: Each is asked about its length or loop, and about its sound.
SHORT = {"seconds": 1.0, "ambience": "silence"}
ONE_WAY = {"loop": False, "ambience": "silence"}


def test_a_clip_of_the_whole_length_is_asked_to_return_where_the_model_can(
    made: Callable[..., Made],
) -> None:
    assert made("wan-a14b").report.unmet == ()
    shorter = made("wan-a14b", **SHORT).report
    assert shorter.frames == FPS
    assert "loop" in shorter.unmet[0]
    assert "loop" in made("wan-5b").report.unmet[0]
    assert made("wan-5b", **ONE_WAY).report.unmet == ()


def test_a_last_picture_changes_what_is_drawn(engines: Engines) -> None:
    picture = np.full((96, 96, 3), 90, dtype=np.uint8)
    ends = [
        engines("wan-a14b")
        ._model.draw(Wanted(picture, "x", "", FRAMES, FPS, STEPS, 1, returns), lambda *_: None)
        .frames
        for returns in (False, True)
    ]
    assert not np.array_equal(*ends)


def test_silence_is_silent(made: Callable[..., Made]) -> None:
    for name, changes in (("wan-a14b", SHORT), ("wan-5b", ONE_WAY)):
        clip = made(name, **changes)
        assert not clip.report.has_sound
        with av.open(str(clip.path)) as opened:
            assert not opened.streams.audio


def test_words_beyond_what_the_model_reads_are_said_to_be_unread(
    made: Callable[..., Made],
) -> None:
    report = made("wan-5b", prompt="word " * 150).report
    assert any("tokens of the prompt" in said for said in report.unmet)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seconds": 4.0}, "at most 3.0 s"),
        ({"fps": 24}, r"makes \(8,\)"),
        ({"width": 720, "height": 1280}, "720 by 1280 px"),
    ],
)
def test_what_the_card_does_not_offer_is_refused_and_never_stretched(
    engines: Engines, direct: Direct, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    with pytest.raises(GenerationFailed, match=said):
        engines("wan-5b").generate(
            read_photo(PHOTO), direct(**change), tmp_path / "clip.mp4", no_progress
        )


def test_the_distilled_model_takes_the_steps_that_it_was_trained_on() -> None:
    schedule = EvenSchedule(num_train_timesteps=1000, shift=5.0)
    schedule.set_timesteps(4, device="cpu")
    assert schedule.timesteps.tolist() == pytest.approx([1000, 937.5, 833.333, 625], abs=0.01)
    assert schedule.sigmas.tolist()[-1] == 0.0


def test_adapters_are_folded_into_both_transformers(packed: Callable[[str], Path]) -> None:
    described = miniature("wan-a14b")
    assert described.trained is not None
    plain = described.trained.weights.model_copy(
        update={
            "adapters": tuple(
                each.model_copy(update={"strength": 0.0})
                for each in described.trained.weights.adapters
            )
        }
    )
    without = described.model_copy(
        update={"trained": described.trained.model_copy(update={"weights": plain})}
    )
    folder = packed("wan-a14b")
    with_them, bare = load(folder, described), load(folder, without)
    for name in ("transformer", "transformer_2"):
        one, other = (
            getattr(model._painter, name).blocks[0].attn1.to_q.weight.float()
            for model in (with_them, bare)
        )
        assert float((one - other).abs().max()) > 0.01
        assert "lora" not in " ".join(dict(getattr(with_them._painter, name).named_parameters()))
