"""The emulator of S3 and SQS, started again where an earlier start's port is taken."""

from pathlib import Path

from clipo.home import Home
from clipo.local import emulators
from clipo.local.cloud import Cloud
from tests.servers import S3, s3

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "LOCALTEST", "AWS_SECRET_ACCESS_KEY": "secret"}
BUCKETS = {"uploads_bucket": "clipo-uploads", "media_bucket": "clipo-media"}


def cloud(server: S3) -> Cloud:
    urls = {"AWS_ENDPOINT_URL_S3": server.url, "AWS_ENDPOINT_URL_SQS": server.url}
    return Cloud(CREDENTIALS | urls | {"AWS_REGION": "us-east-1"})


def test_an_event_that_waits_is_received_after_a_start_at_another_port(tmp_path: Path) -> None:
    with s3(tmp_path, CREDENTIALS) as first:
        before = cloud(first)
        before.send(before.set_up(**BUCKETS).events, {"number": 1})
    other = first.port + 50
    command, settings = emulators.ministack(Home(tmp_path), other)
    second = S3(command, other, environ=CREDENTIALS | settings)
    second.start()
    try:
        after = cloud(second)
        queue = after.set_up(**BUCKETS).events
        # S3's own test event of the bucket's first notification comes before ours.
        waiting = [after.receive(queue, wait_s=1, hidden_s=60) for _ in range(2)]
        assert '{"number": 1}' in [message.body for message in waiting if message]
    finally:
        second.stop()
