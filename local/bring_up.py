"""The whole laptop stack in one call: processes, template, certificate, users."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from local import certificates, deploy, stack, users
from local.engine import MOTION
from local.lan import opening
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
        return deploy.api_url(self.stack, self.stack.outputs)


def up(
    project_root: Path,
    *,
    state_dir: Path | None = None,
    strict_auth: bool = False,
    model_server: tuple[str, ...] = stack.MODEL_SERVER,
    parameters: Mapping[str, str] = PARAMETERS,
    lan: str | None = None,
    engine: str = MOTION,
) -> Laptop:
    """Start what does not run, deploy what has changed. Raises StackError or TemplateError.

    `lan` is an address that local.lan.address finds fit: phones are let in by it, and by none
    without it, whatever was before.
    """
    started = stack.start(
        project_root,
        state_dir=state_dir,
        strict_auth=strict_auth,
        model_server=model_server,
        engine=engine,
    )
    origin = None if lan is None else opening.origin(started, lan)
    started = opening.close(started)
    addressed = {
        **parameters,
        "LocalEngine": engine,
        **(origin.parameters if origin else {}),
    }
    deployed = replace(started, outputs=deploy.deploy(started, parameters=addressed))
    root_certificate = certificates.install(
        deployed.client("ssm"),
        deployed.client("kms"),
        deployed.outputs["SigningKey"],
        deployed.outputs["CertificateChainParameter"],
        deployed.outputs["TrustAnchorsParameter"],
        folder=deployed.state_dir,
    )
    deploy.tell_address(deployed, deployed.outputs, addressed)
    made = users.install(deployed, deployed.outputs)
    if origin is not None:
        deployed = opening.serve(deployed, deployed.outputs, origin)
    return Laptop(deployed, made, root_certificate)
