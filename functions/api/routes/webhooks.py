"""Webhook receivers, the log of deliveries, and events."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from functions.adapters.mongo.ids import event_id_at, is_video_id
from functions.api import problems
from functions.api.manage_webhooks import (
    change_receiver,
    change_secret,
    check_on,
    create_receiver,
    find_delivery,
    find_receiver,
    remove_receiver,
    send_again,
    test_receiver,
)
from functions.api.problem_responses import documented
from functions.api.problems import InvalidField, Problem
from functions.api.schemas.fields import VIDEO_ID_PATTERN, TimeInFilter
from functions.api.schemas.webhooks import (
    EVENT,
    RECEIVER,
    ChangeReceiver,
    CreateReceiver,
    DeliveryPage,
    EventPage,
    ReceiverList,
    ReceiverResource,
    ReceiverWithSecret,
    WebhookDelivery,
    WebhookEvent,
    delivery_page,
    receiver_resource,
    receiver_with_secret,
)
from functions.api.scopes import ResourceRoute, needs
from functions.api.services import InjectedServices
from functions.core.access import Scope
from functions.core.delivery_log import DELIVERY_ID, DeliveryFilter, DeliveryStatus
from functions.core.result_event import result_event

_PAGE = 100
_OLDEST_EVENT = timedelta(hours=1)
"""The time for which the list of events goes back. It reads the results of all owners since."""

_CURSOR = f"^{DELIVERY_ID.pattern}$"
_EVENT_CURSOR = "^msg_[0-9a-f]{24,32}$"

ReceiverId = Annotated[str, Path(examples=[RECEIVER])]
DeliveryId = Annotated[str, Path(examples=[f"{EVENT}.{RECEIVER}"])]
Limit = Annotated[int, Query(ge=1, le=_PAGE, description="Most entries in a page")]

router = APIRouter(prefix="/webhooks", tags=["webhooks"], route_class=ResourceRoute)


@router.post(
    "",
    operation_id="createReceiver",
    summary="Create a webhook receiver",
    status_code=HTTPStatus.CREATED,
    responses=documented(
        *problems.OF_A_JSON_BODY,
        problems.INVALID_REQUEST,
        problems.WEBHOOKS_OFF,
        problems.TOO_MANY_RECEIVERS,
        problems.CATALOG_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.ADMIN),
)
def post_receiver(body: CreateReceiver, services: InjectedServices) -> ReceiverWithSecret:
    """Create a receiver, which gets the results from now on.

    The answer alone has the secret that signs its webhooks: Clipo does not store it.
    """
    return receiver_with_secret(*create_receiver(services, dict(body)))


@router.get(
    "",
    operation_id="listReceivers",
    summary="List the webhook receivers",
    responses=documented(problems.INVALID_REQUEST, problems.CATALOG_UNAVAILABLE),
    openapi_extra=needs(Scope.ADMIN),
)
def list_receivers(services: InjectedServices) -> ReceiverList:
    """List all receivers but that of `WEBHOOK_URL`, oldest first, without their secrets."""
    return ReceiverList(data=list(map(receiver_resource, services.receivers.all())))


@router.get(
    "/deliveries",
    operation_id="listDeliveries",
    summary="List webhook deliveries",
    responses=documented(
        problems.INVALID_ID,
        problems.INVALID_CURSOR,
        problems.INVALID_REQUEST,
        problems.CATALOG_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.READ),
)
def list_deliveries(
    *,
    services: InjectedServices,
    video_id: Annotated[
        str | None,
        Query(
            json_schema_extra={"pattern": VIDEO_ID_PATTERN},
            description="Only of this video",
            examples=["6b03911acf2b20c6f6841702"],
        ),
    ] = None,
    receiver: Annotated[
        str | None, Query(description="Only to this receiver", examples=[RECEIVER])
    ] = None,
    status: Annotated[
        DeliveryStatus | None, Query(description="Only with this status", examples=["failed"])
    ] = None,
    limit: Limit = 20,
    cursor: Annotated[
        str | None,
        Query(
            description="`next_cursor` of the previous page. Repeat its other parameters",
            json_schema_extra={"pattern": _CURSOR},
        ),
    ] = None,
) -> DeliveryPage:
    """List the deliveries of the videos that the credential reaches, those of new events first.

    The log has each delivery from its first attempt on, for 7 days after its last change.
    """
    if video_id and not is_video_id(video_id):
        raise Problem(problems.INVALID_ID, f"{video_id[:40]!r} is not a video id.")
    if cursor and not DELIVERY_ID.fullmatch(cursor):
        raise Problem(problems.INVALID_CURSOR, problems.INVALID_CURSOR.example)
    only = DeliveryFilter(video_id and video_id.lower(), receiver, status)
    found = services.catalog.deliveries(only, after=cursor, limit=limit + 1)
    return delivery_page(found, limit)


@router.get(
    "/deliveries/{delivery_id}",
    operation_id="getDelivery",
    summary="Get a webhook delivery",
    responses=documented(
        problems.DELIVERY_NOT_FOUND, problems.INVALID_REQUEST, problems.CATALOG_UNAVAILABLE
    ),
    openapi_extra=needs(Scope.READ),
)
def get_delivery(delivery_id: DeliveryId, services: InjectedServices) -> WebhookDelivery:
    """Return a delivery with its latest attempts."""
    return WebhookDelivery.model_validate(find_delivery(services, delivery_id))


@router.post(
    "/deliveries/{delivery_id}/resend",
    operation_id="resendDelivery",
    summary="Send a webhook again",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(
        problems.DELIVERY_NOT_FOUND,
        problems.NOT_RESENDABLE,
        problems.WEBHOOKS_OFF,
        problems.INVALID_REQUEST,
        problems.CATALOG_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.WRITE),
)
def post_resend(delivery_id: DeliveryId, services: InjectedServices) -> WebhookDelivery:
    """Deliver the event again, whether it was delivered before or not.

    It has the same `webhook-id` and all attempts again. Only the present result of a video can be
    sent again.
    """
    return WebhookDelivery.model_validate(send_again(services, delivery_id))


@router.get(
    "/events",
    operation_id="listEvents",
    summary="List the latest events",
    responses=documented(
        problems.INVALID_CURSOR,
        problems.WEBHOOKS_OFF,
        problems.INVALID_REQUEST,
        problems.CATALOG_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.READ),
)
def list_events(
    *,
    request: Request,
    services: InjectedServices,
    since: Annotated[
        TimeInFilter,
        Query(
            description="The time from which on, an hour ago at most: RFC 3339 with a zone",
            examples=["2026-11-22T12:00:00Z"],
        ),
    ],
    limit: Limit = 20,
    cursor: Annotated[
        str | None,
        Query(
            description="`next_cursor` of the previous page",
            json_schema_extra={"pattern": _EVENT_CURSOR},
        ),
    ] = None,
) -> EventPage:
    """List the present results of the videos that the credential reaches, the earliest first.

    It is the same JSON that webhooks have, for programs that webhooks cannot reach. An event may
    appear some seconds late: ask again for the last minute, and drop the ids that you know.
    `clipo webhooks listen` does that.
    """
    check_on(services)
    if since < services.now() - _OLDEST_EVENT:
        error = InvalidField("query.since", "This time must be within the last hour.")
        raise Problem(problems.INVALID_REQUEST, f"{error.field}: {error.message}", error)
    if cursor and not (cursor.startswith("msg_") and is_video_id(cursor.removeprefix("msg_"))):
        raise Problem(problems.INVALID_CURSOR, problems.INVALID_CURSOR.example)
    after = cursor or event_id_at(since)
    found = services.catalog.results(after=after, limit=limit + 1)
    api_url = str(request.base_url).rstrip("/")
    data = [
        WebhookEvent(id=video.webhook.id, **result_event(video, api_url=api_url))
        for video in found[:limit]
        if video.webhook
    ]
    return EventPage(data=data, next_cursor=data[-1].id if len(found) > limit else None)


@router.get(
    "/{receiver_id}",
    operation_id="getReceiver",
    summary="Get a webhook receiver",
    responses=documented(
        problems.RECEIVER_NOT_FOUND, problems.INVALID_REQUEST, problems.CATALOG_UNAVAILABLE
    ),
    openapi_extra=needs(Scope.ADMIN),
)
def get_receiver(receiver_id: ReceiverId, services: InjectedServices) -> ReceiverResource:
    """Return a receiver, without its secret."""
    return receiver_resource(find_receiver(services, receiver_id))


@router.patch(
    "/{receiver_id}",
    operation_id="changeReceiver",
    summary="Change a webhook receiver",
    responses=documented(
        *problems.OF_A_JSON_BODY,
        problems.RECEIVER_NOT_FOUND,
        problems.INVALID_REQUEST,
        problems.CATALOG_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.ADMIN),
)
def patch_receiver(
    receiver_id: ReceiverId, body: ChangeReceiver, services: InjectedServices
) -> ReceiverResource:
    """Change the given fields, within some seconds. The secret stays.

    Attempts that are due for events which it does not want any more are not made.
    """
    fields = {name: getattr(body, name) for name in body.model_fields_set}
    return receiver_resource(change_receiver(services, receiver_id, fields))


@router.delete(
    "/{receiver_id}",
    operation_id="removeReceiver",
    summary="Remove a webhook receiver",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=documented(
        problems.RECEIVER_NOT_FOUND, problems.INVALID_REQUEST, problems.CATALOG_UNAVAILABLE
    ),
    openapi_extra=needs(Scope.ADMIN),
)
def delete_receiver(receiver_id: ReceiverId, services: InjectedServices) -> None:
    """Remove a receiver. It gets no further attempts, and its deliveries stay in the log."""
    remove_receiver(services, receiver_id)


@router.post(
    "/{receiver_id}/secret",
    operation_id="changeReceiverSecret",
    summary="Change the secret of a webhook receiver",
    responses=documented(
        problems.RECEIVER_NOT_FOUND,
        problems.WEBHOOKS_OFF,
        problems.INVALID_REQUEST,
        problems.CATALOG_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.ADMIN),
)
def post_secret(receiver_id: ReceiverId, services: InjectedServices) -> ReceiverWithSecret:
    """Give a receiver a new secret. For a day the old one signs, too."""
    return receiver_with_secret(*change_secret(services, receiver_id))


@router.post(
    "/{receiver_id}/test",
    operation_id="testReceiver",
    summary="Send a test to a webhook receiver",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(
        problems.RECEIVER_NOT_FOUND,
        problems.WEBHOOKS_OFF,
        problems.INVALID_REQUEST,
        problems.CATALOG_UNAVAILABLE,
        problems.QUEUE_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.ADMIN),
)
def post_test(receiver_id: ReceiverId, services: InjectedServices) -> WebhookDelivery:
    """Send an event of the type `webhook.test`, once, also to a receiver that is turned off.

    The answer is its entry in the log: read that again for the result. `settings` is the id of
    the receiver of `WEBHOOK_URL`.
    """
    return WebhookDelivery.model_validate(test_receiver(services, receiver_id))
