"""`sam local start-api`: the API of the template, served from containers on a loopback port."""

import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.sam import functions
from local.sam.build import Build
from local.sam.children import running
from local.sam.invoke import Containers
from local.sam.sign_in import AUTHORIZER, SIGNED_IN

_START_SECONDS = 300.0
_TEMPLATE = "start-api.template.json"
_AUTHORIZER = "SignInFunction"
_PROBE_SECONDS = 60.0


def write_template(build: Build, local_template: Path) -> Path:
    """The local template with a Lambda authorizer in the place of API Gateway's JWT authorizer."""
    template = functions.load(local_template)
    resources = template["Resources"]
    code = build.folder / "start-api"
    shutil.rmtree(code, ignore_errors=True)
    # On the disk once: the API's own build, and what tells it who has signed in.
    api = build.functions["ApiFunction"]
    shutil.copytree(api.code, code / "api", copy_function=os.link)
    shutil.copy2(SIGNED_IN, code / "api")
    (code / "authorizer").mkdir()
    shutil.copy2(AUTHORIZER, code / "authorizer")
    function = resources["ApiFunction"]["Properties"]
    function |= {"CodeUri": str(code / "api"), "Handler": f"{SIGNED_IN.stem}.handler"}
    resources[_AUTHORIZER] = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "CodeUri": str(code / "authorizer"),
            "Handler": f"{AUTHORIZER.stem}.handler",
            "Environment": function["Environment"],
        },
    }
    resources["Api"]["Properties"]["Auth"] = {
        "DefaultAuthorizer": "SignIn",
        "Authorizers": {
            "SignIn": {
                "FunctionArn": {"Fn::GetAtt": [_AUTHORIZER, "Arn"]},
                "AuthorizerPayloadFormatVersion": "2.0",
                "EnableSimpleResponses": True,
                "Identity": {"Headers": ["Authorization"]},
            }
        },
    }
    path = build.folder / _TEMPLATE
    # A copy of a build may share its files with it.
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(template, indent=1))
    return path


@contextmanager
def serving(build: Build, containers: Containers, port: int, log: Path) -> Iterator[str]:
    """While the block runs, the API answers at the URL that is given. Raises SamError."""
    found = containers.engine
    template = write_template(build, containers.template)
    command = containers.command("start-api", template=template)
    command += ["--host", "127.0.0.1", "--port", str(port), "--warm-containers", "LAZY"]
    url = f"http://127.0.0.1:{port}"
    with (
        found.published(port),
        running(
            "sam local start-api",
            [*found.prefix, *command],
            log=log,
            ready=lambda: _answers(url),
            seconds=_START_SECONDS,
            environment=containers.environment | {"DOCKER_HOST": found.host},
        ),
    ):
        yield url


def _answers(url: str) -> bool:
    """Whether anything speaks HTTP there; what it says of a path that is not is its own affair."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/ready", timeout=_PROBE_SECONDS):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
