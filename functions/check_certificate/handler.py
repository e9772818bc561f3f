"""check_certificate: how many days the signing certificate is still valid, as a metric.

A schedule invokes it. A chain that is missing, of another key, out of order or expired gives 0
days: with none of them can a story be signed, and the alarm is the same.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools import Logger
from pydantic import Field

from cloud import certificates, telemetry
from cloud.environment import Environment, load
from story.errors import CertificateMissing
from story.generation import Contract

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="check_certificate")

_SECONDS_PER_DAY = 86_400


class Settings(Environment):
    """Which key signs, and where its chain and the anchors are."""

    signing_key_id: str = Field(min_length=1)
    certificate_chain_parameter: str = Field(min_length=1)
    trust_anchors_parameter: str = Field(min_length=1)


class CheckCertificateOutput(Contract):
    """How long the signing certificate is still valid, days; 0 if no story can be signed."""

    days_left: Annotated[float, Field(ge=0.0)]


def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Measure the days that are left."""
    settings, now = load(Settings), datetime.now(UTC)
    try:
        identity = certificates.identity(
            settings.signing_key_id,
            settings.certificate_chain_parameter,
            settings.trust_anchors_parameter,
        )
    except CertificateMissing as missing:
        days, reason = 0.0, str(missing)
    else:
        ends = certificates.ends_at(identity.chain)
        days = max(0.0, (ends - now).total_seconds() / _SECONDS_PER_DAY)
        reason = f"valid until {ends}"
    telemetry.emit("CertificateDaysLeft", days)
    logger.info("certificate", days_left=round(days, 1), reason=reason)
    return CheckCertificateOutput(days_left=days).model_dump(mode="json")
