/** Uploads that a reload of the page interrupts: how they resume, and a warning before one that cannot. */

import type {Body, Meta, Uppy, UppyFile} from "@uppy/core";
import type Dashboard from "@uppy/dashboard";

/** Show restored uploads as paused, and remove finished ones; Uppy shows both as running. */
export function showAsPaused<M extends Meta, B extends Body>(uppy: Uppy<M, B>): void {
  uppy.on("restored", () => {
    const files = uppy.getFiles();
    for (const {id, progress} of files) {
      if (progress.uploadComplete) uppy.removeFile(id);
      else if (progress.uploadStarted) uppy.setFileState(id, {isPaused: true});
    }
  });
}

/** Have Uppy's button Re-select open the file chooser, not a panel with another button. */
export function chooseAtOnce<M extends Meta, B extends Body>(uppy: Uppy<M, B>, target: string) {
  const choose = (event: Event) => {
    if (!(event.target as Element).matches(".uppy-Dashboard-Item-reSelect")) return;
    event.stopPropagation();
    const input = Object.assign(document.createElement("input"), {type: "file", multiple: true});
    input.onchange = () =>
      uppy.getPlugin<Dashboard<M, B>>("Dashboard")?.addFiles([...(input.files ?? [])]);
    input.click();
  };
  document.querySelector(target)?.addEventListener("click", choose, {capture: true});
}

/** Ask before the user leaves the page during an upload that could not resume by itself. */
export function warnBeforeLoss<M extends Meta, B extends Body>(
  uppy: Uppy<M, B>,
  isKept: (file: UppyFile<M, B>) => boolean,
): void {
  addEventListener("beforeunload", (event) => {
    const isLost = (file: UppyFile<M, B>) =>
      !file.progress.uploadComplete && !file.isGhost && !isKept(file);
    if (uppy.getFiles().some(isLost)) event.preventDefault();
  });
}
