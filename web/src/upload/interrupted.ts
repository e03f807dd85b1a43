/** Uploads that a reload of the page interrupts: how they resume, and a warning before one that cannot. */

import type {Body, Uppy} from "@uppy/core";
import type {OurMeta, UploadFile} from "./files";

/**
 * Take over the files that the browser has stored: paused, each for itself. Remove those that were
 * uploaded or cancelled.
 */
export function takeOverStored(uppy: Uppy<OurMeta, Body>): void {
  uppy.on("restored", () => {
    // Uppy would resume only all files of a choice together.
    uppy.setState({currentUploads: {}, recoveredState: null});
    for (const {id, meta, progress} of uppy.getFiles()) {
      if (progress.uploadComplete || meta.cancelled) uppy.removeFile(id);
      else uppy.setFileState(id, {isPaused: true, error: undefined} as Partial<UploadFile>);
    }
  });
}

/** Resume a stored upload, which has no uploader in this page yet. */
export function resumeStored(uppy: Uppy<OurMeta, Body>, file: UploadFile): void {
  uppy.setFileState(file.id, {isRestored: false} as Partial<UploadFile>);
  void uppy.retryUpload(file.id);
}

/** Ask before the user leaves the page during an upload that could not resume by itself. */
export function warnBeforeLoss(
  uppy: Uppy<OurMeta, Body>,
  isKept: (file: UploadFile) => boolean,
): void {
  addEventListener("beforeunload", (event) => {
    const isLost = (file: UploadFile) =>
      !file.progress.uploadComplete && !file.isGhost && !file.meta.cancelled && !isKept(file);
    if (uppy.getFiles().some(isLost)) event.preventDefault();
  });
}
