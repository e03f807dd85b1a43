// Builds the page and the elements that the API serves: `node build.mjs FOLDER`. Assets have a hash
// of their content in the name, so that browsers can cache them for ever. page.mk adds a gzip copy of
// each. The npm package in elements/ gets a copy of the elements.
import {createHash} from "node:crypto";
import {mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {basename, dirname, join, resolve} from "node:path";
import {fileURLToPath} from "node:url";
import {build, transform} from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2]);

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
  write: false,
};
const options = {
  ...common,
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  define: {LANGUAGE_OF_HOST: '""'},
};
const built = await Promise.all([
  build({
    ...options,
    entryPoints: ["src/main.tsx", "src/icon.svg"],
    format: "esm",
    // Modules that the page imports when they are needed become files of their own.
    splitting: true,
    loader: {".svg": "copy"},
  }),
  // It runs before the first paint, which no module does.
  build({...options, entryPoints: ["src/theme.ts"], format: "iife"}),
]);
const elements = await build({
  ...common,
  outdir: join(out, "elements"),
  entryPoints: ["upload", "grid", "player"].map((name) => ({
    in: `src/elements/${name}.tsx`,
    out: `clipo-${name}`,
  })),
  format: "esm",
  define: {LANGUAGE_OF_HOST: "document.documentElement.lang"},
  plugins: [{name: "styles as texts", setup: importStylesAsTexts}],
});

const metafile = {inputs: {}, outputs: {}};
rmSync(out, {recursive: true, force: true});
mkdirSync(join(out, "assets"), {recursive: true});
mkdirSync(join(out, "elements"));
for (const {metafile: part, outputFiles} of [...built, elements]) {
  for (const {path, contents} of outputFiles) writeFileSync(path, contents);
  Object.assign(metafile.inputs, part.inputs);
  Object.assign(metafile.outputs, part.outputs);
}
for (const {path, contents} of elements.outputFiles)
  writeFileSync(join(here, "elements", basename(path)), contents);

writeFileSync(join(out, "index.html"), page());
writeFileSync(join(out, "elements", "integrity.json"), JSON.stringify(integrity(), null, 2));
for (const folder of [join(out, "assets"), join(here, "elements")])
  writeFileSync(join(folder, "licenses.txt"), licenses());

/** Elements have a style of their own in each shadow root. */
function importStylesAsTexts({onLoad}) {
  onLoad({filter: /\.css$/}, async ({path}) => {
    const {code} = await transform(readFileSync(path, "utf8"), {loader: "css", minify: true});
    return {contents: code, loader: "text"};
  });
}

/** Return the hash of each element: https://www.w3.org/TR/sri/ */
function integrity() {
  const hash = (contents) => createHash("sha384").update(contents).digest("base64");
  const found = elements.outputFiles.map(({path, contents}) => [
    basename(path),
    `sha384-${hash(contents)}`,
  ]);
  return Object.fromEntries(found);
}

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
