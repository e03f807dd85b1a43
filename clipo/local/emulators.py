"""The programs that stand for S3, SQS and MongoDB, and what the functions are told of them."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from clipo.errors import ClipoError
from clipo.home import Home
from clipo.local.credentials import serve_credentials
from clipo.local.ports import LOOPBACK

_REPOSITORY = Path(__file__).parents[2]
MINISTACK = _REPOSITORY / ".tools" / "ministack" / "bin" / "ministack"
"""In an environment of its own, which `make setup` makes: it needs another botocore than ours."""

SECANTUSD = Path(sys.executable).with_name("secantusd-py")

_BUCKETS = {"UPLOADS_BUCKET": "clipo-uploads", "MEDIA_BUCKET": "clipo-media"}
_REGION = "us-east-1"


def ministack(home: Home, port: int, host: str = LOOPBACK) -> tuple[list[str], dict[str, str]]:
    """Return the command and the settings of an S3 that checks every signature.

    Raises `ClipoError` where it is not installed.
    """
    if not MINISTACK.exists():
        raise ClipoError(f"{MINISTACK} is missing. Run `make setup` first.")
    _readdress_queues(home.emulator / "sqs.json", port)
    settings = {
        "AUTH": "true",
        "BIND_HOST": host,
        "GATEWAY_PORT": str(port),
        "SERVICES": "s3,sqs",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home.emulator),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home.objects),
    }
    return [str(MINISTACK)], settings


def _readdress_queues(state: Path, port: int) -> None:
    """Give the queues of an earlier start the port of this one, with the events that wait in them.

    The emulator knows a queue by its address. At another port it would make new ones, and nothing
    would read the old ones any more.
    """
    if state.exists():
        kept = re.sub(r"(?<=http://localhost:)\d+(?=/)", str(port), state.read_text())
        state.write_text(kept)


def secantusd(home: Home, port: int, host: str = LOOPBACK) -> list[str]:
    """Return the command of a server that speaks MongoDB's protocol."""
    return [
        *(str(SECANTUSD), "--host", host, "--port", str(port)),
        *("--storage-path", str(home.mongo), "--cache-size", "256M"),
    ]


def own_storage_environ(home: Home, url: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which everything uses our own S3, at `url`.

    Nothing of the user's AWS configuration may leak into it.
    """
    access_key, secret = home.credentials()
    environ = {name: value for name, value in given.items() if not name.startswith("AWS_")}
    return environ | {
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": _REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ENDPOINT_URL_SQS": url,
        **_BUCKETS,
    }


def others_storage_environ(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which everything uses the S3 at AWS_ENDPOINT_URL_S3.

    Raises `ClipoError` if there are no AWS credentials.
    """
    environ = {"AWS_REGION": _REGION} | _BUCKETS | dict(given)
    environ.setdefault("AWS_ENDPOINT_URL_SQS", given["AWS_ENDPOINT_URL_S3"])
    return environ if given.get("AWS_ACCESS_KEY_ID") else environ | serve_credentials()
