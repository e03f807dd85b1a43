/** Errors that stop an upload: messages for people, and retries of transient errors. */

import type {Body, Meta, Uppy} from "@uppy/core";
import {ApiProblem, isRefused, Unreachable} from "./api";
import {bytes} from "./format";
import {maxUploadBytes} from "./settings";

const FIRST_RETRY_MS = 2000;
const LAST_RETRY_MS = 15_000;

interface Fault {
  name?: string;
  message: string;
  /** Status of the response from the API or S3, if there is one. */
  status?: number;
}

/** Whether the page's content security policy forbids the address that storage has now. */
let storageHasMoved = false;
document.addEventListener("securitypolicyviolation", ({effectiveDirective}) => {
  storageHasMoved ||= effectiveDirective === "connect-src";
});

/**
 * Retry uploads when the network or an unavailable service may be back. Return a function that
 * retries them at once: uploads without a session wait for it.
 */
export function retryAfterFaults<M extends Meta, B extends Body>(uppy: Uppy<M, B>): () => void {
  const waiting = new Set<string>();
  let delay = FIRST_RETRY_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const retry = () => {
    clearTimeout(timer);
    timer = undefined;
    const files = [...waiting].filter((id) => uppy.getState().files[id]?.error);
    waiting.clear();
    for (const id of files) uppy.retryUpload(id);
  };
  uppy.on("is-online", retry);
  uppy.on("upload-success", () => {
    delay = FIRST_RETRY_MS;
  });
  uppy.on("upload-error", (file, error) => {
    if (!file || storageHasMoved) return;
    if (isRefused(error)) waiting.add(file.id);
    if (!isTransient(error)) return;
    waiting.add(file.id);
    if (timer) return;
    timer = setTimeout(retry, delay);
    delay = Math.min(delay * 2, LAST_RETRY_MS);
  });
  return retry;
}

const isTransient = (error: Fault) => isNetworkFault(error) || isUnavailable(error);

const isNetworkFault = (error: Fault) =>
  error instanceof Unreachable || error.name === "S3NetworkError" || /network/i.test(error.message);

const isUnavailable = ({status}: Fault) => status === 429 || (status ?? 0) >= 500;

export const isGone = ({message}: Fault) => message.includes("NoSuchUpload");

/** Return what happened and what to do; the error's own message may be only a code. */
export function sentenceOf(error: Fault): string {
  if (isNetworkFault(error) && storageHasMoved)
    return "Storage has a new address. Reload the page to resume the upload.";
  if (isNetworkFault(error))
    return "The network failed. The upload resumes when it is back. To try now, press Retry.";
  if (isUnavailable(error))
    return "The service is not available. The upload resumes when it is back. To try now, press Retry.";
  if (isRefused(error)) return "Your session has ended. Log in again to resume the upload.";
  if (error instanceof ApiProblem) return error.message;
  if (error.message.includes("EntityTooLarge"))
    return `The file is too large. The limit is ${bytes(maxUploadBytes)}.`;
  if (/AccessDenied|ExpiredToken|InvalidPolicyDocument|S3 returned 403/.test(error.message))
    return "Storage refused the upload: its signature has expired, or a clock is wrong. Retry gets a new signature.";
  if (isGone(error))
    return "The uploaded parts are gone: the video was deleted or has expired. Retry uploads the whole file again.";
  return error.message;
}
