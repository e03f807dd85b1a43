"""The local stack: S3, MongoDB and our functions, each as a child process."""

import json
import shlex
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from signal import Signals
from typing import TextIO

from clipo.client.address import DEFAULT
from clipo.errors import ClipoError
from clipo.home import Home, write_atomically
from clipo.local import catalog, emulators, environment, ffmpeg, settings
from clipo.local.catalog import without_password
from clipo.local.child import Child
from clipo.local.cloud import Cloud, Queues
from clipo.local.console import StackConsole
from clipo.local.ports import LOOPBACK, claim, free_port, lock_ports
from clipo.local.supervisor import Program, Supervisor
from clipo.program import program_name
from functions.core.settings import flag

_FUNCTIONS = Path(__file__).parents[2] / "functions"

_S3_PORT = 4566
_MONGO_PORT = 27117
_IMAGES_PORT = 4567

_NOT_FOR_IMAGES = {"MONGODB_URI", "MONGODB_DATABASE"}
"""The settings that the images function does not have on AWS either."""

_FOR_SHELLS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_SQS",
    "UPLOADS_BUCKET",
    "MEDIA_BUCKET",
    "MONGODB_URI",
    "MONGODB_DATABASE",
)

_ACCESS = {
    "open": "open: every program on this machine may use all videos (--access=keys changes that)",
    "keys": "requests need an API key or a token",
}

_FUNCTION_MODULES = {
    "api": "clipo.local.api_server",
    "processing": "clipo.local.dispatcher",
    "images": "clipo.local.images",
    "upkeep": "clipo.local.upkeep",
    "webhooks": "clipo.local.webhooks",
}
"""The children that run our functions, and start again when the functions' code changes."""


class Stack:
    """Runs everything until Ctrl-C, or until a part of it dies."""

    def __init__(self, home: Home, environ: Mapping[str, str], console: StackConsole) -> None:
        """Take the folder for the state, the settings and the console.

        Raises `Misuse` if a setting is invalid.
        """
        settings.check(environ)
        self._home = home
        # Only the webhooks function may know the receiver and its secret (ADR 25).
        self._receiver = {name: environ[name] for name in settings.RECEIVER if name in environ}
        self._given = {name: environ[name] for name in environ.keys() - self._receiver.keys()}
        self._console = console
        self._supervisor = Supervisor(console, logs=home.logs, logs_last=home.lasting)
        self._ports: set[int] = set()
        self._claims: list[TextIO | None] = []
        self._host = settings.bound_host(environ)

    def run(self) -> int:
        """Return the exit code: 0 after Ctrl-C and the like, 1 when a part has died."""
        return self._supervisor.run(self._start, before_stop=self._home.forget_addresses)

    def _start(self) -> None:
        with lock_ports(f"the Clipo in {self._home.root}", self._console.say):
            self._home.prepare()
            port = self._port(settings.api_port(self._given))
            chosen = self._given.get("CLIPO_FFMPEG_DIR")
            for_av1 = None if chosen else ffmpeg.find_for_av1()
            ffmpeg_dir = ffmpeg.prepare(self._home.ffmpeg, chosen, for_av1=for_av1)
            ffmpeg_version = ffmpeg.version(ffmpeg_dir)
            api = f"http://{LOOPBACK}:{port}"
            environ = self._start_services() | {
                "PORT": str(port),
                "API_URL": api,
                "CLIPO_FFMPEG_DIR": str(ffmpeg_dir),
                "TMPDIR": str(self._home.scratch),
            }
            images = self._images()
            names = [n for n in _FUNCTION_MODULES if n != "webhooks" or flag(environ, "WEBHOOKS")]
            programs = [self._function(name, environ, images) for name in names]
            self._supervisor.start_and_reload(_FUNCTIONS, *programs)
            self._write_addresses(api, environ)
            self._welcome(api, environ, ffmpeg_version)

    def _port(self, preferred: int, host: str = LOOPBACK) -> int:
        """Return a free port. It stays this stack's while a part starts again."""
        port = free_port(preferred, taken=self._ports, host=host)
        self._claims.append(claim(port))
        return port

    def _start_services(self) -> dict[str, str]:
        """Start S3 and MongoDB unless others are given; return the functions' environment."""
        programs = []
        if self._given.get(environment.OTHER_STORE):
            environ = emulators.others_storage_environ(self._given)
        else:
            s3, environ = self._s3()
            programs.append(s3)
        if not self._given.get("MONGODB_URI"):
            mongodb, environ["MONGODB_URI"] = self._mongodb()
            programs.append(mongodb)
        self._supervisor.start(*programs)
        catalog.prepare(environ)
        queues = self._prepare_cloud(environ)
        environ["EVENTS_QUEUE_URL"] = queues.events
        environ["FAILED_EVENTS_QUEUE_URL"] = queues.failed_events
        return environ | settings.webhooks(self._given | self._receiver, queues.webhooks)

    def _prepare_cloud(self, environ: Mapping[str, str]) -> Queues:
        try:
            return Cloud(environ).set_up(
                uploads_bucket=environ["UPLOADS_BUCKET"], media_bucket=environ["MEDIA_BUCKET"]
            )
        except ClipoError as error:
            if self._given.get(environment.OTHER_STORE):
                raise ClipoError(f"{error} Check {environment.suspects(self._given)}.") from error
            raise

    def _s3(self) -> tuple[Program, dict[str, str]]:
        """Return our own S3, and the environment of the functions that use it."""
        port = self._port(_S3_PORT, self._host)
        url = f"http://{self._host}:{port}"
        environ = emulators.own_storage_environ(self._home, url, self._given)
        command, its_own = emulators.ministack(self._home, port, self._host)

        def is_ready(child: Child) -> bool:
            return child.listens_on(port) and _answers(f"{url}/_ministack/health")

        advice = self._advice(self._home.emulator)
        return Program("s3", command, environ | its_own, is_ready, advice=advice), environ

    def _mongodb(self) -> tuple[Program, str]:
        """Return our own MongoDB, and its URI."""
        port = self._port(_MONGO_PORT, self._host)
        program = Program(
            "mongodb",
            emulators.secantusd(self._home, port, self._host),
            self._given,
            lambda child: child.listens_on(port),
            # It hangs if SIGTERM interrupts its handler of SIGTERM. Its journal survives a kill.
            orphaned=Signals.SIGKILL,
            advice=self._advice(self._home.mongo),
        )
        return program, f"mongodb://{self._host}:{port}/?directConnection=true"

    def _advice(self, folder: Path) -> str:
        up = f"{program_name()} up --reset"
        return f"If {folder} is damaged: {up} starts anew, and forgets all videos."

    def _images(self) -> dict[str, str]:
        """Return where the API invokes the images function. Its name is as good as a password."""
        port = self._port(_IMAGES_PORT)
        return {"IMAGES_PORT": str(port), "IMAGES_FUNCTION": f"clipo-images-{token_hex(16)}"}

    def _function(
        self, name: str, environ: Mapping[str, str], images: Mapping[str, str]
    ) -> Program:
        """Return the program that runs one of our functions."""
        port = int(environ["PORT"])

        def api_is_ready(child: Child) -> bool:
            return child.listens_on(port) and _answers(f"http://{LOOPBACK}:{port}/health")

        if name == "images":
            environ = {n: environ[n] for n in environ.keys() - _NOT_FOR_IMAGES} | {**images}
        if name in ("api", "webhooks"):
            environ = {**environ, **settings.webhook_root(self._home.root_secret())}
        if name == "api":
            access = settings.access(self._given, self._home.root_secret())
            environ = {**environ, **access, **images, **_at_images(environ, images)}
        # Nothing collects the metrics here, and the log has a line for each step.
        its_own = {"POWERTOOLS_SERVICE_NAME": name, "POWERTOOLS_METRICS_DISABLED": "true"}
        return Program(
            name,
            [*environment.python(), "-m", _FUNCTION_MODULES[name]],
            {**environ, **its_own, **(self._receiver if name == "webhooks" else {})},
            api_is_ready if name == "api" else Child.has_signalled_ready,
            on_line=self._console.log_line,
        )

    def _write_addresses(self, api: str, environ: Mapping[str, str]) -> None:
        exported = {name: environ[name] for name in _FOR_SHELLS if name in environ}
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in exported.items()]
        write_atomically(self._home.functions_env, "".join(lines))
        addresses = {
            "api": api,
            "s3": environ["AWS_ENDPOINT_URL_S3"],
            "mongodb": without_password(environ["MONGODB_URI"]),
        }
        write_atomically(self._home.stack_file, json.dumps(addresses))

    def _welcome(self, api: str, environ: Mapping[str, str], ffmpeg_version: str) -> None:
        access = settings.access(self._given, "")["ACCESS"]
        addresses = [
            ("Page", f"{api}/"),
            ("API", api),
            ("Docs", f"{api}/docs"),
            ("Access", _ACCESS[access]),
            *webhooks_row(environ),
            ("S3", environ["AWS_ENDPOINT_URL_S3"]),
            ("MongoDB", without_password(environ["MONGODB_URI"])),
            ("Data", str(self._home.root)),
            ("Logs", str(self._home.logs)),
            ("ffmpeg", ffmpeg_version),
        ]
        wanted = settings.api_port(self._given)
        if not api.endswith(f":{wanted}"):
            self._console.say(f"Port {wanted} is taken: the API is on another one.", "yellow")
        program = program_name(anywhere=True)
        if access == "keys" or api != DEFAULT:
            # There the command finds the address, and the root secret that proves the operator.
            program = f"CLIPO_HOME={shlex.quote(str(self._home.root))} {program}"
        self._console.welcome(addresses, next_command=f"{program} upload --sample")
        if access == "keys":
            self._console.say("Make an API key, for your server or to log in to the page", "bold")
            self._console.say(f"  {program} keys create --name NAME\n")


def webhooks_row(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the row of the addresses that says that webhooks are on, if they are."""
    if not flag(environ, "WEBHOOKS"):
        return []
    webhooks = f"{program_name(anywhere=True)} webhooks"
    said = f"on: {webhooks} add URL adds a receiver, {webhooks} listen shows the events"
    return [("Webhooks", said)]


def _at_images(environ: Mapping[str, str], images: Mapping[str, str]) -> dict[str, str]:
    """Return the settings with which the API invokes the images function, past any proxy."""
    direct = environ.get("no_proxy") or environ.get("NO_PROXY")
    return {
        "AWS_ENDPOINT_URL_LAMBDA": f"http://{LOOPBACK}:{images['IMAGES_PORT']}",
        "no_proxy": f"{direct},{LOOPBACK}" if direct else LOOPBACK,
    }


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):  # noqa: S310 (our own child)
            return True
    except (urllib.error.URLError, OSError):
        return False
