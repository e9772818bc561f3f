"""A real RFC 3161 time stamp authority on loopback: `openssl ts` answers, this carries."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from local import certificates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIGURATION = """
[tsa]
default_tsa = this
[this]
serial = {0}/serial
crypto_device = builtin
signer_cert = {0}/tsa.pem
signer_key = {0}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


def prepare(folder: Path) -> None:
    """Make the key and the certificate of an authority."""
    key, name = ec.generate_private_key(ec.SECP256R1()), certificates._name("time stamps")
    issuer = certificates._Issuer(name, key)
    at = datetime.now(UTC)
    certificate = (
        certificates._builder(name, key.public_key(), issuer, at - timedelta(days=1), 30)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(certificates._key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "tsa.pem").write_text(certificates._pem(certificate))
    (folder / "tsa.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (folder / "serial").write_text("01")
    (folder / "configuration").write_text(CONFIGURATION.format(folder))


@contextlib.contextmanager
def answering(respond: Any) -> Iterator[str]:
    """An HTTP server whose POSTs are answered by `respond(body) -> (status, body)`."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = respond(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def certificate_of(folder: Path) -> str:
    """The certificate of the authority that keeps it there, as PEM; it is its own root."""
    return (folder / "tsa.pem").read_text()


@contextlib.contextmanager
def authority(folder: Path) -> Iterator[str]:
    """The URL of an authority that keeps its key and certificate in a folder; see `prepare`."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "whoever prepares the folder has looked for it"

    def respond(query: bytes) -> tuple[int, bytes]:
        (folder / "query").write_bytes(query)
        configuration = ["-config", str(folder / "configuration")]
        done = subprocess.run(
            [openssl, "ts", "-reply", *configuration, "-queryfile", str(folder / "query")],
            capture_output=True,
            check=True,
        )
        return 200, done.stdout

    with answering(respond) as url:
        yield url
