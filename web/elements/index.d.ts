/** The custom elements of Clipo, described in docs/elements.md. Importing the package defines them. */

/** A video as `GET /videos/{id}` returns it; docs/api.md has all of its fields. */
export interface ClipoVideo {
  id: string;
  filename: string;
  size: number;
  owner: string | null;
  visibility: "private" | "public";
  status: "pending" | "processing" | "done" | "failed";
  passthrough: string | null;
  created_at: string;
  /** Null until the video is done, as are the next two. */
  media: {
    container: string;
    /** Null if the file does not say it. */
    duration_s: number | null;
    width: number;
    height: number;
    frame_rate: number | null;
    video_codec: string;
    audio_codec: string | null;
  } | null;
  thumbnail: {url: string; width: number; height: number; placeholder: string | null} | null;
  pictures: {
    image_url: string;
    storyboard_url: string | null;
    storyboard_json_url: string | null;
  } | null;
  error: {code: string; message: string; retryable: boolean} | null;
}

export interface ClipoProgress {
  /** Undefined until the file is announced. */
  videoId: string | undefined;
  name: string;
  size: number;
  state:
    | "waiting"
    | "uploading"
    | "paused"
    | "offline"
    | "stopped"
    | "interrupted"
    | "lost"
    | "cancelled"
    | "uploaded";
  /** From 0 to 1. */
  fraction: number;
  bytesPerS: number | null;
  secondsLeft: number | null;
}

export interface ClipoFailure {
  videoId: string | undefined;
  name: string;
  /** A code of the API, or `network_failed`, `storage_refused` or `duplicate`. */
  code: string;
  /** A sentence for people. */
  message: string;
}

export interface ClipoDenial {
  /** `unauthenticated` if there is no session any more, `forbidden` if the user may not do this. */
  code: "unauthenticated" | "forbidden";
  /** The sentence that the element shows. */
  message: string;
}

/** The events of all elements. */
export interface ClipoAccessEvents {
  /** Your backend or Clipo denies access: once, until it is granted again. */
  "clipo-denied": CustomEvent<ClipoDenial>;
}

export interface ClipoUploadEvents extends ClipoAccessEvents {
  "clipo-progress": CustomEvent<ClipoProgress>;
  /** The file has arrived; Clipo now processes it. */
  "clipo-uploaded": CustomEvent<{videoId: string; name: string}>;
  /** Clipo has processed the video. */
  "clipo-done": CustomEvent<{videoId: string; name: string; video: ClipoVideo}>;
  "clipo-failed": CustomEvent<ClipoFailure>;
}

export interface ClipoGridEvents extends ClipoAccessEvents {
  "clipo-select": CustomEvent<{videoId: string; video: ClipoVideo}>;
  "clipo-deleted": CustomEvent<{videoId: string}>;
}

interface ElementWith<Events> extends HTMLElement {
  addEventListener<Name extends keyof Events>(
    type: Name,
    listener: (event: Events[Name]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Name extends keyof Events>(
    type: Name,
    listener: (event: Events[Name]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** `<clipo-upload endpoint api accept capture multiple disabled passthrough>` */
export interface ClipoUploadElement extends ElementWith<ClipoUploadEvents> {
  /** Upload files, as if the user had chosen them. */
  add(files: Iterable<File>): void;
  /** End all uploads of the user, delete their videos, and forget their files: for a log-out. */
  cancelAll(): Promise<void>;
}

/** `<clipo-grid endpoint api>` */
export interface ClipoGridElement extends ElementWith<ClipoGridEvents> {
  /** Ask for the videos now. */
  refresh(): void;
}

/** `<clipo-player endpoint api video-id>` */
export interface ClipoPlayerElement extends ElementWith<ClipoAccessEvents> {
  /** The attribute `video-id`. */
  videoId: string | null;
}

declare global {
  /** All events bubble. */
  interface DocumentEventMap extends ClipoUploadEvents, ClipoGridEvents {}
  interface HTMLElementTagNameMap {
    "clipo-upload": ClipoUploadElement;
    "clipo-grid": ClipoGridElement;
    "clipo-player": ClipoPlayerElement;
  }
}
