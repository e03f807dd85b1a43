/** The videos that the page shows, kept true by asking the API: soon while something moves. */

import {ApiProblem, getVideo, listVideos, type Status, Unreachable, type Video} from "./api";

const PAGE = 24;
const MOVING_MS = 700;
const MOVING_SLOWEST_MS = 10_000;
const RESTING_MS = 20_000;
const SLOWEST_MS = 30_000;
const GROWTH = 1.5;
/** Of single videos that are asked for in one round, beside the first page. */
const SINGLES = 8;

export interface LibraryState {
  videos: readonly Video[];
  filter: Status | null;
  cursor: string | null;
  /** False until the first answer to the present filter. */
  loaded: boolean;
  /** Why the statuses may be old. */
  trouble: string | null;
  /** The video whose details are open, which may be on no page. */
  selected: Video | null;
  /** An id for which there is no video. */
  missing: string | null;
}

type Listener = () => void;

export class Library {
  private state: LibraryState = {
    videos: [],
    filter: null,
    cursor: null,
    loaded: false,
    trouble: null,
    selected: null,
    missing: null,
  };
  private readonly listeners = new Set<Listener>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private delay = MOVING_MS;
  /** Answers to questions that are no longer asked are dropped. */
  private round = 0;
  private selectedId: string | null = null;

  constructor(private readonly onMoved: (video: Video) => void) {
    document.addEventListener("visibilitychange", () => this.wake());
    window.addEventListener("online", () => this.wake());
  }

  get current(): LibraryState {
    return this.state;
  }

  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Ask now, and again soon: something has happened. */
  wake(): void {
    this.delay = MOVING_MS;
    clearTimeout(this.timer);
    if (!document.hidden) void this.refresh();
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
    this.set({videos: this.state.videos.filter((video) => video.id !== id)});
    this.wake();
  }

  /** Show what an answer tells of one video, and what becomes of it. */
  put(video: Video): void {
    this.round++;
    this.merge(this.state.videos.map((shown) => (shown.id === video.id ? video : shown)));
    if (video.id === this.selectedId) this.set({selected: video, missing: null});
    this.wake();
  }

  private async refresh(): Promise<void> {
    const round = ++this.round;
    try {
      const page = await listVideos(this.state.filter, null, PAGE);
      const singles = await this.askForSingles(new Set(page.data.map(({id}) => id)));
      if (round !== this.round) return;
      this.take(page.data, page.next_cursor, singles);
      this.set({trouble: null});
      this.delay = Math.min(this.delay * GROWTH, this.moves ? MOVING_SLOWEST_MS : RESTING_MS);
      if (!this.moves) this.delay = RESTING_MS;
    } catch (error) {
      if (round !== this.round) return;
      this.set({trouble: sentence(error)});
      this.delay = Math.min(this.delay * 2, SLOWEST_MS);
    }
    clearTimeout(this.timer);
    if (!document.hidden) this.timer = setTimeout(() => void this.refresh(), this.delay);
  }

  private get moves(): boolean {
    const {videos, selected} = this.state;
    return [...videos, ...(selected ? [selected] : [])].some(isMoving);
  }

  /** Ask for what moves beyond the first page, and for the one whose details are open. */
  private async askForSingles(known: ReadonlySet<string>): Promise<Map<string, Video | null>> {
    const moving = this.state.videos.filter((video) => isMoving(video) && !known.has(video.id));
    const ids = new Set(moving.slice(0, SINGLES).map(({id}) => id));
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
        this.delay = MOVING_MS;
        this.onMoved(video);
      }
      return old && JSON.stringify(old) === JSON.stringify(video) ? old : video;
    });
    const {filter} = this.state;
    this.set({videos: kept.filter((video) => !filter || video.status === filter)});
  }

  /** Draw again: what the page knows beside the API has changed. */
  notify(): void {
    this.set({});
  }

  private set(change: Partial<LibraryState>): void {
    this.state = {...this.state, ...change};
    for (const listener of this.listeners) listener();
  }
}

export const isMoving = (video: Video) =>
  video.status === "pending" || video.status === "processing";

async function find(id: string): Promise<Video | null> {
  // Of an address that somebody typed, or that was cut.
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
