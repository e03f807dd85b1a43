/** What the caller's scopes allow on this page: docs/access.md. */
import {createContext} from "preact";
import type {Me, Scope} from "./api";

export interface Rights {
  /** Whether requests need a credential. */
  closed: boolean;
  upload: boolean;
  list: boolean;
  /** Whether the caller gets the files and pictures of videos. */
  deliver: boolean;
  write: boolean;
}

export function rightsOf({access, scopes, video_id}: Me): Rights {
  const has = (scope: Scope) => scopes.includes(scope);
  return {
    closed: access === "keys",
    // A token for one video allows neither a new video nor a list.
    upload: has("upload") && !video_id,
    list: has("read") && !video_id,
    deliver: has("deliver") || has("read"),
    write: has("write"),
  };
}

export const RightsContext = createContext<Rights>({
  closed: false,
  upload: true,
  list: true,
  deliver: true,
  write: true,
});
