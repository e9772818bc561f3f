"""Signs files by c2pa-python 0.6.1, of 2024, whose interface is another than today's.

python sign_rust.py CHAIN.pem KEY.pem IN OUT [IN OUT ...]; an OUT that begins with "of_" is an
edited copy whose parent is IN.
"""

import sys
from pathlib import Path

import c2pa  # type: ignore[import-not-found,unused-ignore]
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg"}


def _manifest(source: Path, *, edited: bool) -> dict[str, object]:
    made = {
        "action": "c2pa.created",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
    }
    actions = [{"action": "c2pa.opened"}, {"action": "c2pa.edited"}] if edited else [made]
    return {
        "claim_generator_info": [{"name": "Another camera", "version": "1"}],
        "title": source.name,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": actions}}],
    }


def main() -> None:
    """Sign all."""
    chain, key_file, *files = (Path(name) for name in sys.argv[1:])
    key = load_pem_private_key(key_file.read_bytes(), None)
    signer = c2pa.create_signer(key.sign, c2pa.SigningAlg.ED25519, chain.read_bytes(), None)
    for source, target in zip(files[::2], files[1::2], strict=True):
        edited = target.name.startswith("of_")
        builder = c2pa.Builder(_manifest(source, edited=edited))
        if edited:
            with source.open("rb") as parent:
                relation = {"title": source.name, "relationship": "parentOf"}
                builder.add_ingredient(relation, _TYPES[source.suffix], parent)
        with source.open("rb") as file, target.open("w+b") as signed:
            builder.sign(signer, _TYPES[source.suffix], file, signed)


if __name__ == "__main__":
    main()
