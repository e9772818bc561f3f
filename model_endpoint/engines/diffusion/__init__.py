"""The diffusion engine: open image-to-video models behind the protocol of every engine."""
