"""The API, built when the module is imported."""

import os

from mangum import Mangum

from functions.adapters.jobs import ProcessingFunction
from functions.adapters.mongo.api_keys import MongoApiKeys
from functions.adapters.mongo.pictures import MongoPictureLeases
from functions.adapters.pictures import ImagesFunction, Pictures
from functions.adapters.sdk.aws import SdkAws
from functions.adapters.signed.aws import SignedAws
from functions.api.app import create_app
from functions.api.services import Backend
from functions.api.settings import ApiSettings

from .clients import catalog, storage

app = create_app(
    Backend(
        settings=ApiSettings.read(os.environ),
        catalog=catalog,
        storage=storage,
        processing=ProcessingFunction(os.environ, SdkAws(os.environ).invoke),
        api_keys=MongoApiKeys(catalog),
        pictures=Pictures(
            MongoPictureLeases(catalog), ImagesFunction(os.environ, SignedAws(os.environ).call)
        ),
    )
)
handler = Mangum(app, lifespan="off")
