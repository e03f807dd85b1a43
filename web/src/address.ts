/** What the page's address says: the shown part of the list, its view, and the open video. */

import {STATUSES, type Status} from "./api";
import {preferred} from "./preferences";

export type View = "grid" | "table";

export interface Query {
  status: Status | null;
  search: string;
  /** A key of `t.sorts`. A search is always sorted by name. */
  sort: string;
}

export const NEWEST_FIRST = "newest";

export const addressOf = (id: string) => `#/videos/${id}`;

/** The id of the open video. */
export const idInAddress = () => /^#\/videos\/(.+)$/.exec(location.hash)?.[1] ?? null;

export function queryInAddress(sorts: Record<string, string>): Query {
  const parameters = new URLSearchParams(location.search);
  const sort = parameters.get("sort") ?? "";
  return {
    status: STATUSES.find((status) => status === parameters.get("status")) ?? null,
    search: parameters.get("search") ?? "",
    sort: sort in sorts ? sort : NEWEST_FIRST,
  };
}

export function viewInAddress(): View {
  const view = new URLSearchParams(location.search).get("view") ?? preferred("view");
  return view === "table" ? "table" : "grid";
}

/** Say in the address what is shown. Back leads to what was shown before, unless `replace` is set. */
export function showInAddress({status, search, sort}: Query, view: View, replace: boolean): void {
  const parameters = new URLSearchParams();
  if (status) parameters.set("status", status);
  if (search) parameters.set("search", search);
  if (sort !== NEWEST_FIRST) parameters.set("sort", sort);
  if (view !== "grid") parameters.set("view", view);
  const text = String(parameters);
  const address = `${text ? `?${text}` : location.pathname}${location.hash}`;
  if (replace) history.replaceState(history.state, "", address);
  else history.pushState(null, "", address);
}

interface Entry {
  /** Whether Back leads to the list, from which the video was opened. */
  opened?: boolean;
  /** The scroll position of the list, and how many of its videos were loaded. */
  scroll?: number;
  loaded?: number;
}

const entry = (): Entry => history.state ?? {};

/** Whether the browser goes back to the list: until it is there, the address is still a video's. */
let isLeaving = false;
addEventListener("popstate", ({isTrusted}) => {
  if (isTrusted) isLeaving = false;
});

export function openInAddress(id: string): void {
  if (isLeaving) {
    addEventListener("popstate", () => openInAddress(id), {once: true});
    return;
  }
  if (idInAddress()) history.replaceState(entry(), "", addressOf(id));
  else history.pushState({opened: true} satisfies Entry, "", addressOf(id));
  dispatchEvent(new PopStateEvent("popstate"));
}

/** Leave the open video, without a step in the history that shows nothing new. */
export function closeInAddress(): void {
  if (!idInAddress() || isLeaving) return;
  if (entry().opened) {
    isLeaving = true;
    history.back();
  } else {
    history.replaceState(null, "", location.pathname + location.search);
    dispatchEvent(new PopStateEvent("popstate"));
  }
}

export const keptScroll = () => ({scroll: entry().scroll ?? 0, loaded: entry().loaded ?? 0});

export function keepScroll(scroll: number, loaded: number): void {
  if (!idInAddress()) history.replaceState({...entry(), scroll, loaded}, "");
}
