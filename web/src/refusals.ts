/** Messages about refused files: one for all files with the same reason. */

import type {Body, Meta, Uppy} from "@uppy/core";
import {isolate} from "./format";

const NAMES = 3;
const SHOWN_MS = 8000;

/** Uppy's messages, which follow the names of the files. */
export const REFUSALS = {
  youCanOnlyUploadFileTypes: "not in a supported format. Choose one of: %{types}",
  exceedsSize: "too large. The limit is %{size}: choose a smaller or shorter video.",
  inferiorSize: "empty. Check that its recording or copying has finished.",
  noDuplicates: "already in the list.",
};

export function reportRefused<M extends Meta, B extends Body>(uppy: Uppy<M, B>): void {
  const refused = new Map<string, string[]>();
  const report = () => {
    for (const [why, names] of refused) uppy.info(`${listNames(names)}: ${why}`, "error", SHOWN_MS);
    refused.clear();
  };
  uppy.on("restriction-failed", (file, error) => {
    if (!file) return;
    // Else Uppy would show its own message for each file, without a name.
    Object.assign(error, {isUserFacing: false});
    if (refused.size === 0) queueMicrotask(report);
    refused.set(error.message, [...(refused.get(error.message) ?? []), file.name ?? "A file"]);
  });
}

function listNames(names: string[]): string {
  const more = names.length - NAMES;
  return names.slice(0, NAMES).map(isolate).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
