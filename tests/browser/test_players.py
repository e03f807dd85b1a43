"""Players that are not ours show our storyboards and play our videos, as docs/delivery.md says."""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import FloatRect, Locator, Page

from functions.core.api_keys import Root
from tests.browsers import NODE_FOLDER, WatchedPage, site
from tests.clips import ffmpeg
from tests.credentials import IssuedKey, admin_token, bearer
from tests.documented import DELIVERY_DOCS, recipe
from tests.page import DONE_MS
from tests.pictures import tiles_of
from tests.running_stack import RunningStack, running_stack

pytestmark = pytest.mark.long

_TILES, _TILE_S = 50, 0.2
_COLOURS = [(85 * red, 85 * green, 85 * blue) for blue, green, red in product(range(4), repeat=3)][
    :_TILES
]
"""The colour of each frame of the clip, and of its tile."""


@dataclass(frozen=True)
class Player:
    """A player, and where it shows what."""

    heading: str
    """The heading of its snippets in the documentation."""
    timeline: str
    tile: str


_PLAYERS = [
    Player("Video.js", ".vjs-progress-holder", ".vjs-mouse-display .vjs-time-tooltip"),
    Player("Vidstack", "media-time-slider", "media-slider-thumbnail"),
    Player("Plyr", ".plyr__progress", ".plyr__preview-thumb__image-container"),
    Player("media-chrome", "media-time-range #track", "media-preview-thumbnail"),
]


@dataclass(frozen=True)
class Addresses:
    """The addresses of one video, as a page gets them."""

    source: str
    image: str
    vtt: str
    json: str

    def put_into(self, snippet: str) -> str:
        """Replace the placeholders of a snippet."""
        snippet = snippet.replace("STORYBOARD_VTT_URL", self.vtt)
        return snippet.replace("STORYBOARD_JSON_URL", self.json).replace("SOURCE_URL", self.source)


@dataclass(frozen=True)
class Site:
    """The web site of another host than the API's."""

    folder: Path
    port: int

    @property
    def origin(self) -> str:
        """The origin that `API_ORIGINS` names."""
        return f"http://player.localhost:{self.port}"

    @property
    def unknown_origin(self) -> str:
        """Another origin of the same pages."""
        return f"http://other.localhost:{self.port}"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("pages")
    with site(folder) as origin:
        yield Site(folder, int(origin.rpartition(":")[2]))


@pytest.fixture(scope="module")
def stack(pages: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    home = tmp_path_factory.mktemp("players")
    with running_stack(home, ACCESS="keys", API_ORIGINS=pages.origin) as stack:
        yield stack


@pytest.fixture(scope="module")
def key(stack: RunningStack) -> IssuedKey:
    root = Root(1, (stack.home / "root_secret").read_text())
    body = {"name": "anna", "owner": "anna"}
    made = stack.client.post("/keys", json=body, headers=bearer(admin_token(root))).json()
    stack.client.headers |= bearer(made["key"])
    return IssuedKey(made["id"], made["key"], made["signing_secret"])


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of which each frame has a colour of its own."""
    path = tmp_path_factory.mktemp("clip") / "colours.mp4"
    colour = "r='85*mod(N,4)':g='85*mod(floor(N/4),4)':b='85*floor(N/16)'"
    picture = f"color=size=320x180:rate=5:duration=10,format=gbrp,geq={colour}"
    ffmpeg("-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p", "-g", "5", str(path))
    return path


@pytest.fixture(scope="module", params=["public", "private"])
def addresses(
    request: pytest.FixtureRequest, stack: RunningStack, key: IssuedKey, clip: Path
) -> Addresses:
    video_id = stack.upload_signed(clip)
    stack.finished(video_id)
    change = {"visibility": request.param}
    video = stack.client.patch(f"/videos/{video_id}", json=change).json()
    token = f"token={key.token(scope='deliver')}"
    pictures = video["pictures"]
    asked = [
        *(f"{video['source']['url']}?", f"{pictures['image_url']}&w=160&"),
        *(f"{pictures['storyboard_vtt_url']}&", f"{pictures['storyboard_json_url']}&"),
    ]
    is_private = request.param == "private"
    return Addresses(*(f"{url}{token}" if is_private else url[:-1] for url in asked))


def build(folder: Path, player: Player, addresses: Addresses, node_modules: Path) -> None:
    """Build the documented page of a player in a folder."""
    found = recipe(player.heading, DELIVERY_DOCS)
    (folder / "player.js").write_text(addresses.put_into(found["js"]))
    command = ["esbuild", "player.js", "--bundle", "--format=esm", "--outfile=page.js"]
    subprocess.run(
        [node_modules / ".bin" / command[0], *command[1:], "--log-level=warning"],
        cwd=folder,
        env=os.environ
        # Where the machine has no Node.js, `make setup` has installed one.
        | {"PATH": f"{os.environ['PATH']}:{NODE_FOLDER}", "NODE_PATH": str(node_modules)},
        check=True,
    )
    (folder / "page.css").touch()
    (folder / "index.html").write_text(
        f"""<!doctype html><link rel="stylesheet" href="page.css">
        <style>media-controller, media-player, .plyr {{width: 1000px; aspect-ratio: 16/9}}</style>
        {addresses.put_into(found["html"])}<script type="module" src="page.js"></script>"""
    )


def serve_icons(page: Page, node_modules: Path) -> None:
    """Serve the icons that Plyr gets from the network."""
    icons = node_modules / "plyr" / "dist" / "plyr.svg"
    page.route("https://cdn.plyr.io/**", lambda route: route.fulfill(path=icons))


def colour_number(page: Page, box: FloatRect) -> int | None:
    """Return the number of the colour that fills a box; `None` if other colours are in it."""
    grid = tiles_of(page.screenshot(clip=box, type="jpeg", quality=95), 12)
    # The middle and the bottom may have the time on it.
    found = {nearest(grid[row][column]) for row, column in product((2, 5), (1, 10))}
    return found.pop() if len(found) == 1 else None


def nearest(pixel: tuple[int, ...]) -> int:
    distances = [sum(abs(a - b) for a, b in zip(pixel, one, strict=True)) for one in _COLOURS]
    return distances.index(min(distances))


def box_of(element: Locator) -> FloatRect:
    box = element.bounding_box()
    assert box
    return box


def point_at(timeline: Locator, number: int) -> tuple[float, float]:
    """Return the place on the timeline that is in the middle of a tile's time."""
    box = box_of(timeline)
    return box["x"] + box["width"] * (number + 0.5) / _TILES, box["y"] + box["height"] / 2


def hover(timeline: Locator, tile: Locator, number: int) -> None:
    """Move the pointer over the timeline until a tile is shown as a whole, and nothing else."""
    page = timeline.page
    deadline = time.monotonic() + DONE_MS / 1000
    found = None
    while found != number:
        assert time.monotonic() < deadline, f"it shows tile {found} instead of {number}"
        # A player ignores what happens before it has read the storyboard.
        x, y = point_at(timeline, number)
        page.mouse.move(x, y - 1)
        page.mouse.move(x, y)
        page.wait_for_timeout(50)
        box = tile.bounding_box()
        if box and box["height"] > 40 and abs(box["width"] / box["height"] - 16 / 9) < 0.1:
            found = colour_number(page, box)


def await_video(video: Locator, condition: str) -> None:
    """Wait until a condition holds that the code states about `video`."""
    handle = video.element_handle()
    page, code = video.page, f"(video) => {condition}"
    page.wait_for_function(code, arg=handle, timeout=15_000)


@pytest.mark.parametrize("player", _PLAYERS, ids=lambda player: player.heading)
def test_a_player_shows_the_storyboard_and_plays(
    player: Player, pages: Site, addresses: Addresses, watched: WatchedPage, node_modules: Path
) -> None:
    page = watched.page
    folder = pages.folder / player.heading
    folder.mkdir(exist_ok=True)
    build(folder, player, addresses, node_modules)
    serve_icons(page, node_modules)
    page.goto(f"{pages.origin}/{player.heading}/")
    timeline, tile = page.locator(player.timeline), page.locator(player.tile)
    video = page.locator("video")
    video.evaluate("(video) => { video.muted = true; return video.play(); }")
    await_video(video, "video.currentTime > 0.2")
    video.evaluate("(video) => video.pause()")
    video.hover(force=True, position={"x": 50, "y": 50})  # so that the controls appear
    for number in (3, 26, 44):  # in the last second Plyr shows the tile before it
        hover(timeline, tile, number)
    page.mouse.click(*point_at(timeline, 40))
    await_video(video, "video.currentTime && !video.seeking && video.readyState > 1")
    assert video.evaluate("(video) => video.currentTime") // _TILE_S == 40
    video.evaluate("(video) => video.play()")
    await_video(video, "video.ended")


def test_plain_elements_show_it_in_pages_of_any_origin(
    pages: Site, addresses: Addresses, watched: WatchedPage
) -> None:
    (pages.folder / "plain.html").write_text(
        f"""<!doctype html><img src="{addresses.image}">
        <video muted autoplay src="{addresses.source}"></video>"""
    )
    watched.page.goto(f"{pages.unknown_origin}/plain.html")
    assert watched.page.locator("img").evaluate("(image) => image.naturalWidth") == 160
    await_video(watched.page.locator("video"), "video.currentTime > 0.2")
