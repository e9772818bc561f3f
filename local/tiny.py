"""Image-to-video models in miniature: the real classes of diffusers, their weights drawn by chance.

    python -m local.tiny FOLDER      the model of the engine `tiny`, packed

Their pictures show nothing. They load, draw, fail and free memory as the large ones do, on a
laptop's processor, and so everything around a model runs for real. Needs the environment of
`make test-diffusion`.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKLWan,
    UniPCMultistepScheduler,
    WanImageToVideoPipeline,
    WanTransformer3DModel,
)
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    PreTrainedTokenizerFast,
    UMT5Config,
    UMT5EncoderModel,
)

from model_endpoint.manifest import MODEL_FOLDER, pack
from story.cards import Card, card

#: What stands for a commit of weights that nobody has published.
NO_COMMIT = "0" * 40
TEXT_WIDTH = 32
PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"


def tokenizer() -> PreTrainedTokenizerFast:
    """Reads any text, a token a byte: 256 of them, and the three that T5 has besides."""
    vocabulary = [PAD, END, UNKNOWN, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    words = Tokenizer(
        models.WordLevel({word: index for index, word in enumerate(vocabulary)}, unk_token=UNKNOWN)
    )
    words.normalizer = normalizers.NFC()
    words.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            pre_tokenizers.Split("", "isolated"),
        ]
    )
    words.decoder = decoders.ByteLevel()
    words.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", special_tokens=[(END, vocabulary.index(END))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token=PAD, eos_token=END, unk_token=UNKNOWN
    )


def text_encoder() -> UMT5EncoderModel:
    """UMT5, which reads Wan's prompts, with two small layers."""
    return UMT5EncoderModel(
        UMT5Config(
            vocab_size=512,
            d_model=TEXT_WIDTH,
            d_kv=8,
            d_ff=37,
            num_layers=2,
            num_heads=4,
            pad_token_id=0,
            eos_token_id=1,
            decoder_start_token_id=0,
        )
    ).eval()


def transformer(*, channels_in: int, channels_out: int) -> WanTransformer3DModel:
    """Wan's transformer with two small layers."""
    return WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12,
        in_channels=channels_in, out_channels=channels_out, text_dim=TEXT_WIDTH, freq_dim=64,
        ffn_dim=32, num_layers=2, cross_attn_norm=True, qk_norm="rms_norm_across_heads",
        rope_max_seq_len=64,
    )  # fmt: skip


def scheduler() -> UniPCMultistepScheduler:
    """As Wan 2.2's repositories have it."""
    return UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=5.0
    )


def wan_5b() -> WanImageToVideoPipeline:
    """TI2V-5B: one transformer, an autoencoder by 16, the first picture's noise held at none."""
    latent = 48
    vae = AutoencoderKLWan(
        base_dim=3, z_dim=latent, in_channels=12, out_channels=12, is_residual=True, patch_size=2,
        latents_mean=[0.0] * latent, latents_std=[1.0] * latent, dim_mult=[1, 1, 1, 1],
        num_res_blocks=1, scale_factor_spatial=16, scale_factor_temporal=4,
        temperal_downsample=[False, True, True],
    )  # fmt: skip
    return WanImageToVideoPipeline(
        tokenizer=tokenizer(), text_encoder=text_encoder(), vae=vae, scheduler=scheduler(),
        transformer=transformer(channels_in=latent, channels_out=latent), expand_timesteps=True,
    )  # fmt: skip


def wan_a14b() -> WanImageToVideoPipeline:
    """I2V-A14B: two transformers, told the picture beside the noise, an autoencoder by 8."""
    vae = AutoencoderKLWan(
        base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
        temperal_downsample=[False, True, True],
    )  # fmt: skip
    return WanImageToVideoPipeline(
        tokenizer=tokenizer(), text_encoder=text_encoder(), vae=vae, scheduler=scheduler(),
        transformer=transformer(channels_in=36, channels_out=16),
        transformer_2=transformer(channels_in=36, channels_out=16), boundary_ratio=0.9,
    )  # fmt: skip


def adapter(of: Any, path: Path, *, rank: int = 2) -> None:
    """Low-rank weights for each attention's query, in the form that Wan's distillations have."""
    tensors = {}
    for index, block in enumerate(of.blocks):
        width = block.attn1.to_q.in_features
        name = f"diffusion_model.blocks.{index}.self_attn.q"
        tensors[f"{name}.lora_down.weight"] = torch.randn(rank, width) * 0.1
        tensors[f"{name}.lora_up.weight"] = torch.randn(width, rank) * 0.1
        tensors[f"{name}.alpha"] = torch.tensor(float(rank))
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)


def save(pipeline: Any, folder: Path, described: Card, *, acknowledged: str | None = None) -> None:
    """Write a pipeline, and adapters if its card names some, and pack the folder."""
    if described.trained is None:
        raise ValueError(f"{described.engine.name} has no weights")
    pipeline.save_pretrained(folder / MODEL_FOLDER)
    weights = described.trained.weights
    for each in weights.adapters:
        adapter(getattr(pipeline, each.component), folder / each.file)
    revisions = {source.repository: NO_COMMIT for source in (weights, *weights.adapters)}
    pack(folder, described, revisions, acknowledged)


def main(arguments: list[str]) -> None:
    """Write the model of the engine `tiny`, the same each time."""
    parser = argparse.ArgumentParser(prog="python -m local.tiny", description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    torch.manual_seed(0)
    save(wan_5b(), options.folder, card("tiny"))


if __name__ == "__main__":
    main(sys.argv[1:])
