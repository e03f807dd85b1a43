import type {Video} from "./api";

export interface Call {
  title: string;
  command: string;
}

/** Return what a person types to do with a video by hand what the page does. */
export function callsFor(video: Video, origin: string): Call[] {
  const one = `${origin}/videos/${video.id}`;
  const file = quoted(video.filename);
  return [
    {title: "Announce such a file", command: announce(video, origin)},
    {title: "Upload it to storage, with the form that came back", command: upload(file)},
    {title: "Look at this video", command: `curl ${one}`},
    ...(video.status === "done"
      ? [{title: "Fetch the thumbnail", command: `curl -L -o thumbnail.jpg ${one}/thumbnail`}]
      : []),
    ...(video.status === "failed"
      ? [{title: "Process it again", command: `curl -X POST ${one}/retry`}]
      : []),
    {title: "Delete it", command: `curl -X DELETE ${one}`},
  ];
}

const announce = ({filename, size}: Video, origin: string) =>
  `curl -s ${origin}/videos -H 'Content-Type: application/json' \\
  -d ${quoted(JSON.stringify({filename, size}))} >video.json`;

const upload = (file: string) =>
  `curl "$(jq -r .upload.url video.json)" \\
  $(jq -r '.upload.fields | to_entries[] | "-F \\(.key)=\\(.value)"' video.json) \\
  -F file=@${file}`;

/** For a POSIX shell. */
export const quoted = (text: string) =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
