import {atItsEnd} from "../format";

/** The name of a file on one line; one that is too long keeps its end. Draw it in `.name`. */
export function Name({of: filename}: {of: string}) {
  const [start, end] = atItsEnd(filename);
  return (
    <span class="lines">
      <span class="whole">{filename}</span>
      <span class="cut" data-start={start} data-end={end} aria-hidden="true" />
    </span>
  );
}
