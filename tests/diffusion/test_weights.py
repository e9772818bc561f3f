"""What is packed, what is refused, and what is loaded."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from local import tiny
from model_endpoint.engines.diffusion.loading import load
from model_endpoint.manifest import WeightsRefused, main, pack, verified
from story.cards import Card
from tests.diffusion.miniature import miniature

TRANSFORMER = "model/transformer/diffusion_pytorch_model.safetensors"
TEXT = "model/text_encoder/model.safetensors"
REVISIONS = {
    "Wan-AI/Wan2.2-TI2V-5B-Diffusers": "1" * 40,
    "Wan-AI/Wan2.2-I2V-A14B-Diffusers": "2" * 40,
    "lightx2v/Wan2.2-Lightning": "3" * 40,
}


@pytest.fixture
def folder(packed: Callable[[str], Path], tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(packed("wan-5b"), tmp_path / "weights"))


def licensed(described: Card) -> Card:
    """The same, under a licence with clauses."""
    assert described.trained is not None
    licence = described.trained.licence.model_copy(
        update={
            "name": "Example Community License",
            "must_be_acknowledged": True,
            "revenue": "Only below $10 million a year.",
        }
    )
    trained = described.trained.model_copy(update={"licence": licence})
    return described.model_copy(update={"trained": trained})


def test_whole_weights_are_verified(folder: Path) -> None:
    manifest = verified(folder, miniature("wan-5b"))
    assert manifest.engine == "wan-5b"
    assert TRANSFORMER in manifest.files


def test_one_changed_bit_is_refused_by_name_and_hash(folder: Path) -> None:
    path = folder / TRANSFORMER
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsRefused, match=rf"{TRANSFORMER} has the SHA-256 [0-9a-f]{{64}}"):
        load(folder, miniature("wan-5b"))


def test_weights_that_were_damaged_before_they_were_packed_do_not_load(folder: Path) -> None:
    path = folder / TRANSFORMER
    path.write_bytes(path.read_bytes()[:-1000])
    pack(folder, miniature("wan-5b"), REVISIONS, None)
    with pytest.raises(WeightsRefused, match="does not load"):
        load(folder, miniature("wan-5b"))


@pytest.mark.parametrize(("file", "part"), [(TRANSFORMER, "transformer"), (TEXT, "text_encoder")])
def test_a_weight_that_is_missing_is_refused_and_not_made_up(
    folder: Path, file: str, part: str
) -> None:
    weights = load_file(folder / file)
    weights.pop(next(name for name in sorted(weights) if "norm" in name))
    save_file(weights, folder / file, metadata={"format": "pt"})
    pack(folder, miniature("wan-5b"), REVISIONS, None)
    with pytest.raises(WeightsRefused, match=f"{part} lacks 1 of its weights"):
        load(folder, miniature("wan-5b"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / TRANSFORMER).unlink(), "lacks"),
        (lambda folder: (folder / "model" / "more.json").write_text("{}"), "was not packed"),
        (lambda folder: (folder / "manifest.json").unlink(), "pack the weights"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "not what packing writes"),
    ],
)
def test_a_folder_that_is_not_as_it_was_packed_is_refused(
    folder: Path, change: Callable[[Path], object], said: str
) -> None:
    change(folder)
    with pytest.raises(WeightsRefused, match=said):
        verified(folder, miniature("wan-5b"))


def test_a_manifest_cannot_name_what_is_outside_its_folder(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["../elsewhere.json"] = {"sha256": "0" * 64, "size": 1}
    path.write_text(json.dumps(manifest))
    with pytest.raises(WeightsRefused, match="not below its folder"):
        verified(folder, miniature("wan-5b"))


def test_pickled_weights_and_links_are_not_packed(folder: Path) -> None:
    torch.save({}, folder / "model" / "pytorch_model.bin")
    with pytest.raises(WeightsRefused, match=r"pytorch_model\.bin: only"):
        pack(folder, miniature("wan-5b"), REVISIONS, None)
    (folder / "model" / "pytorch_model.bin").unlink()
    (folder / "model" / "link.json").symlink_to("/etc/hostname")
    with pytest.raises(WeightsRefused, match="is a link"):
        pack(folder, miniature("wan-5b"), REVISIONS, None)


def test_another_engines_weights_are_refused(folder: Path) -> None:
    with pytest.raises(WeightsRefused, match="holds wan-5b"):
        verified(folder, miniature("wan-a14b"))


@pytest.mark.parametrize("revision", [None, "main"])
def test_a_revision_that_is_no_commit_is_asked_for(folder: Path, revision: str | None) -> None:
    told = {} if revision is None else {"Wan-AI/Wan2.2-TI2V-5B-Diffusers": revision}
    with pytest.raises(WeightsRefused, match=r"commit|main"):
        pack(folder, miniature("wan-5b"), told, None)


def test_a_licence_that_nobody_accepted_prints_its_clauses(folder: Path) -> None:
    described = licensed(miniature("wan-5b"))
    with pytest.raises(WeightsRefused, match=r"Only below \$10 million a year"):
        pack(folder, described, REVISIONS, None)
    with pytest.raises(WeightsRefused, match=r"Only below \$10 million a year"):
        load(folder, described)
    with pytest.raises(WeightsRefused, match="--acknowledge"):
        pack(folder, described, REVISIONS, "yes")
    pack(folder, described, REVISIONS, "Example Community License")
    assert verified(folder, described).acknowledged == "Example Community License"


def test_adapters_must_be_there(tmp_path: Path) -> None:
    tiny.wan_a14b().save_pretrained(tmp_path / "model")
    with pytest.raises(WeightsRefused, match=r"lacks adapters/high_noise_model\.safetensors"):
        pack(tmp_path, miniature("wan-a14b"), REVISIONS, None)


def test_the_command_packs_or_says_in_a_line_why_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), "--engine", "wan-5b"]) == 2
    assert "which commit of Wan-AI/Wan2.2-TI2V-5B-Diffusers" in capsys.readouterr().err
    assert main([str(folder), "--engine", "wan-5b", "--revision", "a" * 40]) == 0
    assert "manifest.json" in capsys.readouterr().out
    assert main([str(folder), "--engine", "motion"]) == 2
    assert "no weights to pack" in capsys.readouterr().err
