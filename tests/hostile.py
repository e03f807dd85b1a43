"""Hostile uploads, and a canary that detects whether they reach a file or a server."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PLAYLISTS = {
    "m3u8": (
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{file}\n"
        "#EXTINF:10,\nhttp://127.0.0.1:{port}/x.ts\n#EXT-X-ENDLIST\n"
    ),
    "m3u8 with a key": (
        '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="http://127.0.0.1:{port}/key"\n'
        "#EXTINF:10,\nfile://{file}\n#EXT-X-ENDLIST\n"
    ),
    "ffconcat": "ffconcat version 1.0\nfile '{file}'\nfile 'http://127.0.0.1:{port}/x.mp4'\n",
    "dash": (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4">'
        '<Representation id="1" bandwidth="1"><BaseURL>http://127.0.0.1:{port}/x.mp4</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>"
    ),
    "sdp": (
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    ),
    "images": "{file}%03d.jpg http://127.0.0.1:{port}/\n",
    "asx": '<asx version="3.0"><entry><ref href="http://127.0.0.1:{port}/x.wmv"/></entry></asx>',
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{file}"/></svg>',
}


@dataclass
class Canary:
    """A file and a port that an upload must not reach."""

    file: Path
    server: socket.socket

    @property
    def port(self) -> int:
        port: int = self.server.getsockname()[1]
        return port

    def is_alive(self) -> bool:
        """Tell whether the file is unread and the port unvisited."""
        try:
            self.server.accept()[0].close()
        except BlockingIOError:
            return self.file.stat().st_atime == 0
        return False

    def playlist(self, kind: str) -> str:
        """Return a playlist that refers to the file and the port."""
        return PLAYLISTS[kind].format(file=self.file, port=self.port)


@contextmanager
def a_canary(folder: Path, clip: Path) -> Iterator[Canary]:
    """Copy a clip into a folder, and listen on a port."""
    file = folder / "canary.mp4"
    file.write_bytes(clip.read_bytes())
    # With an access time in the past, any read becomes visible.
    os.utime(file, (0, file.stat().st_mtime))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield Canary(file, server)
