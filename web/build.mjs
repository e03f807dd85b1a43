// Builds the page that the API serves: `node build.mjs FOLDER`. Assets have a hash of their content
// in the name, so that browsers can cache them for ever. page.mk adds a gzip copy of each.
import {mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {basename, dirname, join, resolve} from "node:path";
import {fileURLToPath} from "node:url";
import {build} from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2]);

const {metafile} = await build({
  absWorkingDir: here,
  entryPoints: ["src/main.tsx", "src/icon.svg"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  alias: {"@transloadit/prettier-bytes": "./src/format.ts"},
  define: {"process.env.NODE_ENV": '"production"'},
  loader: {".svg": "copy"},
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
  write: false,
}).then((result) => {
  rmSync(out, {recursive: true, force: true});
  mkdirSync(join(out, "assets"), {recursive: true});
  for (const {path, contents} of result.outputFiles) writeFileSync(path, contents);
  return result;
});

writeFileSync(join(out, "index.html"), page());
writeFileSync(join(out, "assets", "licenses.txt"), licenses());

function page() {
  const names = Object.keys(metafile.outputs).map((path) => basename(path));
  const address = (ending) => `/assets/${names.find((name) => name.endsWith(ending))}`;
  const places = {style: address(".css"), script: address(".js"), icon: address(".svg")};
  return Object.entries(places).reduce(
    (html, [place, value]) => html.replace(`{{${place}}}`, value),
    readFileSync(join(here, "src", "index.html"), "utf8"),
  );
}

/** Return the license notices of all packages in the bundle. */
function licenses() {
  const packages = Object.keys(metafile.inputs)
    .map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
    .filter(Boolean);
  return [...new Set(packages)].sort().map(notice).join("\n");
}

function notice(name) {
  const folder = join(here, "node_modules", name);
  const {version, license} = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(join(folder, file), "utf8").trim() : "";
  return `${name} ${version} (${license})\n\n${text}\n`;
}
