"""ReadCredential: what the Content Credentials of a file that a stranger sent say."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from pydantic import Field

from cloud import certificates, checks, telemetry
from cloud.environment import Environment, load
from provenance import sandbox
from read_credential import reading
from story.checks import CheckInput

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="read_credential")


class Settings(Environment):
    """Whom this stack signs as, and whom it trusts."""

    certificate_chain_parameter: str = Field(min_length=1)
    trust_anchors_parameter: str = Field(min_length=1)


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Fetch the file, read its credential in a confined child."""
    request = CheckInput.model_validate(event)
    settings = load(Settings)
    with telemetry.about(check_id=request.check_id), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        checks.fetch(request.file, path)
        examined = sandbox.read(path, certificates.anchors_in(settings.trust_anchors_parameter))
        told = reading.told(examined, certificates.signer_in(settings.certificate_chain_parameter))
        logger.info("credential_read", state=told.state, ours=told.ours, size=request.file.size)
        return told.model_dump(mode="json")
