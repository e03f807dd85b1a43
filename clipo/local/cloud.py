"""The local counterpart of template.yaml: buckets, queues and the trigger between them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from clipo.errors import ClipoError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CORSRuleTypeDef
    from types_boto3_sqs import SQSClient

_EVENTS_QUEUE = "clipo-events"
_FAILED_EVENTS_QUEUE = "clipo-failed-events"
_WEBHOOKS_QUEUE = "clipo-webhooks"
_FORGET_AFTER_S = 14 * 24 * 3600
_DEFAULT_REGION = "us-east-1"

# Pages of web servers on this machine may upload, on any port.
_LOCAL_ORIGINS = ["http://localhost:*", "http://127.0.0.1:*"]


@dataclass(frozen=True, slots=True)
class Queues:
    """The queues' URLs."""

    events: str
    failed_events: str
    webhooks: str


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery of an event."""

    id: str
    receipt: str
    body: str
    delivery: int
    """The number of the delivery, from 1."""


class Cloud:
    """S3 and SQS at AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_SQS."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Make the clients without a request. Raises `ClipoError` if a setting is invalid."""
        config = Config(
            s3={"addressing_style": "path"},
            connect_timeout=2,
            read_timeout=30,
            # On one machine more retries rarely help, and they would delay the stack's end.
            retries={"mode": "standard", "total_max_attempts": 2},
        )
        self._region = environ["AWS_REGION"]
        with _explain_errors("use the AWS settings"):
            session = boto3.Session(
                aws_access_key_id=environ.get("AWS_ACCESS_KEY_ID"),
                aws_secret_access_key=environ.get("AWS_SECRET_ACCESS_KEY"),
                aws_session_token=environ.get("AWS_SESSION_TOKEN"),
                region_name=environ["AWS_REGION"],
            )
            self._s3: S3Client = session.client(
                "s3", endpoint_url=environ["AWS_ENDPOINT_URL_S3"], config=config
            )
            self._sqs: SQSClient = session.client(
                "sqs", endpoint_url=environ["AWS_ENDPOINT_URL_SQS"], config=config
            )

    def set_up(self, *, uploads_bucket: str, media_bucket: str) -> Queues:
        """Create what is missing and return the queues. Safe to repeat.

        Raises `ClipoError` if S3 or SQS refuses a request or does not answer.
        """
        with _explain_errors("set up the buckets and queues"):
            for bucket in (uploads_bucket, media_bucket):
                self._create_bucket(bucket)
            # The form, and the steps of an upload in parts.
            uploads = _cors_rule(["POST", "PUT", "GET", "HEAD", "DELETE"], _LOCAL_ORIGINS)
            # Browsers come here by a redirect of the API, after which their origin is "null".
            reads = _cors_rule(["GET", "HEAD"], ["*"])
            self._set_cors(uploads_bucket, [uploads, reads])
            self._set_cors(media_bucket, [reads])
            queues = Queues(
                events=self._create_queue(_EVENTS_QUEUE),
                failed_events=self._create_queue(_FAILED_EVENTS_QUEUE),
                webhooks=self._create_queue(_WEBHOOKS_QUEUE),
            )
            self._send_events(uploads_bucket, queues.events)
            return queues

    def receive(self, queue: str, *, wait_s: int, hidden_s: int) -> Message | None:
        """Wait for one message and hide it from others for a while."""
        with _explain_errors("receive events"):
            response = self._sqs.receive_message(
                QueueUrl=queue,
                WaitTimeSeconds=wait_s,
                VisibilityTimeout=hidden_s,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        for message in response.get("Messages", []):
            return Message(
                id=message["MessageId"],
                receipt=message["ReceiptHandle"],
                body=message["Body"],
                delivery=int(message["Attributes"]["ApproximateReceiveCount"]),
            )
        return None

    def delete(self, queue: str, message: Message) -> None:
        """Take a message off its queue."""
        with _explain_errors("delete an event"):
            self._sqs.delete_message(QueueUrl=queue, ReceiptHandle=message.receipt)

    def hide(self, queue: str, message: Message, *, seconds: int) -> None:
        """Have the queue deliver a message again after some seconds."""
        with _explain_errors("put an event back"):
            self._sqs.change_message_visibility(
                QueueUrl=queue, ReceiptHandle=message.receipt, VisibilityTimeout=seconds
            )

    def send(self, queue: str, body: Mapping[str, Any]) -> None:
        """Put a message on a queue."""
        with _explain_errors("send an event"):
            self._sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(body))

    def _create_bucket(self, bucket: str) -> None:
        try:
            if self._region == _DEFAULT_REGION:
                self._s3.create_bucket(Bucket=bucket)
            else:
                self._s3.create_bucket(
                    Bucket=bucket,
                    CreateBucketConfiguration={"LocationConstraint": self._region},  # type: ignore[typeddict-item]  # any region's name
                )
        except (
            self._s3.exceptions.BucketAlreadyOwnedByYou,
            self._s3.exceptions.BucketAlreadyExists,
        ):
            return

    def _set_cors(self, bucket: str, rules: "list[CORSRuleTypeDef]") -> None:
        self._s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})

    def _create_queue(self, name: str) -> str:
        attributes = {"MessageRetentionPeriod": str(_FORGET_AFTER_S)}
        return self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]  # the stubs know the names only as literals

    def _send_events(self, bucket: str, queue: str) -> None:
        arn = self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        self._s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "QueueArn": arn,
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": {
                            "Key": {"FilterRules": [{"Name": "prefix", "Value": "uploads/"}]}
                        },
                    }
                ]
            },
        )


def _cors_rule(methods: list[str], origins: list[str]) -> "CORSRuleTypeDef":
    return {
        "AllowedMethods": methods,
        "AllowedOrigins": origins,
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag", "Accept-Ranges", "Content-Range"],
        "MaxAgeSeconds": 3000,
    }


@contextmanager
def _explain_errors(action: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, ValueError, OSError) as error:
        raise ClipoError(f"Could not {action}: {str(error).rstrip('.')}.") from error
