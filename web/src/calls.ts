/** The calls of the API that do what the page does with a video, for the shell and for programs. */

import type {Video} from "./api";
import type {Rights} from "./rights";
import {t} from "./strings";

/** A piece of a call; a filename is a piece of its own, so that the page can isolate it. */
export type Piece = string | {filename: string};

export interface Call {
  title: string;
  code: Piece[];
}

export const PROGRAMS = {curl: "curl", js: "JavaScript", python: "Python"} as const;

export type Program = keyof typeof PROGRAMS;

export const textOf = (code: Piece[]) =>
  code.map((piece) => (typeof piece === "string" ? piece : piece.filename)).join("");

/** Return a name for a file in the present folder: who has uploaded the video may have chosen a path. */
const localName = (filename: string) =>
  filename.split(/[\\/]/).at(-1)?.replace(/^\.+/, "") || "video";

/** Return the calls that the caller may make. */
export function callsFor(program: Program, video: Video, origin: string, rights: Rights): Call[] {
  const calls = {curl, js, python}[program](video, origin, rights.closed);
  const {announce, upload, get, thumbnail, download, retry, remove} = calls;
  const {status, media} = video;
  const titles = t.calls;
  const all = [
    rights.upload && {title: titles.announce, code: announce},
    rights.upload && {title: titles.upload, code: upload},
    {title: titles.get, code: get},
    rights.deliver && status === "done" && {title: titles.thumbnail, code: thumbnail},
    rights.deliver && media && {title: titles.download, code: download},
    rights.write &&
      status === "failed" &&
      video.error?.retryable && {title: titles.retry, code: retry},
    rights.write && {title: titles.delete, code: remove},
  ];
  return all.filter((call) => Boolean(call)) as Call[];
}

type Calls = Record<
  "announce" | "upload" | "get" | "thumbnail" | "download" | "retry" | "remove",
  Piece[]
>;

function curl(video: Video, origin: string, closed: boolean): Calls {
  const call = closed ? `curl -H "Authorization: Bearer $CLIPO_API_KEY"` : "curl";
  const url = `${origin}/videos/${video.id}`;
  return {
    announce: [
      `${call} -s ${origin}/videos -H 'Content-Type: application/json' \\
  -d '{"filename":`,
      {filename: escapeForShell(JSON.stringify(video.filename))},
      `,"size":${video.size}}' >video.json`,
    ],
    upload: [
      `curl "$(jq -r .upload.url video.json)" \\
  $(jq -r '.upload.fields | to_entries[] | "-F \\(.key)=\\(.value)"' video.json) \\
  -F 'file=@"`,
      {filename: escapeForShell(escapeForCurl(localName(video.filename)))},
      `"'`,
    ],
    get: [`${call} ${url}`],
    thumbnail: [`${call} -L -o thumbnail.jpg ${url}/thumbnail`],
    // A folder of its own, because curl overwrites no file, such as the one that was uploaded.
    download: [`${call} -LOJ --create-dirs --output-dir downloads "${url}/source?download"`],
    retry: [`${call} -X POST ${url}/retry`],
    remove: [`${call} -X DELETE ${url}`],
  };
}

/** Escape a text that stands between double quotes in a form field of curl. */
const escapeForCurl = (text: string) => text.replaceAll(/[\\"]/g, "\\$&");

/** Escape a text that stands between single quotes in a POSIX shell. */
const escapeForShell = (text: string) => text.replaceAll("'", `'\\''`);

function js(video: Video, origin: string, closed: boolean): Calls {
  const url = `${origin}/videos/${video.id}`;
  const key = "Authorization: `Bearer ${process.env.CLIPO_API_KEY}`";
  const options = (method: string) => {
    const parts = [method && `method: "${method}"`, closed && `headers: {${key}}`].filter(Boolean);
    return parts.length ? `, {${parts.join(", ")}}` : "";
  };
  const save = (name: string, path: string) => [
    `import {writeFile} from "node:fs/promises";
const response = await fetch("${url}${path}"${options("")});
await writeFile(`,
    {filename: JSON.stringify(name)},
    ", Buffer.from(await response.arrayBuffer()));",
  ];
  return {
    announce: [
      `const response = await fetch("${origin}/videos", {
  method: "POST",
  headers: {"Content-Type": "application/json"${closed ? `, ${key}` : ""}},
  body: JSON.stringify({filename: `,
      {filename: JSON.stringify(video.filename)},
      `, size: ${video.size}}),
});
const video = await response.json();`,
    ],
    upload: [
      `import {openAsBlob} from "node:fs";
const form = new FormData();
for (const [name, value] of Object.entries(video.upload.fields)) form.append(name, value);
form.append("file", await openAsBlob(`,
      {filename: JSON.stringify(localName(video.filename))},
      `));
await fetch(video.upload.url, {method: "POST", body: form});`,
    ],
    get: [`const video = await (await fetch("${url}"${options("")})).json();`],
    thumbnail: save("thumbnail.jpg", "/thumbnail"),
    download: save(localName(video.filename), "/source?download"),
    retry: [`await fetch("${url}/retry"${options("POST")});`],
    remove: [`await fetch("${url}"${options("DELETE")});`],
  };
}

function python(video: Video, origin: string, closed: boolean): Calls {
  const url = `${origin}/videos/${video.id}`;
  const call = (method: string, path: string, more = "") => {
    const headers = closed
      ? `, headers={"Authorization": "Bearer " + os.environ["CLIPO_API_KEY"]}`
      : "";
    return `requests.${method}("${path}"${more}${headers})`;
  };
  const imports = closed ? "import os, requests\n" : "import requests\n";
  const save = (name: string, path: string) => [
    `${imports}response = ${call("get", `${url}${path}`)}
with open(`,
    {filename: JSON.stringify(name)},
    `, "wb") as file:
    file.write(response.content)`,
  ];
  const [before, after] = call("post", `${origin}/videos`, ", json=JSON").split("JSON") as [
    string,
    string,
  ];
  return {
    announce: [
      `${imports}video = ${before}{"filename": `,
      {filename: JSON.stringify(video.filename)},
      `, "size": ${video.size}}${after}.json()`,
    ],
    upload: [
      "import requests\nwith open(",
      {filename: JSON.stringify(localName(video.filename))},
      `, "rb") as file:
    form = video["upload"]
    requests.post(form["url"], data=form["fields"], files={"file": file}).raise_for_status()`,
    ],
    get: [`${imports}video = ${call("get", url)}.json()`],
    thumbnail: save("thumbnail.jpg", "/thumbnail"),
    download: save(localName(video.filename), "/source?download"),
    retry: [`${imports}${call("post", `${url}/retry`)}.raise_for_status()`],
    remove: [`${imports}${call("delete", url)}.raise_for_status()`],
  };
}
