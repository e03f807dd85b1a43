"""Webhook receivers, the log of deliveries, resends, tests and events."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.adapters.mongo.ids import event_id_at
from functions.adapters.pictures import Pictures
from functions.api.app import create_app
from functions.api.services import Backend
from functions.api.settings import ApiSettings
from functions.core.delivery_log import DeliveryStatus, LoggedDelivery
from functions.core.receivers import MOST_RECEIVERS, signing_secret
from functions.core.video import Delivery, Webhook
from tests.credentials import KEYS, admin_token, bearer, issue
from tests.examples import ID, done_video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.pictures import FakePictureLeases, FakePictureMaker
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage
from tests.fakes.webhook_queue import FakeWebhookQueue
from tests.problems import problem

ROOT = "w" * 43
ON = KEYS | {"WEBHOOKS": "true", "WEBHOOK_ROOT": ROOT}
NEW = {"url": "https://example.com/hooks"}
EVENT = f"{event_id_at(datetime.now(UTC))}{'0' * 16}"


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(ON)


@pytest.fixture
def queue() -> FakeWebhookQueue:
    return FakeWebhookQueue()


@pytest.fixture
def client(
    settings: ApiSettings, records: FakeCatalog, api_keys: FakeApiKeys, queue: FakeWebhookQueue
) -> Iterator[TestClient]:
    objects = FakeStorage()
    backend = Backend(
        settings,
        records,
        objects,
        FakeProcessing(),
        api_keys,
        Pictures(FakePictureLeases(), FakePictureMaker(objects)),
        webhook_queue=queue,
    )
    with TestClient(create_app(backend), raise_server_exceptions=False) as client:
        client.headers |= bearer(admin_token())
        yield client


@pytest.fixture
def receiver(client: TestClient) -> dict[str, Any]:
    created: dict[str, Any] = client.post("/webhooks", json=NEW).json()
    return created


def store(records: FakeCatalog, *, owner: str | None = "anna", receiver: str) -> LoggedDelivery:
    """Store a done video whose webhook a receiver has not accepted."""
    delivery = Delivery(receiver, None, 8, 500)
    webhook = Webhook(EVENT, None, 8, 500, None, (delivery,))
    records.videos[ID] = replace(done_video(), owner=owner, webhook=webhook)
    logged = LoggedDelivery(
        id=f"{EVENT}.{receiver}",
        receiver=receiver,
        event_id=EVENT,
        type="video.done",
        status=DeliveryStatus.FAILED,
        created_at=datetime.now(UTC),
        video_id=ID,
        owner=owner,
    )
    records.deliveries.record(logged, None)
    return logged


def test_a_receiver_is_created_with_a_secret_that_is_shown_once(
    client: TestClient, receiver: dict[str, Any], records: FakeCatalog
) -> None:
    secret = receiver.pop("secret")
    assert secret == signing_secret(ROOT, receiver["id"], 1)
    assert receiver["events"] == ["video.done", "video.failed"]
    assert client.get("/webhooks").json() == {"data": [receiver]}
    assert client.get(f"/webhooks/{receiver['id']}").json() == receiver
    assert secret not in repr(records.receivers.all())


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"url": "http://example.com"},
        {"url": "https://user:pw@example.com"},
        NEW | {"events": []},
        NEW | {"events": ["video.created"]},
        NEW | {"owner": ""},
        NEW | {"secret": "whsec_mine"},
    ],
)
def test_a_wrong_receiver_is_refused(client: TestClient, wrong: dict[str, Any]) -> None:
    assert problem(client.post("/webhooks", json=wrong))["code"] == "invalid_request"


def test_only_the_given_fields_change(client: TestClient, receiver: dict[str, Any]) -> None:
    address = f"/webhooks/{receiver['id']}"
    changed = client.patch(address, json={"events": ["video.failed"], "owner": "anna"}).json()
    assert changed == {
        **{name: value for name, value in receiver.items() if name != "secret"},
        "events": ["video.failed"],
        "owner": "anna",
    }
    assert client.patch(address, json={"owner": None}).json()["owner"] is None
    assert problem(client.patch(address, json={}))["code"] == "invalid_request"
    assert problem(client.patch(address, json={"url": "ftp://x"}))["code"] == "invalid_request"


def test_a_secret_can_be_changed(client: TestClient, receiver: dict[str, Any]) -> None:
    changed = client.post(f"/webhooks/{receiver['id']}/secret").json()
    assert changed["secret"] == signing_secret(ROOT, receiver["id"], 2) != receiver["secret"]
    assert changed["previous_secret_until"]


def test_a_removed_receiver_is_unknown(client: TestClient, receiver: dict[str, Any]) -> None:
    address = f"/webhooks/{receiver['id']}"
    assert client.delete(address).status_code == 204
    for answer in (
        client.delete(address),
        client.get(address),
        client.patch(address, json={"enabled": False}),
        client.post(f"{address}/secret"),
        client.post(f"{address}/test"),
    ):
        assert problem(answer)["code"] == "receiver_not_found"


def test_there_is_a_limit_of_receivers(client: TestClient) -> None:
    for _ in range(MOST_RECEIVERS):
        assert client.post("/webhooks", json=NEW).status_code == 201
    assert problem(client.post("/webhooks", json=NEW))["code"] == "too_many_receivers"


def test_a_test_is_logged_before_it_is_enqueued(
    client: TestClient, receiver: dict[str, Any], queue: FakeWebhookQueue
) -> None:
    answer = client.post(f"/webhooks/{receiver['id']}/test")
    assert answer.status_code == 202
    test = answer.json()
    assert (test["type"], test["status"]) == ("webhook.test", "pending")
    assert queue.tests == [test["id"]]
    assert client.get(f"/webhooks/deliveries/{test['id']}").json() == test
    resent = client.post(f"/webhooks/deliveries/{test['id']}/resend")
    assert problem(resent)["code"] == "not_resendable"
    queue.down = True
    failed = client.post(f"/webhooks/{receiver['id']}/test")
    assert problem(failed)["code"] == "queue_unavailable"


@pytest.mark.parametrize("receiver_id", ["settings", None])
def test_a_delivery_is_made_again(
    client: TestClient,
    records: FakeCatalog,
    receiver: dict[str, Any],
    queue: FakeWebhookQueue,
    receiver_id: str | None,
) -> None:
    logged = store(records, receiver=receiver_id or receiver["id"])
    answer = client.post(f"/webhooks/deliveries/{logged.id}/resend")
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    webhook = records.videos[ID].webhook
    assert webhook
    assert webhook.id == EVENT
    assert (webhook.due_at, webhook.attempts) == (webhook.deliveries[0].due_at, 0)
    assert queue.enqueued == [(ID, 0)]


def test_only_the_present_result_is_delivered_again(
    client: TestClient, records: FakeCatalog, receiver: dict[str, Any], queue: FakeWebhookQueue
) -> None:
    address = f"/webhooks/deliveries/{store(records, receiver=receiver['id']).id}"
    client.patch(f"/webhooks/{receiver['id']}", json={"events": ["video.failed"]})
    assert problem(client.post(f"{address}/resend"))["code"] == "not_resendable"
    client.patch(f"/webhooks/{receiver['id']}", json={"events": ["video.done"]})
    seen = records.videos[ID]
    records.videos[ID] = replace(seen, webhook=Webhook("msg_newer"))
    assert problem(client.post(f"{address}/resend"))["code"] == "not_resendable"
    del records.videos[ID]
    assert problem(client.post(f"{address}/resend"))["code"] == "not_resendable"
    assert client.get(address).json()["status"] == "failed"
    assert queue.enqueued == []


def test_an_owner_sees_only_its_own_deliveries_and_events(
    client: TestClient, records: FakeCatalog, api_keys: FakeApiKeys
) -> None:
    logged = store(records, owner="anna", receiver="settings")
    since = {"since": (datetime.now(UTC) - timedelta(minutes=50)).isoformat()}
    for owner, seen in (("anna", [logged.id]), ("bob", [])):
        headers = bearer(issue(api_keys, owner=owner).key)
        log = client.get("/webhooks/deliveries", headers=headers).json()["data"]
        events = client.get("/webhooks/events", params=since, headers=headers).json()["data"]
        one = client.get(f"/webhooks/deliveries/{logged.id}", headers=headers)
        again = client.post(f"/webhooks/deliveries/{logged.id}/resend", headers=headers)
        assert [found["id"] for found in log] == seen
        assert [found["id"] for found in events] == ([EVENT] if seen else [])
        assert (one.status_code, again.status_code) == ((200, 202) if seen else (404, 404))


def test_the_log_has_filters_and_pages(client: TestClient, records: FakeCatalog) -> None:
    logged = store(records, receiver="settings")
    for number in range(1, 4):
        event_id = f"msg_{number:024x}"
        other = replace(logged, id=f"{event_id}.settings", event_id=event_id, video_id=None)
        records.deliveries.record(replace(other, status=DeliveryStatus.DELIVERED), None)
    page = client.get("/webhooks/deliveries", params={"limit": 3}).json()
    assert [one["event_id"][-1] for one in page["data"]] == [EVENT[-1], "3", "2"]
    rest = client.get("/webhooks/deliveries", params={"cursor": page["next_cursor"]}).json()
    assert [one["event_id"][-1] for one in rest["data"]] == ["1"]
    assert rest["next_cursor"] is None
    for query, count in (
        ({"video_id": ID.upper()}, 1),
        ({"status": "delivered"}, 3),
        ({"receiver": "rcv_0"}, 0),
    ):
        assert len(client.get("/webhooks/deliveries", params=query).json()["data"]) == count
    assert problem(client.get("/webhooks/deliveries?cursor=x"))["code"] == "invalid_cursor"


def test_events_are_the_json_of_webhooks(client: TestClient, records: FakeCatalog) -> None:
    store(records, receiver="settings")
    now = datetime.now(UTC) - timedelta(minutes=50)
    found = client.get("/webhooks/events", params={"since": now.isoformat()}).json()
    (event,) = found["data"]
    assert (event["id"], event["type"], event["data"]["id"]) == (EVENT, "video.done", ID)
    later = client.get(
        "/webhooks/events", params={"since": now.isoformat(), "cursor": EVENT}
    ).json()
    assert later == {"data": [], "next_cursor": None}
    early = client.get("/webhooks/events?since=2026-01-01T00:00:00Z")
    assert problem(early)["code"] == "invalid_request"


def test_events_are_off_with_webhooks(records: FakeCatalog, api_keys: FakeApiKeys) -> None:
    objects = FakeStorage()
    pictures = Pictures(FakePictureLeases(), FakePictureMaker(objects))
    backend = Backend(
        ApiSettings.read(KEYS), records, objects, FakeProcessing(), api_keys, pictures
    )
    client = TestClient(create_app(backend), headers=bearer(admin_token()))
    since = datetime.now(UTC).isoformat()
    for answer in (
        client.post("/webhooks", json=NEW),
        client.post("/webhooks/settings/test"),
        client.get("/webhooks/events", params={"since": since}),
    ):
        assert problem(answer)["code"] == "webhooks_off"
