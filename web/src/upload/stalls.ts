/**
 * Restarts requests that hang. Uppy would wait for ever: its S3 client passes a timeout to its
 * `fetcher`, but no action for when it is over (`@uppy/aws-s3` 6.3, S3Client.ts).
 */

import type {Body, Meta, Uppy, UppyFile} from "@uppy/core";

const LOOK_MS = 5000;
/** Time limit without progress. */
const STALLED_MS = 45_000;
/** Time limit after the last byte: bytes may still be buffered, and S3 needs time to join parts. */
const UNANSWERED_MS = 180_000;

/** Abort the requests of uploads that stall, and resume the uploads with new ones. */
export function restartStalled<M extends Meta, B extends Body>(uppy: Uppy<M, B>): void {
  const heard = new Map<string, number>();
  let cutAt = 0;
  const restart = (isStalled: (file: UppyFile<M, B>, since: number) => boolean) => {
    for (const file of uppy.getFiles()) {
      const since = heard.get(file.id) ?? Date.now();
      heard.set(file.id, isUnderWay(file) ? since : Date.now());
      if (!isUnderWay(file) || !isStalled(file, since)) continue;
      heard.set(file.id, Date.now());
      // Pause and resume: parts that have arrived are not sent again.
      uppy.pauseResume(file.id);
      uppy.pauseResume(file.id);
    }
  };
  uppy.on("upload-progress", (file) => {
    if (file) heard.set(file.id, Date.now());
  });
  uppy.on("is-offline", () => {
    cutAt = Date.now();
  });
  // Connections from before the outage are dead, even if the browser has not noticed.
  uppy.on("back-online", () => restart((_, since) => since <= cutAt));
  setInterval(() => {
    if (navigator.onLine) restart((file, since) => Date.now() - since > patience(file));
  }, LOOK_MS);
}

function isUnderWay({progress, error, isPaused}: UppyFile<Meta, Body>): boolean {
  return Boolean(progress.uploadStarted && !progress.uploadComplete && !error && !isPaused);
}

const patience = ({size, progress}: UppyFile<Meta, Body>) =>
  size !== null && Number(progress.bytesUploaded) >= size ? UNANSWERED_MS : STALLED_MS;
