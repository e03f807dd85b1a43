"""Clients of Lambda and SQS with the settings of a deployed function."""

from functions.adapters.jobs import ProcessingFunction, WebhookQueue

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/clipo-webhooks"


def processing_function() -> ProcessingFunction:
    return ProcessingFunction("clipo-processing", region="eu-west-1", uploads_bucket="uploads")


def webhook_queue(**environ: str) -> WebhookQueue:
    made = WebhookQueue.read({"WEBHOOK_QUEUE_URL": QUEUE, "AWS_REGION": "eu-west-1"} | environ)
    assert made
    return made
