"""The HTTP API of the clients."""

import gc

#: Objects made before garbage is looked for among the newest; Python's own is some two thousand.
_NEW_OBJECTS = 100_000

# A cold start makes what stays: to look for garbage in it takes a fourteenth of its time.
gc.set_threshold(_NEW_OBJECTS)
