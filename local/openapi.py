"""`python -m local.openapi` writes docs/openapi.json anew from the API's routes and contracts."""

import json
import os
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"


def prepare() -> None:
    """Set what the API's modules need, which are a function's, before they are imported."""
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Enliven")


def text() -> str:
    """The document as it is kept in docs/."""
    prepare()
    from api import openapi  # noqa: PLC0415 - see prepare

    return json.dumps(openapi.document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(text(), "utf-8")
