"""The client in the npm package of packages/node, with a `fetch` that only tells its calls."""

import json
import subprocess
from pathlib import Path

from tests.node_package import NODE, node_folder

_CALLS = """
import { createClient, getImage, getSource, listVideos } from "clipo/client";

globalThis.fetch = async ({ url, headers }) => {
  console.log(JSON.stringify([url, headers.get("Authorization")]));
  return Response.json({});
};
const client = createClient({ url: "https://clipo.example/", key: "the-key" });
await getSource({ client, path: { video_id: "6" }, query: { redirect: false } });
await getImage({ client, path: { video_id: "6" }, query: { t: "2" } });
await listVideos({ client, query: { limit: 5 } });
"""


def test_it_sends_the_key_as_a_header_and_never_in_an_address(tmp_path: Path) -> None:
    node_folder(tmp_path)
    (tmp_path / "program.mjs").write_text(_CALLS)
    done = subprocess.run(
        [NODE, "program.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        ["https://clipo.example/videos/6/source?redirect=false", "Bearer the-key"],
        ["https://clipo.example/videos/6/image.jpg?t=2", "Bearer the-key"],
        ["https://clipo.example/videos?limit=5", "Bearer the-key"],
    ]
