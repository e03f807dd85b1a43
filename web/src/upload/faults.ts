/** Errors that stop an upload: messages for people, and retries of transient errors. */

import type {Body, Uppy} from "@uppy/core";
import {ApiProblem, isRefused, Unreachable} from "../api";
import {bytes} from "../format";
import {t} from "../strings";
import type {OurMeta} from "./files";
import type {Limits} from "./refusals";

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
export function retryAfterFaults(uppy: Uppy<OurMeta, Body>): () => void {
  const waiting = new Set<string>();
  let delay = FIRST_RETRY_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const retry = () => {
    clearTimeout(timer);
    timer = undefined;
    const files = [...waiting].filter((id) => {
      const file = uppy.getState().files[id];
      return file?.error && !file.meta.cancelled;
    });
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
export function sentenceOf(error: Fault, {maxBytes}: Limits): string {
  if (isNetworkFault(error)) return storageHasMoved ? t.storageMoved : t.networkFailed;
  if (isUnavailable(error)) return t.serviceUnavailable;
  if (isRefused(error)) return t.sessionEndedDuringUpload;
  if (error instanceof ApiProblem) return error.message;
  if (error.message.includes("EntityTooLarge")) return t.fileTooLarge(bytes(maxBytes));
  if (/AccessDenied|ExpiredToken|InvalidPolicyDocument|S3 returned 403/.test(error.message))
    return t.signatureExpired;
  return isGone(error) ? t.partsGone : error.message;
}
