"""The API, built when the module is imported."""

import os

from mangum import Mangum

from functions.api.app import create_app
from functions.api.services import Services, deployed_processing
from functions.api.settings import ApiSettings

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
