"""LTX-2.5 in miniature: the real classes of diffusers, their weights drawn by chance.

As local/tiny.py has Wan's. Each part has the switches of the published model's configuration
(gates, modulations, projections for pictures and sound apart, what is drawn up by which factor)
and small widths. Where widths have to agree, they have one name here.
"""

from diffusers import (
    AutoencoderKLLTX2Audio,
    AutoencoderKLLTX2Video,
    FlowMatchEulerDiscreteScheduler,
    LTX2Pipeline,
    LTX2VideoTransformer3DModel,
)
from diffusers.pipelines.ltx2 import LTX2TextConnectors
from diffusers.pipelines.ltx2.vocoder import LTX2VocoderWithBWE
from transformers import (
    Gemma4UnifiedConfig,
    Gemma4UnifiedForConditionalGeneration,
    Gemma4UnifiedTextConfig,
)

from local.tiny import TEXT_WIDTH, tokenizer

VOCABULARY, TEXT_LAYERS, HEADS = 512, 2, 2
#: Widths of the transformer's two streams, of a head in each, and of what the autoencoders write.
VIDEO_WIDTH, VIDEO_HEAD, VIDEO_LATENT = 16, 8, 4
AUDIO_WIDTH, AUDIO_HEAD, AUDIO_LATENT = 8, 4, 2
#: Bands of a spectrogram; the autoencoder makes one of four of them, and of four moments.
BANDS, BANDS_A_LATENT = 8, 4
#: Prompts are filled up with these to the whole length, of which their number is a divisor.
REGISTERS = 128


def text_encoder() -> Gemma4UnifiedForConditionalGeneration:
    """Gemma 4, which reads LTX-2.5's prompts, without eyes and ears."""
    text = Gemma4UnifiedTextConfig(
        vocab_size=VOCABULARY, hidden_size=TEXT_WIDTH, intermediate_size=37,
        num_hidden_layers=TEXT_LAYERS, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
        global_head_dim=16, num_global_key_value_heads=1, attention_k_eq_v=True, sliding_window=64,
        layer_types=["sliding_attention", "full_attention"],
    )  # fmt: skip
    return Gemma4UnifiedForConditionalGeneration(Gemma4UnifiedConfig(text_config=text)).eval()


def connectors() -> LTX2TextConnectors:
    """From all layers of the reader to the words as the two streams take them."""
    return LTX2TextConnectors(
        caption_channels=TEXT_WIDTH, text_proj_in_factor=TEXT_LAYERS + 1,
        video_connector_num_attention_heads=HEADS, video_connector_attention_head_dim=VIDEO_HEAD,
        video_connector_num_layers=1, video_connector_num_learnable_registers=REGISTERS,
        video_gated_attn=True, video_hidden_dim=VIDEO_WIDTH,
        audio_connector_num_attention_heads=HEADS, audio_connector_attention_head_dim=AUDIO_HEAD,
        audio_connector_num_layers=1, audio_connector_num_learnable_registers=REGISTERS,
        audio_gated_attn=True, audio_hidden_dim=AUDIO_WIDTH,
        per_modality_projections=True, proj_bias=True, rope_type="split",
    )  # fmt: skip


def transformer() -> LTX2VideoTransformer3DModel:
    """Two small layers, of pictures and of sound, that look at each other."""
    return LTX2VideoTransformer3DModel(
        in_channels=VIDEO_LATENT, out_channels=VIDEO_LATENT, num_attention_heads=HEADS,
        attention_head_dim=VIDEO_HEAD, cross_attention_dim=VIDEO_WIDTH,
        audio_in_channels=AUDIO_LATENT * BANDS // BANDS_A_LATENT,
        audio_out_channels=AUDIO_LATENT * BANDS // BANDS_A_LATENT,
        audio_num_attention_heads=HEADS, audio_attention_head_dim=AUDIO_HEAD,
        audio_cross_attention_dim=AUDIO_WIDTH, num_layers=2, caption_channels=TEXT_WIDTH,
        rope_type="split", gated_attn=True, audio_gated_attn=True, cross_attn_mod=True,
        audio_cross_attn_mod=True, perturbed_attn=True, use_prompt_embeddings=False, ff_bias=False,
        use_keyframes_abs_pos_embedding=True,
    )  # fmt: skip


def vae() -> AutoencoderKLLTX2Video:
    """Down and up by 32 in the picture and by 8 in time, which no rule tells from the blocks."""
    return AutoencoderKLLTX2Video(
        latent_channels=VIDEO_LATENT, block_out_channels=(8, 8, 8, 8), layers_per_block=(1,) * 5,
        decoder_block_out_channels=(8, 16, 16, 32), decoder_layers_per_block=(1,) * 5,
        decoder_spatio_temporal_scaling=(True,) * 4, decoder_inject_noise=(False,) * 5,
        upsample_type=("spatiotemporal", "spatiotemporal", "temporal", "spatial"),
        upsample_factor=(2, 2, 1, 2), upsample_residual=(False,) * 4, decoder_causal=False,
        decoder_spatial_padding_mode="zeros", spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    )  # fmt: skip


def audio_vae() -> AutoencoderKLLTX2Audio:
    """Spectrograms of two channels."""
    return AutoencoderKLLTX2Audio(
        base_channels=4, output_channels=2, ch_mult=(1, 2, 4), num_res_blocks=1, in_channels=2,
        resolution=32, latent_channels=AUDIO_LATENT, mel_bins=BANDS,
    )  # fmt: skip


def vocoder() -> LTX2VocoderWithBWE:
    """From spectrograms to sound at 16 kHz, and from that to 48 kHz, each in two jumps."""
    return LTX2VocoderWithBWE(
        in_channels=2 * BANDS, hidden_channels=8, upsample_factors=[10, 16],
        upsample_kernel_sizes=[20, 32], resnet_kernel_sizes=[3], resnet_dilations=[[1]],
        bwe_in_channels=2 * BANDS, bwe_hidden_channels=8, bwe_upsample_factors=[15, 16],
        bwe_upsample_kernel_sizes=[29, 32], bwe_resnet_kernel_sizes=[3],
        bwe_resnet_dilations=[[1]], num_mel_channels=BANDS,
    )  # fmt: skip


def ltx_2() -> LTX2Pipeline:
    """As its repository has it: saved as the pipeline that needs no photo, of the same parts.

    Its schedule bends whatever steps it is given, as the one of the undistilled model does.
    """
    schedule = FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True, base_shift=0.95, max_shift=2.05, base_image_seq_len=1024,
        shift_terminal=0.1,
    )  # fmt: skip
    return LTX2Pipeline(
        scheduler=schedule, vae=vae(), audio_vae=audio_vae(),
        text_encoder=text_encoder(), tokenizer=tokenizer(), connectors=connectors(),
        transformer=transformer(), vocoder=vocoder(),
    )  # fmt: skip
