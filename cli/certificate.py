"""`enliven certificate`: ask for, install or look at the certificate of a stack's signing key.

0  done; the chain can sign for thirty days or more      4  it cannot sign, or ends sooner
2  the request or the chain cannot be used
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cli import account
from cli.outcome import CommandFailed, Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

DEFAULT_SUBJECT = "CN=Enliven stories"
#: The alarm on CertificateDaysLeft rings below this.
RENEW_DAYS = 30
#: What an SSM parameter of the advanced tier can hold; a longer chain belongs into an S3 object.
MAX_PARAMETER_BYTES = 8_192
NEEDS = (
    "Ask for: keyUsage digitalSignature; extendedKeyUsage emailProtection and "
    "1.3.6.1.4.1.62558.2.1 (C2PA claim signing); the chain as PEM, leaf first."
)


class Standing(NamedTuple):
    """What a stack can sign with: the days that are left, 0 if it cannot, and a sentence."""

    days: float
    told: str


def arguments(command: ArgumentParser) -> None:
    """The arguments of `enliven certificate`."""
    what = command.add_subparsers(dest="what", required=True, metavar="csr|install|status")
    csr = what.add_parser("csr", help="write a certificate request, signed inside KMS")
    csr.add_argument("--subject", default=DEFAULT_SUBJECT, help="RFC 4514, e.g. CN=…,O=…,C=GB")
    csr.add_argument("--out", type=Path, default=Path("request.pem"), help="where it goes")
    install = what.add_parser("install", help="check a chain against the key, and install it")
    install.add_argument("chain", type=Path, nargs="?", help="PEM, leaf first")
    install.add_argument("--anchors", type=Path, help="PEM roots that the read-back shall trust")
    install.add_argument(
        "--throw-away",
        action="store_true",
        help="make one whose root nobody knows: for trying out, never for publishing",
    )
    status = what.add_parser("status", help="say what is installed and how long it is valid")
    for each in (csr, install, status):
        account.arguments(each)


def run(options: Namespace) -> Exit:
    """Do what was asked for."""
    chosen = {"csr": _csr, "install": _install, "status": _status}[options.what]
    return chosen(options, account.target(options))


def standing(target: account.Target) -> Standing:
    """What a stack can sign with now, and for how long."""
    from cloud import certificates  # noqa: PLC0415 - loads boto3
    from story.errors import CertificateMissing  # noqa: PLC0415 - with the line above

    parameter = target.outputs["CertificateChainParameter"]
    with account.failures():
        chain = str(
            target.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"]
        ).strip()
        if chain.startswith("s3://"):
            bucket, _, key = chain.removeprefix("s3://").partition("/")
            body = target.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
            chain = body.read(certificates.MAX_CHAIN_BYTES).decode(errors="replace")
        public = _public_key(target)
    if chain == certificates.NOTHING:
        return Standing(0.0, f"no certificate is installed in {parameter}")
    now = datetime.now(UTC)
    try:
        certificates.check_chain(chain, public, parameter, now)
    except CertificateMissing as error:
        return Standing(0.0, str(error))
    ends = certificates.ends_at(chain)
    days = (ends - now).total_seconds() / 86_400
    return Standing(days, f"{_subjects(chain)}, valid until {ends:%Y-%m-%d}: {days:.0f} days")


def install_throw_away(target: account.Target) -> str:
    """Give a stack a chain that ends at a root of this moment; says so. For trying out only."""
    from local import certificates as local  # noqa: PLC0415 - loads boto3

    with account.failures(), tempfile.TemporaryDirectory() as folder:
        local.install(
            target.client("ssm"),
            target.client("kms"),
            target.outputs["SigningKey"],
            target.outputs["CertificateChainParameter"],
            target.outputs["TrustAnchorsParameter"],
            folder=Path(folder),
        )
    return (
        f"a throw-away chain is installed, issued by {local.ORGANISATION!r}: verifiers call what "
        "it signs untrusted, and they are right"
    )


def _csr(options: Namespace, target: account.Target) -> Exit:
    from cryptography import x509  # noqa: PLC0415 - only for this

    from provenance.certificate_request import csr  # noqa: PLC0415 - the same

    try:
        subject = x509.Name.from_rfc4514_string(options.subject)
    except ValueError as error:
        raise CommandFailed(
            "subject_invalid",
            f"--subject {options.subject!r} is no RFC 4514 name ({error}); right is, for example, "
            "CN=Stories of Example,O=Example Ltd,C=GB",
            Exit.USAGE,
        ) from error
    with account.failures():
        request = csr(target.client("kms"), target.outputs["SigningKey"], subject)
    try:
        options.out.write_text(request)
    except OSError as error:
        raise CommandFailed("file_unwritable", f"{options.out}: {error.strerror}") from error
    print(f"✓ {options.out}: a request for {subject.rfc4514_string()}, signed inside KMS.")
    print(f"  Send it to your certificate authority. {NEEDS}")
    print("  Then: enliven certificate install chain.pem" + _again(options))
    return Exit.OK


def _install(options: Namespace, target: account.Target) -> Exit:
    if options.throw_away == (options.chain is not None):
        raise CommandFailed(
            "usage", "give either a file with the chain, or --throw-away", Exit.USAGE
        )
    if options.throw_away:
        print(f"✓ {install_throw_away(target)}.")
        return Exit.OK
    _put(target, options.chain, options.anchors)
    print(f"✓ installed: {standing(target).told}.")
    print("  The next story is signed with it; nothing has to be deployed.")
    return Exit.OK


def _put(target: account.Target, chain_file: Path, anchors_file: Path | None) -> None:
    from cloud import certificates  # noqa: PLC0415 - loads boto3
    from story.errors import CertificateMissing  # noqa: PLC0415 - with the line above

    chain = _read(chain_file)
    values = {target.outputs["CertificateChainParameter"]: chain}
    if anchors_file is not None:
        values[target.outputs["TrustAnchorsParameter"]] = _read(anchors_file)
    with account.failures():
        public = _public_key(target)
    try:
        certificates.check_chain(chain, public, str(chain_file), datetime.now(UTC))
        if anchors_file is not None:
            certificates.ends_at(values[target.outputs["TrustAnchorsParameter"]])
    except CertificateMissing as error:
        raise CommandFailed("chain_unusable", str(error), Exit.USAGE) from error
    with account.failures():
        for name, value in values.items():
            target.client("ssm").put_parameter(
                Name=name, Value=value, Type="String", Tier="Intelligent-Tiering", Overwrite=True
            )


def _status(options: Namespace, target: account.Target) -> Exit:
    found = standing(target)
    if found.days >= RENEW_DAYS:
        print(f"✓ {found.told}")
        return Exit.OK
    print(f"✗ {found.told}")
    print(f"  Ask for one: enliven certificate csr{_again(options)}")
    return Exit.FAILED


def _public_key(target: account.Target) -> bytes:
    found: bytes = target.client("kms").get_public_key(KeyId=target.outputs["SigningKey"])[
        "PublicKey"
    ]
    return found


def _subjects(chain: str) -> str:
    from cryptography import x509  # noqa: PLC0415 - only for this

    leaf = x509.load_pem_x509_certificates(chain.encode())[0]
    return f"{leaf.subject.rfc4514_string()}, issued by {leaf.issuer.rfc4514_string()}"


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CommandFailed("file_unreadable", f"{path}: {error.strerror}", Exit.USAGE) from error
    if b"PRIVATE KEY" in content:
        raise CommandFailed(
            "chain_unusable",
            f"{path} holds a private key, which belongs nowhere near here: give the chain alone",
            Exit.USAGE,
        )
    if len(content) > MAX_PARAMETER_BYTES:
        raise CommandFailed(
            "chain_unusable",
            f"{path} has {len(content):,} bytes; a parameter holds {MAX_PARAMETER_BYTES:,}. Leave "
            "the root out, or put it into S3 and deploy with CertificateChain=s3://bucket/key "
            "and CertificateBucket=bucket",
            Exit.USAGE,
        )
    return content.decode("ascii", errors="replace")


def _again(options: Namespace) -> str:
    """The arguments that name the same stack once more."""
    named: dict[str, Any] = {"stack": options.stack, "region": options.region}
    return "".join(f" --{name} {value}" for name, value in named.items() if value is not None)
