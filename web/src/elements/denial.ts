/** Tells denied access from other problems. */

import type {ClipoDenial} from "../../elements/index";
import {ApiProblem} from "../api";

/** `unauthenticated` without a session, `forbidden` without the right. */
export type Denial = ClipoDenial["code"];

export const isDenial = (code: string): code is Denial =>
  code === "unauthenticated" || code === "forbidden";

/** Return how an error denies access; null if it is another problem. */
export const denialOf = (error: unknown): Denial | null =>
  error instanceof ApiProblem && isDenial(error.code) ? error.code : null;
