/**
 * Uploads with Uppy: announces each file to Clipo's API, which then signs each request to S3.
 * Nothing here knows a page: views show the state. https://uppy.io/docs/aws-s3/
 */

import AwsS3 from "@uppy/aws-s3";
import Uppy, {type Body} from "@uppy/core";
import GoldenRetriever from "@uppy/golden-retriever";
import type {Api} from "../api";
import {Store} from "../store";
import {t} from "../strings";
import {isGone, retryAfterFaults, sentenceOf} from "./faults";
import {fileOf, type OurMeta, type UploadFile} from "./files";
import {resumeStored, takeOverStored, warnBeforeLoss} from "./interrupted";
import {canStore} from "./memory";
import {Pace} from "./pace";
import {keepPersonsApart, removeOnly} from "./persons";
import {addRefused, type Limits, type Refusal, reasonAgainst} from "./refusals";
import {Arrived, partSizeOf, Signer} from "./signer";
import {restartStalled} from "./stalls";

/** As long as S3 keeps the parts of an unfinished upload. */
const UPLOAD_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

// The browser stores files up to this size until they are uploaded, so that a reloaded page can
// resume them. The user must choose larger files again; their uploads then resume, too.
const STORED_FILE_BYTES = 2 ** 30;
const STORED_BYTES = 2 ** 31;

const UNDO_MS = 10_000;
const DONE_SHOWN_MS = 1500;
const REFRESH_MS = 100;

export type UploadState =
  | "waiting"
  | "uploading"
  | "paused"
  | "offline"
  /** It stopped, and `problem` says why. */
  | "stopped"
  /** The page was closed during the upload. */
  | "interrupted"
  /** The same, and the browser has not stored the file. */
  | "lost"
  | "cancelled"
  | "uploaded";

/** An upload as a view shows it. */
export interface Upload {
  id: string;
  videoId: string | undefined;
  name: string;
  size: number;
  state: UploadState;
  /** From 0 to 1. */
  fraction: number;
  bytesPerS: number | null;
  secondsLeft: number | null;
  problem: string | null;
}

export interface UploadsState {
  uploads: readonly Upload[];
  refusals: readonly Refusal[];
}

export interface UploadEvents {
  /** Called when a video was announced, and when its upload ends. */
  onVideo?(videoId: string): void;
  /** Called with a message for screen readers. */
  onMessage?(sentence: string): void;
}

export class Uploads extends Store<UploadsState> {
  private readonly uppy = new Uppy<OurMeta, Body>({
    id: "clipo",
    autoProceed: true,
    // Uppy's own messages are not shown: `addRefused` finds duplicates by this one.
    locale: {strings: {noDuplicates: "duplicate"}, pluralize: (count) => (count === 1 ? 0 : 1)},
  });
  private readonly pace = new Pace();
  private readonly enterAs: (person: string) => void;
  private readonly retryWaiting: () => void;
  /** Cancelled uploads, until it is too late to undo that. */
  private readonly undoable = new Map<string, ReturnType<typeof setTimeout>>();
  /** Cancelled files of which the API knows nothing yet. */
  private readonly removed = new Map<string, {file: UploadFile; upload: Upload}>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: Api,
    private readonly limits: Limits,
    person: string,
    private readonly events: UploadEvents = {},
  ) {
    super({uploads: [], refusals: []});
    const {uppy} = this;
    takeOverStored(uppy);
    this.enterAs = keepPersonsApart(uppy, person);
    warnBeforeLoss(uppy, (file) => this.isStored(file));
    this.storeUploads().catch(console.warn);
    // In a closed page a cancel cannot be undone.
    addEventListener("pagehide", () => this.forgetAllCancelled());
    const onVideo = (id: string) => this.events.onVideo?.(id);
    const signer = new Signer(uppy, api, onVideo, (id) => void this.discard(id));
    uppy.use(AwsS3, {
      // Only until the file is announced: the signer then returns the key of the video.
      generateObjectKey: (file) => file.id,
      signRequest: (request) => signer.sign(request),
      getChunkSize: ({size}) => partSizeOf(size),
    });
    this.follow();
    this.retryWaiting = retryAfterFaults(uppy);
    restartStalled(uppy);
  }

  /** Resume the uploads of the person who has logged in, and drop those of another one. */
  enter(person: string): void {
    this.enterAs(person);
    this.retryWaiting();
  }

  /** Upload files; those that cannot be uploaded become refusals. */
  add(files: readonly File[]): void {
    const good: File[] = [];
    for (const file of files) {
      const reason = reasonAgainst(file, this.limits);
      if (reason) this.refuse(file.name, reason);
      else good.push(file);
    }
    this.uppy.addFiles(good.map(describe));
  }

  dismiss(reason: Refusal["reason"]): void {
    this.set({refusals: this.current.refusals.filter((one) => one.reason !== reason)});
  }

  pause(id: string): void {
    const file = this.uppy.getFile(id);
    if (!file.isPaused) this.uppy.pauseResume(id);
  }

  resume(id: string): void {
    const file = this.uppy.getFile(id);
    if (file.error) void this.uppy.retryUpload(id);
    else if (isRestored(file)) resumeStored(this.uppy, file);
    else if (file.isPaused) this.uppy.pauseResume(id);
  }

  /** Give an interrupted upload its file again, which the browser has not stored. */
  chooseAgain(files: readonly File[]): void {
    const lost = this.uppy.getFiles().filter(({isGhost}) => isGhost);
    this.add(files);
    for (const {id} of lost) if (!this.uppy.getFile(id)?.isGhost) this.resume(id);
  }

  /** Stop an upload, and delete its video when it is too late to undo that. */
  cancel(id: string): void {
    const file = this.uppy.getFile(id);
    if (!file || file.progress.uploadComplete) return;
    if (file.meta.videoId) {
      this.uppy.setFileMeta(id, {cancelled: true});
      if (!file.isPaused && !file.error) this.uppy.pauseResume(id);
    } else {
      this.removed.set(id, {file, upload: {...this.show(file), state: "cancelled"}});
      this.uppy.removeFile(id);
    }
    this.undoable.set(
      id,
      setTimeout(() => this.forgetCancelled(id), UNDO_MS),
    );
    this.events.onMessage?.(t.cancelledUpload(file.name));
    this.refreshSoon();
  }

  /** Go on with a cancelled upload. */
  undo(id: string): void {
    clearTimeout(this.undoable.get(id));
    this.undoable.delete(id);
    const removed = this.removed.get(id);
    this.removed.delete(id);
    if (removed) this.uppy.addFiles([describe(removed.file.data as File)]);
    else {
      this.uppy.setFileMeta(id, {cancelled: undefined});
      this.resume(id);
    }
    this.refreshSoon();
  }

  /** The number of files that are not uploaded yet. */
  get unfinished(): number {
    return this.uppy.getFiles().filter(isUnfinished).length;
  }

  /** Cancel all uploads for good, and delete their videos. */
  async cancelAll(): Promise<void> {
    const videoIds = this.uppy
      .getFiles()
      .filter(isUnfinished)
      .flatMap(({meta}) => meta.videoId ?? []);
    for (const timer of this.undoable.values()) clearTimeout(timer);
    this.undoable.clear();
    this.removed.clear();
    for (const {id} of this.uppy.getFiles()) removeOnly(this.uppy, id);
    await Promise.all(videoIds.map((id) => this.discard(id)));
  }

  /** Stop the upload of a deleted video. */
  forget(videoId: string): void {
    const file = fileOf(this.uppy, videoId);
    if (file) this.uppy.removeFile(file.id);
  }

  private refuse(name: string, reason: Refusal["reason"]): void {
    if (this.current.refusals.length === 0) queueMicrotask(() => this.sayRefusals());
    this.set({refusals: addRefused(this.current.refusals, name, reason)});
  }

  private sayRefusals(): void {
    const {refusals} = this.current;
    const sentences = refusals.map(({names, reason}) => t.refusal(names, reason, this.limits));
    this.events.onMessage?.(sentences.join(" "));
  }

  private forgetCancelled(id: string): void {
    this.undoable.delete(id);
    this.removed.delete(id);
    if (this.uppy.getFile(id)) this.uppy.removeFile(id);
    this.refreshSoon();
  }

  private forgetAllCancelled(): void {
    for (const [id, timer] of this.undoable) {
      clearTimeout(timer);
      this.forgetCancelled(id);
    }
  }

  private follow(): void {
    const {uppy} = this;
    uppy.on("state-update", () => this.refreshSoon());
    for (const event of ["is-offline", "is-online"] as const)
      uppy.on(event, () => this.refreshSoon());
    uppy.on("restriction-failed", (file, error) => {
      if (error.message === "duplicate") this.refuse(file?.name ?? "", "duplicate");
    });
    uppy.on("upload-success", (file) => this.onUploaded(file));
    uppy.on("upload-error", (file, error) => this.onStopped(file, error));
    uppy.on("file-removed", (file) => {
      this.pace.forget(file.id);
      const {videoId} = file.meta;
      if (videoId && !file.progress.uploadComplete) void this.discard(videoId);
    });
  }

  private onUploaded(file: UploadFile | undefined): void {
    if (!file) return;
    this.events.onMessage?.(t.uploaded(file.name));
    if (file.meta.videoId) this.events.onVideo?.(file.meta.videoId);
    // The list shows the video from now on.
    setTimeout(() => this.uppy.getFile(file.id) && this.uppy.removeFile(file.id), DONE_SHOWN_MS);
  }

  private onStopped(file: UploadFile | undefined, error: Error): void {
    if (!file) return;
    if (error instanceof Arrived) {
      // Else `file-removed` would delete the video.
      this.uppy.setFileState(file.id, {
        error: undefined,
        progress: {...file.progress, uploadComplete: true},
      } as Partial<UploadFile>);
      this.onUploaded(file);
      return;
    }
    // So that Retry begins a new multipart upload.
    if (isGone(error))
      this.uppy.setFileState(file.id, {s3Multipart: undefined} as Partial<UploadFile>);
    const sentence = sentenceOf(error, this.limits);
    this.uppy.setFileState(file.id, {error: sentence} as Partial<UploadFile>);
    this.events.onMessage?.(t.stopped(file.name, sentence));
  }

  /** Delete a video whose upload ends here: else it would show up as failed half an hour later. */
  private discard(videoId: string): Promise<void> {
    return this.api
      .deleteVideo(videoId)
      .catch((error) => console.warn("The video stays until it expires.", error))
      .finally(() => this.events.onVideo?.(videoId));
  }

  private refreshSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const removed = [...this.removed.values()].map(({upload}) => upload);
      this.set({uploads: [...this.uppy.getFiles().map((file) => this.show(file)), ...removed]});
    }, REFRESH_MS);
  }

  private show(file: UploadFile): Upload {
    const sent = Number(file.progress.bytesUploaded) || 0;
    const size = file.size ?? 0;
    const state = stateOf(file);
    const bytesPerS = state === "uploading" ? this.pace.of(file.id, sent) : null;
    return {
      id: file.id,
      videoId: file.meta.videoId,
      name: file.name,
      size,
      state,
      fraction: size ? Math.min(sent / size, 1) : 0,
      bytesPerS,
      secondsLeft: bytesPerS ? (size - sent) / bytesPerS : null,
      problem: file.error ?? null,
    };
  }

  /** Store unfinished uploads in the browser, for one tab only: it must not resume another tab's uploads. */
  private async storeUploads(): Promise<void> {
    if (!(await canStore())) return;
    // The tab holds the lock until it is closed; then the next tab gets it.
    await navigator.locks.request("clipo uploads", () => {
      // GoldenRetriever would replace the files of this tab by the stored ones.
      if (this.uppy.getFiles().length > 0) return;
      this.uppy.use(GoldenRetriever, {
        expires: UPLOAD_LIFETIME_MS,
        // Uppy's types lack these two options.
        indexedDB: {maxFileSize: STORED_FILE_BYTES, maxTotalSize: STORED_BYTES} as object,
      });
      return new Promise(() => {});
    });
  }

  private isStored(file: UploadFile): boolean {
    return (file.size ?? 0) <= STORED_FILE_BYTES && Boolean(this.uppy.getPlugin("GoldenRetriever"));
  }
}

const describe = (file: File) => ({name: file.name, type: file.type, data: file});

const isUnfinished = ({progress}: UploadFile) => !progress.uploadComplete;

const isRestored = (file: UploadFile) => Boolean((file as {isRestored?: boolean}).isRestored);

function stateOf(file: UploadFile): UploadState {
  if (file.progress.uploadComplete) return "uploaded";
  if (file.meta.cancelled) return "cancelled";
  if (file.isGhost) return "lost";
  if (file.error) return "stopped";
  if (file.isPaused) return isRestored(file) ? "interrupted" : "paused";
  if (!navigator.onLine) return "offline";
  return file.meta.videoId ? "uploading" : "waiting";
}
