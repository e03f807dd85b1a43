"""Prints the OpenAPI document of an API that needs credentials, as deployed: no server runs."""

import json
from typing import Any

from functions.api.app import create_app
from functions.api.services import Backend
from functions.api.settings import ApiSettings


def document() -> dict[str, Any]:
    """Return the document."""
    unused: Any = None
    settings = ApiSettings.read(
        # A base path leaves the page out, which needs the storage.
        {"ACCESS": "keys", "ROOT_SECRETS": f"1:{'0' * 43}", "BASE_PATH": "/api"}
    )
    backend = Backend(
        settings=settings,
        logins=None,
        catalog=unused,
        storage=unused,
        processing=unused,
        api_keys=unused,
        pictures=unused,
    )
    return create_app(backend).openapi()


if __name__ == "__main__":
    print(json.dumps(document(), indent=1))
