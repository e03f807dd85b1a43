"""The npm package of the elements, installed from its tarball into a new app."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.browsers import NODE_FOLDER, NODE_MODULES
from tests.documented import EMBED_DOCS, recipe
from tests.node_package import NODE

pytestmark = pytest.mark.long

_PACKAGE = NODE_MODULES.parent / "elements"
_APP = """
import "@clipo/elements";
import "@clipo/elements/player";
import type {ClipoProgress} from "@clipo/elements";

const upload = document.createElement("clipo-upload");
upload.addEventListener("clipo-progress", ({detail}) => show(detail));
upload.addEventListener("clipo-done", ({detail}) => {
  document.createElement("clipo-player").videoId = detail.video.id;
});
upload.addEventListener("click", () => upload.add([new File(["x"], "x.mp4")]));
document.createElement("clipo-player").addEventListener("clipo-denied", ({detail}) => {
  if (detail.code === "unauthenticated") location.assign("/login");
});
// @ts-expect-error: it has no such detail
upload.addEventListener("clipo-uploaded", ({detail}) => detail.fraction);
document.querySelector("clipo-grid")?.refresh();

function show({name, fraction}: ClipoProgress): string {
  return `${name}: ${fraction}`;
}
"""
_WRONG = """
import type {} from "@clipo/elements/react";

// @ts-expect-error: it has no such attribute
export const page = <clipo-grid order="newest" />;
"""


def run(folder: Path, *command: str) -> str:
    environ = os.environ | {"PATH": f"{os.environ['PATH']}:{NODE_FOLDER}"}
    done = subprocess.run(
        command, check=False, cwd=folder, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tool(name: str) -> str:
    path = NODE_MODULES / ".bin" / name
    if not path.exists():
        pytest.skip(f"{name} is not installed: run make setup")
    return str(path)


def test_an_app_installs_it_with_types_and_bundles_it(tmp_path: Path) -> None:
    esbuild, tsc = tool("esbuild"), tool("tsc")
    (app := tmp_path / "app").mkdir()
    [packed] = json.loads(run(_PACKAGE, "npm", "pack", "--json", f"--pack-destination={tmp_path}"))
    names = {file["path"] for file in packed["files"]}
    scripts = {f"clipo-{name}.js" for name in ("grid", "player", "upload")} | {"index.js"}
    types = {"index.d.ts", "react.d.ts"}
    texts = {"LICENSE", "README.md", "licenses.txt", "package.json"}
    assert names == scripts | types | texts | {"on-server.js"}
    (app / "package.json").write_text('{"type": "module"}')
    (app / "app.ts").write_text(_APP)
    tarball = str(tmp_path / packed["filename"])
    run(app, "npm", "install", "--offline", "--no-audit", "--no-fund", tarball)
    options = ("--strict", "--noEmit", "--target", "es2022", "--module", "esnext")
    bundler = ("--moduleResolution", "bundler", "--types", "")
    run(app, tsc, *options, *bundler, "app.ts")
    (app / "node_modules" / "@types").mkdir()
    for name in ("@types/react", "csstype"):
        (app / "node_modules" / name).symlink_to(NODE_MODULES / name)
    (app / "videos.tsx").write_text(recipe("Next.js", EMBED_DOCS)["tsx"])
    (app / "wrong.tsx").write_text(_WRONG)
    run(app, tsc, *options, *bundler, "--jsx", "react-jsx", "videos.tsx", "wrong.tsx")
    # A server that renders the page imports it, too.
    run(app, str(NODE), "--input-type=module", "--eval", 'await import("@clipo/elements")')
    bundle = run(app, esbuild, "app.ts", "--bundle", "--format=esm", "--target=es2022")
    assert all(f'"clipo-{name}"' in bundle for name in ("upload", "grid", "player"))
