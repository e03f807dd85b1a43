"""The pinned requirements have hashes, no URLs, and nothing that must not ship."""

import os
import re
import subprocess
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parents[2] / "requirements"
_LOCKS = sorted(_FOLDER.glob("*.txt"))

_NEVER_SHIPPED = {"secantusdb", "ministack", "moto", "pytest", "uvicorn", "typer"}
_API_ONLY = {"fastapi", "starlette", "pydantic", "mangum"}


def packages(group: str) -> dict[str, str]:
    text = (_FOLDER / f"{group}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ \\;]+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", _LOCKS, ids=lambda lock: lock.stem)
def test_every_requirement_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    for requirement in re.split(r"\n(?=[a-z])", text.strip()):
        assert "--hash=sha256:" in requirement, requirement.splitlines()[0]


@pytest.mark.parametrize("group", ["api", "processing", "images", "upkeep", "webhooks"])
def test_functions_ship_nothing_that_is_only_for_developers(group: str) -> None:
    assert not _NEVER_SHIPPED & set(packages(group))


@pytest.mark.parametrize("group", ["processing", "images", "upkeep", "webhooks"])
def test_only_the_api_ships_anything_of_the_web(group: str) -> None:
    assert not _API_ONLY & set(packages(group))


@pytest.mark.parametrize("group", ["api", "processing", "images", "upkeep", "webhooks"])
def test_only_webhooks_ships_what_signs_them(group: str) -> None:
    assert ("standardwebhooks" in packages(group)) is (group == "webhooks")


@pytest.mark.parametrize("group", ["local", "api", "processing", "images", "upkeep", "webhooks"])
def test_what_is_tested_is_what_ships(group: str) -> None:
    tested = packages("dev")
    assert {name: tested[name] for name in packages(group)} == packages(group)


@pytest.mark.parametrize("asked", ["", "yes"])
def test_what_logs_in_by_iam_ships_only_to_functions_with_a_database_and_on_request(
    asked: str,
) -> None:
    for name in ("Api", "Processing", "Images", "Upkeep", "Webhooks"):
        made = subprocess.run(
            [
                "make",
                "--dry-run",
                "--file",
                "architectures/x86_64/Makefile",
                f"build-{name}Function",
            ],
            cwd=_FOLDER.parent,
            env=os.environ | {"ARTIFACTS_DIR": "/none", "MONGODB_AWS": asked},
            capture_output=True,
            text=True,
            check=True,
        )
        ships = "requirements/mongodb-aws.txt" in made.stdout
        assert ships is bool(asked and name != "Images"), name
    assert "pymongo-auth-aws" in packages("mongodb-aws")
