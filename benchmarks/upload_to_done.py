"""How long a running stack takes from the start of an upload to `done`.

Usage, with `make run` in another terminal: make bench-upload [ARGS=http://localhost:8001]

It uploads the legacy API's test clip (10 s, 320x240, 1 frame a second) through the legacy
endpoint: one after the other, then 50 with 10 at once. Polls every 5 ms.
"""

import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from clipo.local.ffmpeg import wheel_binary

_SINGLE = 11
_MANY = 50
_AT_ONCE = 10


def make_clip(path: Path) -> None:
    """Write the test clip of the legacy API's README."""
    source = "testsrc=duration=10:size=320x240:rate=1"
    arguments = ["-v", "error", "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", str(path)]
    subprocess.run([str(wheel_binary("ffmpeg")), *arguments], check=True)  # noqa: S603


def upload_to_done(client: httpx2.Client, clip: bytes) -> float:
    """Return seconds from the first byte sent to the first `done` seen."""
    started = time.perf_counter()
    accepted = client.post("/upload-video/", files={"file": ("test_video.mp4", clip)})
    path = f"/video-status/{accepted.raise_for_status().json()['id']}"
    while client.get(path).json()["status"] != "done":
        time.sleep(0.005)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    api = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    with TemporaryDirectory() as folder, httpx2.Client(base_url=api, timeout=60) as client:
        path = Path(folder) / "test_video.mp4"
        make_clip(path)
        clip = path.read_bytes()
        first = upload_to_done(client, clip)
        single = [upload_to_done(client, clip) for _ in range(_SINGLE)]
        started = time.perf_counter()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda _: upload_to_done(client, clip), range(_MANY)))
        many = time.perf_counter() - started
    print(f"first upload          {first * 1000:7.0f} ms")
    print(f"one at a time, median {statistics.median(single) * 1000:7.0f} ms")
    print(f"{_MANY}, {_AT_ONCE} at once        {many * 1000:7.0f} ms")


if __name__ == "__main__":
    main()
