import type {Video} from "./api";
import {t} from "./strings";

/**
 * Return what a pending video waits for.
 *
 * Each signed part extends the time for the upload. After that time the page cannot tell an upload that has stopped
 * from a file that no worker has seen.
 */
export function waitsFor({upload_expires_at}: Video, now: number): string {
  if (!upload_expires_at) return t.waitingForProcessing;
  return Date.parse(upload_expires_at) < now ? t.uploadStopped : t.waitingForUpload;
}
