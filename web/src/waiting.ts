import type {Video} from "./api";
import {t} from "./strings";

/** Return what a pending video waits for. Its time for the upload grows while that goes on in parts. */
export function waitsFor({upload_expires_at}: Video, now: number): string {
  if (!upload_expires_at) return t.waitingForProcessing;
  return Date.parse(upload_expires_at) < now ? t.uploadStopped : t.waitingForUpload;
}
