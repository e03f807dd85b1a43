/**
 * Uppy, wired to the API: each file is announced, then its requests to S3 are signed one by one.
 * https://uppy.io/docs/aws-s3/
 */

import AwsS3 from "@uppy/aws-s3";
import Uppy, {type Body, type Meta, type UppyFile} from "@uppy/core";
import Dashboard from "@uppy/dashboard";
import GoldenRetriever from "@uppy/golden-retriever";
import {
  ApiProblem,
  createVideo,
  deleteVideo,
  getVideo,
  type SignedRequest,
  signUpload,
} from "./api";
import {isGone, retryAfterFaults, sentenceOf} from "./faults";
import {chooseAtOnce, showAsPaused, warnBeforeLoss} from "./interrupted";
import {keepsThings} from "./memory";
import {nameRefused, REFUSALS} from "./refusals";
import {allowedExtensions, maxUploadBytes} from "./settings";
import {restartStalled} from "./stalls";

const MIN_PART_BYTES = 8 << 20;
const MAX_PARTS = 10_000;

// Files of this size are kept in the browser until they are uploaded, so that a page that was
// reloaded goes on by itself. Larger ones have to be chosen again: then, too, they go on where they were.
const KEPT_FILE_BYTES = 2 ** 30;
const KEPT_BYTES = 2 ** 31;

const DONE_SHOWN_MS = 1500;
const MESSAGE_MS = 8000;

interface OurMeta extends Meta {
  /** Given by the API when the file was announced. */
  videoId?: string;
  /** Makes the announcement safe to repeat. */
  announcement?: string;
}
type File = UppyFile<OurMeta, Body>;
type S3Request = Parameters<
  Extract<ConstructorParameters<typeof AwsS3>[1], {signRequest: unknown}>["signRequest"]
>[0];

export interface UploadProgress {
  /** From 0 to 1. */
  fraction: number;
  paused: boolean;
  /** It waits for the network. */
  offline: boolean;
  /** Why it does not go on by itself, and what to do. */
  problem: string | null;
}

export interface Uploads {
  /** Where a video's upload from this page is; undefined for all others. */
  progressOf(videoId: string): UploadProgress | undefined;
  /** Stop uploading a video that is deleted. */
  forget(videoId: string): void;
}

export interface UploadEvents {
  /** A video was announced, or its upload has come to an end. */
  onVideo(videoId: string): void;
  onProgress(): void;
  /** For a person; screen readers say it. */
  onMessage(sentence: string): void;
}

export function startUploads(target: string, events: UploadEvents): Uploads {
  const uppy = new Uppy<OurMeta, Body>({
    id: "clipo",
    autoProceed: true,
    infoTimeout: MESSAGE_MS,
    restrictions: {
      allowedFileTypes: allowedExtensions.map((extension) => `.${extension}`),
      maxFileSize: maxUploadBytes,
      minFileSize: 1,
    },
    locale: {strings: {...REFUSALS, ...CONNECTION}, pluralize: (count) => (count === 1 ? 0 : 1)},
  });
  uppy.use(Dashboard, {
    target,
    inline: true,
    width: "100%",
    height: 320,
    theme: "auto",
    fileManagerSelectionType: "files",
    proudlyDisplayPoweredByUppy: false,
    doneButtonHandler: null,
    locale: {strings: LABELS},
  });
  showAsPaused(uppy);
  chooseAtOnce(uppy, target);
  warnBeforeLoss(uppy, isKeptBy(uppy));
  remember(uppy).catch(console.warn);
  const signer = new Signer(uppy, events);
  uppy.use(AwsS3, {
    // Names the file until it is announced: the signer then answers with the video's own key.
    generateObjectKey: (file) => file.id,
    signRequest: (request) => signer.sign(request),
    getChunkSize: ({size}) => Math.max(MIN_PART_BYTES, Math.ceil(size / MAX_PARTS)),
  });
  followUploads(uppy, events);
  nameRefused(uppy);
  nameListOfFiles(uppy, target);
  sayWhenOffline(uppy);
  retryAfterFaults(uppy);
  restartStalled(uppy);
  return {
    progressOf: (videoId) => progressOf(fileOf(uppy, videoId)),
    forget: (videoId) => {
      const file = fileOf(uppy, videoId);
      if (file) uppy.removeFile(file.id);
    },
  };
}

/** Keep what is uploaded for the page's next life: in one tab only, as another's uploads are no leftovers. */
async function remember(uppy: Uppy<OurMeta, Body>): Promise<void> {
  if (!(await keepsThings())) return;
  // Held until the tab is closed; then the next one takes over.
  await navigator.locks.request("clipo uploads", () => {
    // What it finds takes the place of what there is.
    if (uppy.getFiles().length > 0) return;
    uppy.use(GoldenRetriever, {
      // Its types know only two of the options that it hands to its store.
      indexedDB: {maxFileSize: KEPT_FILE_BYTES, maxTotalSize: KEPT_BYTES} as object,
    });
    return new Promise(() => {});
  });
}

const isKeptBy = (uppy: Uppy<OurMeta, Body>) => (file: File) =>
  (file.size ?? 0) <= KEPT_FILE_BYTES && Boolean(uppy.getPlugin("GoldenRetriever"));

/** Answers Uppy's wishes to send something to S3, with a sentence where it cannot. */
class Signer {
  constructor(
    private readonly uppy: Uppy<OurMeta, Body>,
    private readonly events: UploadEvents,
  ) {}

  async sign(request: S3Request): Promise<SignedRequest> {
    const videoId = videoIdIn(request.key) ?? (await this.announced(request.key));
    try {
      return await signUpload(videoId, {...request, key: `uploads/${videoId}/source`});
    } catch (error) {
      if (!(error instanceof ApiProblem) || request.method === "DELETE") throw error;
      return this.signAnew(videoId, request, error);
    }
  }

  /** Return the id of a file's video, which is announced at the first time. */
  private async announced(fileId: string): Promise<string> {
    const file = this.uppy.getFile(fileId);
    if (file.meta.videoId) return file.meta.videoId;
    // Kept: an announcement of which the answer was lost is repeated, not made twice.
    const announcement = file.meta.announcement ?? randomText();
    this.uppy.setFileMeta(fileId, {announcement});
    const video = await createVideo(file.name ?? "", file.size ?? 0, announcement);
    this.uppy.setFileMeta(fileId, {videoId: video.id});
    this.events.onVideo(video.id);
    return video.id;
  }

  /** What to do when a video cannot be uploaded any more: it has arrived, expired or is gone. */
  private async signAnew(
    videoId: string,
    request: S3Request,
    problem: ApiProblem,
  ): Promise<SignedRequest> {
    const file = fileOf(this.uppy, videoId);
    if (!file || !["not_pending", "video_not_found"].includes(problem.code)) throw problem;
    if (problem.code === "not_pending") {
      const {status, error} = await getVideo(videoId);
      // S3 had all of it, only its answer was lost.
      if (status !== "pending" && error?.code !== "upload_expired") throw new Arrived();
      const {announcement} = file.meta;
      // The same announcement again revives a video that was waited for too long.
      const revived =
        announcement && (await createVideo(file.name ?? "", file.size ?? 0, announcement));
      if (revived && revived.id === videoId) {
        this.events.onVideo(videoId);
        return signUpload(videoId, request);
      }
    }
    this.uppy.setFileMeta(file.id, {videoId: undefined, announcement: undefined});
    this.uppy.setFileState(file.id, {s3Multipart: undefined} as Partial<File>);
    if ("uploadId" in request)
      throw new Error("This upload has expired or was deleted. Retry uploads the file anew.");
    return this.sign({...request, key: file.id});
  }
}

/** As `crypto.randomUUID`, which is missing where the page came neither by HTTPS nor from this machine. */
const randomText = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

class Arrived extends Error {
  constructor() {
    super("The file has arrived.");
  }
}

const PROGRESS = [
  "restored",
  "is-offline",
  "back-online",
  "upload-progress",
  "upload-pause",
  "pause-all",
  "resume-all",
  "upload-retry",
  "retry-all",
] as const;

function followUploads(uppy: Uppy<OurMeta, Body>, events: UploadEvents): void {
  for (const event of PROGRESS) uppy.on(event, events.onProgress);
  uppy.on("upload-success", (file) => {
    if (!file?.meta.videoId) return;
    events.onMessage(`${file.name} is uploaded.`);
    events.onVideo(file.meta.videoId);
  });
  uppy.on("upload-error", (file, error) => {
    if (error instanceof Arrived && file) {
      // Not an upload that is given up: see below.
      uppy.setFileState(file.id, {
        progress: {...file.progress, uploadComplete: true},
      } as Partial<File>);
      uppy.removeFile(file.id);
      uppy.info(`${file.name} has arrived.`, "success");
    } else if (file) {
      // So that Retry begins a new upload in parts.
      if (isGone(error)) uppy.setFileState(file.id, {s3Multipart: undefined} as Partial<File>);
      tell(uppy, file, sentenceOf(error));
      events.onProgress();
    }
  });
  uppy.on("file-removed", (file) => {
    const {videoId} = file.meta;
    if (!videoId || file.progress.uploadComplete) return;
    // Whoever gives an upload up does not want to see it fail half an hour later.
    deleteVideo(videoId)
      .catch((error) => console.warn("The video stays until it expires.", error))
      .finally(() => events.onVideo(videoId));
  });
  uppy.on("complete", ({failed}) => {
    if (failed?.length) return;
    // The library shows it from here on.
    setTimeout(() => {
      if (uppy.getFiles().every((file) => file.progress.uploadComplete)) uppy.clear();
    }, DONE_SHOWN_MS);
  });
}

/** Say what is wrong where Uppy has just said the error's own words. */
function tell(uppy: Uppy<OurMeta, Body>, file: File, sentence: string): void {
  uppy.setFileState(file.id, {error: sentence} as Partial<File>);
  uppy.setState({error: sentence, info: uppy.getState().info.slice(0, -1)});
  uppy.info(`${file.name}: ${sentence}`, "error", MESSAGE_MS);
}

function sayWhenOffline(uppy: Uppy<OurMeta, Body>): void {
  const say = (strings: object) =>
    uppy.getPlugin("Dashboard")?.setOptions({locale: {strings: {...LABELS, ...strings}}});
  uppy.on("is-offline", () => say(OFFLINE));
  uppy.on("back-online", () => say({}));
}

/** A single file of Dashboard's is an item of no list: https://dequeuniversity.com/rules/axe/4.10/aria-required-parent */
function nameListOfFiles(uppy: Uppy<OurMeta, Body>, target: string): void {
  uppy.on("state-update", () =>
    queueMicrotask(() => {
      document.querySelector(`${target} .uppy-Dashboard-files`)?.setAttribute("role", "list");
    }),
  );
}

const videoIdIn = (key: string) => /^uploads\/([0-9a-f]{24})\/source$/.exec(key)?.[1];

const fileOf = (uppy: Uppy<OurMeta, Body>, videoId: string) =>
  uppy.getFiles().find((file) => file.meta.videoId === videoId);

function progressOf(file: File | undefined): UploadProgress | undefined {
  if (!file || file.progress.uploadComplete) return undefined;
  const {bytesUploaded} = file.progress;
  return {
    fraction: file.size ? Math.min((Number(bytesUploaded) || 0) / file.size, 1) : 0,
    paused: file.isPaused === true,
    offline: !navigator.onLine,
    problem: file.error ?? null,
  };
}

const CONNECTION = {
  noInternetConnection: "You are offline. Uploads go on when the network is back.",
  connectedToInternet: "The network is back.",
};

/** Instead of how long it will take. */
const OFFLINE = {
  uploading: "Waiting for the network",
  uploadingXFiles: {0: "Waiting for the network", 1: "Waiting for the network"},
  xTimeLeft: "as soon as it is back",
};

const LABELS = {
  dashboardTitle: "Upload videos",
  dropPasteFiles: "Drop videos here or %{browseFiles}",
  browseFiles: "choose them",
  dropHint: "Drop videos here",
  recoveredAllFiles: "The page was closed in the middle of an upload. It can go on where it was.",
  recoveredXFiles: {
    0: "The page was closed in the middle of an upload. Choose the file again, and it goes on where it was.",
    1: "The page was closed in the middle of uploads. Choose the %{smart_count} files again, and they go on where they were.",
  },
  xFilesSelected: {0: "Upload videos", 1: "Upload videos"},
  // Uploads begin by themselves: the button is there for those that were interrupted.
  uploadXFiles: {0: "Resume the upload", 1: "Resume %{smart_count} uploads"},
  sessionRestored: "An upload was interrupted",
};
