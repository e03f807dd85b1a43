"""The rules of the layout: which folder may import what."""

import ast
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_MODULES = {
    ".".join(path.relative_to(_ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for folder in ("functions", "server", "clipo")
    for path in sorted((_ROOT / folder).rglob("*.py"))
}
_LAMBDAS = ("api", "processing", "images", "webhooks", "upkeep")


@cache
def imports(path: Path) -> set[str]:
    """Return the modules that a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative imports hide where a name comes from"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def importers(*packages: str, below: str = "functions") -> list[str]:
    """Return the modules of a folder that import one of these packages."""
    return [
        module
        for module, path in _MODULES.items()
        if within(module, below) and any(within(name, *packages) for name in imports(path))
    ]


@pytest.mark.parametrize(
    ("packages", "modules"),
    [
        (["boto3", "botocore"], ["adapters.sdk.aws"]),
        (
            ["urllib3"],
            [
                "adapters.issuer",
                *(f"adapters.signed.{name}" for name in ("connections", "service", "storage")),
            ],
        ),
        (["jwt"], ["adapters.issuer"]),
        (["cryptography"], ["adapters.signed.cloudfront"]),
        (["aws_lambda_powertools"], ["adapters.telemetry"]),
        (["standardwebhooks"], ["webhooks.targets"]),
        (["ssl"], ["webhooks.outbound"]),
        (["subprocess"], ["media.sandbox"]),
        (["mangum"], ["api.gateway", "api.handler"]),
    ],
)
def test_one_module_speaks_to_each_thing_outside(packages: list[str], modules: list[str]) -> None:
    assert importers(*packages) == [f"functions.{module}" for module in modules]


def test_one_package_speaks_to_mongodb() -> None:
    speaking = importers("pymongo", "bson")
    assert speaking
    assert [one for one in speaking if not within(one, "functions.adapters.mongo")] == []


def test_an_import_names_the_module_that_has_the_name() -> None:
    """A package whose `__init__` forwards names hides where they are, and loads all modules."""
    forwarding = [
        module
        for module, path in _MODULES.items()
        if path.name == "__init__.py" and within(module, "functions", "server") and imports(path)
    ]
    assert forwarding == []


def test_the_rules_of_the_domain_need_the_standard_library_only() -> None:
    allowed = {*sys.stdlib_module_names, "functions"}
    for module, path in _MODULES.items():
        if within(module, "functions.core"):
            names = imports(path)
            assert {name.partition(".")[0] for name in names} <= allowed, module
            assert all(
                within(name, "functions.core") for name in names if within(name, "functions")
            ), module


@pytest.mark.parametrize(
    ("folder", "folders"),
    [
        ("adapters", ["adapters", "core"]),
        ("media", ["media", "adapters", "core"]),
        ("processing", ["processing", "media", "adapters", "core"]),
        ("images", ["images", "media", "adapters", "core"]),
        ("api", ["api", "adapters", "core"]),
        ("webhooks", ["webhooks", "adapters", "core"]),
        ("upkeep", ["upkeep", "adapters", "core"]),
    ],
)
def test_a_function_knows_only_what_all_of_them_share(folder: str, folders: list[str]) -> None:
    packages = [f"functions.{name}" for name in folders]
    for module, path in _MODULES.items():
        if within(module, f"functions.{folder}"):
            ours = {name for name in imports(path) if within(name, "functions", "clipo")}
            assert all(within(name, *packages) for name in ours), (module, ours)


def needed(module: str) -> set[str]:
    """Return a module and all modules of ours that it imports, and they import."""
    found: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        found.add(name)
        if name in _MODULES:
            waiting |= imports(_MODULES[name]) - found
    return found


def locked(function: str) -> set[str]:
    """Return the packages that a function ships."""
    lines = (_ROOT / "requirements" / f"{function}.txt").read_text().splitlines()
    return {line.partition("==")[0] for line in lines if "==" in line}


@pytest.mark.parametrize(
    ("function", "way"),
    [
        ("api", "signed"),
        ("processing", "signed"),
        ("images", "signed"),
        ("upkeep", "sdk"),
        ("webhooks", "sdk"),
    ],
)
def test_a_function_has_one_way_to_aws(function: str, way: str) -> None:
    """Its own signatures, where a caller waits, or botocore."""
    modules = {name for name in needed(f"functions.{function}.handler") if name in _MODULES}
    ways = {
        name
        for name in ("signed", "sdk")
        if any(within(module, f"functions.adapters.{name}") for module in modules)
    }
    assert ways == {way}
    assert ("botocore" in locked(function)) == (way == "sdk")
    assert not {"boto3", "s3transfer"} & locked(function)


def test_no_package_of_ours_is_called_by_another_name() -> None:
    """One module imported by two names is two modules, with two of each class and cache."""
    short = ("api", "core", "adapters", "media", "shared", *_LAMBDAS)
    assert importers(*short) == []
    assert importers(*short, below="clipo") == []


def test_the_client_and_the_command_do_not_need_the_functions() -> None:
    assert importers("functions", "server", below="clipo.client") == []
    assert importers("functions", "server", below="clipo.cli") == []


def test_the_processes_of_servers_use_the_functions_and_not_the_other_way_round() -> None:
    """An image of them holds `functions` and `server`, an artifact of Lambda `functions` alone."""
    assert importers("server") == []
    assert importers("clipo", below="server") == []
    assert importers("pymongo", "bson", "botocore", "urllib3", below="server") == []


def test_the_mounts_need_the_standard_library_only() -> None:
    """Besides the framework: a server that mounts Clipo loads nothing else for it."""
    allowed = {*sys.stdlib_module_names, "clipo"}
    for module, path in _MODULES.items():
        if within(module, "clipo.server", "clipo.flask", "clipo.hs256"):
            outside = {name.partition(".")[0] for name in imports(path)} - allowed
            assert outside <= ({"flask"} if module == "clipo.flask" else set()), module
    assert importers("clipo.client", "clipo.cli", below="clipo.server") == []


def classes(*below: str) -> list[tuple[str, ast.ClassDef]]:
    """Return the classes at the top of the modules below some packages, each with its module."""
    return [
        (module, node)
        for module, path in _MODULES.items()
        if within(module, *below)
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    ]


def test_a_protocol_stands_beside_its_adapter() -> None:
    protocols = {
        f"{module}.{node.name}"
        for module, node in classes("functions", "server", "clipo")
        if "Protocol" in {ast.unparse(base) for base in node.bases}
    }
    assert protocols == {
        "clipo.client.upload.ProgressRow",
        "functions.adapters.api_keys.ApiKeys",
        "functions.adapters.catalog.Catalog",
        "functions.adapters.deliveries.DeliveryLog",
        "functions.adapters.lambda_context.LambdaContext",
        "functions.adapters.jobs.Jobs",
        "functions.adapters.owner_data.OwnerData",
        "functions.adapters.pictures.PictureLeases",
        "functions.adapters.pictures.PictureMaker",
        "functions.adapters.receivers.Receivers",
        "functions.adapters.storage.Storage",
        "functions.adapters.usage.OwnerUsage",
        "functions.media.reader.loopback.Content",
        "functions.media.splice.boundary.Readable",
        "functions.media.splice.boundary.Recording",
        "functions.media.storyboard.reel.Index",
        "functions.webhooks.targets.ReceiverClient",
    }


def test_a_class_shares_its_name_only_with_what_shows_it_outside() -> None:
    """The other one is the API's schema, or what the client makes of the API's answer."""
    shown = {"Media", "Processing", "Thumbnail", "Webhook", "Location"}
    shown |= {"Stream", "VideoStream", "AudioStream", "Playback"}
    received = {"Problem", "Status"}
    counts = Counter(node.name for _, node in classes("functions", "server", "clipo"))
    assert {name: count for name, count in counts.items() if count > 1} == dict.fromkeys(
        shown | received, 2
    )
    assert shown <= {node.name for _, node in classes("functions.api.schemas")}
    assert received <= {node.name for _, node in classes("clipo.client", "clipo.cli")}


def test_the_web_framework_stays_in_the_api() -> None:
    web = importers("fastapi", "starlette", "pydantic")
    assert all(within(module, "functions.api") for module in web)


def test_a_route_gets_no_catalog_but_its_callers() -> None:
    """Only the wiring knows the records of all owners (ADR 42)."""
    api = "functions.api"
    unscoped = (
        "functions.adapters.catalog.Catalog",
        "functions.adapters.mongo.catalog.MongoCatalog",
    )
    assert importers(*unscoped, below=api) == [f"{api}.scoped_catalog", f"{api}.services"]
    changes = ("functions.adapters.catalog.change", "functions.adapters.catalog.discard")
    assert importers(*changes, below=api) == [f"{api}.scoped_catalog"]
    backend = f"{api}.services.Backend"
    assert importers(backend, f"{api}.services.wire", below=api) == [f"{api}.app", f"{api}.handler"]
    knowing = [module for module in _MODULES if "services_for" in _MODULES[module].read_text()]
    assert knowing == [f"{api}.app", f"{api}.services"], "a route gets them by InjectedServices"


def test_a_route_reaches_objects_by_records_and_tombstones_only() -> None:
    """Each of them came from the caller's catalog, except for a new record."""
    api = "functions.api"
    reached = {
        f"{ast.unparse(call.func)}({ast.unparse(call.args[0])})"
        for module, path in _MODULES.items()
        if within(module, api)
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ".storage." in ast.unparse(call.func)
    }
    of_a_video = ("sign_upload", "sign_multipart", "sign_source", "put_upload", "find_upload")
    assert reached == {
        *(f"services.storage.{method}(video.upload.key)" for method in of_a_video),
        *(
            f"services.storage.{method}(thumbnail.key)"
            for method in ("read_thumbnail", "sign_thumbnail", "read_picture")
        ),
        *(
            f"services.storage.{method}(wanted.key)"
            for method in ("read_picture", "delete_picture")
        ),
        "services.storage.sign_picture(picture.key)",
        "services.storage.delete_objects_of(deleted)",
    }
    assert importers("functions.core.keys", below=api) == [f"{api}.create_video"]
    records = tuple(f"functions.core.video.{name}" for name in ("ExpectedUpload", "DeletedVideo"))
    assert importers(*records, below=api) == [f"{api}.scoped_catalog"]
