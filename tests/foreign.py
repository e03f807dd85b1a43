"""A shell that holds what makes tools fail: variables that libraries read, modules of our names."""

from pathlib import Path

_NOT_OURS = 'raise AssertionError("a module of another project was imported")\n'
_PACKAGES = ("api", "clipo", "core", "functions", "functions/api", "functions/core", "shared")
"""Netlify and Firebase keep a project's functions in `functions/`."""

_MODULES = ("asyncio", "functions/main", "httpx2", "json", "logging", "queue", "typer")

_HOSTILE = """
LOG_LEVEL=WARNING POWERTOOLS_LOG_LEVEL=NONSENSE POWERTOOLS_SERVICE_NAME=other POWERTOOLS_DEV=maybe
POWERTOOLS_LOGGER_SAMPLE_RATE=often AWS_LAMBDA_LOG_LEVEL=FATAL
WEB_CONCURRENCY=4 UVICORN_PORT=1 UVICORN_WORKERS=3 UVICORN_LOG_LEVEL=critical FORWARDED_ALLOW_IPS=*
AWS_PROFILE=unknown AWS_REGION=nowhere AWS_DEFAULTS_MODE=nonsense AWS_USE_FIPS_ENDPOINT=true
AWS_CA_BUNDLE=/none.pem AWS_MAX_ATTEMPTS=many AWS_RETRY_MODE=none AWS_SESSION_TOKEN=another
AWS_ENDPOINT_URL=http://127.0.0.1:9 AWS_ENDPOINT_URL_SQS=nonsense
USE_SSL=1 EDGE_PORT=1 MINISTACK_HOST=nowhere MINISTACK_REGION=nowhere SERVICES=ec2 AUTH=false
STATE_DIR=/none S3_DATA_DIR=/none
PYTHONWARNINGS=error PYTHONOPTIMIZE=2 PYTHONINSPECT=1 PYTHONIOENCODING=ascii
ALL_PROXY=socks5://127.0.0.1:1 HTTP_PROXY=http://proxy:port https_proxy=ftp://x NO_PROXY=fe80::/10,[
SSL_CERT_FILE=/none.pem SSL_CERT_DIR=/none REQUESTS_CA_BUNDLE=/none.pem SSLKEYLOGFILE=/none/keys
FORCE_COLOR=1 LANG=xx_YY LC_ALL=C COLUMNS=wide
"""
"""Variables of the log, the API's server, AWS, the emulator, Python, network and terminal."""


def foreign_project(folder: Path) -> Path:
    """Fill a folder with another project: each module that is imported from it raises."""
    for package in _PACKAGES:
        (folder / package).mkdir(parents=True, exist_ok=True)
        (folder / package / "__init__.py").write_text(_NOT_OURS)
    for module in _MODULES:
        (folder / f"{module}.py").write_text(_NOT_OURS)
    (folder / "functions" / "hello.js").write_text("exports.handler = async () => ({});\n")
    return folder


def hostile_environ(folder: Path, home: Path) -> dict[str, str]:
    """Return variables of a shell, with a project in PYTHONPATH and a broken ~/.aws in `home`."""
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text("[default]\ns3 =\n  use_accelerate_endpoint = true\n[[\n")
    hostile = dict(pair.split("=", 1) for pair in _HOSTILE.split())
    config = str(home / ".aws" / "config")
    return hostile | {"HOME": str(home), "AWS_CONFIG_FILE": config, "PYTHONPATH": str(folder)}
