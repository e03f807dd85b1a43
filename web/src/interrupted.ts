/** Uploads that a reload interrupts: what is said of them, and a warning before one that cannot go on by itself. */

import type {Body, Meta, Uppy, UppyFile} from "@uppy/core";
import type Dashboard from "@uppy/dashboard";

/** Uppy shows what was kept as if it were under way, and what is uploaded as if it were to do. */
export function showAsPaused<M extends Meta, B extends Body>(uppy: Uppy<M, B>): void {
  uppy.on("restored", () => {
    const files = uppy.getFiles();
    for (const {id, progress} of files) {
      if (progress.uploadComplete) uppy.removeFile(id);
      else if (progress.uploadStarted) uppy.setFileState(id, {isPaused: true});
    }
  });
}

/** Ask for the file itself where Uppy's Re-select opens a panel with one more link to press. */
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

/** Ask before the page is left while it uploads a file that would have to be chosen again. */
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
