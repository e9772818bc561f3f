"""The project's folder on this machine: what `up`, `down` and `doctor` work on."""

from pathlib import Path

#: The folder that holds cli/, functions/ and template.yaml.
ROOT = Path(__file__).resolve().parent.parent

#: Everything that the local stack keeps: processes, logs, users, certificates. Never committed.
STATE_FOLDER = ".enliven"
