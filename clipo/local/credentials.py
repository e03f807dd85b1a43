"""Serves the user's AWS credentials to the functions, which find only their own environment's.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

import json
import secrets
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from clipo.errors import ClipoError
from clipo.local.ports import LOOPBACK

_VALID_FOR = timedelta(minutes=15)
"""How long a function may keep them: boto3 renews credentials 15 minutes before they expire."""


def serve_credentials() -> dict[str, str]:
    """Serve what boto3 finds, such as a profile's credentials, until this process ends.

    Return the settings with which a function reads them. Raises `ClipoError` if there are none.
    """
    import boto3  # noqa: PLC0415 (the wheel has none, and its `clipo doctor` imports this module)

    credentials = boto3.Session().get_credentials()
    if not credentials:
        raise ClipoError("No AWS credentials found for AWS_ENDPOINT_URL_S3. Set AWS_PROFILE.")
    current, token = credentials.get_frozen_credentials, secrets.token_urlsafe()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not secrets.compare_digest(self.headers.get("Authorization", ""), token):
                self.send_error(HTTPStatus.FORBIDDEN)
                return
            now = current()
            body = {
                "AccessKeyId": now.access_key,
                "SecretAccessKey": now.secret_key,
                "Token": now.token,
                "Expiration": (datetime.now(UTC) + _VALID_FOR).isoformat(),
            }
            self.send_response(HTTPStatus.OK)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (as it is called there)
            """Keep the console for what happens to videos."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{LOOPBACK}:{server.server_port}/",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
    }
