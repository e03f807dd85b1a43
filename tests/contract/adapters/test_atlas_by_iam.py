"""MongoDB Atlas by IAM: a function proves its role with the credentials that Lambda gives it."""

from contextlib import closing

import pytest

from functions.adapters.mongo.catalog import MongoCatalog
from functions.core.settings import CatalogSettings
from tests.examples import ID
from tests.fakes.mongodb_server import fake_mongodb_server


def test_the_catalog_logs_in_with_the_credentials_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    credentials = {
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-role",
        "AWS_SESSION_TOKEN": "token-of-the-session",
    }
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)
    with fake_mongodb_server() as server:
        address = f"mongodb://127.0.0.1:{server.port}/?directConnection=true"
        uri = f"{address}&authMechanism=MONGODB-AWS&authSource=%24external"
        catalog = MongoCatalog(CatalogSettings(uri, "clipo"), pool_size=1, timeout_ms=30_000)
        with closing(catalog):
            assert catalog.get(ID) is None
    (proof,) = server.proofs
    assert proof["t"] == "token-of-the-session"
    assert "Credential=ASIAEXAMPLE/" in proof["a"]
    assert "/us-east-1/sts/aws4_request" in proof["a"]
    assert "x-mongodb-server-nonce" in proof["a"]
    assert "secret-of-the-role" not in str(proof)
