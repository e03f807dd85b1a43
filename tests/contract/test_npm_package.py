"""The npm package of the elements, installed from its tarball into a new app."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.browsers import NODE_FOLDER, NODE_MODULES

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
// @ts-expect-error: it has no such detail
upload.addEventListener("clipo-uploaded", ({detail}) => detail.fraction);
document.querySelector("clipo-grid")?.refresh();

function show({name, fraction}: ClipoProgress): string {
  return `${name}: ${fraction}`;
}
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
    assert names == scripts | {"index.d.ts", "licenses.txt", "package.json", "README.md"}
    (app / "package.json").write_text('{"type": "module"}')
    (app / "app.ts").write_text(_APP)
    tarball = str(tmp_path / packed["filename"])
    run(app, "npm", "install", "--offline", "--no-audit", "--no-fund", tarball)
    options = ("--strict", "--noEmit", "--target", "es2022", "--module", "esnext")
    run(app, tsc, *options, "--moduleResolution", "bundler", "--types", "", "app.ts")
    bundle = run(app, esbuild, "app.ts", "--bundle", "--format=esm", "--target=es2022")
    assert all(f'"clipo-{name}"' in bundle for name in ("upload", "grid", "player"))
