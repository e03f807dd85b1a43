"""Object storage in memory."""

from dataclasses import dataclass, field
from typing import BinaryIO

from shared.errors import StorageUnavailable
from shared.storage import ObjectGone, SignedPost


@dataclass
class FakeObjects:
    uploads: dict[str, bytes] = field(default_factory=dict)
    thumbnails: dict[str, bytes] = field(default_factory=dict)
    down: bool = False

    def sign_upload(
        self, key: str, *, content_type: str, max_bytes: int, expires_s: int
    ) -> SignedPost:
        fields = {
            "key": key,
            "Content-Type": content_type,
            "policy": f"1..{max_bytes} bytes in {expires_s} s",
        }
        return SignedPost(url="https://uploads.example/", fields=fields)

    def put_upload(self, key: str, body: BinaryIO, *, size: int, content_type: str) -> None:
        self._answer()
        assert content_type
        assert size
        self.uploads[key] = body.read()

    def sign_thumbnail(self, key: str, *, expires_s: int) -> str:
        return f"https://media.example/{key}?expires={expires_s}"

    def read_thumbnail(self, key: str) -> bytes:
        self._answer()
        if key not in self.thumbnails:
            raise ObjectGone(key)
        return self.thumbnails[key]

    def put_thumbnail(self, key: str, jpeg: bytes) -> None:
        self._answer()
        self.thumbnails[key] = jpeg

    def delete_thumbnail(self, key: str) -> None:
        self._answer()
        self.thumbnails.pop(key, None)

    def _answer(self) -> None:
        if self.down:
            raise StorageUnavailable("S3: EndpointConnectionError")
