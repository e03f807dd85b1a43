"""Deploys the built template onto the emulated AWS, and uses what is deployed.

What the emulator cannot do is made up for here, never in the template (ADR 9).
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
from samtranslator.yaml_helper import yaml_parse

from functions.core.api_keys import Root
from tests.credentials import admin_token, bearer
from tests.deploy.aws import Aws
from tests.deploy.sam import ARCHITECTURE, REPOSITORY
from tests.receivers import SECRET

STACK = "clipo-test"
RECEIVER = "https://receiver.invalid/hook"
"""There is none: webhooks go to public addresses only, and this machine has none."""

_SECRET = "clipo/mongodb"
_WEBHOOK_SECRET = "clipo/webhooks"


@dataclass(frozen=True)
class Deployed:
    """A stack that runs."""

    aws: Aws
    outputs: dict[str, str]
    mongodb_uri: str

    def stranger(self) -> httpx2.Client:
        """Return a client without a credential."""
        return self.aws.http(self.outputs["ApiUrl"].partition("://")[2])

    def api(self) -> httpx2.Client:
        """Return a client with an API key for all owners."""
        client = self.stranger()
        client.headers.update(bearer(self._key))
        return client

    @property
    def root(self) -> Root:
        """The root secret that the stack has made."""
        found = self.aws.client("secretsmanager").get_secret_value(
            SecretId=self.outputs["RootSecret"]
        )
        return Root(1, found["SecretString"])

    @cached_property
    def _key(self) -> str:
        """Create an API key as the operator does."""
        admin = bearer(admin_token(self.root))
        with self.stranger() as client:
            created = client.post("/keys", json={"name": "test"}, headers=admin)
        assert created.status_code == 201, created.text
        return str(created.json()["key"])

    def post(self, upload: dict[str, Any], content: bytes, **changes: str) -> httpx2.Response:
        return httpx2.post(
            upload["url"],
            data=upload["fields"] | changes,
            files={"file": ("any", content)},
            verify=self.aws.tls,
            timeout=60,
        )

    def uploaded(self, api: httpx2.Client, content: bytes) -> str:
        """Upload through a signed form; return the video's id."""
        created = api.post("/videos", json={"filename": "clip.mp4", "size": len(content)})
        assert created.status_code == 201, created.text
        upload = created.json()["upload"]
        assert self.outputs["UploadsBucket"] in upload["url"]
        assert self.post(upload, content).status_code == 204
        return str(created.json()["id"])

    def finished(self, api: httpx2.Client, video_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            video: dict[str, Any] = api.get(f"/videos/{video_id}").json()
            return video if video["status"] in ("done", "failed") else None

        return eventually(look)


def eventually(
    look: Callable[[], dict[str, Any] | None], *, within_s: float = 120
) -> dict[str, Any]:
    deadline = time.monotonic() + within_s
    while (found := look()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def create_secrets(aws: Aws, mongodb_uri: str) -> None:
    """Create the secrets whose names the stack gets as parameters."""
    secrets = aws.client("secretsmanager")
    secrets.create_secret(Name=_SECRET, SecretString=mongodb_uri)
    secrets.create_secret(Name=_WEBHOOK_SECRET, SecretString=SECRET)


def outputs(aws: Aws) -> dict[str, str]:
    """Return the stack's outputs."""
    stack = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def deploy(aws: Aws, built: Path, **changes: str) -> None:
    """Deploy the built template, or deploy it again with other parameters."""
    deploy_template(aws, emulated(built), **changes)


def deploy_template(aws: Aws, template: Path, **changes: str) -> None:
    """Run `sam deploy` with a template and these parameters; leave those out that are empty."""
    parameters = {
        "MongoSecret": _SECRET,
        "BucketNames": "account-regional",
        "Architecture": ARCHITECTURE,
        "WebhookUrl": RECEIVER,
        "WebhookSecret": _WEBHOOK_SECRET,
    }
    aws.sam.run(
        *("deploy", "--template", template, "--stack-name", STACK),
        *("--config-file", REPOSITORY / "samconfig.toml", "--no-confirm-changeset"),
        "--parameter-overrides",
        *(f"{name}={value}" for name, value in (parameters | changes).items() if value),
    )


def emulated(built: Path) -> Path:
    """Return the built template without what the emulator cannot do."""
    template = yaml_parse((built / "template.yaml").read_text())
    # It makes no alarm of two metrics.
    template["Resources"] = {
        name: made
        for name, made in template["Resources"].items()
        if "Metrics" not in made.get("Properties", {})
    }
    # It takes a parameter of type Number for text, which its poller of queues cannot compare.
    queue = template["Resources"]["WebhooksFunction"]["Properties"]["Events"]["Queue"]["Properties"]
    assert queue["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "WebhookConcurrency"}}
    queue["ScalingConfig"] = {"MaximumConcurrency": 2}
    # It knows neither key groups nor the delivery of logs.
    for name in ("DeliveryKeys", "DeliveryLogSource", "DeliveryLogDestination", "DeliveryLog"):
        del template["Resources"][name]
    config = template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    for behaviour in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        assert behaviour["TrustedKeyGroups"] == [{"Ref": "DeliveryKeys"}]
        behaviour["TrustedKeyGroups"] = ["a-key-group"]
    written = built / "emulated.json"
    written.write_text(json.dumps(template))
    return written


def layer_of(built: Path) -> Path:
    return built / "FfmpegLayer" / "bin"


def use_ffmpeg_of(aws: Aws, folder: Path) -> None:
    """Set where processing and images find ffmpeg."""
    functions = aws.client("lambda")
    for name in (f"{STACK}-processing", f"{STACK}-images"):
        found = functions.get_function_configuration(FunctionName=name)
        environ = found["Environment"]["Variables"] | {"CLIPO_FFMPEG_DIR": str(folder)}
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": environ}
        )
