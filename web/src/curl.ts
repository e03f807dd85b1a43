import type {Video} from "./api";
import type {Rights} from "./rights";

/** A piece of a command; a filename is a piece of its own, so that the page can isolate it. */
export type Piece = string | {filename: string};

export interface Call {
  title: string;
  command: Piece[];
}

/** Return curl commands that do what the page does with a video, as far as the caller may. */
export function callsFor(video: Video, origin: string, rights: Rights): Call[] {
  const curl = rights.closed ? `curl -H "Authorization: Bearer $CLIPO_API_KEY"` : "curl";
  const url = `${origin}/videos/${video.id}`;
  const calls = [
    rights.upload && {
      title: "Announce a file like this",
      command: announce(video, `${curl} -s ${origin}/videos`),
    },
    rights.upload && {
      title: "Upload it to storage with the returned form",
      command: upload(video),
    },
    {title: "Get this video", command: [`${curl} ${url}`]},
    rights.deliver &&
      video.status === "done" && {
        title: "Get the thumbnail",
        command: [`${curl} -L -o thumbnail.jpg ${url}/thumbnail`],
      },
    rights.source &&
      video.media && {
        title: "Download the file",
        // A folder of its own, because curl overwrites no file, such as the one that was uploaded.
        command: [`${curl} -LOJ --create-dirs --output-dir downloads "${url}/source?download"`],
      },
    rights.write &&
      video.status === "failed" && {
        title: "Process it again",
        command: [`${curl} -X POST ${url}/retry`],
      },
    rights.write && {title: "Delete it", command: [`${curl} -X DELETE ${url}`]},
  ];
  return calls.filter((call) => Boolean(call)) as Call[];
}

export const textOf = (command: Piece[]) =>
  command.map((piece) => (typeof piece === "string" ? piece : piece.filename)).join("");

const announce = ({filename, size}: Video, curl: string): Piece[] => [
  `${curl} -H 'Content-Type: application/json' \\
  -d '{"filename":`,
  {filename: escapeForShell(JSON.stringify(filename))},
  `,"size":${size}}' >video.json`,
];

const upload = ({filename}: Video): Piece[] => [
  `curl "$(jq -r .upload.url video.json)" \\
  $(jq -r '.upload.fields | to_entries[] | "-F \\(.key)=\\(.value)"' video.json) \\
  -F 'file=@"`,
  {filename: escapeForShell(escapeForCurl(filename))},
  `"'`,
];

/** Escape a text that stands between double quotes in a form field of curl. */
const escapeForCurl = (text: string) => text.replaceAll(/[\\"]/g, "\\$&");

/** Escape a text that stands between single quotes in a POSIX shell. */
const escapeForShell = (text: string) => text.replaceAll("'", `'\\''`);
