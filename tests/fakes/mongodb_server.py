"""A server of MongoDB's wire protocol that knows one way to log in: MONGODB-AWS.

https://github.com/mongodb/specifications/blob/master/source/auth/auth.md#mongodb-aws
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

import bson

_HEADER = struct.Struct("<iiii")
_OP_REPLY, _OP_QUERY, _OP_MSG = 1, 2004, 2013
_NONCE = b"n" * 32

Document = dict[str, Any]


@dataclass
class FakeMongodbServer:
    """The server, and what clients have sent to prove who they are."""

    port: int = 0
    proofs: list[Document] = field(default_factory=list)

    def answer(self, command: Document) -> Document:
        name = next(iter(command))
        if name == "saslStart":
            assert command["mechanism"] == "MONGODB-AWS"
            nonce = bson.decode(command["payload"])["r"] + _NONCE
            payload = bson.encode({"s": nonce, "h": "sts.amazonaws.com"})
            return {"ok": 1, "conversationId": 1, "done": False, "payload": payload}
        if name == "saslContinue":
            self.proofs.append(bson.decode(command["payload"]))
            return {"ok": 1, "conversationId": 1, "done": True, "payload": b""}
        if name == "find":
            assert self.proofs, "a client has to log in first"
            cursor = {"id": 0, "ns": "clipo.videos", "firstBatch": list[Document]()}
            return {"ok": 1, "cursor": cursor}
        versions = {"minWireVersion": 0, "maxWireVersion": 21}
        return {"ok": 1, "isWritablePrimary": True, **versions}


def _read(handler: StreamRequestHandler) -> tuple[int, int, Document] | None:
    """Return a request's id, its operation and its command."""
    start = handler.rfile.read(_HEADER.size)
    if len(start) < _HEADER.size:
        return None
    length, request_id, _, operation = _HEADER.unpack(start)
    body = handler.rfile.read(length - _HEADER.size)
    if operation == _OP_MSG:
        return request_id, operation, bson.decode(body[5 : 5 + _length(body, 5)])
    assert operation == _OP_QUERY
    begin = body.index(b"\0", 4) + 1 + 8
    return request_id, operation, bson.decode(body[begin : begin + _length(body, begin)])


def _length(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 4], "little")


@contextmanager
def fake_mongodb_server() -> Iterator[FakeMongodbServer]:
    fake = FakeMongodbServer()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            while request := _read(self):
                request_id, operation, command = request
                document = bson.encode(fake.answer(command))
                if operation == _OP_MSG:
                    operation, body = _OP_MSG, b"\0" * 5 + document
                else:
                    operation, body = _OP_REPLY, struct.pack("<iqii", 8, 0, 0, 1) + document
                length = _HEADER.size + len(body)
                self.wfile.write(_HEADER.pack(length, 0, request_id, operation) + body)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        fake.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield fake
        server.shutdown()
