"""`enliven certificate` on a real KMS key of moto's: requests, chains that fit and that do not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from cli import account
from cli.main import main
from cloud.certificates import NOTHING
from local import certificates
from tests.unit.cli.cloud_account import ANCHORS, CHAIN, STACK, deployed, value

__all__ = ["deployed"]


def _issue(target: account.Target, at: datetime) -> certificates.Chain:
    key = target.client("kms").get_public_key(KeyId=target.outputs["SigningKey"])["PublicKey"]
    return certificates.issue(key, at)


def test_a_request_is_written_for_the_stacks_key(deployed: account.Target, tmp_path: Path) -> None:
    out = tmp_path / "request.pem"
    subject = "CN=Stories of Example,O=Example Ltd,C=GB"
    assert main(["certificate", "csr", "--subject", subject, "--out", str(out)]) == 0
    request = x509.load_pem_x509_csr(out.read_bytes())
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == subject
    assert deployed.outputs["SigningKey"]


@pytest.mark.usefixtures("deployed")
def test_a_subject_that_is_no_name_is_refused_with_one_that_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["certificate", "csr", "--subject", "Example Ltd"]) == 2
    assert "O=Example Ltd,C=GB" in capsys.readouterr().err


def test_a_chain_that_fits_is_installed_and_its_end_is_told(
    deployed: account.Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = _issue(deployed, datetime.now(UTC))
    chain, root = tmp_path / "chain.pem", tmp_path / "root.pem"
    chain.write_text(made.chain)
    root.write_text(made.root)
    assert main(["certificate", "install", str(chain), "--anchors", str(root)]) == 0
    assert (value(deployed, CHAIN), value(deployed, ANCHORS)) == (made.chain, made.root)
    assert main(["certificate", "status"]) == 0
    assert "365 days" in capsys.readouterr().out


def test_a_chain_of_another_key_is_not_installed(
    deployed: account.Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = deployed.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    public = deployed.client("kms").get_public_key(KeyId=other["KeyMetadata"]["KeyId"])
    chain = tmp_path / "chain.pem"
    chain.write_text(certificates.issue(public["PublicKey"], datetime.now(UTC)).chain)
    assert main(["certificate", "install", str(chain)]) == 2
    assert "the chain that was issued for this key" in capsys.readouterr().err
    assert value(deployed, CHAIN) == NOTHING


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private key"),
        (b"not PEM at all", "no PEM certificates"),
        (b"x" * 9_000, "8,192"),
    ],
    ids=["a private key", "no certificate", "too long"],
)
def test_a_file_that_is_no_chain_is_refused(
    deployed: account.Target,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    said: str,
) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_bytes(content)
    assert main(["certificate", "install", str(chain)]) == 2
    assert said in capsys.readouterr().err
    assert value(deployed, CHAIN) == NOTHING


def test_none_and_one_that_ends_soon_are_said_to_be_wanting(
    deployed: account.Target, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["certificate", "status"]) == 4
    assert "no certificate is installed" in capsys.readouterr().out
    soon = datetime.now(UTC) - timedelta(certificates.LEAF_DAYS - 20)
    deployed.client("ssm").put_parameter(
        Name=CHAIN, Value=_issue(deployed, soon).chain, Overwrite=True
    )
    assert main(["certificate", "status"]) == 4
    told = capsys.readouterr().out
    assert "20 days" in told
    assert "enliven certificate csr" in told


def test_a_throw_away_chain_signs_and_says_what_it_is_worth(
    deployed: account.Target, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["certificate", "install", "--throw-away"]) == 0
    assert "untrusted" in capsys.readouterr().out
    assert value(deployed, CHAIN) != NOTHING
    assert main(["certificate", "status"]) == 0


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("given", [[], ["chain.pem", "--throw-away"]])
def test_a_chain_and_a_throw_away_one_exclude_each_other(given: list[str]) -> None:
    assert main(["certificate", "install", *given]) == 2
    assert STACK
