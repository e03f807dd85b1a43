"""Writes the collections for Postman and Bruno: `make collection`."""

from pathlib import Path

from packages.collection import bruno, postman
from packages.openapi import document

FOLDER = Path(__file__).parent


def files() -> dict[str, str]:
    """Return all files of both collections, by their paths below this folder."""
    found = document()
    return postman.files(found) | bruno.files(found)


def on_disk() -> dict[str, str]:
    """Return the files as they are now."""
    paths = [FOLDER / postman.NAME, *FOLDER.glob("bruno/**/*.*")]
    return {str(path.relative_to(FOLDER)): path.read_text() for path in paths if path.is_file()}


def main() -> None:
    """Write the files, and remove those of requests that are gone."""
    wanted = files()
    for name in on_disk().keys() - wanted.keys():
        (FOLDER / name).unlink()
    for name, text in wanted.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
