"""What LTX-2 alone has: listed steps, parts that are left out, a licence, and no voice."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from accelerate.hooks import CpuOffload
from safetensors.torch import load_file, save_file

from local.tiny import NO_COMMIT
from model_endpoint.engines.diffusion.engine import DiffusionEngine
from model_endpoint.engines.diffusion.loading import load
from model_endpoint.engines.diffusion.model import Stepped, Wanted
from model_endpoint.manifest import WeightsRefused, pack
from model_endpoint.serve import Endpoint
from model_endpoint.stop import Stop
from story.cards import card
from story.generation import Direction, Report
from tests.diffusion.miniature import FPS, FRAMES, accepted, miniature, request

REVISIONS = {"Lightricks/LTX-2.5-Diffusers": NO_COMMIT}
VAE = "model/vae/diffusion_pytorch_model.safetensors"
TEXT = "model/text_encoder/model.safetensors"


@pytest.fixture
def folder(packed: Callable[[str], Path], tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(packed("ltx-2"), tmp_path / "weights"))


@pytest.fixture(scope="module")
def model(packed: Callable[[str], Path]) -> Any:
    return load(packed("ltx-2"), miniature("ltx-2"))


def repack(folder: Path) -> None:
    described = miniature("ltx-2")
    pack(folder, described, REVISIONS, accepted(described))


def drawn(model: Any, steps: int, stepped: Stepped = lambda *_: None) -> np.ndarray:
    picture = np.full((96, 96, 3), 90, dtype=np.uint8)
    wanted = Wanted(picture, "a cup", "frozen", FRAMES, FPS, steps, 1, returns=False)
    frames: np.ndarray = model.draw(wanted, stepped).frames
    return frames


def test_the_listed_steps_are_taken_unbent_one_look_of_the_transformer_each(
    packed: Callable[[str], Path],
) -> None:
    real = card("ltx-2").trained
    assert real is not None
    small = miniature("ltx-2")
    model: Any = load(packed("ltx-2"), small.model_copy(update={"trained": real}))
    looks: list[int] = []
    hook = model._pipeline.transformer.register_forward_hook(
        lambda _part, _given, made: looks.append(made[0].shape[0])
    )
    told: list[tuple[int, int]] = []
    frames = drawn(model, 8, lambda done, of: told.append((done, of)))
    hook.remove()
    assert len(frames) == FRAMES
    assert told == [(step, 8) for step in range(1, 9)]
    assert looks == [1] * 8, "a batch of two, or a second look, is guidance"
    taken = model._pipeline.scheduler.sigmas.tolist()
    assert taken == pytest.approx([*real.sampling.noise, 0.0])


def test_fewer_steps_than_listed_as_in_a_warm_up_are_the_first(model: Any) -> None:
    drawn(model, 1)
    assert model._pipeline.scheduler.sigmas.tolist() == [1.0, 0.0]


def test_a_drawing_that_was_called_off_leaves_the_model_as_it_was(model: Any) -> None:
    def stop(_done: int, _of: int) -> None:
        raise InterruptedError

    before = drawn(model, 2)
    with pytest.raises(InterruptedError):
        drawn(model, 2, stop)
    model.give_up()
    assert np.array_equal(drawn(model, 2), before)


def test_the_large_models_are_on_the_card_one_after_the_other(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    brings = CpuOffload.pre_forward
    there: set[str] = set()
    together: set[frozenset[str]] = set()

    def brought(self: CpuOffload, module: Any, *given: Any, **named: Any) -> Any:
        # On a card the one before goes; on a processor, where both places are one, it need not.
        if self.prev_module_hook is not None:
            there.discard(type(self.prev_module_hook.model).__name__)
        there.add(type(module).__name__)
        together.add(frozenset(there))
        return brings(self, module, *given, **named)

    monkeypatch.setattr(CpuOffload, "pre_forward", brought)
    drawn(model, 1)
    reader, painter = "Gemma4UnifiedForConditionalGeneration", "LTX2VideoTransformer3DModel"
    assert {reader} in together
    assert any(painter in each for each in together)
    for each in together:
        assert len(each & {reader, painter, "LTX2TextConnectors"}) <= 1


def test_a_request_becomes_a_clip_with_the_scenes_sound(
    packed: Callable[[str], Path], direct: Callable[..., Direction]
) -> None:
    engine = DiffusionEngine(miniature("ltx-2"), packed("ltx-2"))
    endpoint = Endpoint(engine, lambda _progress: None)
    answer = endpoint.make(request(direct()), Stop(60))
    with tarfile.open(fileobj=io.BytesIO(answer)) as archive:
        told, clip = (archive.extractfile(name) for name in ("report.json", "video.mp4"))
        assert told is not None
        assert clip is not None
        report = Report.model_validate_json(told.read())
        with av.open(io.BytesIO(clip.read())) as movie:
            assert movie.streams.video[0].frames == 24
            assert movie.streams.audio[0].codec_context.sample_rate == 48_000
    assert (report.engine.name, report.engine.version) == ("ltx-2", "2.5")
    assert report.has_sound


def test_parts_of_its_repository_that_draw_nothing_are_not_looked_for(folder: Path) -> None:
    path = folder / "model/model_index.json"
    index = json.loads(path.read_text())
    assert index["_class_name"] == "LTX2Pipeline"
    index |= {
        "prompt_enhancer": ["transformers", "Gemma4ForConditionalGeneration"],
        "processor": ["transformers", "Gemma4Processor"],
        "duration_head": ["ltx2", "LTX2DurationHead"],
        "diffusion_decoder": ["diffusers", "LTX2VideoDiffusionDecoderModel"],
    }
    path.write_text(json.dumps(index))
    repack(folder)
    pipeline: Any = load(folder, miniature("ltx-2"))
    for name in ("prompt_enhancer", "processor", "duration_head"):
        assert pipeline._pipeline.components[name] is None
    assert "diffusion_decoder" not in pipeline._pipeline.components


def test_another_pipelines_folder_is_refused(folder: Path) -> None:
    path = folder / "model/model_index.json"
    path.write_text(path.read_text().replace("LTX2Pipeline", "LTXPipeline"))
    repack(folder)
    with pytest.raises(WeightsRefused, match="is of LTXPipeline; the card says LTX2Image"):
        load(folder, miniature("ltx-2"))


@pytest.mark.parametrize(
    ("file", "name", "said"),
    [
        (VAE, "latents_std", "vae lacks 1 of its weights, such as latents_std"),
        (TEXT, "model.language_model.norm.weight", "text_encoder lacks 1 of its weights"),
    ],
)
def test_what_is_missing_is_refused_and_not_made_up(
    folder: Path, file: str, name: str, said: str
) -> None:
    weights = load_file(folder / file)
    weights.pop(name)
    save_file(weights, folder / file, metadata={"format": "pt"})
    repack(folder)
    with pytest.raises(WeightsRefused, match=said):
        load(folder, miniature("ltx-2"))


def test_one_changed_bit_is_refused_by_name_and_hash(folder: Path) -> None:
    data = bytearray((folder / VAE).read_bytes())
    data[-1] ^= 1
    (folder / VAE).write_bytes(data)
    with pytest.raises(WeightsRefused, match=rf"{VAE} has the SHA-256 [0-9a-f]{{64}}"):
        load(folder, miniature("ltx-2"))


def test_cut_weights_do_not_load(folder: Path) -> None:
    (folder / VAE).write_bytes((folder / VAE).read_bytes()[:-1000])
    repack(folder)
    with pytest.raises(WeightsRefused, match="does not load"):
        load(folder, miniature("ltx-2"))


def test_without_its_licence_accepted_by_name_it_is_neither_packed_nor_loaded(
    folder: Path,
) -> None:
    described = miniature("ltx-2")
    for said in (None, "yes", "LTX-2 Community License Agreement"):
        with pytest.raises(WeightsRefused, match=r"less than \$10,000,000 of annual revenue"):
            pack(folder, described, REVISIONS, said)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "acknowledged": None}))
    with pytest.raises(WeightsRefused, match="directly competes"):
        load(folder, described)
