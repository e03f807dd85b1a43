"""Takes screenshots of each state of the page, for people to look at.

    python -m tests.browser.screenshots FOLDER [STATE...]

Each state is taken at four widths, light and dark. The API has fake adapters.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Route, expect

from functions.core.failures import NOT_A_VIDEO, RETRIES_EXHAUSTED
from functions.core.media import Media, VideoStream
from functions.core.video import Lease, Processing, Status, Video
from tests.browsers import WatchedPage, chromium, find_chromium, opened
from tests.credentials import KEYS, IssuedKey, issue
from tests.examples import OPEN, done_video, failed_video, media, thumbnail, uploaded
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.landscapes import FILM_S, Landscapes
from tests.page import DROP, row, serve_many
from tests.served_api import served
from tests.slow_storage import SlowStorage, slow_storage

_SIZES = ((360, 740), (768, 1024), (1280, 800), (1920, 1080))
_TALL = 7
"""The number of the video that is taller than wide."""
_PICTURE = re.compile(r"/videos/([0-9a-f]{24})/(thumbnail|image\.jpg)")
_ANNA = "anna@example.com"
_LONG = "interview with the harbour master, second camera, before the rain (final cut, v12).mov"


@dataclass(frozen=True)
class Scene:
    """A page, and what stands behind it."""

    page: Page
    watched: WatchedPage
    records: FakeCatalog
    storage: SlowStorage
    key: IssuedKey
    landscapes: Landscapes
    origin: str
    folder: Path
    """A folder for the files that the page uploads."""

    def fill(self) -> None:
        for one in _library(datetime.now(UTC), self.landscapes):
            self.records.videos[one.id] = one

    def open(self, address: str = "/") -> None:
        self.page.goto(self.origin + address)
        ready = ".cards[aria-busy=false], .table[aria-busy=false], .empty, .log-in"
        expect(self.page.locator(ready).first).to_be_visible()

    def library(self) -> None:
        self.fill()
        self.open()

    def details(self, number: int) -> Locator:
        self.fill()
        self.open(f"/#/videos/{id_of(number)}")
        dialog = self.page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        return dialog

    def log_in(self, credential: str) -> None:
        self.page.locator("#credential").fill(credential)
        self.page.keyboard.press("Enter")

    def upload(self, count: int = 1, megabytes: int = 24) -> None:
        """Upload files, of which the storage takes a part."""
        files = [self.folder / f"holiday-{number + 1:02}.mp4" for number in range(count)]
        for at, file in enumerate(files):
            with file.open("wb") as content:
                content.truncate((megabytes + at % 7) * 1_000_000)
        self.storage.treatment.share = 0.4
        self.watched.drop(DROP, *files)
        expect(self.page.locator(".upload[data-state=uploading]").first).to_be_visible()
        expect(row(self.watched, "holiday-01")).to_contain_text(re.compile("[1-9][0-9]?%"))


def id_of(number: int) -> str:
    """Return an id that looks like those of MongoDB."""
    return f"6b0b9ab43db463efae0d{number:04x}"


def _library(now: datetime, landscapes: Landscapes) -> Iterator[Video]:
    """Return videos as a person may have them, the newest last."""
    picture, sound, _ = media().streams
    assert isinstance(picture, VideoStream)
    plain = replace(media(), duration_s=FILM_S, width=1280, height=720, bit_rate=5_891_800)
    film = replace(plain, streams=(replace(picture, hdr=None), sound))
    tall = replace(film, width=608, height=1080, rotation=90)
    upright = replace(thumbnail(), width=180, height=320)
    rows: list[dict[str, Any]] = [
        {"filename": "dunes-drone-take-3.mkv", "media": replace(film, container="matroska")},
        {"filename": "on-its-way.mp4", **_unfinished(Status.PENDING)},
        {"filename": "lighthouse-timelapse.mp4", "media": _silent(film)},
        {"filename": "team-meeting.mp4", **_failed(RETRIES_EXHAUSTED.failure())},
        {"filename": _LONG, "passthrough": "order-1042", "owner": "anna", "media": plain},
        {"filename": "first-snow.webm"},
        {"filename": "holiday-export.mp4", **_failed(NOT_A_VIDEO.failure())},
        {"filename": "hike-on-the-ridge.mp4", "media": tall, "thumbnail": upright},
        {"filename": "ferry-crossing.mov"},
        {"filename": "harbour-at-dusk.mp4"},
        {"filename": "old-advert.flv", "media": replace(film, container="flv")},
        {"filename": "just-arrived.mp4", **_unfinished(Status.PROCESSING)},
    ]
    for number, changes in enumerate(rows):
        at = now - timedelta(minutes=40 * (len(rows) - number - 1) ** 2)
        one = replace(_film(at), **{"media": film} | changes, id=id_of(number))
        hidden = landscapes.placeholder(number - 9, tall=number == _TALL)
        if one.status is Status.PENDING:
            awaited = replace(one.upload, expires_at=now + timedelta(minutes=12))
            one = replace(one, declared_size=one.size, source=None, upload=awaited)
        shown = one.thumbnail and replace(one.thumbnail, placeholder=hidden)
        yield replace(one, thumbnail=shown)


def _film(at: datetime) -> Video:
    started, finished = at + timedelta(seconds=4), at + timedelta(seconds=5)
    worked = Processing(started, finished, wall_ms=144, bytes_read=3_700_000, requests=5)
    source = uploaded(size=17_675_400).source
    return replace(
        done_video(), source=source, processing=worked, created_at=at, updated_at=finished
    )


def _silent(film: Media) -> Media:
    return replace(film, has_audio=False, audio_codec=None, streams=film.streams[:1])


def _failed(error: Any) -> dict[str, Any]:
    failed = failed_video()
    return {"status": failed.status, "media": None, "thumbnail": None, "error": error}


def _unfinished(status: Status) -> dict[str, Any]:
    lease = Lease("token", datetime.now(UTC)) if status is Status.PROCESSING else None
    nothing = {"media": None, "thumbnail": None, "processing": None}
    return {"status": status, "lease": lease, **nothing}


@dataclass(frozen=True)
class State:
    """A state of the page: how to reach it, and what to do again at each size."""

    reach: Callable[[Scene], None]
    pose: Callable[[Scene], None] = lambda _: None
    settings: Mapping[str, str] = field(default_factory=lambda: OPEN)
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the browser's context, such as the locale."""


def _with_files(scene: Scene, *names: str) -> list[Path]:
    files = [scene.folder / name for name in names]
    for file in files:
        file.write_bytes(b"" if file.name.startswith("empty") else b"text")
    return files


def _loading(scene: Scene) -> None:
    scene.fill()
    scene.page.route("**/videos?*", lambda _: None)
    scene.page.goto(scene.origin)
    expect(scene.page.locator(".toolbar")).to_be_visible()
    scene.page.wait_for_timeout(1000)


def _drag(scene: Scene) -> None:
    scene.library()
    hold = scene.watched.dragged(DROP, *_with_files(scene, "one.mp4"))
    hold.__enter__()
    expect(scene.page.locator(".drop-overlay")).to_be_visible()


def _uploading(count: int, act: Callable[[Scene], None] = lambda _: None) -> State:
    def reach(scene: Scene) -> None:
        scene.library()
        scene.upload(count)
        act(scene)

    return State(reach)


def _press(name: str) -> Callable[[Scene], None]:
    return lambda scene: scene.page.get_by_role("button", name=name).first.click()


def _refused(scene: Scene) -> None:
    scene.library()
    names = "notes.txt", "budget.xlsx", "cover.psd", "readme.md", "empty.mp4"
    scene.watched.drop(DROP, *_with_files(scene, *names))
    expect(scene.page.locator(".refusal")).to_have_count(2)


def _stopped(scene: Scene) -> None:
    scene.library()
    scene.storage.treatment.refused = True
    scene.watched.drop(DROP, *_with_files(scene, "holiday.mp4"))
    expect(scene.page.locator(".upload .error")).to_be_visible()


def _at(address: str, **options: Any) -> State:
    def reach(scene: Scene) -> None:
        scene.fill()
        scene.open(address)

    return State(reach, options=options)


def _nothing_processed(scene: Scene) -> None:
    scene.fill()
    for one in list(scene.records.videos.values()):
        if one.status is Status.PROCESSING:
            del scene.records.videos[one.id]
    scene.open("/?status=processing")


def _selected(scene: Scene) -> None:
    scene.library()
    for number in (9, 3):
        box = scene.page.locator(f".card:has([data-video='{id_of(number)}']) input")
        box.click(force=True, modifiers=["Shift"] if number == 3 else [])
    expect(scene.page.locator(".bulk")).to_be_visible()


def _ask_delete(scene: Scene) -> None:
    _selected(scene)
    scene.page.locator(".bulk").get_by_role("button", name="Delete").click()
    expect(scene.page.get_by_role("dialog")).to_be_visible()


def _details(number: int, **options: Any) -> State:
    def reach(scene: Scene) -> None:
        scene.details(number)

    return State(reach, options=options)


def _ask_delete_one(scene: Scene) -> None:
    scene.details(9).get_by_role("button", name="Delete…").click()


def _tab_api(scene: Scene) -> None:
    scene.details(9).get_by_role("tab", name="API").click()
    expect(scene.page.locator(".calls")).to_be_visible()


def _playing(scene: Scene) -> None:
    scene.details(9).get_by_role("button", name="Play").click()
    expect(scene.page.locator(".moments")).not_to_have_attribute("hidden", "")
    scene.page.locator("dialog video").evaluate("(video) => video.pause()")


def _hover(selector: str) -> Callable[[Scene], None]:
    def pose(scene: Scene) -> None:
        place = scene.page.locator(selector).first
        place.scroll_into_view_if_needed()
        box = place.bounding_box()
        assert box
        scene.page.mouse.move(0, 0)
        scene.page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2)
        expect(scene.page.locator(".tile")).to_be_visible()

    return pose


def _closed(act: Callable[[Scene], None]) -> State:
    def reach(scene: Scene) -> None:
        scene.fill()
        scene.page.goto(scene.origin)
        expect(scene.page.locator(".log-in")).to_be_visible()
        act(scene)

    return State(reach, settings=KEYS)


def _give_to_anna(scene: Scene) -> None:
    for one in list(scene.records.videos.values()):
        scene.records.videos[one.id] = replace(one, owner=_ANNA)


def _log_in_as_owner(scene: Scene) -> None:
    _give_to_anna(scene)
    scene.log_in(scene.key.token(sub=_ANNA, max_videos=13, max_duration_s=600))
    expect(scene.page.locator("#limits")).to_contain_text("of 13 videos used")


def _log_in_to_upload(scene: Scene) -> None:
    scene.log_in(scene.key.token(scope="upload"))
    expect(scene.page.locator("#workspace")).to_be_visible()


def _log_in_wrongly(scene: Scene) -> None:
    scene.log_in(scene.key.key[:-1] + "_")
    expect(scene.page.locator("#log-in-problem")).not_to_be_empty()


def _down(scene: Scene) -> None:
    scene.library()
    scene.page.route("**/videos?*", lambda route: route.abort())
    expect(scene.page.locator(".trouble:visible")).to_be_visible()


def _many(scene: Scene) -> None:
    scene.records.videos[id_of(0)] = replace(done_video(), id=id_of(0))
    serve_many(scene.watched, scene.origin, 10_000)
    scene.open()
    for _ in range(6):
        scene.page.keyboard.press("End")
        scene.page.wait_for_timeout(300)


def _settings(scene: Scene) -> None:
    scene.library()
    scene.page.locator("summary").click()


def _shortcuts(scene: Scene) -> None:
    scene.library()
    scene.page.keyboard.press("?")
    expect(scene.page.get_by_role("dialog")).to_be_visible()


def _log_in_to_read(scene: Scene) -> None:
    _give_to_anna(scene)
    scene.log_in(scene.key.token(sub=_ANNA, scope="read"))
    expect(scene.page.locator(".card").first).to_be_visible()


def _right_to_left(scene: Scene) -> None:
    scene.library()
    scene.page.evaluate("document.documentElement.dir = 'rtl'")


def _focused(scene: Scene) -> None:
    scene.library()
    scene.page.locator(".filters input").first.focus()
    for _ in range(6):
        scene.page.keyboard.press("Tab")


_GERMAN, _SPANISH = {"locale": "de-DE"}, {"locale": "es-ES"}

STATES: dict[str, State] = {
    "empty": State(Scene.open),
    "loading": State(_loading),
    "list": State(Scene.library),
    "card-hovered": State(Scene.library, pose=_hover(".card:has([data-status=done]) .picture")),
    "card-focused": State(_focused),
    "drag": State(_drag),
    "uploading-1": _uploading(1),
    "uploading-30": _uploading(30),
    "paused": _uploading(2, _press("Pause holiday-01.mp4")),
    "cancelled": _uploading(2, _press("Cancel holiday-01.mp4")),
    "offline": _uploading(2, lambda scene: scene.page.context.set_offline(True)),
    "minimized": _uploading(3, _press("Show only")),
    "refused": State(_refused),
    "stopped": State(_stopped),
    "search-empty": _at("/?search=nothing"),
    "filter-failed": _at("/?status=failed"),
    "filter-empty": State(_nothing_processed),
    "table": _at("/?view=table"),
    "selected": State(_selected),
    "ask-delete": State(_ask_delete),
    "details": _details(9),
    "details-failed": _details(6),
    "details-retryable": _details(3),
    "details-unplayable": _details(10),
    "details-portrait": _details(7),
    "details-silent": _details(2),
    "details-long-name": _details(4),
    "details-pending": _details(1),
    "details-missing": State(lambda scene: scene.open("/#/videos/cut-off")),
    "ask-delete-one": State(_ask_delete_one),
    "api": State(_tab_api),
    "player": State(_playing, pose=_hover("dialog .moments")),
    "settings": State(_settings),
    "shortcuts": State(_shortcuts),
    "log-in": _closed(lambda _: None),
    "log-in-refused": _closed(_log_in_wrongly),
    "owner": _closed(_log_in_as_owner),
    "read-only": _closed(_log_in_to_read),
    "upload-only": _closed(_log_in_to_upload),
    "down": State(_down),
    "ten-thousand": State(_many),
    "rtl": State(_right_to_left),
    "forced-colours": _at("/", forced_colors="active"),
    "phone": _at("/", has_touch=True, is_mobile=True),
    "german": _at("/", **_GERMAN),
    "german-empty": State(Scene.open, options=_GERMAN),
    "german-details": _details(6, **_GERMAN),
    "german-log-in": State(lambda scene: scene.open(), settings=KEYS, options=_GERMAN),
    "spanish": _at("/?view=table", **_SPANISH),
    "spanish-details": _details(10, **_SPANISH),
}


def _show_pictures(page: Page, landscapes: Landscapes) -> None:
    def picture(route: Route) -> None:
        found = _PICTURE.search(route.request.url)
        number = int(found[1][-2:], 16) if found else 0
        tall = number == _TALL
        route.fulfill(body=landscapes.picture(number - 9, tall=tall), content_type="image/jpeg")

    def sheet(route: Route) -> None:
        route.fulfill(body=landscapes.storyboard, content_type="image/jpeg")

    page.route(_PICTURE, picture)
    page.route("**/storyboard.jpg*", sheet)
    # The policy of the page admits no storage but the one of the uploads.
    page.route(
        "**/source?redirect=false",
        lambda route: route.fulfill(
            json={"url": route.request.url.partition("/videos/")[0] + "/film.webm"}
        ),
    )
    page.route(
        "**/film.webm", lambda route: route.fulfill(body=landscapes.film, content_type="video/webm")
    )


@contextmanager
def _scene(browser: Browser, state: State, landscapes: Landscapes) -> Iterator[Scene]:
    keys, records = FakeApiKeys(), FakeCatalog()
    with (
        slow_storage() as storage,
        served(records, keys, state.settings, storage) as port,
        opened(browser, viewport={"width": 1280, "height": 800}, **state.options) as watched,
        TemporaryDirectory() as folder,
    ):
        _show_pictures(watched.page, landscapes)
        origin = f"http://127.0.0.1:{port}"
        key = issue(keys, name="laptop")
        yield Scene(watched.page, watched, records, storage, key, landscapes, origin, Path(folder))


def _take(scene: Scene, state: State, path: str) -> None:
    state.reach(scene)
    # New items fade in.
    scene.page.wait_for_timeout(250)
    for width, height in _SIZES:
        scene.page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            scene.page.emulate_media(color_scheme=scheme)
            state.pose(scene)
            scene.page.screenshot(path=f"{path}-{width}-{scheme}.png", animations="disabled")


def main(folder: Path, names: list[str]) -> None:
    executable = find_chromium()
    assert executable, "There is no Chromium: sh tests/browser/set_up.sh chromium"
    landscapes = Landscapes.kept()
    # Made before the first page waits for it.
    assert landscapes.storyboard
    with chromium(executable) as browser:
        for name in names or STATES:
            sys.stderr.write(f"{name}\n")
            with _scene(browser, STATES[name], landscapes) as scene:
                _take(scene, STATES[name], f"{folder}/{name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
