"""An AWS of our own to deploy to: ministack, with TLS, roles and signatures checked."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import httpx2
import trustme

from tests.deploy.sam import REPOSITORY, Sam
from tests.servers import Server, reserved_port

_MINISTACK = REPOSITORY / ".tools" / "aws-emulator" / "bin" / "ministack"
_REGION = "us-east-1"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "DEPLOYER", "AWS_SECRET_ACCESS_KEY": "secret-of-the-deployer"}


@dataclass
class Aws:
    """The running emulator."""

    url: str
    ca: Path

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """What trusts its certificate."""
        return ssl.create_default_context(cafile=self.ca)

    @property
    def sam(self) -> Sam:
        """SAM's command line, for this AWS."""
        return Sam(
            _CREDENTIALS
            | {
                "AWS_REGION": _REGION,
                "AWS_DEFAULT_REGION": _REGION,
                "AWS_ENDPOINT_URL": self.url,
                "AWS_CA_BUNDLE": str(self.ca),
            }
        )

    def client(self, service: Any) -> Any:
        session = boto3.Session(
            aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=_REGION,
        )
        return session.client(service, endpoint_url=self.url, verify=str(self.ca))

    def http(self, host: str) -> httpx2.Client:
        """Return a client of one of the hosts that live behind the emulator's address."""
        return httpx2.Client(base_url=self.url, headers={"Host": host}, verify=self.tls, timeout=60)


@contextmanager
def emulated_aws(folder: Path) -> Iterator[Aws]:
    ca, certificate = folder / "ca.pem", folder / "certificate.pem"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca)
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(certificate)
    with reserved_port(30500) as port:
        environ = _CREDENTIALS | {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "LAMBDA_EXECUTOR": "local",
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1",
            "MINISTACK_REGION": _REGION,
            "TMPDIR": str(folder),
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(certificate),
            "MINISTACK_SSL_KEY": str(certificate),
            # The functions that it runs are to trust it, too.
            "AWS_CA_BUNDLE": str(ca),
        }
        server = Server([str(_MINISTACK)], port, environ=environ)
        server.start()
    try:
        yield Aws(f"https://127.0.0.1:{port}", ca)
    finally:
        server.stop()
