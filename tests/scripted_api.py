"""An API whose responses a test chooses, for tests of the command without a server."""

from dataclasses import dataclass, field

import httpx2


@dataclass
class Scripted:
    """Responses by method and path, such as `GET /videos`."""

    url: str = "http://127.0.0.1:1"
    answers: dict[str, httpx2.Response | Exception] = field(default_factory=dict)
    requests: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers[f"{request.method} {request.url.path}"]
        if isinstance(answer, Exception):
            raise answer
        # A client can read the stream of a response only once.
        stream = httpx2.ByteStream(answer.content)
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=stream)

    def refuse(self, call: str, status: int, code: str, detail: str = "No.") -> None:
        """Answer a call with a problem document."""
        self.answers[call] = httpx2.Response(status, json={"code": code, "detail": detail})
