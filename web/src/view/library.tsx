import {useCallback, useContext, useEffect, useState} from "preact/hooks";
import {
  closeInAddress,
  keepScroll,
  keptScroll,
  openInAddress,
  type Query,
  queryInAddress,
  showInAddress,
  type View,
  viewInAddress,
} from "../address";
import type {Page} from "../api";
import {isolate, percent} from "../format";
import type {Library} from "../library";
import {prefer} from "../preferences";
import {RightsContext} from "../rights";
import {useStore} from "../store";
import {t} from "../strings";
import type {Uploads} from "../upload/uploads";
import {Bulk} from "./bulk";
import {Details} from "./details";
import {Empty} from "./empty";
import {List} from "./list";
import {Toolbar} from "./toolbar";
import {sum} from "./tray";

interface LibraryProps {
  library: Library;
  /** Undefined if the caller may not upload. */
  uploads: Uploads | undefined;
  extensions: readonly string[];
}

export function LibraryView({library, uploads, extensions}: LibraryProps) {
  const {list, write} = useContext(RightsContext);
  const state = useStore(library);
  const {query, counts, cursor, loaded, trouble, selected, missing, picked} = state;
  const uploading = useUploading(uploads);
  const [view, setView] = useState<View>(viewInAddress);
  useQueryFollowed(library, view);
  const videos = uploading.size ? state.videos.filter(({id}) => !uploading.has(id)) : state.videos;
  useTitle(selected?.filename, useProgress(uploads));
  useScrollKept(library, loaded);
  useEscape(() => library.pickNone());
  // Without any video there is nothing to filter.
  const isAll = !query.search && (!query.status || (counts && totalOf(counts) === 0));
  const isEmpty = loaded && videos.length === 0;
  const onQuery = (change: Partial<Query>) => {
    if (isSame(query, {...query, ...change})) return;
    library.show(change);
    // Back leads through searches, not through each letter typed.
    showInAddress({...query, ...change}, view, Boolean(query.search && change.search));
  };
  const onView = (next: View) => {
    setView(next);
    prefer("view", next);
    // How the list is drawn is a preference: it stays on the way back.
    showInAddress(query, next, true);
  };
  const onRetry = useCallback(async (id: string, at: number) => {
    const [why] = await library.retryAll([id]);
    // The focused button has gone with the failure.
    if (!why && document.activeElement === document.body) focusNear(at);
    return why;
  }, []);
  const onPick = useCallback((id: string, range: boolean) => library.pick(id, range), []);
  return (
    <>
      <div class="library-head">
        <h2 id="library-title">{t.videos}</h2>
        {list && (
          <Toolbar
            query={query}
            counts={counts && without(counts, uploading.size)}
            view={view}
            onQuery={onQuery}
            onView={onView}
          />
        )}
      </div>
      {!list && <p class="quiet">{t.mayNotList}</p>}
      <p class="trouble" role="status" hidden={!trouble}>
        {trouble} <span>{t.keepsTrying}</span>
      </p>
      {isEmpty && isAll && (
        <Empty title={list ? t.nothing.all : t.nothing.mine} uploads={uploads} />
      )}
      {isEmpty && !isAll && (
        <div class="empty">
          <p>
            {query.search
              ? t.nothingFound(query.search, query.status && t.statuses[query.status])
              : t.nothing[query.status ?? "all"]}
          </p>
          <button type="button" onClick={() => onQuery({status: null, search: ""})}>
            {t.showAll}
          </button>
        </div>
      )}
      {!isEmpty && (
        <List
          key={view}
          videos={videos}
          areMore={cursor !== null}
          query={query}
          view={view}
          picked={picked}
          isBusy={!loaded}
          onNearEnd={() => void library.loadMore()}
          onSort={(sort) => onQuery({sort})}
          onPickAll={() => library.pickAll(videos.map(({id}) => id))}
          onPickNone={() => library.pickNone()}
          onOpen={openInAddress}
          onPick={write ? onPick : undefined}
          onRetry={write ? onRetry : undefined}
        />
      )}
      {cursor && (
        <button type="button" class="more" onClick={() => library.loadMore()}>
          {t.showMore}
        </button>
      )}
      {write && (
        <Bulk
          library={library}
          videos={videos}
          areMore={cursor !== null}
          picked={picked}
          onDeleted={() => focusNear(0)}
        />
      )}
      {(selected || missing) && (
        <Details
          video={selected}
          videos={videos}
          areMore={cursor !== null}
          missing={missing}
          library={library}
          uploads={uploads}
          extensions={extensions}
          onClose={closeInAddress}
          onDeleted={(id) => uploads?.forget(id)}
        />
      )}
    </>
  );
}

/** Return the ids of the videos that this tab uploads: the tray shows them. */
function useUploading(uploads: Uploads | undefined): ReadonlySet<string> {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    const take = () => {
      const open = uploads?.current.uploads.filter(({state}) => state !== "uploaded") ?? [];
      const next = open.flatMap(({videoId}) => videoId ?? []);
      setIds((before) =>
        next.length === before.size && next.every((id) => before.has(id)) ? before : new Set(next),
      );
    };
    take();
    return uploads?.subscribe(take);
  }, [uploads]);
  return ids;
}

const totalOf = (counts: NonNullable<Page["counts"]>) =>
  Object.values(counts).reduce((total, one) => total + one, 0);

/** Return the counts without the videos that this tab uploads: the tray shows them. */
function without(counts: NonNullable<Page["counts"]>, uploading: number) {
  return {...counts, pending: Math.max(counts.pending - uploading, 0)};
}

/** Show what the address says after the user has gone back or forward. */
function useQueryFollowed(library: Library, view: View): void {
  useEffect(() => {
    const follow = () => {
      const query = queryInAddress(t.sorts);
      showInAddress(query, view, true);
      if (!isSame(query, library.current.query)) library.show(query);
    };
    follow();
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }, [library, view]);
}

const isSame = (one: Query, other: Query) =>
  one.status === other.status && one.search === other.search && one.sort === other.sort;

/** Return how much of all uploads is done, such as "42%"; null without a running one. */
function useProgress(uploads: Uploads | undefined): string | null {
  const [progress, setProgress] = useState<string | null>(null);
  useEffect(() => {
    const take = () => {
      const rows = uploads?.current.uploads ?? [];
      const isMoving = rows.some(({state}) => state === "uploading");
      setProgress(isMoving ? percent(sum(rows)) : null);
    };
    take();
    return uploads?.subscribe(take);
  }, [uploads]);
  return progress;
}

/** Name the open video, and how much is uploaded: a tab in the background shows nothing else. */
function useTitle(filename: string | undefined, progress: string | null): void {
  useEffect(() => {
    const parts = [progress, filename && isolate(filename), "Clipo"];
    document.title = parts.filter(Boolean).join(" · ");
  }, [filename, progress]);
}

/** Keep the scroll position over a reload and over a visit of another page. */
function useScrollKept(library: Library, loaded: boolean): void {
  useEffect(() => {
    if (!loaded) return;
    const kept = keptScroll();
    if (kept.scroll > 0)
      void library.loadUpTo(kept.loaded).then(() => {
        // The list has its full height when the new state is drawn.
        requestAnimationFrame(() => requestAnimationFrame(() => scrollTo(0, kept.scroll)));
      });
    let timer = 0;
    const keep = () => {
      // The address may be that of another list already, to which Back has led.
      const {loaded, query, videos} = library.current;
      if (loaded && isSame(queryInAddress(t.sorts), query)) keepScroll(scrollY, videos.length);
    };
    const onScroll = () => {
      clearTimeout(timer);
      timer = setTimeout(keep, 200);
    };
    addEventListener("scroll", onScroll, {passive: true});
    // The details may have opened before the timer had ended: then the place is kept after them.
    addEventListener("popstate", keep);
    return () => {
      clearTimeout(timer);
      removeEventListener("scroll", onScroll);
      removeEventListener("popstate", keep);
    };
  }, [loaded]);
}

function useEscape(action: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

/** Move the focus to the video at a place of the list, or to the list if it is empty. */
export function focusNear(at: number): void {
  requestAnimationFrame(() => {
    const links = document.querySelectorAll<HTMLElement>("#library [data-video]");
    const near = document.querySelector<HTMLElement>(`#library [data-at="${at}"] [data-video]`);
    const place = near ?? links[links.length - 1] ?? document.getElementById("library");
    place?.focus();
  });
}
