/**
 * Uppy waits for ever for an answer that does not come: its S3 client gives its `fetcher` a
 * timeout, but nothing to do when it is over (`@uppy/aws-s3` 6.3, S3Client.ts).
 */

import type {Body, Meta, Uppy, UppyFile} from "@uppy/core";

const LOOK_MS = 5000;
/** Without a byte sent. */
const STALLED_MS = 45_000;
/** With all bytes sent: they may still be on their way, and S3 takes its time to join many parts. */
const UNANSWERED_MS = 180_000;

/** Give up requests of which nothing is heard, and go on with new ones. */
export function restartStalled<M extends Meta, B extends Body>(uppy: Uppy<M, B>): void {
  const heard = new Map<string, number>();
  let cutAt = 0;
  const restart = (isStalled: (file: UppyFile<M, B>, since: number) => boolean) => {
    for (const file of uppy.getFiles()) {
      const since = heard.get(file.id) ?? Date.now();
      heard.set(file.id, isUnderWay(file) ? since : Date.now());
      if (!isUnderWay(file) || !isStalled(file, since)) continue;
      heard.set(file.id, Date.now());
      // Paused and resumed at once: what has arrived is not sent again.
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
  // A connection from before the cut is dead, even if nobody has told it.
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
