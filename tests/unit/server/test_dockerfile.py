"""What a build of the images needs of the repository."""

import re
from pathlib import Path

_ROOT = Path(__file__).parents[3]


def test_the_stage_that_builds_the_page_has_all_parts_of_the_makefile() -> None:
    parts = re.findall(r"^include (\S+)", (_ROOT / "Makefile").read_text(), re.MULTILINE)
    copied = re.findall(r"^COPY ([^-].*) \S+$", (_ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sent = (_ROOT / ".dockerignore").read_text().splitlines()
    sources = {name for line in copied for name in line.split()}
    for part in parts:
        above = {part, *map(str, Path(part).parents)}
        assert above & sources, f"{part} is not copied"
        assert {f"!{name}" for name in above} & set(sent), f"{part} is not sent to Docker"
