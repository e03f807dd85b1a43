/** Keeps one person's uploads from the next one who logs in. The browser stores them over a reload. */
import type {Body, Uppy} from "@uppy/core";
import type {OurMeta} from "./files";

/** Drop the files of other persons than the present one. Return a function that takes the next. */
export function keepPersonsApart(
  uppy: Uppy<OurMeta, Body>,
  person: string,
): (next: string) => void {
  let present = person;
  const drop = () => {
    for (const {id, meta} of uppy.getFiles()) {
      if (meta.person !== present) removeOnly(uppy, id);
    }
  };
  uppy.on("file-added", ({id}) => uppy.setFileMeta(id, {person: present}));
  uppy.on("restored", drop);
  return (next) => {
    present = next;
    drop();
  };
}

/** Remove a file, and leave its video as it is. */
export function removeOnly(uppy: Uppy<OurMeta, Body>, fileId: string): void {
  uppy.setFileMeta(fileId, {videoId: undefined});
  uppy.removeFile(fileId);
}
