"""Lambda and SQS over HTTP, both ways."""

import pytest

from functions.adapters.jobs import ProcessingFunction, WebhookQueue, enqueued_video
from functions.adapters.sdk.aws import SdkAws
from functions.adapters.signed.aws import SignedAws
from functions.core.unavailable import ProcessingUnavailable, QueueUnavailable
from tests.checking_aws import CheckingAws
from tests.examples import ID, uploaded

SETTINGS = {"PROCESSING_FUNCTION": "clipo-processing", "UPLOADS_BUCKET": "uploads"}

Way = type[SignedAws] | type[SdkAws]


@pytest.fixture(params=[SignedAws, SdkAws])
def way(request: pytest.FixtureRequest) -> Way:
    found: type[SignedAws | SdkAws] = request.param
    return found


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, checking_aws: CheckingAws) -> dict[str, str]:
    """Settings as on Lambda. botocore looks for the credentials in the process's environment."""
    user = {
        "AWS_ACCESS_KEY_ID": checking_aws.user.access_key_id,
        "AWS_SECRET_ACCESS_KEY": checking_aws.user.secret_access_key,
    }
    for name, value in user.items():
        monkeypatch.setenv(name, value)
    return user | SETTINGS | {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": checking_aws.url}


def test_a_message_arrives_on_the_queue(
    way: Way, environ: dict[str, str], checking_aws: CheckingAws
) -> None:
    sqs = checking_aws.client("sqs")
    url = sqs.create_queue(QueueName=f"webhooks-{way.__name__}")["QueueUrl"]
    WebhookQueue(url, way(environ).send_message).enqueue(ID)
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert enqueued_video(message["Body"]) == ID


def test_a_queue_that_is_not_there_is_named(way: Way, environ: dict[str, str]) -> None:
    queue = WebhookQueue(f"{environ['AWS_ENDPOINT_URL']}/1/nothing", way(environ).send_message)
    with pytest.raises(QueueUnavailable, match=r"SQS: \S*(DoesNotExist|NonExistent)"):
        queue.enqueue(ID)


@pytest.mark.parametrize("name", ["nothing", "arn:aws:lambda:us-east-1:000000000000:function:no"])
def test_a_function_that_is_not_there_is_named(
    way: Way, environ: dict[str, str], name: str
) -> None:
    changed = environ | {"PROCESSING_FUNCTION": name}
    with pytest.raises(ProcessingUnavailable, match="Lambda: ResourceNotFoundException"):
        ProcessingFunction(changed, way(changed).invoke).start(uploaded(ID))


def test_another_signature_is_refused(
    way: Way, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "guessed")
    aws = way(environ | {"AWS_SECRET_ACCESS_KEY": "guessed"})
    with pytest.raises(ProcessingUnavailable, match="Lambda: InvalidSignatureException"):
        ProcessingFunction(environ, aws.invoke).start(uploaded(ID))
    with pytest.raises(QueueUnavailable, match=r"SQS: \w*Signature"):
        WebhookQueue("http://localhost/1/q", aws.send_message).enqueue(ID)


def test_what_does_not_answer_is_unavailable(way: Way, environ: dict[str, str]) -> None:
    aws = way(environ | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    with pytest.raises(ProcessingUnavailable, match=r"Lambda: \w+ConnectionError"):
        ProcessingFunction(environ, aws.invoke).start(uploaded(ID))
    with pytest.raises(QueueUnavailable, match=r"SQS: \w+ConnectionError"):
        WebhookQueue("http://localhost/1/q", aws.send_message).enqueue(ID)
