"""The template as CloudFormation sees it, transformed; `python -m tests.transformed`."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform

from local.packaging import package

ROOT = Path(__file__).resolve().parent.parent


class NoManagedPolicies:
    """The template names no managed policy by its short name, so none has to be looked up."""

    def load(self) -> dict[str, str]:
        return {}


def transformed() -> dict[str, Any]:
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    packaged = package(ROOT / "template.yaml", "packages")
    result: dict[str, Any] = transform(packaged.template, {}, NoManagedPolicies())
    return result


if __name__ == "__main__":
    json.dump(transformed(), sys.stdout, indent=1)
