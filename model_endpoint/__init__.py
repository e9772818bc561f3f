"""The model container: reads a photo and a direction, makes a clip."""

import os

# OpenCV has threads of its own. OpenBLAS's would share the cores with them and with the encoder:
# products as small as ours (a few hundred by a few) then take fifty times as long. It reads this
# when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
