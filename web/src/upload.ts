/**
 * Uploads with Uppy: announces each file to Clipo's API, which then signs each request to S3.
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
import {isolate} from "./format";
import {chooseAtOnce, showAsPaused, warnBeforeLoss} from "./interrupted";
import {canStore} from "./memory";
import {keepPersonsApart, removeOnly} from "./persons";
import {REFUSALS, reportRefused} from "./refusals";
import {allowedExtensions, maxUploadBytes} from "./settings";
import {restartStalled} from "./stalls";

/** The API's own rule. Uppy splits a file before it is announced: `sign` checks the result. */
const partSizeOf = (size: number) => Math.max(8 << 20, Math.ceil(size / 10_000));

/** As long as S3 keeps the parts of an unfinished upload. */
const UPLOAD_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

// The browser stores files up to this size until they are uploaded, so that a reloaded page can
// resume them. The user must choose larger files again; their uploads then resume, too.
const STORED_FILE_BYTES = 2 ** 30;
const STORED_BYTES = 2 ** 31;

const DONE_SHOWN_MS = 1500;
const MESSAGE_MS = 8000;

export interface OurMeta extends Meta {
  /** The id of the announced video. */
  videoId?: string;
  /** The Idempotency-Key of the announcement. */
  announcementKey?: string;
  /** The person who has chosen the file. */
  person?: string;
}
type File = UppyFile<OurMeta, Body>;
type S3Request = Parameters<
  Extract<ConstructorParameters<typeof AwsS3>[1], {signRequest: unknown}>["signRequest"]
>[0];

export interface UploadProgress {
  /** From 0 to 1. */
  fraction: number;
  paused: boolean;
  /** Whether it waits for the network. */
  offline: boolean;
  /** Why it stopped, and what to do. */
  problem: string | null;
}

export interface Uploads {
  /** Resume the uploads of the person who has logged in, and drop those of another one. */
  enter(person: string): void;
  /** The number of files that are not uploaded yet. */
  unfinished(): number;
  /** Cancel all uploads, and delete their videos. */
  cancel(): Promise<void>;
  /** Return the progress of a video that this page uploads, undefined for all others. */
  progressOf(videoId: string): UploadProgress | undefined;
  /** Stop the upload of a deleted video. */
  forget(videoId: string): void;
}

export interface UploadEvents {
  /** Called when a video was announced, and when its upload ends. */
  onVideo(videoId: string): void;
  onProgress(): void;
  /** Called with a message for screen readers. */
  onMessage(sentence: string): void;
}

export function startUploads(target: string, person: string, events: UploadEvents): Uploads {
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
  const enter = keepPersonsApart(uppy, person);
  chooseAtOnce(uppy, target);
  warnBeforeLoss(uppy, isStoredBy(uppy));
  storeUploads(uppy).catch(console.warn);
  const signer = new Signer(uppy, events);
  uppy.use(AwsS3, {
    // Only until the file is announced: the signer then returns the key of the video.
    generateObjectKey: (file) => file.id,
    signRequest: (request) => signer.sign(request),
    getChunkSize: ({size}) => partSizeOf(size),
  });
  followUploads(uppy, events);
  reportRefused(uppy);
  labelFileList(uppy, target);
  showWhenOffline(uppy);
  const retry = retryAfterFaults(uppy);
  restartStalled(uppy);
  return {
    enter: (next) => {
      enter(next);
      retry();
    },
    unfinished: () => unfinished(uppy).length,
    cancel: () => cancelAll(uppy, events),
    progressOf: (videoId) => progressOf(fileOf(uppy, videoId)),
    forget: (videoId) => {
      const file = fileOf(uppy, videoId);
      if (file) uppy.removeFile(file.id);
    },
  };
}

/** Store unfinished uploads in the browser, for one tab only: it must not resume another tab's uploads. */
async function storeUploads(uppy: Uppy<OurMeta, Body>): Promise<void> {
  if (!(await canStore())) return;
  // The tab holds the lock until it is closed; then the next tab gets it.
  await navigator.locks.request("clipo uploads", () => {
    // GoldenRetriever would replace the files of this tab by the stored ones.
    if (uppy.getFiles().length > 0) return;
    uppy.use(GoldenRetriever, {
      expires: UPLOAD_LIFETIME_MS,
      // Uppy's types lack these two options.
      indexedDB: {maxFileSize: STORED_FILE_BYTES, maxTotalSize: STORED_BYTES} as object,
    });
    return new Promise(() => {});
  });
}

const isStoredBy = (uppy: Uppy<OurMeta, Body>) => (file: File) =>
  (file.size ?? 0) <= STORED_FILE_BYTES && Boolean(uppy.getPlugin("GoldenRetriever"));

/** Signs Uppy's requests to S3. */
class Signer {
  constructor(
    private readonly uppy: Uppy<OurMeta, Body>,
    private readonly events: UploadEvents,
  ) {}

  async sign(request: S3Request): Promise<SignedRequest> {
    const videoId = videoIdIn(request.key) ?? (await this.announce(request.key));
    try {
      const signed = await signUpload(videoId, {...request, key: `uploads/${videoId}/source`});
      if (request.method !== "DELETE") this.checkPartSize(videoId, signed.part_size);
      return signed;
    } catch (error) {
      if (!(error instanceof ApiProblem) || request.method === "DELETE") throw error;
      return this.signAnew(videoId, request, error);
    }
  }

  /** Return the id of a file's video; announce the file first if needed. */
  private async announce(fileId: string): Promise<string> {
    const file = this.uppy.getFile(fileId);
    if (file.meta.videoId) return file.meta.videoId;
    // Saved before the request: if its response is lost, the next try sends the same key.
    const announcementKey = file.meta.announcementKey ?? randomText();
    this.uppy.setFileMeta(fileId, {announcementKey});
    const video = await createVideo(file.name ?? "", file.size ?? 0, announcementKey);
    this.uppy.setFileMeta(fileId, {videoId: video.id});
    this.events.onVideo(video.id);
    return video.id;
  }

  private checkPartSize(videoId: string, partSize: number): void {
    const file = fileOf(this.uppy, videoId);
    if (!file || partSizeOf(file.size ?? 0) === partSize) return;
    this.beginAnew(file);
    discard(videoId, this.events);
    throw new Error(
      "This upload began with another release of Clipo. Retry uploads the whole file again;" +
        " if that fails, too, reload the page.",
    );
  }

  /** Forget the video and the parts of a file, so that the next try announces it again. */
  private beginAnew(file: File): void {
    this.uppy.setFileMeta(file.id, {videoId: undefined, announcementKey: undefined});
    this.uppy.setFileState(file.id, {s3Multipart: undefined} as Partial<File>);
  }

  /** Sign a request that the API has refused because the video has arrived, expired or is gone. */
  private async signAnew(
    videoId: string,
    request: S3Request,
    problem: ApiProblem,
  ): Promise<SignedRequest> {
    const file = fileOf(this.uppy, videoId);
    if (!file || !["not_pending", "video_not_found"].includes(problem.code)) throw problem;
    if (problem.code === "not_pending") {
      const {status, error} = await getVideo(videoId);
      // The file has arrived, and only S3's response was lost.
      if (status !== "pending" && error?.code !== "upload_expired") throw new Arrived();
      const {announcementKey} = file.meta;
      // An announcement with the same key revives an expired video.
      const revived =
        announcementKey && (await createVideo(file.name ?? "", file.size ?? 0, announcementKey));
      if (revived && revived.id === videoId) {
        this.events.onVideo(videoId);
        return signUpload(videoId, request);
      }
    }
    this.beginAnew(file);
    if ("uploadId" in request)
      throw new Error(
        "This upload has expired or was deleted. Retry uploads the whole file again.",
      );
    return this.sign({...request, key: file.id});
  }
}

/** Like `crypto.randomUUID`, which needs a page from HTTPS or localhost. */
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
      // Else `file-removed` below would delete the video.
      uppy.setFileState(file.id, {
        progress: {...file.progress, uploadComplete: true},
      } as Partial<File>);
      uppy.removeFile(file.id);
      uppy.info(`${isolate(file.name)} is uploaded.`, "success");
    } else if (file) {
      // So that Retry begins a new multipart upload.
      if (isGone(error)) uppy.setFileState(file.id, {s3Multipart: undefined} as Partial<File>);
      showError(uppy, file, sentenceOf(error));
      events.onProgress();
    }
  });
  uppy.on("file-removed", (file) => {
    const {videoId} = file.meta;
    if (!videoId || file.progress.uploadComplete) return;
    discard(videoId, events);
  });
  uppy.on("complete", ({failed}) => {
    if (failed?.length) return;
    // The library shows the videos from now on.
    setTimeout(() => clearUploaded(uppy), DONE_SHOWN_MS);
  });
}

function clearUploaded(uppy: Uppy<OurMeta, Body>): void {
  if (!uppy.getFiles().every((file) => file.progress.uploadComplete)) return;
  const {isDraggingOver} =
    uppy.getPlugin<Dashboard<OurMeta, Body>>("Dashboard")?.getPluginState() ?? {};
  // Browsers lose a drop if the element below the pointer has just been replaced.
  if (isDraggingOver) setTimeout(() => clearUploaded(uppy), DONE_SHOWN_MS);
  else uppy.clear();
}

const unfinished = (uppy: Uppy<OurMeta, Body>) =>
  uppy.getFiles().filter(({progress}) => !progress.uploadComplete);

async function cancelAll(uppy: Uppy<OurMeta, Body>, events: UploadEvents): Promise<void> {
  const videoIds = unfinished(uppy).flatMap(({meta}) => meta.videoId ?? []);
  for (const {id} of uppy.getFiles()) removeOnly(uppy, id);
  await Promise.all(videoIds.map((id) => discard(id, events)));
}

/** Delete a video whose upload ends here: else it would show up as failed half an hour later. */
const discard = (videoId: string, events: UploadEvents): Promise<void> =>
  deleteVideo(videoId)
    .catch((error) => console.warn("The video stays until it expires.", error))
    .finally(() => events.onVideo(videoId));

/** Show a sentence in place of the error's own message, which Uppy has just shown. */
function showError(uppy: Uppy<OurMeta, Body>, file: File, sentence: string): void {
  uppy.setFileState(file.id, {error: sentence} as Partial<File>);
  uppy.setState({error: sentence, info: uppy.getState().info.slice(0, -1)});
  uppy.info(`${isolate(file.name)}: ${sentence}`, "error", MESSAGE_MS);
}

function showWhenOffline(uppy: Uppy<OurMeta, Body>): void {
  const say = (strings: object) =>
    uppy.getPlugin("Dashboard")?.setOptions({locale: {strings: {...LABELS, ...strings}}});
  uppy.on("is-offline", () => say(OFFLINE));
  uppy.on("back-online", () => say({}));
}

/** Give Uppy's list items the parent with the role `list` that they lack for a single file: https://dequeuniversity.com/rules/axe/4.10/aria-required-parent */
function labelFileList(uppy: Uppy<OurMeta, Body>, target: string): void {
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
  noInternetConnection: "You are offline. Uploads resume when the network is back.",
  connectedToInternet: "The network is back.",
};

/** Labels that replace the progress and the time left. */
const OFFLINE = {
  uploading: "Waiting for the network",
  uploadingXFiles: {0: "Waiting for the network", 1: "Waiting for the network"},
  xTimeLeft: "resumes when it is back",
};

const LABELS = {
  dashboardTitle: "Upload videos",
  dropPasteFiles: "Drop videos here or %{browseFiles}",
  browseFiles: "choose them",
  dropHint: "Drop videos here",
  recoveredAllFiles: "The page was closed during an upload. You can resume it.",
  recoveredXFiles: {
    0: "The page was closed during an upload. Choose the file again to resume it.",
    1: "The page was closed during uploads. Choose the %{smart_count} files again to resume them.",
  },
  xFilesSelected: {0: "Upload videos", 1: "Upload videos"},
  // Uploads begin by themselves, so this button only resumes interrupted ones.
  uploadXFiles: {0: "Resume the upload", 1: "Resume %{smart_count} uploads"},
  sessionRestored: "An upload was interrupted",
};
