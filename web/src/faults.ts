/** What stops an upload, in words for people, and which of it passes by itself. */

import type {Body, Meta, Uppy} from "@uppy/core";
import {ApiProblem, Unreachable} from "./api";
import {bytes} from "./format";
import {maxUploadBytes} from "./settings";

const FIRST_RETRY_MS = 2000;
const LAST_RETRY_MS = 15_000;

interface Fault {
  name?: string;
  message: string;
  /** Of an answer, the API's or S3's. */
  status?: number;
}

/** The policy that came with the page forbids the address that storage has now. */
let storageHasMoved = false;
document.addEventListener("securitypolicyviolation", ({effectiveDirective}) => {
  storageHasMoved ||= effectiveDirective === "connect-src";
});

/** Go on by itself when the network is back, or who was unavailable answers again. */
export function retryAfterFaults<M extends Meta, B extends Body>(uppy: Uppy<M, B>): void {
  const waiting = new Set<string>();
  let delay = FIRST_RETRY_MS;
  const retry = () => {
    const files = [...waiting].filter((id) => uppy.getState().files[id]?.error);
    waiting.clear();
    for (const id of files) uppy.retryUpload(id);
  };
  uppy.on("is-online", retry);
  uppy.on("upload-success", () => {
    delay = FIRST_RETRY_MS;
  });
  uppy.on("upload-error", (file, error) => {
    if (!file || storageHasMoved || !passes(error)) return;
    if (waiting.size === 0) setTimeout(retry, delay);
    waiting.add(file.id);
    delay = Math.min(delay * 2, LAST_RETRY_MS);
  });
}

const passes = (error: Fault) => isNetworkFault(error) || isUnavailable(error);

const isNetworkFault = (error: Fault) =>
  error instanceof Unreachable || error.name === "S3NetworkError" || /network/i.test(error.message);

const isUnavailable = ({status}: Fault) => status === 429 || (status ?? 0) >= 500;

export const isGone = ({message}: Fault) => message.includes("NoSuchUpload");

/** Storage says codes; people want to know what to do. */
export function sentenceOf(error: Fault): string {
  if (isNetworkFault(error) && storageHasMoved)
    return "Storage has another address than when this page was opened. Reload the page: the upload goes on.";
  if (isNetworkFault(error))
    return "The network failed. The upload goes on as soon as it is back; Retry tries it now.";
  if (isUnavailable(error))
    return "The service is not available. The upload goes on as soon as it is; Retry tries it now.";
  if (error instanceof ApiProblem) return error.message;
  if (error.message.includes("EntityTooLarge"))
    return `The file is too large: at most ${bytes(maxUploadBytes)} are allowed.`;
  if (/AccessDenied|ExpiredToken|InvalidPolicyDocument|S3 returned 403/.test(error.message))
    return "Storage refused it: its signature has expired, or a clock is wrong. Retry makes a new one.";
  if (isGone(error))
    return "What was uploaded is gone: the video was deleted, or waited for too long. Retry uploads the file anew.";
  return error.message;
}
