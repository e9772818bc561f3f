"""What each process of the laptop stack finds in its environment, and nothing else does it find."""

import os
from pathlib import Path

REGION = "us-east-1"
STACK_NAME = "enliven"

#: The emulator takes whoever names this key for its administrator, without a look at the signature.
ACCESS_KEY = "test"
SECRET_KEY = "test"  # noqa: S105 - the emulator's published default

#: Variables that processes inherit from the caller; everything else is set here, so that neither
#: the caller's AWS account nor its proxies can leak into the stack.
_INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
)
THREAD_LIMITS = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}


def of_standins(aws: dict[str, str], port: int, model_url: str) -> dict[str, str]:
    """Of the stand-ins, beside what tells them where the local AWS is."""
    return aws | {
        "PORT": str(port),
        "MODEL_URL": model_url,
        "STACK_NAME": STACK_NAME,
        # The text model is fastest on one thread; the picture models ask for two themselves.
        "OMP_NUM_THREADS": "1",
    }


def of_emulator(
    port: int,
    standins_url: str,
    *,
    strict_auth: bool,
    folder: Path,
    secret_key: str = SECRET_KEY,
) -> dict[str, str]:
    """Everything that the emulator knows of the world; its Lambda workers inherit it."""
    return (
        inherited()
        | of_aws(f"http://127.0.0.1:{port}", standins_url, secret_key)
        | THREAD_LIMITS
        | {
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "AUTH": "true" if strict_auth else "false",
            "STATE_DIR": str(folder.resolve()),
            # Listeners of services that nobody uses here, on fixed ports.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # A worker that is gone costs the next story a cold start of a second or two.
            "LAMBDA_WARM_TTL_SECONDS": "1800",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
    )


def of_aws(emulator_url: str, standins_url: str, secret_key: str) -> dict[str, str]:
    """Where the local AWS is, and who asks it."""
    return {
        "AWS_ENDPOINT_URL": emulator_url,
        "AWS_ENDPOINT_URL_REKOGNITION": standins_url,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": standins_url,
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": standins_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_MAX_ATTEMPTS": "2",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def inherited() -> dict[str, str]:
    """What any process of the stack takes over from whoever starts it."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}
