/** Files that are not taken: one sentence for all of a kind, with their names. */

import type {Body, Meta, Uppy} from "@uppy/core";

const NAMES = 3;
const SHOWN_MS = 8000;

/** Uppy's words, after the names. */
export const REFUSALS = {
  youCanOnlyUploadFileTypes: "not a video that Clipo takes. Choose one of: %{types}",
  exceedsSize: "too large. At most %{size} are allowed: choose a smaller or shorter one.",
  inferiorSize: "empty, there is nothing to upload. Was its recording or copying finished?",
  noDuplicates: "in the list already.",
};

export function nameRefused<M extends Meta, B extends Body>(uppy: Uppy<M, B>): void {
  const refused = new Map<string, string[]>();
  const tell = () => {
    for (const [why, names] of refused) uppy.info(`${listed(names)}: ${why}`, "error", SHOWN_MS);
    refused.clear();
  };
  uppy.on("restriction-failed", (file, error) => {
    if (!file) return;
    // Uppy itself would say it of each, without a name.
    Object.assign(error, {isUserFacing: false});
    if (refused.size === 0) queueMicrotask(tell);
    refused.set(error.message, [...(refused.get(error.message) ?? []), file.name ?? "A file"]);
  });
}

function listed(names: string[]): string {
  const more = names.length - NAMES;
  return names.slice(0, NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
