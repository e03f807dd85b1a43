"""The programs that stand for S3, SQS and MongoDB, and the functions' settings for them."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from clipo.errors import ClipoError
from clipo.home import Home
from clipo.local import checkout, environment
from clipo.local.credentials import serve_credentials
from clipo.local.ports import LOOPBACK

_REPOSITORY = Path(__file__).parents[2]
MINISTACK = _REPOSITORY / ".tools" / "ministack" / "bin" / "ministack"
"""The emulator of S3 and SQS, in an environment of its own: it needs another botocore than ours."""

_GUARDED_MINISTACK = Path(__file__).with_name("guarded_ministack.py")

SECANTUSD = Path(sys.executable).with_name("secantusd-py")

_BUCKETS = {"UPLOADS_BUCKET": "clipo-uploads", "MEDIA_BUCKET": "clipo-media"}
_REGION = "us-east-1"


def ministack(home: Home, port: int, host: str = LOOPBACK) -> tuple[list[str], dict[str, str]]:
    """Return the command and the settings of an S3 that checks every signature, behind our guard.

    Raises `ClipoError` if it is not installed.
    """
    _require(MINISTACK)
    for folder in (home.objects, home.emulator):
        folder.mkdir(parents=True, exist_ok=True)
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
    python = environment.python(str(MINISTACK.with_name("python")))
    return [*python, str(_GUARDED_MINISTACK)], settings


def _require(program: Path) -> None:
    if not program.exists():
        raise ClipoError(f"{program} is missing: {checkout.make('run')}")


def _readdress_queues(state: Path, port: int) -> None:
    """Give the queues of an earlier start the port of this one, with the events that wait in them.

    The emulator knows a queue by its address. At another port it would make new ones, and nothing
    would read the old ones any more.
    """
    if state.exists():
        fresh = state.with_suffix(".new")
        kept = re.sub(rb"(?<=http://localhost:)\d+(?=/)", b"%d" % port, state.read_bytes())
        fresh.write_bytes(kept)
        fresh.replace(state)


def secantusd(home: Home, port: int, host: str = LOOPBACK) -> list[str]:
    """Return the command of a server that speaks MongoDB's protocol.

    Raises `ClipoError` if it is not installed.
    """
    _require(SECANTUSD)
    home.mongo.mkdir(parents=True, exist_ok=True)
    return [
        *environment.python(),
        *(str(SECANTUSD), "--host", host, "--port", str(port)),
        *("--storage-path", str(home.mongo), "--cache-size", "256M"),
    ]


def own_storage_environ(home: Home, url: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the functions' environment with our own S3, at `url`.

    `given` is the user's environment after `environment.allowed`.
    """
    access_key, secret = home.credentials()
    return {
        **given,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": _REGION,
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ENDPOINT_URL_SQS": url,
        **_BUCKETS,
    }


def others_storage_environ(given: Mapping[str, str]) -> dict[str, str]:
    """Return the functions' environment with the S3 at AWS_ENDPOINT_URL_S3.

    Raises `ClipoError` if there are no AWS credentials.
    """
    sqs = {"AWS_ENDPOINT_URL_SQS": given[environment.OTHER_STORE]}
    environ = {"AWS_REGION": _REGION} | _BUCKETS | sqs | dict(given)
    if given.get("AWS_ACCESS_KEY_ID"):
        return environ
    others = {name: text for name, text in environ.items() if "AWS_CONTAINER_" not in name}
    return others | serve_credentials()
