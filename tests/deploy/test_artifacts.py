"""The artifacts of `sam build`: small, complete, reproducible and without unused parts."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.sam import ARCHITECTURE, REPOSITORY, SETTINGS, Sam
from tests.events import event

pytestmark = pytest.mark.long

_FUNCTIONS = {
    "ApiFunction": "api",
    "ProcessingFunction": "processing",
    "ImagesFunction": "images",
    "UpkeepFunction": "upkeep",
    "WebhooksFunction": "webhooks",
}
_MACHINE_OFFSET = 18
"""Position of the machine's number in an ELF file.

https://man7.org/linux/man-pages/man5/elf.5.html
"""


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in files(folder))


def digest(folder: Path) -> str:
    """Return a hash of all names, modes and contents."""
    found = hashlib.sha256()
    for path in files(folder):
        found.update(f"{path.relative_to(folder)} {path.stat().st_mode:o}\n".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def machines(folder: Path) -> set[int]:
    """Return the ELF machine numbers of the programs and libraries in a folder."""
    found = set()
    for path in files(folder):
        with path.open("rb") as file:
            head = file.read(_MACHINE_OFFSET + 2)
        if head.startswith(b"\x7fELF"):
            found.add(int.from_bytes(head[_MACHINE_OFFSET:], "little"))
    return found


@pytest.mark.parametrize(
    ("artifact", "limit"),
    [
        ("ApiFunction", 40_000_000),
        ("ProcessingFunction", 12_000_000),
        ("ImagesFunction", 4_000_000),
        ("UpkeepFunction", 12_000_000),
        ("WebhooksFunction", 12_000_000),
        ("FfmpegLayer", 100_000_000),
    ],
)
def test_artifacts_are_small(built: Path, artifact: str, limit: int) -> None:
    assert size(built / artifact) <= limit


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """Copy the sources to another folder, with other permissions and times."""
    before = os.umask(0o077)
    root = tmp_path / "elsewhere"
    made = shutil.ignore_patterns("node_modules", "page")
    for name in ("architectures", "functions", "layers", "requirements", "web"):
        shutil.copytree(REPOSITORY / name, root / name, copy_function=shutil.copyfile, ignore=made)
    shutil.copyfile(REPOSITORY / "template.yaml", root / "template.yaml")
    (root / ".tools").symlink_to(REPOSITORY / ".tools")
    yield root
    os.umask(before)


def test_two_builds_are_the_same_to_the_bit_and_can_be_read_by_lambda(
    built: Path, elsewhere: Path, tmp_path: Path
) -> None:
    again = Sam({}, elsewhere).build(tmp_path / "again")
    for path in (again / "ApiFunction").rglob("*"):
        wanted = 0o755 if path.is_dir() else 0o644
        assert path.stat().st_mode & wanted == wanted, path
    for artifact in (*_FUNCTIONS, "FfmpegLayer"):
        assert digest(again / artifact) == digest(built / artifact), artifact


def test_a_package_that_is_not_the_locked_one_is_not_built_in(
    elsewhere: Path, tmp_path: Path
) -> None:
    lock = elsewhere / "requirements" / "processing.txt"
    locked = lock.read_text()
    lock.write_text(re.sub(r"(?<=sha256:)\w{8}", "0" * 8, locked))
    with pytest.raises(AssertionError, match=r"[Hh]ash"):
        Sam({}, elsewhere).run("build", "ProcessingFunction", "--build-dir", tmp_path / "other")


@pytest.mark.parametrize(("artifact", "folder"), _FUNCTIONS.items())
def test_a_function_has_its_own_code_and_what_is_shared(
    built: Path, artifact: str, folder: str
) -> None:
    code = built / artifact / "functions"
    shared = {"core", "adapters"} | ({"media"} if folder in ("processing", "images") else set())
    assert {path.name for path in code.iterdir() if path.is_dir()} - {"__pycache__"} == {
        folder,
        *shared,
    }


def test_only_the_api_has_anything_of_the_web_and_no_function_the_developers_tools(
    built: Path,
) -> None:
    for artifact in _FUNCTIONS.keys() - {"ApiFunction"}:
        there = {path.stem for path in (built / artifact).iterdir()}
        assert not there & {"fastapi", "starlette", "pydantic", "mangum", "anyio"}
    for artifact in _FUNCTIONS:
        there = {path.stem for path in (built / artifact).iterdir()}
        assert not there & {"boto3", "pytest", "secantus", "uvicorn", "clipo", "tests"}


@pytest.mark.parametrize("artifact", _FUNCTIONS)
def test_no_metadata_stubs_or_tests_are_shipped(built: Path, artifact: str) -> None:
    names = [str(path.relative_to(built / artifact)) for path in files(built / artifact)]
    assert not [n for n in names if ".dist-info" in n or n.endswith((".pyi", "py.typed"))]
    assert not [n for n in names if "/tests/" in n or n.startswith("tests/")]


_SDK = ("UpkeepFunction", "WebhooksFunction")


@pytest.mark.parametrize("artifact", _FUNCTIONS)
def test_an_artifact_has_one_way_to_aws(built: Path, artifact: str) -> None:
    with_sdk = artifact in _SDK
    code = built / artifact / "functions" / "adapters"
    assert (code / "sdk").exists() is with_sdk
    assert (code / "signed").exists() is not with_sdk
    data = built / artifact / "botocore" / "data"
    services = [path.name for path in data.iterdir() if path.is_dir()] if data.exists() else []
    assert sorted(services) == (["lambda", "s3", "sqs"] if with_sdk else [])


@pytest.mark.parametrize("artifact", _FUNCTIONS)
def test_every_module_is_compiled_for_the_runtime_and_never_checked_again(
    built: Path, runtime_python: Path, artifact: str
) -> None:
    magic = subprocess.check_output(
        [runtime_python, "-c", "import importlib.util as u; print(u.MAGIC_NUMBER.hex())"], text=True
    )
    compiled = [path for path in files(built / artifact) if path.suffix == ".pyc"]
    assert {path.read_bytes()[:4].hex() for path in compiled} == {magic.strip()}

    sources = [path for path in files(built / artifact) if path.suffix == ".py"]
    assert {path.relative_to(built / artifact).parts[0] for path in sources} == {"functions"}
    for source in sources:
        (bytecode,) = (source.parent / "__pycache__").glob(f"{source.stem}.*.pyc")
        # Hash-based and unchecked: https://peps.python.org/pep-0552/
        assert int.from_bytes(bytecode.read_bytes()[4:8], "little") == 1
        assert b"/var/task/" in bytecode.read_bytes()


@pytest.mark.parametrize(("architecture", "machine"), [("x86_64", 62), ("arm64", 183)])
def test_what_is_built_is_for_the_chosen_processor(
    built: Path, tmp_path: Path, architecture: str, machine: int
) -> None:
    if architecture == ARCHITECTURE:
        folder = built
    else:
        folder = Sam({}).build(tmp_path / "other", architecture)
    for artifact in (*_FUNCTIONS, "FfmpegLayer"):
        # The images function ships no compiled module.
        expected = set() if artifact == "ImagesFunction" else {machine}
        assert machines(folder / artifact) == expected, artifact


def test_the_layer_has_both_programs_and_says_whose_they_are(built: Path) -> None:
    names = [str(path.relative_to(built / "FfmpegLayer")) for path in files(built / "FfmpegLayer")]
    assert names == ["LICENSES.txt", "bin/ffmpeg", "bin/ffprobe"]
    for name in ("ffmpeg", "ffprobe"):
        program = built / "FfmpegLayer" / "bin" / name
        assert program.stat().st_mode & 0o777 == 0o755


def answer(python: Path, artifact: Path, code: str) -> Any:
    """Run code in an artifact without any other packages, and parse the JSON that it prints."""
    finished = subprocess.run(
        [python, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '.')\n{code}"],
        cwd=artifact,
        env=SETTINGS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


def handled(python: Path, artifact: Path, folder: str, name: str) -> Any:
    """Call the handler in an artifact with an event of `events/`."""
    code = f"""
import json
from functions.{folder}.handler import handler
class Context:
    aws_request_id = "id"
    def get_remaining_time_in_millis(self): return 100_000
print(json.dumps(handler({event(name)!r}, Context())))
"""
    return answer(python, artifact, code)


@pytest.mark.parametrize("name", ["http-health", "http-docs", "http-openapi", "http-swagger"])
def test_the_api_runs_on_what_it_ships(built: Path, runtime_python: Path, name: str) -> None:
    assert handled(runtime_python, built / "ApiFunction", "api", name)["statusCode"] == 200


def test_upkeep_runs_on_what_it_ships(built: Path, runtime_python: Path) -> None:
    artifact = built / "UpkeepFunction"
    settled = handled(runtime_python, artifact, "upkeep", "sqs-not-understood")
    assert settled == {"batchItemFailures": []}


def test_webhooks_runs_on_what_it_ships(built: Path, runtime_python: Path) -> None:
    artifact = built / "WebhooksFunction"
    settled = handled(runtime_python, artifact, "webhooks", "sqs-webhook-not-understood")
    assert settled == {"batchItemFailures": []}


def test_processing_runs_on_what_it_ships(built: Path, runtime_python: Path) -> None:
    artifact = built / "ProcessingFunction"
    assert handled(runtime_python, artifact, "processing", "s3-test-event") == {"outcomes": []}


def test_images_runs_on_what_it_ships(built: Path, runtime_python: Path) -> None:
    """All of it is imported and built. tests/contract/images makes pictures."""
    code = """
import json
from functions.images.handler import _wired
print(json.dumps(type(_wired()).__name__))
"""
    assert answer(runtime_python, built / "ImagesFunction", code) == "PictureStudio"


_LOGGED = {"aws_lambda_powertools", "jmespath", "typing_extensions"}
_CATALOG = {"bson", "pymongo"}
_WEB = {
    *("annotated_doc", "annotated_types", "anyio", "fastapi", "mangum", "opentelemetry"),
    *("pydantic", "pydantic_core", "python_multipart", "starlette", "typing_inspection"),
}
_SLOW = {
    *("botocore.session", "http.cookiejar", "multiprocessing", "sqlite3", "unittest"),
    *("xml.etree.ElementTree", "xml.sax"),
}


@pytest.mark.parametrize(
    ("artifact", "imported", "packages"),
    [
        ("ApiFunction", "functions.api.handler", _LOGGED | _CATALOG | _WEB),
        ("ProcessingFunction", "functions.processing.cold_start", _LOGGED | _CATALOG | {"urllib3"}),
        ("ImagesFunction", "functions.images.cold_start", _LOGGED | {"urllib3"}),
        ("UpkeepFunction", "functions.upkeep.handler", _LOGGED | _CATALOG),
        (
            *("WebhooksFunction", "functions.webhooks.handler"),
            _LOGGED | _CATALOG | {"standardwebhooks"},
        ),
    ],
)
def test_a_cold_start_imports_nothing_that_not_every_event_needs(
    built: Path, runtime_python: Path, artifact: str, imported: str, packages: set[str]
) -> None:
    code = f"""
import json
before = set(sys.modules)
import {imported}
print(json.dumps(list(set(sys.modules) - before)))
"""
    modules = set(answer(runtime_python, built / artifact, code))
    shipped = {path.stem for path in (built / artifact).iterdir()}
    # Powertools imports only the empty package botocore, to set its user agent.
    ours = {"functions", "botocore"}
    assert {name.partition(".")[0] for name in modules} & shipped - ours == packages
    assert modules & _SLOW == set()


@pytest.mark.parametrize("artifact", _SDK)
def test_what_is_left_of_botocore_knows_the_regional_host(
    built: Path, runtime_python: Path, artifact: str
) -> None:
    code = """
import json
from functions.adapters.sdk.aws import make_client
client = make_client("s3", "eu-west-1", None, attempts=1, read_timeout_s=1)
print(json.dumps(client.generate_presigned_url("list_objects_v2", {"Bucket": "clipo-uploads"})))
"""
    url = answer(runtime_python, built / artifact, code)
    assert url.startswith("https://clipo-uploads.s3.eu-west-1.amazonaws.com/?list-type=2")


@pytest.mark.parametrize("artifact", sorted(_FUNCTIONS.keys() - {"ImagesFunction"}))
def test_atlas_addresses_can_be_resolved(built: Path, runtime_python: Path, artifact: str) -> None:
    """Only `mongodb+srv://` addresses need dnspython."""
    code = """
import json
from pymongo.uri_parser import parse_uri
try:
    parse_uri("mongodb+srv://cluster.invalid")
except Exception as error:
    print(json.dumps(str(error)))
"""
    said = answer(runtime_python, built / artifact, code)
    assert "cluster.invalid" in said
    assert "dnspython" not in said
