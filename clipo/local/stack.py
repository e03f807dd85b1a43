"""The local stack: every part as a child process, started in order, watched, and stopped."""

import json
import queue
import shlex
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from watchfiles import watch

from clipo import typed
from clipo.errors import ClipoError
from clipo.home import Home, write_whole
from clipo.local import emulators, ffmpeg, settings
from clipo.local.child import Child
from clipo.local.cloud import Cloud
from clipo.local.console import StackConsole
from clipo.local.dispatcher import READY
from clipo.local.ports import choosing, free_port
from functions.adapters.mongo import Catalog
from functions.core.settings import CatalogSettings, flag
from functions.core.unavailable import CatalogUnavailable

_FUNCTIONS = Path(__file__).parents[2] / "functions"

_S3_PORT = 4566
_MONGO_PORT = 27117
_START_S = 60
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CATALOG_TIMEOUT_MS = 5000

_FOR_SHELLS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_SQS",
    "UPLOADS_BUCKET",
    "MEDIA_BUCKET",
    "MONGODB_URI",
)

_FUNCTION_MODULES = {
    "api": "clipo.local.api_server",
    "processing": "clipo.local.dispatcher",
    "upkeep": "clipo.local.upkeep",
    "webhooks": "clipo.local.webhooks",
}
"""The children that run our functions, and start again when the functions' code changes."""


class _Died(Exception):
    """A child has ended that should have kept running."""

    def __init__(self, child: Child) -> None:
        super().__init__(child.name)
        self.child = child


@dataclass(frozen=True, slots=True)
class _CodeChanged:
    """Something in functions/ was saved."""


class Stack:
    """Runs everything until Ctrl-C, or until a part of it dies."""

    def __init__(self, home: Home, environ: Mapping[str, str], console: StackConsole) -> None:
        """Take the folder for the state, the settings, and where to tell what happens.

        Raises `Misuse` where a setting makes no sense.
        """
        settings.check(environ)
        self._home = home
        self._given = environ
        self._console = console
        self._children: dict[str, Child] = {}
        self._events: queue.SimpleQueue[Child | _CodeChanged] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._ports: set[int] = set()
        self._host = settings.bound_host(environ)

    def run(self) -> int:
        """Return the exit code: 0 after Ctrl-C and the like, 1 when a part has died."""
        # SIGINT, too: a shell starts background jobs with it ignored.
        for number in _STOP_SIGNALS:
            signal.signal(number, _interrupt)
        try:
            with choosing(lambda: self._console.say("Waiting for another Clipo to start.")):
                self._start()
            self._watch()
        except _Died as error:
            self._console.died(error.child.name, error.child.exit_code, error.child.last_lines)
            if self._home.lasting:
                self._console.say(f"All of it is in {self._home.logs}.")
            return 1
        except KeyboardInterrupt:
            self._console.say("\nStopping.")
        finally:
            self._stop()
        return 0

    def _start(self) -> None:
        self._home.prepare()
        port = free_port(settings.api_port(self._given), taken=self._ports)
        ffmpeg_dir = ffmpeg.prepare(self._home.ffmpeg, self._given.get("CLIPO_FFMPEG_DIR"))
        ffmpeg_version = ffmpeg.version(ffmpeg_dir)
        self._functions_environ = self._services() | {
            "PORT": str(port),
            "CLIPO_FFMPEG_DIR": str(ffmpeg_dir),
            "TMPDIR": str(self._home.scratch),
        }
        self._start_functions()
        api = f"http://localhost:{port}"
        self._write_addresses(api)
        self._welcome(api, ffmpeg_version)

    def _services(self) -> dict[str, str]:
        """Start S3 and MongoDB unless others are given; return the functions' environment."""
        environ = self._start_s3()
        environ["MONGODB_URI"] = self._given.get("MONGODB_URI") or self._start_mongo()
        self._await_services(environ)
        queues = Cloud(environ).set_up(
            uploads_bucket=environ["UPLOADS_BUCKET"], media_bucket=environ["MEDIA_BUCKET"]
        )
        environ["EVENTS_QUEUE_URL"] = queues.events
        environ["FAILED_EVENTS_QUEUE_URL"] = queues.failed_events
        return environ | settings.webhooks(self._given, queues.webhooks)

    def _start_s3(self) -> dict[str, str]:
        if self._given.get("AWS_ENDPOINT_URL_S3"):
            return emulators.others_storage_environ(self._given)
        port = free_port(_S3_PORT, taken=self._ports, host=self._host)
        url = f"http://{self._host}:{port}"
        environ = emulators.own_storage_environ(self._home, url, self._given)
        command, its_own = emulators.ministack(self._home, port, self._host)
        self._start_child("s3", command, environ=environ | its_own)
        return environ

    def _start_mongo(self) -> str:
        port = free_port(_MONGO_PORT, taken=self._ports, host=self._host)
        command = emulators.secantusd(self._home, port, self._host)
        # It hangs where SIGTERM interrupts its handler of SIGTERM, and its journal outlives a kill.
        self._start_child("mongodb", command, environ=self._given, orphaned=signal.Signals.SIGKILL)
        return f"mongodb://{self._host}:{port}/?directConnection=true"

    def _await_services(self, environ: Mapping[str, str]) -> None:
        if "s3" in self._children:
            health = environ["AWS_ENDPOINT_URL_S3"] + "/_ministack/health"
            self._await("s3", lambda: _answers(health), port=_port_of(health))
        if "mongodb" in self._children:
            self._await("mongodb", lambda: True, port=_port_of(environ["MONGODB_URI"]))
        catalog_settings = CatalogSettings.read(environ)
        try:
            with closing(
                Catalog(catalog_settings, pool_size=1, timeout_ms=_CATALOG_TIMEOUT_MS)
            ) as catalog:
                catalog.ensure_indexes()
        except CatalogUnavailable as error:
            raise ClipoError(
                f"MongoDB at {_without_password(catalog_settings.uri)} cannot be used: "
                # What PyMongo says first is for people, what follows is not.
                + str(error.__cause__).partition(" (")[0].rstrip(".")
                + ". Correct MONGODB_URI, or unset it: then clipo up starts its own."
            ) from error

    def _start_functions(self) -> None:
        """Start the functions, webhooks only where they are on, and wait until all of them work.

        Raises `_Died` where one does not.
        """
        names = [name for name in _FUNCTION_MODULES if name != "webhooks" or self._has_webhooks]
        for name in names:
            self._start_child(
                name,
                # -I: a `functions/` in the working directory is somebody else's.
                [sys.executable, "-I", "-m", _FUNCTION_MODULES[name]],
                environ=self._functions_environ
                # Nobody collects the metrics here, and the log has a line for each step.
                | {"POWERTOOLS_SERVICE_NAME": name, "POWERTOOLS_METRICS_DISABLED": "true"},
                on_line=self._console.log_line,
            )
        health = f"http://127.0.0.1:{self._functions_environ['PORT']}/health"
        self._await("api", lambda: _answers(health), port=_port_of(health))
        for name in names:
            if name != "api":
                lines = self._children[name].last_lines
                self._await(name, partial(_has_said, lines, READY))

    @property
    def _has_webhooks(self) -> bool:
        return flag(self._functions_environ, "WEBHOOKS")

    def _start_child(
        self,
        name: str,
        command: list[str],
        *,
        environ: Mapping[str, str],
        on_line: Callable[[str], None] = lambda _: None,
        orphaned: signal.Signals = signal.Signals.SIGTERM,
    ) -> None:
        self._children[name] = Child(
            name,
            command,
            environ=environ,
            log=self._home.logs / f"{name}.log",
            on_line=on_line,
            on_exit=self._events.put,
            orphaned=orphaned,
        )

    def _await(self, name: str, ready: Callable[[], bool], *, port: int | None = None) -> None:
        """Wait until a child itself listens on its port, and is ready.

        Whoever else answers there, perhaps another stack, is not to be taken for it.
        """
        child = self._children[name]
        deadline = time.monotonic() + _START_S
        while not ((port is None or child.listens_on(port)) and ready()):
            if not child.running:
                raise _Died(child)
            if time.monotonic() > deadline:
                raise ClipoError(f"{name} is not ready after {_START_S} s: see {self._home.logs}.")
            time.sleep(0.05)

    def _watch(self) -> None:
        """Wait for the end of a child, and start the functions again when their code changes."""
        threading.Thread(target=self._watch_code, daemon=True).start()
        while True:
            event = self._events.get()
            if isinstance(event, _CodeChanged):
                self._reload()
            elif event is self._children.get(event.name):
                raise _Died(event)

    def _watch_code(self) -> None:
        for _ in watch(_FUNCTIONS, stop_event=self._stopping):
            self._events.put(_CodeChanged())

    def _reload(self) -> None:
        self._console.say("functions/ has changed: starting the functions again.", "yellow")
        self._stop_functions()
        try:
            self._start_functions()
        except _Died as error:
            # Most likely a file was saved half-way: the next save mends it.
            self._console.died(error.child.name, error.child.exit_code, error.child.last_lines)
            self._console.say("Waiting for the next change in functions/.", "yellow")
            self._stop_functions()
        else:
            self._console.say("The functions run again.", "yellow")

    def _stop_functions(self) -> None:
        for name in _FUNCTION_MODULES:
            if name in self._children:
                self._children.pop(name).stop()

    def _write_addresses(self, api: str) -> None:
        environ = self._functions_environ
        exported = {name: environ[name] for name in _FOR_SHELLS if name in environ}
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in exported.items()]
        write_whole(self._home.functions_env, "".join(lines))
        addresses = {
            "api": api,
            "s3": environ["AWS_ENDPOINT_URL_S3"],
            "mongodb": _without_password(environ["MONGODB_URI"]),
        }
        write_whole(self._home.stack_file, json.dumps(addresses))

    def _welcome(self, api: str, ffmpeg_version: str) -> None:
        environ = self._functions_environ
        addresses = [
            ("Page", f"{api}/"),
            ("API", api),
            ("Docs", f"{api}/docs"),
            ("S3", environ["AWS_ENDPOINT_URL_S3"]),
            ("MongoDB", _without_password(environ["MONGODB_URI"])),
            ("Data", str(self._home.root)),
            ("Logs", str(self._home.logs)),
            ("ffmpeg", ffmpeg_version),
        ]
        wanted = settings.api_port(self._given)
        if not api.endswith(f":{wanted}"):
            self._console.say(f"Port {wanted} is taken: the API is on another one.", "yellow")
        self._console.welcome(addresses, next_command=f"{typed.clipo()} upload --sample")

    def _stop(self) -> None:
        # A second Ctrl-C must not keep children alive.
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        self._stopping.set()
        self._home.forget_addresses()
        # Those that use the others first.
        for child in reversed(self._children.values()):
            child.stop()


def _has_said(lines: Iterable[str], words: str) -> bool:
    return any(words in line for line in list(lines))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):  # noqa: S310 (our own child)
            return True
    except (urllib.error.URLError, OSError):
        return False


def _port_of(url: str) -> int:
    return urlsplit(url).port or 0


def _without_password(uri: str) -> str:
    scheme, separator, rest = uri.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
