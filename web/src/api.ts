/** The calls of the API, described in docs/api.md. */

import {t} from "./shared-strings";

export type Status = "pending" | "processing" | "done" | "failed";

export const STATUSES: readonly Status[] = ["pending", "processing", "done", "failed"];

/** What the page shows of a stream. Only videos have the fields from `profile` on. */
export interface Stream {
  index: number;
  kind: string;
  codec: string | null;
  language: string | null;
  channel_layout?: string | null;
  sample_rate?: number | null;
  profile?: string | null;
  level?: string | null;
  bit_depth?: number | null;
  hdr?: string | null;
}

export interface Video {
  id: string;
  /** Null for a video without an owner. */
  owner: string | null;
  visibility: "private" | "public";
  filename: string;
  content_type: string;
  size: number;
  passthrough: string | null;
  status: Status;
  created_at: string;
  updated_at: string;
  /** Until when the upload may begin; null unless the video waits for it. */
  upload_expires_at: string | null;
  attempts: number;
  /** Faults of a file that plays nevertheless. */
  warnings: string[];
  media: {
    container: string;
    duration: string | null;
    duration_s: number | null;
    width: number;
    height: number;
    rotation: number;
    frame_rate: number | null;
    video_codec: string;
    audio_codec: string | null;
    bit_rate: number | null;
    has_audio: boolean;
    streams: Stream[];
    created_at: string | null;
    faststart: boolean | null;
    /** Null if release 0.1 processed the video. */
    playback: {
      browsers: "all" | "some" | "none";
      /** What keeps browsers from playing it; null if all do. */
      reason: string | null;
      message: string;
    } | null;
  } | null;
  thumbnail: {
    url: string;
    width: number;
    height: number;
    at_s: number;
    fallback: "start" | "dark" | null;
    placeholder: string | null;
  } | null;
  /** Null until the video is done. */
  pictures: {
    image_url: string;
    /** Null, as is the next one, if the file does not say how long the video lasts. */
    storyboard_url: string | null;
    storyboard_json_url: string | null;
  } | null;
  processing: {
    started_at: string;
    finished_at: string;
    wall_ms: number;
    bytes_read: number;
    requests: number;
  } | null;
  error: {code: string; message: string; retryable: boolean} | null;
  webhook: {
    attempts: number;
    last_status: number | null;
    delivered_at: string | null;
    due_at: string | null;
  } | null;
}

/** Small pictures of a whole video on one sheet. Times are in seconds. */
export interface Storyboard {
  tile_width: number;
  tile_height: number;
  duration: number;
  tiles: {start: number; x: number; y: number}[];
}

export interface Page {
  data: Video[];
  next_cursor: string | null;
  has_more: boolean;
  /** The number of videos of each status; 10,000 means so many or more. */
  counts?: Record<Status, number> | null;
}

/** The kinds of requests that a caller may make: docs/access.md. */
export type Scope = "upload" | "read" | "deliver" | "write" | "admin";

/** The caller as the API knows it. */
export interface Me {
  /** `none` in an open Clipo. */
  credential: "none" | "key" | "token" | "session" | "login" | "admin";
  /** The only owner whose videos it reaches; null if it reaches all. */
  owner: string | null;
  scopes: Scope[];
  key_id: string | null;
  /** The only video that it reaches, if its token names one. */
  video_id: string | null;
  /** The limits of uploads; null where there is none. */
  limits: {
    video_bytes: number;
    video_duration_s: number | null;
    videos: number | null;
    bytes: number | null;
  };
  /** What counts towards `limits.videos` and `limits.bytes`; null if both are. */
  usage: {videos: number; bytes: number} | null;
  /** Whether requests need a credential. */
  access: "keys" | "open";
}

/** An announced video. */
export interface Announced extends Video {
  /** The form to upload it with; null if the file has arrived. */
  upload: SignedRequest | null;
}

export interface SignedRequest {
  url: string;
  /** Bytes of each part but the last. */
  part_size: number;
  headers?: Record<string, string>;
  fields?: Record<string, string>;
}

/** An error response of the API, with a sentence for people. */
export class ApiProblem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    sentence: string,
  ) {
    super(sentence);
  }
}

/** There was no response: the connection failed, or took too long. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super(t.unreachable, {cause});
  }
}

const TIMEOUT_MS = 15_000;
const REFUSED = 401;
const NOT_MODIFIED = 304;
const KEPT = 4;

export const isRefused = (error: unknown) =>
  error instanceof ApiProblem && error.status === REFUSED;

export interface ApiOptions {
  /** The address of the API, without a slash at its end; empty for the page's own origin. */
  endpoint: string;
  /** Return the token that authorizes the next request, in place of one that was refused. */
  credential?(refused?: string): Promise<string>;
  /** Return the token for the addresses of pictures and files; undefined if they need none. */
  deliveryToken?(): string | undefined;
  /** Called when the API does not accept the credential. */
  onRefused?(): void;
  /** Return the sentence of a problem for people, in place of the API's own. */
  sentenceOf?(code: string, detail: string): string;
}

interface CallOptions {
  body?: unknown;
  idempotencyKey?: string;
  credential?: string;
  /** Whether it is about a picture or a file. */
  delivers?: boolean;
}

export interface NewVideo {
  filename: string;
  size: number;
  owner?: string | undefined;
  passthrough?: string | undefined;
}

/** The API of a Clipo. */
export class Api {
  /** The last answer to each list request, which the API need not send again: its entity tag. */
  private readonly kept = new Map<string, {etag: string; page: Page}>();

  constructor(private readonly options: ApiOptions) {}

  /** Return the absolute address of a path. */
  url(path: string): string {
    return `${this.options.endpoint}${path}`;
  }

  /** Return the address of a picture or a file for `<img>` or `<video>`, which send no header of ours. */
  delivered(path: string): string {
    const token = this.options.deliveryToken?.();
    const mark = path.includes("?") ? "&" : "?";
    return this.url(token ? `${path}${mark}token=${encodeURIComponent(token)}` : path);
  }

  /** Return an address that the API has named, on our endpoint: behind a proxy the API may not know its own host. */
  here(url: string): string {
    return this.delivered(this.pathOf(url));
  }

  /** Return what follows the address of the API in an address that the API has named. */
  private pathOf(url: string): string {
    const {pathname, search} = new URL(url);
    return pathname.slice(pathname.lastIndexOf("/videos/")) + search;
  }

  /** Return the places on a storyboard. The browser keeps the answer. */
  async getStoryboard(url: string): Promise<Storyboard> {
    const path = this.pathOf(url);
    return this.read<Storyboard>(await this.send("GET", path, {delivers: true}, {}, "default"));
  }

  /** Return a page of videos: the same object again while nothing has changed. */
  async listVideos(query: URLSearchParams): Promise<Page> {
    const path = `/videos?${query}`;
    const kept = this.kept.get(path);
    const headers = kept && {"If-None-Match": kept.etag};
    const response = await this.send("GET", path, {}, headers);
    if (response.status === NOT_MODIFIED && kept) return kept.page;
    const page = await this.read<Page>(response);
    const etag = response.headers.get("ETag");
    if (etag) this.kept.set(path, {etag, page});
    const [oldest] = this.kept.keys();
    if (oldest && this.kept.size > KEPT) this.kept.delete(oldest);
    return page;
  }

  getVideo(id: string) {
    return this.call<Video>("GET", `/videos/${id}`);
  }

  createVideo(body: NewVideo, idempotencyKey: string) {
    return this.call<Announced>("POST", "/videos", {body, idempotencyKey});
  }

  /** Return the present address of a file in the storage. */
  async getSource(id: string, query = "") {
    const path = `/videos/${id}/source?redirect=false${query}`;
    const source = await this.call<{url: string; expires_at: string}>("GET", path, {
      delivers: true,
    });
    // An address like `javascript:…` would run in the page of an app.
    if (!/^https?:/.test(source.url)) throw new Error("The API sent an address that is no file's.");
    return source;
  }

  signUpload(id: string, request: unknown) {
    return this.call<SignedRequest>("POST", `/videos/${id}/upload/sign`, {body: request});
  }

  retryVideo(id: string) {
    return this.call<Video>("POST", `/videos/${id}/retry`);
  }

  deleteVideo(id: string) {
    return this.call<undefined>("DELETE", `/videos/${id}`);
  }

  getMe() {
    return this.call<Me>("GET", "/me");
  }

  /** Exchange an API key or a token for a session, which the browser keeps in a cookie. */
  startSession(credential: string) {
    return this.call<undefined>("POST", "/session", {credential});
  }

  endSession() {
    return this.call<undefined>("DELETE", "/session");
  }

  private async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    return this.read<T>(await this.send(method, path, options));
  }

  private async read<T>(response: Response): Promise<T> {
    const text = await response.text().catch((error) => Promise.reject(new Unreachable(error)));
    if (response.status === REFUSED) this.options.onRefused?.();
    if (!response.ok) throw problemOf(response.status, text, this.options.sentenceOf);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  private async send(
    method: string,
    path: string,
    {body, idempotencyKey, credential, delivers = false}: CallOptions,
    more: Record<string, string> = {},
    // By default the browser would answer from its cache, and never pass on a 304.
    cache: RequestCache = "no-store",
  ): Promise<Response> {
    const headers: Record<string, string> = {...more};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
    const options = {
      method,
      headers,
      cache,
      body: body === undefined ? null : JSON.stringify(body),
    };
    const token = credential ?? (await this.token(delivers));
    const response = await this.fetch(path, options, token);
    if (response.status !== REFUSED || credential || !token) return response;
    return this.fetch(path, options, await this.token(delivers, token));
  }

  private async token(delivers: boolean, refused?: string): Promise<string | undefined> {
    const token = await this.options.credential?.(refused);
    return (delivers && this.options.deliveryToken?.()) || token;
  }

  private async fetch(path: string, options: RequestInit, token?: string): Promise<Response> {
    const headers = {...options.headers, ...(token && {Authorization: `Bearer ${token}`})};
    try {
      return await fetch(this.url(path), {
        ...options,
        headers,
        // The API refuses a token beside the cookie of a session.
        credentials: this.options.credential ? "omit" : "same-origin",
        // The page may be closed right after a delete.
        keepalive: options.method === "DELETE",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw new Unreachable(error);
    }
  }
}

export function problemOf(
  status: number,
  text: string,
  sentenceOf: ApiOptions["sentenceOf"] = (_, detail) => detail,
): Error {
  try {
    const {code, detail} = JSON.parse(text);
    if (typeof code === "string" && typeof detail === "string")
      return new ApiProblem(code, status, sentenceOf(code, detail));
  } catch {
    // Not a problem document: most likely a gateway in front of the API has answered.
  }
  return new ApiProblem("unknown", status, t.serviceAnswered(status));
}
