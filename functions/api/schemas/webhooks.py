"""The JSON of requests and responses about webhooks."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from functions.api.schemas.fields import Owner, Time
from functions.core.delivery_log import DeliveryStatus, LoggedDelivery
from functions.core.receivers import EVERY_EVENT, Receiver
from functions.core.result_event import EventType

RECEIVER = "rcv_6b03911acf2b20c6f6841703"
EVENT = "msg_6b03911acf2b20c6f6841703"
_LONGEST_URL = 2048

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=_LONGEST_URL,
        description="`https://`, and a public address",
        examples=["https://example.com/hooks"],
    ),
]
Events = Annotated[
    frozenset[Annotated[EventType, Field(strict=False)]],
    Field(
        strict=False,
        min_length=1,
        description="The events that it gets",
        examples=[["video.failed"]],
    ),
]
Description = Annotated[str | None, Field(max_length=100, examples=["billing"])]
OnlyOwner = Annotated[
    Owner | None,
    Field(
        description="The only owner of whose videos it gets events; `null`: all videos",
        examples=["user-7"],
    ),
]


class CreateReceiver(BaseModel):
    """A webhook receiver to be created."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: Url
    events: Events = EVERY_EVENT
    owner: OnlyOwner = None
    description: Description = None


class ChangeReceiver(BaseModel):
    """The fields of a webhook receiver to be changed."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"minProperties": 1})

    url: Url = ""
    events: Events = EVERY_EVENT
    owner: OnlyOwner = None
    description: Description = None
    enabled: bool = Field(default=True, description="`false`: it gets no events for now")

    @model_validator(mode="after")
    def _changes_something(self) -> "ChangeReceiver":
        if not self.model_fields_set:
            raise ValueError("Name a field to change")
        return self


class ReceiverResource(BaseModel):
    """A webhook receiver, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(examples=[RECEIVER])
    url: str = Field(examples=["https://example.com/hooks"])
    events: list[EventType]
    owner: str | None = Field(examples=["user-7"])
    description: str | None = Field(examples=["billing"])
    enabled: bool
    created_at: Time
    previous_secret_until: Time | None = Field(
        description="Until then, the secret before the present one also signs"
    )


class ReceiverWithSecret(ReceiverResource):
    """A webhook receiver with its new secret. Clipo shows it only this once."""

    secret: str = Field(
        description="Signs its webhooks, in the form of Standard Webhooks", examples=["whsec_…"]
    )


class ReceiverList(BaseModel):
    """All webhook receivers but that of the settings, oldest first."""

    data: list[ReceiverResource]


class DeliveryAttempt(BaseModel):
    """One request to a receiver."""

    model_config = ConfigDict(from_attributes=True)

    at: Time
    status: int | None = Field(
        description="HTTP status; `null` if there was no response", examples=[503]
    )
    reason: str = Field(examples=["status 503"])
    duration_ms: int = Field(examples=[120])


class WebhookDelivery(BaseModel):
    """The delivery of one event to one receiver."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(examples=[f"{EVENT}.{RECEIVER}"])
    receiver: str = Field(
        description="Its id; `settings`: the receiver of `WEBHOOK_URL`", examples=[RECEIVER]
    )
    event_id: str = Field(description="The header `webhook-id`", examples=[EVENT])
    type: str = Field(
        description="`video.done`, `video.failed` or `webhook.test`", examples=["video.done"]
    )
    status: DeliveryStatus
    created_at: Time = Field(description="Time of the event")
    video_id: str | None = Field(
        description="`null` in a test", examples=["6b03911acf2b20c6f6841702"]
    )
    owner: str | None = Field(examples=["user-7"])
    due_at: Time | None = Field(description="Time of the next attempt")
    delivered_at: Time | None
    attempts: list[DeliveryAttempt] = Field(description="The latest 20, oldest first")


class DeliveryPage(BaseModel):
    """A page of the delivery log."""

    data: list[WebhookDelivery]
    next_cursor: str | None = Field(
        description="`cursor` of the next page, or `null` on the last one"
    )


class WebhookEvent(BaseModel):
    """An event, as its webhook has it."""

    id: str = Field(description="The header `webhook-id`", examples=[EVENT])
    type: EventType
    timestamp: str = Field(examples=["2026-11-22T12:04:27.250Z"])
    data: dict[str, Any] = Field(description="The present data of the video")


class EventPage(BaseModel):
    """A page of events, the earliest first."""

    data: list[WebhookEvent]
    next_cursor: str | None = Field(
        description="`cursor` of the next page, or `null` on the last one"
    )


def receiver_resource(receiver: Receiver) -> ReceiverResource:
    """Return a receiver as clients see it."""
    return ReceiverResource(**_public(receiver))


def receiver_with_secret(receiver: Receiver, secret: str) -> ReceiverWithSecret:
    """Return a receiver with its new secret."""
    return ReceiverWithSecret(**_public(receiver), secret=secret)


def delivery_page(found: list[LoggedDelivery], limit: int) -> DeliveryPage:
    """Return a page of at most `limit` deliveries; one more than that means a next page."""
    shown = found[:limit]
    return DeliveryPage(
        data=[WebhookDelivery.model_validate(one) for one in shown],
        next_cursor=shown[-1].id if len(found) > limit else None,
    )


def _public(receiver: Receiver) -> dict[str, Any]:
    shown = ReceiverResource.model_fields.keys() - {"events"}
    events = [event for event in EventType if event in receiver.events]
    return {name: getattr(receiver, name) for name in shown} | {"events": events}
