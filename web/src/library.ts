/** The videos on the page, polled from the API: often while one of them is unfinished. */

import {NEWEST_FIRST, type Query} from "./address";
import {type Api, ApiProblem, isRefused, type Page, Unreachable, type Video} from "./api";
import {Store} from "./store";

const FIRST_PAGE = 48;
const NEXT_PAGES = 100;
const BUSY_MS = 700;
/** Changes from elsewhere show within 5 s. */
const VISIBLE_SLOWEST_MS = 4000;
/** After some minutes without input. */
const IDLE_MS = 20_000;
const IDLE_AFTER_MS = 5 * 60_000;
const HIDDEN_MS = 60_000;
const TROUBLE_SLOWEST_MS = 30_000;
const GROWTH = 1.5;
/** How old the numbers of videos may be; a change that the page sees renews them at once. */
const COUNTS_MS = 30_000;
/** How many single videos are polled in one round, beside the first page. */
const SINGLES = 8;
/** How many videos are deleted or retried at once. */
const TOGETHER = 6;

export interface LibraryState {
  videos: readonly Video[];
  query: Query;
  counts: Page["counts"];
  cursor: string | null;
  /** Whether there was a response for the current query. */
  loaded: boolean;
  /** Why the statuses may be out of date. */
  trouble: string | null;
  /** The video whose details are open; it may not be among `videos`. */
  selected: Video | null;
  /** The id in the page's address if no video has it. */
  missing: string | null;
  /** The ids of the videos for the next action on several of them. */
  picked: ReadonlySet<string>;
}

const EMPTY = {
  videos: [],
  counts: undefined,
  cursor: null,
  loaded: false,
  trouble: null,
  selected: null,
  missing: null,
  picked: new Set<string>(),
};

export class Library extends Store<LibraryState> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private delay = BUSY_MS;
  private lastInput = Date.now();
  /** The number of the last request; responses to earlier ones are dropped. */
  private round = 0;
  private more: Promise<void> | undefined;
  private countedAt = 0;
  private selectedId: string | null = null;
  /** The ids of the first page at the last poll. */
  private firstIds: ReadonlySet<string> = new Set();
  /** Where a selection with the shift key begins. */
  private anchor: string | null = null;

  /** Whether there is a caller who may see videos. */
  private isOpen = false;
  private listening: AbortController | undefined;
  private mayList = true;
  /** The ids of the videos to show to a caller who may not list them. */
  private known = new Set<string>();

  constructor(
    private readonly api: Api,
    query: Query,
    private readonly onStatus: (video: Video) => void,
    /** Called after each poll, with the error if it failed. */
    private readonly onAnswer: (problem?: unknown) => void = () => {},
  ) {
    super({...EMPTY, query});
  }

  /** Begin to poll: all videos, or only those that are followed. */
  open(mayList: boolean): void {
    this.isOpen = true;
    this.mayList = mayList;
    this.listen();
    this.wake();
  }

  private listen(): void {
    this.listening?.abort();
    this.listening = new AbortController();
    const options = {passive: true, signal: this.listening.signal};
    const onVisible = () => !document.hidden && this.wake();
    document.addEventListener("visibilitychange", onVisible, options);
    window.addEventListener("online", () => this.wake(), options);
    for (const input of ["pointerdown", "keydown", "pointermove"])
      window.addEventListener(input, () => this.noteInput(), options);
  }

  /** Forget all videos, and stop polling. */
  close(): void {
    this.isOpen = false;
    this.listening?.abort();
    this.round++;
    this.selectedId = null;
    this.countedAt = 0;
    this.known.clear();
    clearTimeout(this.timer);
    this.set(EMPTY);
  }

  /** Poll a video that this page uploads. */
  follow(id: string): void {
    this.known.add(id);
    this.countedAt = 0;
    this.wake();
  }

  /** Poll now, and often from now on. */
  wake(): void {
    this.delay = BUSY_MS;
    clearTimeout(this.timer);
    if (this.isOpen) void this.refresh();
  }

  show(change: Partial<Query>): void {
    const query = {...this.state.query, ...change};
    this.firstIds = new Set();
    this.set({query, videos: [], cursor: null, loaded: false, picked: new Set()});
    this.wake();
  }

  /** Load the next page of the list, once at a time. */
  loadMore(): Promise<void> {
    this.more ??= this.loadNext().finally(() => {
      this.more = undefined;
    });
    return this.more;
  }

  private async loadNext(): Promise<void> {
    const {query, cursor} = this.state;
    if (!cursor) return;
    try {
      const page = await this.api.listVideos(parameters(query, NEXT_PAGES, cursor));
      if (cursor !== this.state.cursor) return;
      const known = new Set(this.state.videos.map(({id}) => id));
      const more = page.data.filter(({id}) => !known.has(id));
      this.set({videos: [...this.state.videos, ...more], cursor: page.next_cursor});
    } catch (error) {
      this.set({trouble: sentence(error)});
    }
  }

  /** Load as many videos as were loaded before a reload of the page. */
  async loadUpTo(count: number): Promise<void> {
    while (this.state.cursor && this.state.videos.length < count) {
      const before = this.state.cursor;
      await this.loadMore();
      if (this.state.cursor === before) return;
    }
  }

  /** Return the video beside another one in the list, which is continued if it ends there. */
  async beside(id: string, offset: -1 | 1): Promise<Video | undefined> {
    const placeOf = () => this.state.videos.findIndex((video) => video.id === id);
    if (placeOf() + offset === this.state.videos.length) await this.loadMore();
    const place = placeOf();
    return place < 0 ? undefined : this.state.videos[place + offset];
  }

  select(id: string | null): void {
    this.selectedId = id;
    const selected = this.state.videos.find((video) => video.id === id) ?? null;
    this.set({selected, missing: null});
    if (id && this.isOpen) this.wake();
  }

  /** Mark a video, or with `range` all up to the one that was marked last. */
  pick(id: string, range: boolean): void {
    const {videos} = this.state;
    const picked = new Set(this.state.picked);
    const [from, to] = [this.anchor ?? id, id]
      .map((one) => videos.findIndex((video) => video.id === one))
      .sort((a, b) => a - b) as [number, number];
    if (range && from >= 0) for (const video of videos.slice(from, to + 1)) picked.add(video.id);
    else if (!picked.delete(id)) picked.add(id);
    this.anchor = id;
    this.set({picked});
  }

  pickAll(ids: readonly string[]): void {
    this.set({picked: new Set(ids)});
  }

  pickNone(): void {
    this.anchor = null;
    this.set({picked: new Set()});
  }

  /** Delete videos. Return why each of the others was not deleted. */
  async deleteAll(ids: readonly string[]): Promise<string[]> {
    const gone: string[] = [];
    const open = this.selectedId;
    // A poll must not ask for the open video while it is deleted: the API would answer 404.
    if (open && ids.includes(open)) this.selectedId = null;
    const problems = await forEach(ids, async (id) => {
      await this.api.deleteVideo(id);
      gone.push(id);
    });
    if (open && !gone.includes(open) && open === this.state.selected?.id) this.selectedId = open;
    this.remove(gone);
    return problems;
  }

  /** Process failed videos again. Return why each of the others is not. */
  retryAll(ids: readonly string[]): Promise<string[]> {
    return forEach(ids, async (id) => this.put(await this.api.retryVideo(id)));
  }

  private remove(ids: readonly string[]): void {
    this.round++;
    const gone = new Set(ids);
    for (const id of ids) this.known.delete(id);
    this.countedAt = 0;
    this.set({
      videos: this.state.videos.filter(({id}) => !gone.has(id)),
      picked: new Set([...this.state.picked].filter((id) => !gone.has(id))),
    });
    this.wake();
  }

  /** Show a video that the API has returned, and poll its progress. */
  put(video: Video): void {
    this.round++;
    this.merge(this.state.videos.map((shown) => (shown.id === video.id ? video : shown)));
    if (video.id === this.selectedId) this.set({selected: video, missing: null});
    this.wake();
  }

  private noteInput(): void {
    const wasIdle = Date.now() - this.lastInput > IDLE_AFTER_MS;
    this.lastInput = Date.now();
    if (wasIdle) this.wake();
  }

  private async refresh(): Promise<void> {
    const round = ++this.round;
    try {
      const page = await this.firstPage();
      const singles = await this.getSingles(page.data);
      if (round !== this.round) return;
      this.onAnswer();
      this.take(page, singles);
      if (this.state.trouble) this.set({trouble: null});
      this.delay = Math.min(this.delay * GROWTH, VISIBLE_SLOWEST_MS);
      if (!this.hasUnfinished) this.delay = this.restingDelay();
      if (this.mayList && this.countedAt === 0) this.delay = BUSY_MS;
    } catch (error) {
      if (round !== this.round) return;
      this.onAnswer(error);
      // Without a session the page shows the log-in instead.
      if (!isRefused(error)) this.set({trouble: sentence(error)});
      this.delay = Math.min(this.delay * 2, TROUBLE_SLOWEST_MS);
    }
    clearTimeout(this.timer);
    const delay = document.hidden ? HIDDEN_MS : this.delay;
    this.timer = setTimeout(() => void this.refresh(), delay);
  }

  private restingDelay(): number {
    return Date.now() - this.lastInput > IDLE_AFTER_MS ? IDLE_MS : VISIBLE_SLOWEST_MS;
  }

  private firstPage(): Promise<Page> {
    if (!this.mayList) return this.knownVideos();
    const query = parameters(this.state.query, FIRST_PAGE, null);
    // Counting costs the database more than a page does.
    if (Date.now() - this.countedAt > COUNTS_MS) query.set("counts", "true");
    return this.api.listVideos(query);
  }

  private async knownVideos(): Promise<Page> {
    const shown = new Map(this.state.videos.map((video) => [video.id, video]));
    const get = async (id: string) => {
      const video = shown.get(id);
      return video && !isUnfinished(video) ? video : this.find(id);
    };
    const newestFirst = [...this.known].sort().reverse();
    const found = (await Promise.all(newestFirst.map(get))).filter((video) => video !== null);
    return {data: found, next_cursor: null, has_more: false};
  }

  private get hasUnfinished(): boolean {
    const {videos, selected} = this.state;
    return [...videos, ...(selected ? [selected] : [])].some(isUnfinished);
  }

  /** Get the videos beyond the first page that may have changed, and the one that is open. */
  private async getSingles(first: readonly Video[]): Promise<Map<string, Video | null>> {
    const known = new Set(first.map(({id}) => id));
    const changing = this.state.videos.filter(
      (video) => !known.has(video.id) && (isUnfinished(video) || this.hasLeft(video)),
    );
    const ids = new Set(changing.slice(0, SINGLES).map(({id}) => id));
    if (this.selectedId && !known.has(this.selectedId)) ids.add(this.selectedId);
    const answers = await Promise.all(
      [...ids].map(async (id) => [id, await this.find(id)] as const),
    );
    return new Map(answers);
  }

  /** Whether a video that is not on the first page any more may be deleted, or only further down. */
  private hasLeft(video: Video): boolean {
    // Ids grow with time: with the newest first, `take` sees the difference.
    return !isNewestFirst(this.state.query) && this.firstIds.has(video.id);
  }

  private take({data, next_cursor, counts}: Page, singles: Map<string, Video | null>): void {
    const first = new Set(data.map(({id}) => id));
    const last = data.at(-1)?.id;
    const isBehind = ({id}: Video) => {
      if (first.has(id) || last === undefined || next_cursor === null) return false;
      if (isNewestFirst(this.state.query)) return id < last;
      return !this.firstIds.has(id) || Boolean(singles.get(id));
    };
    const older = this.state.videos.filter(isBehind);
    const rest = older.flatMap((video) => {
      const answer = singles.get(video.id);
      return answer === undefined ? [video] : answer ? [answer] : [];
    });
    this.firstIds = first;
    if (counts) {
      this.countedAt = Date.now();
      this.set({counts});
    }
    this.merge([...data, ...rest]);
    this.set({loaded: true, cursor: older.length ? this.state.cursor : next_cursor});
    if (this.selectedId) this.takeSelected(this.selectedId, singles);
  }

  private takeSelected(id: string, singles: Map<string, Video | null>): void {
    const selected = this.state.videos.find((video) => video.id === id) ?? singles.get(id) ?? null;
    this.set({selected, missing: selected ? null : id});
  }

  /** Show videos; one that is as before stays the same object, so that its card is not drawn again. */
  private merge(videos: Video[]): void {
    const before = new Map(this.state.videos.map((video) => [video.id, video]));
    const {status} = this.state.query;
    const kept = videos
      .map((video) => this.compare(video, before.get(video.id)))
      .filter((video) => !status || video.status === status);
    const {videos: shown} = this.state;
    if (kept.length === shown.length && kept.every((video, at) => video === shown[at])) return;
    this.countedAt = 0;
    this.set({videos: kept});
  }

  private compare(video: Video, old: Video | undefined): Video {
    if (!old || old === video) return video;
    if (old.status !== video.status) {
      this.delay = BUSY_MS;
      this.onStatus(video);
    }
    return JSON.stringify(old) === JSON.stringify(video) ? old : video;
  }

  private async find(id: string): Promise<Video | null> {
    // The page's address may be mistyped or cut off.
    if (!/^\w+$/.test(id)) return null;
    try {
      return await this.api.getVideo(id);
    } catch (error) {
      if (error instanceof ApiProblem && [400, 404].includes(error.status)) return null;
      throw error;
    }
  }
}

const isNewestFirst = ({search, sort}: Query) => !search && sort === NEWEST_FIRST;

function parameters({status, search, sort}: Query, limit: number, cursor: string | null) {
  const query = new URLSearchParams({limit: String(limit)});
  if (status) query.set("status", status);
  if (search) query.set("search", search);
  else if (sort !== NEWEST_FIRST) query.set("sort", sort);
  if (cursor) query.set("cursor", cursor);
  return query;
}

const isUnfinished = (video: Video) => video.status === "pending" || video.status === "processing";

/** Act on a few videos at once, until all have had their turn. Return what went wrong. */
async function forEach(ids: readonly string[], act: (id: string) => Promise<void>) {
  const problems: string[] = [];
  const waiting = [...ids];
  const work = async () => {
    for (let id = waiting.shift(); id; id = waiting.shift()) {
      await act(id).catch((error) => problems.push(sentence(error)));
    }
  };
  await Promise.all(Array.from({length: TOGETHER}, work));
  return problems;
}

function sentence(error: unknown): string {
  if (error instanceof ApiProblem || error instanceof Unreachable) return error.message;
  throw error;
}
