"""`python -m local.openapi` writes docs/openapi.json anew from the API's routes and contracts."""

import json
import os
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"


def text() -> str:
    """The document as it is kept in docs/."""
    # The API's modules are a function's: they need what every function's environment has.
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Enliven")
    from api import openapi  # noqa: PLC0415 - see above

    return json.dumps(openapi.document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(text(), "utf-8")
