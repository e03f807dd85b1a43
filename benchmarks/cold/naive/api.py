"""The API, built when the module is imported."""

import os

from mangum import Mangum

from api.app import create_app
from api.services import Services, deployed_processing
from api.settings import ApiSettings

from .clients import catalog, storage

app = create_app(
    Services(
        settings=ApiSettings.read(os.environ),
        records=catalog,
        objects=storage,
        processing=deployed_processing(os.environ),
    )
)
handler = Mangum(app, lifespan="off")
