"""`clipo migrate`, as operators run it."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.collection import Collection

from functions.adapters.mongo.ids import new_video_id
from tests.command import Command
from tests.release_0_1 import Release01

VIDEOS = 12
NOT_MIGRATED = "12 records changed, 20 indexes built, 2 indexes dropped."
MIGRATED = "Migrated: 0 records changed, 0 indexes built, 0 indexes dropped.\n"


@pytest.fixture
def videos(mongodb_uri: str) -> Iterator[Collection[dict[str, Any]]]:
    """The records of a database of release 0.1."""
    name = f"test-{ObjectId()}"
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        old = Release01(client[name].videos)
        old.ensure_indexes()
        for _ in range(VIDEOS):
            old.add(new_video_id())
        yield client[name].videos
        client.drop_database(name)


@pytest.fixture
def command(videos: Collection[dict[str, Any]], mongodb_uri: str, tmp_path: Path) -> Command:
    database = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": videos.database.name}
    return Command({"HOME": str(tmp_path)} | database, tmp_path)


def test_it_migrates_and_has_nothing_to_do_the_next_time(
    command: Command, videos: Collection[dict[str, Any]]
) -> None:
    first = command.run("migrate")
    assert (first.returncode, first.stdout) == (0, f"Migrated: {NOT_MIGRATED}\n"), first.stderr
    name, uri = command.environ["MONGODB_DATABASE"], command.environ["MONGODB_URI"]
    assert first.stderr.splitlines() == [
        f"Migrating the database {name} at {uri}",
        "records: 0 of 12",
        "records: 12 of 12",
        *(f"indexes: {done} of 7" for done in range(8)),
    ]
    assert videos.count_documents({"version": 1}) == VIDEOS

    second = command.run("migrate")
    assert (second.returncode, second.stdout) == (0, MIGRATED), second.stderr


def test_a_person_sees_a_bar_for_each_step(command: Command) -> None:
    with command.typed("migrate") as screen:
        assert screen.exit_code() == 0
        assert re.search(r"records ━+ 12/12", screen.text), screen.text
        assert re.search(r"indexes ━+ 7/7", screen.text), screen.text
        assert NOT_MIGRATED in screen.text


def test_ctrl_c_says_that_it_can_be_run_again(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"mongodb://127.0.0.1:{silent.getsockname()[1]}/?directConnection=true"
        with command.typed("migrate", MONGODB_URI=uri) as screen:
            screen.await_text("Migrating the database")
            screen.press("\x03")
            assert screen.exit_code() == 130
            assert "Stopped. To continue, run" in screen.text


def test_a_database_that_does_not_answer_is_named_without_its_password(command: Command) -> None:
    finished = command.run("migrate", MONGODB_URI="mongodb://me:hunter2@127.0.0.1:9/")
    assert finished.returncode == 1
    assert "MongoDB at mongodb://127.0.0.1:9/ cannot be used" in finished.stderr
    assert "hunter2" not in finished.stderr


def test_without_a_database_it_says_how_to_name_one(command: Command) -> None:
    finished = command.run("migrate", MONGODB_URI="")
    assert finished.returncode == 2
    assert "Set MONGODB_URI" in finished.stderr
