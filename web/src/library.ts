/** The videos on the page, polled from the API: often while one of them is unfinished. */

import {
  ApiProblem,
  getVideo,
  isRefused,
  listVideos,
  type Page,
  type Status,
  Unreachable,
  type Video,
} from "./api";
import {Store} from "./store";

const PAGE = 24;
const BUSY_MS = 700;
const BUSY_SLOWEST_MS = 10_000;
const IDLE_MS = 20_000;
const SLOWEST_MS = 30_000;
const GROWTH = 1.5;
/** How many single videos are polled in one round, beside the first page. */
const SINGLES = 8;

export interface LibraryState {
  videos: readonly Video[];
  filter: Status | null;
  cursor: string | null;
  /** Whether there was a response for the current filter. */
  loaded: boolean;
  /** Why the statuses may be out of date. */
  trouble: string | null;
  /** The video whose details are open; it may not be among `videos`. */
  selected: Video | null;
  /** The id in the page's address if no video has it. */
  missing: string | null;
}

const EMPTY: LibraryState = {
  videos: [],
  filter: null,
  cursor: null,
  loaded: false,
  trouble: null,
  selected: null,
  missing: null,
};

export class Library extends Store<LibraryState> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private delay = BUSY_MS;
  /** The number of the last request; responses to earlier ones are dropped. */
  private round = 0;
  private selectedId: string | null = null;

  /** Whether there is a caller who may see videos. */
  private isOpen = false;
  private mayList = true;
  /** The ids of the videos to show to a caller who may not list them. */
  private known = new Set<string>();

  constructor(private readonly onStatus: (video: Video) => void) {
    super(EMPTY);
    document.addEventListener("visibilitychange", () => this.wake());
    window.addEventListener("online", () => this.wake());
  }

  /** Begin to poll: all videos, or only those that are followed. */
  open(mayList: boolean): void {
    this.isOpen = true;
    this.mayList = mayList;
    this.wake();
  }

  /** Forget all videos, and stop polling. */
  close(): void {
    this.isOpen = false;
    this.round++;
    this.selectedId = null;
    this.known.clear();
    clearTimeout(this.timer);
    this.set(EMPTY);
  }

  /** Poll a video that this page uploads. */
  follow(id: string): void {
    this.known.add(id);
    this.wake();
  }

  /** Poll now, and often from now on. */
  wake(): void {
    this.delay = BUSY_MS;
    clearTimeout(this.timer);
    if (this.isOpen && !document.hidden) void this.refresh();
  }

  show(filter: Status | null): void {
    if (filter === this.state.filter) return;
    this.set({filter, videos: [], cursor: null, loaded: false});
    this.wake();
  }

  async loadMore(): Promise<void> {
    const {filter, cursor} = this.state;
    if (!cursor) return;
    try {
      const page = await listVideos(filter, cursor, PAGE);
      if (cursor !== this.state.cursor) return;
      this.set({videos: [...this.state.videos, ...page.data], cursor: page.next_cursor});
    } catch (error) {
      this.set({trouble: sentence(error)});
    }
  }

  select(id: string | null): void {
    this.selectedId = id;
    const selected = this.state.videos.find((video) => video.id === id) ?? null;
    this.set({selected, missing: null});
    if (id) this.wake();
  }

  remove(id: string): void {
    this.round++;
    this.known.delete(id);
    this.set({videos: this.state.videos.filter((video) => video.id !== id)});
    this.wake();
  }

  /** Show a video that the API has returned, and poll its progress. */
  put(video: Video): void {
    this.round++;
    this.merge(this.state.videos.map((shown) => (shown.id === video.id ? video : shown)));
    if (video.id === this.selectedId) this.set({selected: video, missing: null});
    this.wake();
  }

  private async refresh(): Promise<void> {
    const round = ++this.round;
    try {
      const page = await this.firstPage();
      const singles = await this.getSingles(new Set(page.data.map(({id}) => id)));
      if (round !== this.round) return;
      this.take(page.data, page.next_cursor, singles);
      this.set({trouble: null});
      this.delay = Math.min(this.delay * GROWTH, this.hasUnfinished ? BUSY_SLOWEST_MS : IDLE_MS);
      if (!this.hasUnfinished) this.delay = IDLE_MS;
    } catch (error) {
      if (round !== this.round) return;
      // Without a session the page shows the log-in instead.
      if (!isRefused(error)) this.set({trouble: sentence(error)});
      this.delay = Math.min(this.delay * 2, SLOWEST_MS);
    }
    clearTimeout(this.timer);
    if (!document.hidden) this.timer = setTimeout(() => void this.refresh(), this.delay);
  }

  private firstPage(): Promise<Page> {
    return this.mayList ? listVideos(this.state.filter, null, PAGE) : this.knownVideos();
  }

  private async knownVideos(): Promise<Page> {
    const shown = new Map(this.state.videos.map((video) => [video.id, video]));
    const get = async (id: string) => {
      const video = shown.get(id);
      return video && !isUnfinished(video) ? video : find(id);
    };
    const newestFirst = [...this.known].sort().reverse();
    const found = (await Promise.all(newestFirst.map(get))).filter((video) => video !== null);
    return {data: found, next_cursor: null, has_more: false};
  }

  private get hasUnfinished(): boolean {
    const {videos, selected} = this.state;
    return [...videos, ...(selected ? [selected] : [])].some(isUnfinished);
  }

  /** Get the unfinished videos beyond the first page, and the one whose details are open. */
  private async getSingles(known: ReadonlySet<string>): Promise<Map<string, Video | null>> {
    const unfinished = this.state.videos.filter(
      (video) => isUnfinished(video) && !known.has(video.id),
    );
    const ids = new Set(unfinished.slice(0, SINGLES).map(({id}) => id));
    if (this.selectedId && !known.has(this.selectedId)) ids.add(this.selectedId);
    const answers = await Promise.all([...ids].map(async (id) => [id, await find(id)] as const));
    return new Map(answers);
  }

  private take(first: Video[], next: string | null, singles: Map<string, Video | null>): void {
    const last = first.at(-1)?.id;
    // Ids grow with time, and the list is newest first.
    const older =
      last === undefined || next === null ? [] : this.state.videos.filter(({id}) => id < last);
    const rest = older.flatMap((video) => {
      const answer = singles.get(video.id);
      return answer === undefined ? [video] : answer ? [answer] : [];
    });
    this.merge([...first, ...rest]);
    this.set({loaded: true, cursor: older.length ? this.state.cursor : next});
    if (this.selectedId) this.takeSelected(this.selectedId, singles);
  }

  private takeSelected(id: string, singles: Map<string, Video | null>): void {
    const selected = this.state.videos.find((video) => video.id === id) ?? singles.get(id) ?? null;
    this.set({selected, missing: selected ? null : id});
  }

  private merge(videos: Video[]): void {
    const before = new Map(this.state.videos.map((video) => [video.id, video]));
    const kept = videos.map((video) => {
      const old = before.get(video.id);
      if (old && old.status !== video.status) {
        this.delay = BUSY_MS;
        this.onStatus(video);
      }
      return old && JSON.stringify(old) === JSON.stringify(video) ? old : video;
    });
    const {filter} = this.state;
    this.set({videos: kept.filter((video) => !filter || video.status === filter)});
  }

  /** Render again after a change that is not in the library's state. */
  notify(): void {
    this.set({});
  }
}

export const isUnfinished = (video: Video) =>
  video.status === "pending" || video.status === "processing";

async function find(id: string): Promise<Video | null> {
  // The page's address may be mistyped or cut off.
  if (!/^\w+$/.test(id)) return null;
  try {
    return await getVideo(id);
  } catch (error) {
    if (error instanceof ApiProblem && [400, 404].includes(error.status)) return null;
    throw error;
  }
}

function sentence(error: unknown): string {
  if (error instanceof ApiProblem || error instanceof Unreachable) return error.message;
  throw error;
}
