/** Errors that stop an upload: messages for people, and which of them end by themselves. */

import {ApiProblem, isRefused, Unreachable} from "../api";
import {bytes} from "../format";
import {t} from "../shared-strings";
import type {Limits} from "./refusals";
import {NetworkFault, StorageRefusal} from "./request";

/** Whether the page's content security policy forbids the address that storage has now. */
let storageHasMoved = false;
document.addEventListener("securitypolicyviolation", ({effectiveDirective}) => {
  storageHasMoved ||= effectiveDirective === "connect-src";
});

/** Tell whether an upload may succeed if it is tried again after a while. */
export const isTransient = (error: unknown) =>
  !storageHasMoved && (isNetworkFault(error) || isUnavailable(error));

/** Tell whether the API would refuse the file again. */
export const isFinal = (error: unknown) =>
  error instanceof ApiProblem && [400, 413, 415, 422].includes(error.status);

const isNetworkFault = (error: unknown): boolean =>
  error instanceof Unreachable || error instanceof NetworkFault;

const isUnavailable = (error: unknown) => {
  const {status = 0} = error as {status?: number};
  return status === 429 || status >= 500;
};

/** Tell whether the storage has no longer the parts of an upload. */
export const isGone = (error: unknown) =>
  error instanceof StorageRefusal && ["NoSuchUpload", "InvalidPart"].includes(error.code);

/** Return a code for programs: the API's, or else one of these. */
export function codeOf(error: unknown): string {
  if (error instanceof ApiProblem) return error.code;
  return isNetworkFault(error) ? "network_failed" : "storage_refused";
}

/** Return what happened and what to do. */
export function sentenceOf(error: Error, {maxBytes}: Limits): string {
  if (isNetworkFault(error)) return storageHasMoved ? t.storageMoved : t.networkFailed;
  if (isUnavailable(error)) return t.serviceUnavailable;
  if (isRefused(error)) return t.sessionEndedDuringUpload;
  if (!(error instanceof StorageRefusal)) return error.message;
  if (error.code === "EntityTooLarge") return t.fileTooLarge(bytes(maxBytes));
  return isGone(error) ? t.partsGone : t.signatureExpired;
}
