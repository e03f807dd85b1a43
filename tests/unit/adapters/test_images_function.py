"""What an answer of Lambda means for a picture."""

import pytest

from functions.adapters.pictures import ImagesFunction
from functions.adapters.request_failed import RequestFailed
from functions.core.pictures import ImageSpec, PictureFormat, WantedPicture
from functions.core.unavailable import (
    PicturesFailed,
    PicturesThrottled,
    PicturesTimedOut,
    PicturesUnavailable,
)
from tests.examples import ID, uploaded

WANTED = WantedPicture(ID, uploaded().source, "v1", ImageSpec(PictureFormat.JPEG, 0))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("TooManyRequestsException", PicturesThrottled),
        ("ReadTimeoutError", PicturesTimedOut),
        ("FunctionError: Unhandled", PicturesFailed),
        ("AccessDeniedException", PicturesUnavailable),
    ],
)
def test_each_error_of_lambda_has_its_kind(code: str, kind: type[PicturesUnavailable]) -> None:
    def call(*_: str) -> bytes:
        raise RequestFailed(code)

    with pytest.raises(PicturesUnavailable) as caught:
        ImagesFunction({"IMAGES_FUNCTION": "images"}, call).make(WANTED)
    assert type(caught.value) is kind
