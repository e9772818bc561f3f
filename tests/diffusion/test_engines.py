"""Each engine's real code path: from packed weights to a clip."""

from collections.abc import Callable
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


def made(engine: DiffusionEngine, direction: Direction, path: Path) -> tuple[np.ndarray, Report]:
    report = engine.generate(read_photo(PHOTO), direction, path, no_progress)
    return decoded(path), report


@pytest.mark.parametrize("name", MODELS)
def test_a_clip_has_the_frames_rate_size_and_sound_that_were_directed(
    engines: Engines, direct: Direct, tmp_path: Path, name: str
) -> None:
    frames, report = made(engines(name), direct(), tmp_path / "clip.mp4")
    assert frames.shape == (24, SIZES["9:16"][1], SIZES["9:16"][0], 3)
    assert (report.frames, report.fps, report.seconds, report.has_sound) == (24, FPS, 3.0, True)
    assert report.engine == miniature(name).engine
    assert report.engine.family == "diffusion"
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        assert clip.streams.video[0].average_rate == FPS
        sound = clip.streams.audio[0]
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
    engines: Engines, direct: Direct, tmp_path: Path, name: str
) -> None:
    told: list[tuple[float, str]] = []
    engines(name).generate(
        read_photo(PHOTO), direct(), tmp_path / "clip.mp4", lambda f, s: told.append((f, s))
    )
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
    frames, _ = made(engines(name), direct(), tmp_path / "again.mp4")
    assert len(frames) == 24


def test_a_clip_of_the_whole_length_is_asked_to_return_where_the_model_can(
    engines: Engines, direct: Direct, tmp_path: Path
) -> None:
    _, whole = made(engines("wan-a14b"), direct(), tmp_path / "a.mp4")
    assert whole.unmet == ()
    _, shorter = made(engines("wan-a14b"), direct(seconds=1.0), tmp_path / "b.mp4")
    assert shorter.frames == FPS
    assert "loop" in shorter.unmet[0]
    _, other = made(engines("wan-5b"), direct(), tmp_path / "c.mp4")
    assert "loop" in other.unmet[0]
    _, unasked = made(engines("wan-5b"), direct(loop=False), tmp_path / "d.mp4")
    assert unasked.unmet == ()


def test_a_last_picture_changes_what_is_drawn(engines: Engines) -> None:
    picture = np.full((96, 96, 3), 90, dtype=np.uint8)
    ends = [
        engines("wan-a14b")
        ._model.draw(Wanted(picture, "x", "", FRAMES, FPS, STEPS, 1, returns), lambda *_: None)
        .frames
        for returns in (False, True)
    ]
    assert not np.array_equal(*ends)


def test_silence_is_silent(engines: Engines, direct: Direct, tmp_path: Path) -> None:
    for name in MODELS:
        _, report = made(engines(name), direct(ambience="silence"), tmp_path / f"{name}.mp4")
        assert not report.has_sound


def test_words_beyond_what_the_model_reads_are_said_to_be_unread(
    engines: Engines, direct: Direct, tmp_path: Path
) -> None:
    _, report = made(engines("wan-5b"), direct(prompt="word " * 150), tmp_path / "clip.mp4")
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
        made(engines("wan-5b"), direct(**change), tmp_path / "clip.mp4")


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
