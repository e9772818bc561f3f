"""The whole laptop stack in one call: processes, template, certificate, users."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from local import certificates, deploy, stack, users
from local.stack import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from local.stack import LocalStack
    from local.users import DemoUser


@dataclass(frozen=True)
class Laptop:
    """A deployed stack with somebody to use it."""

    stack: LocalStack
    users: tuple[DemoUser, ...]
    #: What verifiers have to trust to call this stack's videos Trusted.
    root_certificate: Path

    @property
    def api_url(self) -> str:
        """Where the API's routes begin."""
        return f"{self.stack.endpoint}/_aws/execute-api/{self.stack.outputs['ApiId']}/$default"


def up(
    project_root: Path,
    *,
    state_dir: Path | None = None,
    strict_auth: bool = False,
    model_server: tuple[str, ...] = stack.MODEL_SERVER,
    parameters: Mapping[str, str] = PARAMETERS,
) -> Laptop:
    """Start what does not run, deploy what has changed. Raises StackError or TemplateError."""
    started = stack.start(
        project_root, state_dir=state_dir, strict_auth=strict_auth, model_server=model_server
    )
    deployed = replace(started, outputs=deploy.deploy(started, parameters=parameters))
    root_certificate = certificates.install(
        deployed.client("ssm"),
        deployed.client("kms"),
        deployed.outputs["SigningKey"],
        deployed.outputs["CertificateChainParameter"],
        deployed.outputs["TrustAnchorsParameter"],
        folder=deployed.state_dir,
    )
    laptop = Laptop(deployed, users.install(deployed, deployed.outputs), root_certificate)
    # The template can only know what the API would be called on AWS.
    deployed.client("ssm").put_parameter(
        Name=deployed.outputs["PublicUrlParameter"],
        Value=laptop.api_url,
        Type="String",
        Overwrite=True,
    )
    return laptop
