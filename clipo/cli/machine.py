"""The checks of `clipo doctor` on this machine, which change nothing."""

import difflib
import os
import platform
import shutil
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from clipo.cli import issuer
from clipo.cli.finding import Finding, absent, broken, ok, warning
from clipo.client import address, logins
from clipo.errors import ClipoError, Misuse
from clipo.home import Home
from clipo.local import checkout, cloud, emulators, environment, ffmpeg, settings
from clipo.local.ports import is_free
from clipo.program import program_name

_PYTHONS = ((3, 11), (3, 13))
_PLATFORMS = (("Linux", "x86_64"), ("Linux", "aarch64"))
_UNTESTED = (("Darwin", "arm64"),)
_LITTLE, _TOO_LITTLE = 2_000_000_000, 200_000_000
_STACK = "Local stack"
_KNOWN = (
    "CLIPO_API",
    "CLIPO_API_KEY",
    "CLIPO_BIND",
    "CLIPO_FFMPEG_DIR",
    "CLIPO_HOME",
    "CLIPO_HOSTS",
    "CLIPO_PROFILE",
    "CLIPO_RETRY_SECONDS",
    "CLIPO_UPKEEP_SECONDS",
)


def findings(environ: Mapping[str, str], api: str | None = None) -> Iterator[Finding]:
    """Yield findings on the installation, the folder, the stack and the environment.

    `api` is the value of `--api`.
    """
    here = checkout.is_here()
    if here:
        checkout.require()
    yield _python(sys.version_info[:3])
    if here:
        yield from _local_stack(environ, needed=not address.is_chosen(api, environ))
    else:
        yield absent(_STACK, checkout.ABSENT, checkout.GET_IT)
    yield _spelling(environ)
    if here:
        # Needs `functions`, which an installed client does not have.
        yield from _settings(environ)
        if environ.get(issuer.VARIABLE):
            yield issuer.check("Own login", environ)
    yield _address(api, environ)
    yield from _logins(logins.file())
    if here:
        yield from _services(environ)
    yield _proxies(environ)


def _local_stack(environ: Mapping[str, str], *, needed: bool) -> Iterator[Finding]:
    home = address.home(environ)
    yield _platform(platform.system(), platform.machine())
    yield _set_up(emulators.MINISTACK, emulators.SECANTUSD)
    yield _ffmpeg(environ.get("CLIPO_FFMPEG_DIR"))
    yield _folder(home)
    yield _disk(home)
    yield _stack(home, environ, needed=needed)


def _python(version: tuple[int, ...]) -> Finding:
    text = ".".join(map(str, version))
    if _PYTHONS[0] <= version[:2] <= _PYTHONS[1]:
        return ok("Python", text)
    return broken("Python", f"{text} is not supported.", checkout.make("PYTHON=python3.12 setup"))


def _platform(system: str, machine: str) -> Finding:
    text = f"{system} {machine}"
    if (system, machine) in _PLATFORMS:
        return ok("Platform", text)
    if (system, machine) in _UNTESTED:
        return warning("Platform", f"{text} is not tested.", "Please report whether it works.")
    return broken(
        "Platform", f"The local stack does not run on {text}.", "Use Linux; on Windows, WSL 2."
    )


def _set_up(*programs: Path) -> Finding:
    missing = [str(program) for program in programs if not os.access(program, os.X_OK)]
    if missing:
        return broken("Set-up", f"{', '.join(missing)} is missing.", checkout.make("run"))
    return ok("Set-up", "The local S3 and MongoDB servers are installed.")


def _ffmpeg(chosen: str | None) -> Finding:
    try:
        version = ffmpeg.version(Path(chosen)) if chosen else ffmpeg.wheel_version()
    except ClipoError as error:
        fix = "Unset CLIPO_FFMPEG_DIR, or correct it." if chosen else checkout.make("run")
        return broken("ffmpeg", str(error), fix)
    return ok("ffmpeg", version)


def _folder(home: Home) -> Finding:
    name, where = "Folder", str(home.root)
    existing = _nearest_existing(home.root)
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        fix = "Set CLIPO_HOME to a folder of yours, or correct its owner and permissions."
        return broken(name, f"{where} cannot be written.", fix)
    for part in (home.objects, home.emulator, home.mongo):
        if os.path.lexists(part) and not part.is_dir():
            return broken(
                name, f"{part} is no folder.", f"Remove it, or {program_name()} up --reset"
            )
    for file in (home.root / "credentials.json", home.root_secret_file, home.functions_env):
        if file.is_dir():
            return broken(name, f"{file} is no file.", "Remove it.")
        with suppress(FileNotFoundError):
            if file.stat().st_mode & 0o077:
                return warning(name, f"Other users can read {file}.", f"chmod 600 {file}")
    return ok(name, where)


def _nearest_existing(path: Path) -> Path:
    return path if path.exists() or path == path.parent else _nearest_existing(path.parent)


def _disk(home: Home) -> Finding:
    free = shutil.disk_usage(_nearest_existing(home.root)).free
    said = f"{free / 1e9:,.1f} GB are free for {home.root}."
    reset = f"{program_name()} up --reset"
    fix = f"Free some space, set CLIPO_HOME to another disk, or delete all videos: {reset}"
    if free < _TOO_LITTLE:
        return broken("Disk", said, fix)
    return warning("Disk", said, fix) if free < _LITTLE else ok("Disk", said)


def _stack(home: Home, environ: Mapping[str, str], *, needed: bool) -> Finding:
    """Return whether the stack runs. If a command needs it, the check of the API has the remedy."""
    api, start = address.noted_address(home), f"{program_name()} up"
    if home.is_locked():
        return ok(_STACK, f"It runs at {api}." if api else "It is starting.")
    if api:
        said = f"{home.stack_file} names {api}, but that stack was killed."
        return warning(_STACK, said, f"To start it again, and remove the file: {start}")
    with suppress(Misuse):  # `_settings` reports a wrong PORT
        port = settings.api_port(environ)
        if not is_free(port):
            said = (
                f"It does not run in this folder. Port {port} is taken, perhaps by another stack."
            )
            return warning(_STACK, said, f"To start one at the next free port: {start}")
    return absent(_STACK, "It does not run in this folder.", "" if needed else f"Start it: {start}")


def _settings(environ: Mapping[str, str]) -> Iterator[Finding]:
    for said in settings.wrong(environ):
        yield broken(
            "Settings", said, "Correct it, or unset it: the local stack does not start with it."
        )


def _address(given: str | None, environ: Mapping[str, str]) -> Finding:
    try:
        api = address.without_login(address.choose(given, environ))
        return ok("Address", f"Commands use the API at {api}.")
    except Misuse as error:
        fix = f"export {address.VARIABLE}={address.DEFAULT}, or unset it"
        return broken("Address", str(error), fix)


def _logins(file: Path) -> Iterator[Finding]:
    with suppress(OSError):
        if file.stat().st_mode & 0o077:
            said = f"Other users can read the API keys in {file}."
            yield warning("Login", said, f"chmod 600 {file}, and replace the keys.")


def _spelling(environ: Mapping[str, str]) -> Finding:
    likely = {
        given: close[0]
        for given in sorted(environ)
        if given not in _KNOWN and (close := _close_names(given.upper()))
    }
    if not likely:
        return ok("Settings", "No setting is misspelled.")
    said = f"Not a setting of Clipo: {', '.join(likely)}."
    return warning("Settings", said, f"Did you mean {', '.join(likely.values())}?")


def _close_names(given: str) -> list[str]:
    """Return the setting that a name is likely meant for; PIPX_HOME, for example, for none."""
    cutoff = 0.6 if given.startswith("CLIPO") else 0.8
    return difflib.get_close_matches(given, _KNOWN, n=1, cutoff=cutoff)


def _services(environ: Mapping[str, str]) -> Iterator[Finding]:
    name = "Services"
    given = [one for one in ("MONGODB_URI", environment.OTHER_STORE) if environ.get(one)]
    if not given:
        yield ok(name, "The local stack uses its own S3 and MongoDB.")
        return
    said = f"{' and '.join(given)} is set: the local stack uses that instead of its own server."
    yield warning(name, said, f"If that is not intended: unset {' '.join(given)}")
    if environment.OTHER_STORE in given:
        yield from _other_store(environment.allowed(environ))


def _other_store(environ: Mapping[str, str]) -> Iterator[Finding]:
    before = environment.restrict(os.environ)  # as `clipo up` does it: boto3 reads more than that
    try:
        cloud.Cloud(emulators.others_storage_environ(environ))
    except ClipoError as error:
        yield broken("Services", str(error), f"Check {environment.suspects(environ)}.")
    finally:
        os.environ.update(before)


def _proxies(environ: Mapping[str, str]) -> Finding:
    name = "Proxies"
    proxies = urllib.request.getproxies_environment()
    caught = [scheme for scheme in ("http", "all") if scheme in proxies]
    no_proxy = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    hosts = [host.strip() for host in no_proxy.split(",")]
    if caught and "*" not in hosts and not {"localhost", "127.0.0.1"} <= set(hosts):
        said = f"{caught[0].upper()}_PROXY covers this machine's own addresses; clipo bypasses it."
        return warning(name, said, "For curl and browsers: export NO_PROXY=localhost,127.0.0.1")
    return ok(name, "No proxy covers this machine's own addresses.")
