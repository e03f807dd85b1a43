"""The client for programs without asyncio, made from the one with it.

Each client has a thread with an event loop, in which the methods of an `AsyncClipo` run. So it may
be used by several threads, and also where an event loop runs already, as in a notebook.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import wraps
from threading import Thread
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from clipo.client.async_clipo import AsyncClipo

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def _blocking(
    method: Callable[Concatenate[AsyncClipo, _Parameters], Coroutine[Any, Any, _Result]],
) -> "Callable[Concatenate[Clipo, _Parameters], _Result]":
    """Return a method that waits for the result of one of `AsyncClipo`."""

    @wraps(method)
    def call(self: "Clipo", /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        return self.wait_for(method(self.asynchronous, *args, **kwargs))

    return call


def _iterating(
    method: Callable[Concatenate[AsyncClipo, _Parameters], AsyncIterator[_Result]],
) -> "Callable[Concatenate[Clipo, _Parameters], Iterator[_Result]]":
    """Return a generator that waits for each result of one of `AsyncClipo`."""

    @wraps(method)
    def call(
        self: "Clipo", /, *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> Iterator[_Result]:
        found = method(self.asynchronous, *args, **kwargs)

        async def following() -> _Result | None:
            return await anext(aiter(found), None)

        while (result := self.wait_for(following())) is not None:
            yield result

    return call


class Clipo:
    """A client of one Clipo: `AsyncClipo` without `await`."""

    def __init__(self, url: str | None = None, *, key: str | None = None) -> None:
        """Take the address of the API, and an API key or a token, as `AsyncClipo` does."""
        self.asynchronous = AsyncClipo(url, key=key)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="clipo", daemon=True)
        self._thread.start()

    upload = _blocking(AsyncClipo.upload)
    get = _blocking(AsyncClipo.get)
    list = _iterating(AsyncClipo.list)
    wait = _blocking(AsyncClipo.wait)
    retry = _blocking(AsyncClipo.retry)
    retry_many = _blocking(AsyncClipo.retry_many)
    reprocess = _blocking(AsyncClipo.reprocess)
    set_visibility = _blocking(AsyncClipo.set_visibility)
    delete = _blocking(AsyncClipo.delete)
    delete_many = _blocking(AsyncClipo.delete_many)
    download = _blocking(AsyncClipo.download)
    thumbnail = _blocking(AsyncClipo.thumbnail)
    image = _blocking(AsyncClipo.image)
    storyboard = _blocking(AsyncClipo.storyboard)
    create_token = _blocking(AsyncClipo.create_token)
    me = _blocking(AsyncClipo.me)

    def wait_for(self, result: Coroutine[Any, Any, _Result]) -> _Result:
        """Return a coroutine's result, which the client's thread computes."""
        future = asyncio.run_coroutine_threadsafe(result, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C ends the request, too.
            raise

    def close(self) -> None:
        """Close all connections, and end the thread."""
        if self._loop.is_closed():
            return
        self.wait_for(self._loop.shutdown_asyncgens())
        self.wait_for(self.asynchronous.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
