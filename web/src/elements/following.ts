/** Follows uploaded videos until they are done or failed. */

import {type Api, ApiProblem, type Video} from "../api";
import {Store} from "../store";
import {denialOf} from "./denial";

const FIRST_DELAY_MS = 500;
const LAST_DELAY_MS = 5000;
const GROWTH = 1.3;

export const isFinished = ({status}: Video) => status === "done" || status === "failed";

interface FollowedState {
  /** The newest last. */
  videos: readonly Video[];
}

export class Followed extends Store<FollowedState> {
  private readonly dismissed = new Set<string>();

  constructor(
    private readonly api: Api,
    private readonly onFinished: (video: Video) => void,
  ) {
    super({videos: []});
  }

  /** Show a video until it is dismissed. */
  async follow(id: string): Promise<void> {
    for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * GROWTH, LAST_DELAY_MS)) {
      const video = await find(this.api, id).catch(unlessForbidden);
      if (video === null) return this.dismiss(id);
      if (video && !this.dismissed.has(id)) this.put(video);
      if (video && isFinished(video)) return this.onFinished(video);
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }

  /** Hide a video. `onFinished` is called for it all the same. */
  dismiss(id: string): void {
    this.dismissed.add(id);
    this.set({videos: this.current.videos.filter((video) => video.id !== id)});
  }

  private put(video: Video): void {
    const {videos} = this.current;
    const isKnown = videos.some(({id}) => id === video.id);
    const kept = isKnown
      ? videos.map((one) => (one.id === video.id ? video : one))
      : [...videos, video];
    this.set({videos: kept});
  }
}

/** A session may come back, but a right does not. */
const unlessForbidden = (error: unknown) => (denialOf(error) === "forbidden" ? null : undefined);

/**
 * Return a video; null if the caller does not reach it, undefined if the API cannot be reached now.
 * Raises `ApiProblem` if access is denied.
 */
export async function find(api: Api, id: string): Promise<Video | null | undefined> {
  try {
    return await api.getVideo(id);
  } catch (error) {
    if (denialOf(error)) throw error;
    const isFinal = error instanceof ApiProblem && [400, 404].includes(error.status);
    return isFinal ? null : undefined;
  }
}
