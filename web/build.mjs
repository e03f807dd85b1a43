// Builds the page that the API serves: `node build.mjs FOLDER`. Assets have a hash of their content
// in the name, so that browsers can cache them for ever. page.mk adds a gzip copy of each.
import {mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {basename, dirname, join, resolve} from "node:path";
import {fileURLToPath} from "node:url";
import {build} from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2]);

const options = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  target: "es2022",
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
  write: false,
};
const built = await Promise.all([
  build({
    ...options,
    entryPoints: ["src/main.tsx", "src/icon.svg"],
    format: "esm",
    // Modules that the page imports when they are needed become files of their own.
    splitting: true,
    jsx: "automatic",
    jsxImportSource: "preact",
    define: {"process.env.NODE_ENV": '"production"'},
    loader: {".svg": "copy"},
  }),
  // It runs before the first paint, which no module does.
  build({...options, entryPoints: ["src/theme.ts"], format: "iife"}),
]);
const metafile = {inputs: {}, outputs: {}};
rmSync(out, {recursive: true, force: true});
mkdirSync(join(out, "assets"), {recursive: true});
for (const {metafile: part, outputFiles} of built) {
  for (const {path, contents} of outputFiles) writeFileSync(path, contents);
  Object.assign(metafile.inputs, part.inputs);
  Object.assign(metafile.outputs, part.outputs);
}

writeFileSync(join(out, "index.html"), page());
writeFileSync(join(out, "assets", "licenses.txt"), licenses());

function page() {
  const names = Object.keys(metafile.outputs).map((path) => basename(path));
  const address = (begin, end) =>
    `/assets/${names.find((name) => name.startsWith(`${begin}-`) && name.endsWith(end))}`;
  const places = {
    style: address("main", ".css"),
    script: address("main", ".js"),
    theme: address("theme", ".js"),
    icon: address("icon", ".svg"),
  };
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
