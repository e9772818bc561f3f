"""An invisible mark of 32 bits in a clip's luma, and its blind detector.

    code.py        id <-> 127 bits: a BCH code, decoded softly
    pattern.py     key -> a tile of pseudo-random chips, repeated over the picture
    embedding.py   adds the tile to each frame, as strongly as the frame's texture hides it
    reading.py     video -> one averaged picture, its bars cut off
    detection.py   averaged picture -> geometry, id and how surely

It reads and writes planes and files and knows nothing of AWS; who may read the key is in
cloud/watermark_keys.py, and why it is made so in docs/decisions/0017-watermark.md.
"""
