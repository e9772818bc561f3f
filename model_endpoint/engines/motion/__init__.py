"""The motion engine: classical optics and image processing on the CPU, no trained generator."""
