/** The uploads of a page. Nothing here knows a page: views show the state. */

import type {Api} from "../api";
import {isRefused} from "../api";
import {t} from "../shared-strings";
import {Store} from "../store";
import {codeOf, isFinal, isGone, isTransient, sentenceOf} from "./faults";
import {Pace} from "./pace";
import {addRefused, type Limits, type Refusal, reasonAgainst} from "./refusals";
import {Arrived, forgetParts, Sender} from "./sender";
import {canStore, type Note, Vault} from "./vault";

/** As long as S3 keeps the parts of an unfinished upload. */
const LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;
/** How many files are uploaded at once. */
const TOGETHER = 4;
const UNDO_MS = 10_000;
const DONE_SHOWN_MS = 1500;
const REFRESH_MS = 100;
const FIRST_RETRY_MS = 2000;
const LAST_RETRY_MS = 15_000;

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
  /** Whether the file itself is the reason, so that no retry helps. */
  isFinal: boolean;
  /** Whether it has stopped and will go on by itself. */
  resumes: boolean;
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
  onUploaded?(upload: Upload): void;
  /** Called for each file that cannot be uploaded. */
  onRefused?(name: string, reason: Refusal["reason"]): void;
  /** Called when an upload stops until the user acts. */
  onFailed?(upload: Upload, code: string): void;
}

interface Job {
  note: Note;
  /** Null until the user chooses the file again. */
  file: File | null;
  state: "queued" | "running" | Exclude<UploadState, "waiting" | "uploading" | "offline">;
  sent: number;
  problem: string | null;
  isFinal: boolean;
  resumes: boolean;
  /** Ends the requests of a running upload. */
  ends: AbortController;
}

/** States in which a file that is chosen again is meant to be uploaded. */
const AGAIN: readonly Job["state"][] = ["lost", "interrupted", "paused", "stopped"];

export interface UploadsOptions extends UploadEvents {
  limits: Limits;
  /** Whose uploads these are. */
  person: string;
  /** The name under which the browser stores them. */
  place?: string;
}

export class Uploads extends Store<UploadsState> {
  private readonly jobs = new Map<string, Job>();
  private readonly limits: Limits;
  private readonly events: UploadEvents;
  private readonly pace = new Pace();
  private readonly sender: Sender;
  private person: string;
  private vault: Vault | null = null;
  /** Cancelled uploads, until it is too late to undo that. */
  private readonly undoable = new Map<string, ReturnType<typeof setTimeout>>();
  /** Stopped uploads to be tried again when the network, the service or the session is back. */
  private readonly retryable = new Set<Job>();
  private retryDelay = FIRST_RETRY_MS;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: Api,
    {limits, person, place = "clipo-uploads", ...events}: UploadsOptions,
  ) {
    super({uploads: [], refusals: []});
    this.limits = limits;
    this.person = person;
    this.events = events;
    this.sender = new Sender(api, {
      save: (note) => this.save(note),
      onVideo: (note) => this.onVideo(note),
      onProgress: ({id}, bytes) => this.onProgress(id, bytes),
    });
    this.followNetwork();
    this.warnBeforeLoss();
    // In a closed page a cancel cannot be undone.
    addEventListener("pagehide", () => this.forgetAllCancelled());
    this.openVault(place).catch(console.warn);
  }

  /** Resume the uploads of the person who has logged in, and drop those of another one. */
  enter(person: string): void {
    this.person = person;
    this.dropOthers();
    this.retryNow();
  }

  /** Upload files; those that cannot be uploaded become refusals. */
  add(files: readonly File[], passthrough?: string): void {
    for (const file of files) {
      const id = [file.name, file.type, file.size, file.lastModified].join("/");
      const job = this.jobs.get(id);
      const reason = reasonAgainst(file, this.limits);
      if (reason) this.refuse(file.name, reason);
      else if (job && AGAIN.includes(job.state)) this.beginAgain(job, file);
      else if (job?.state === "cancelled") this.undo(id);
      else if (job) this.refuse(file.name, "duplicate");
      else this.begin(this.newJob(id, file, passthrough));
    }
    this.runNext();
  }

  dismiss(reason: Refusal["reason"]): void {
    this.set({refusals: this.current.refusals.filter((one) => one.reason !== reason)});
  }

  pause(id: string): void {
    const job = this.jobs.get(id);
    if (job?.state === "queued" || job?.state === "running") this.stop(job, "paused");
  }

  resume(id: string): void {
    const job = this.jobs.get(id);
    if (!job || job.state === "running" || job.state === "uploaded") return;
    job.problem = null;
    this.retryable.delete(job);
    job.state = job.file ? "queued" : "lost";
    this.runNext();
  }

  /** Stop an upload, and delete its video when it is too late to undo that. */
  cancel(id: string): void {
    const job = this.jobs.get(id);
    if (!job || job.state === "uploaded" || job.state === "cancelled") return;
    if (job.isFinal) {
      this.forgetCancelled(id);
      return;
    }
    this.stop(job, "cancelled");
    job.note.cancelled = true;
    this.save(job.note);
    this.undoable.set(
      id,
      setTimeout(() => this.forgetCancelled(id), UNDO_MS),
    );
    this.events.onMessage?.(t.cancelledUpload(job.note.name));
  }

  /** Go on with a cancelled upload. */
  undo(id: string): void {
    const job = this.jobs.get(id);
    clearTimeout(this.undoable.get(id));
    if (!this.undoable.delete(id) || !job) return;
    job.note.cancelled = undefined;
    this.save(job.note);
    this.resume(id);
  }

  /** The number of files that are not uploaded yet. */
  get unfinished(): number {
    return this.open.length;
  }

  /** Cancel all uploads for good, and delete their videos. */
  async cancelAll(): Promise<void> {
    const videoIds = this.open.flatMap(({note}) => note.videoId ?? []);
    for (const job of [...this.jobs.values()]) this.remove(job);
    await Promise.all(videoIds.map((id) => this.discard(id)));
  }

  /** Stop the upload of a deleted video. */
  forget(videoId: string): void {
    const job = [...this.jobs.values()].find(({note}) => note.videoId === videoId);
    if (job) this.remove(job);
  }

  private get open(): Job[] {
    return [...this.jobs.values()].filter(({state}) => state !== "uploaded");
  }

  private newJob(id: string, file: File, passthrough: string | undefined): Job {
    const {name, size} = file;
    const {person} = this;
    const note = {id, name, size, passthrough, person, addedAt: Date.now(), etags: []};
    return jobOf(note, file, "queued");
  }

  private begin(job: Job): void {
    job.state = "queued";
    this.jobs.set(job.note.id, job);
    this.store(job);
  }

  /** Go on with an upload whose file the user has chosen once more. */
  private beginAgain(job: Job, file: File): void {
    this.retryable.delete(job);
    this.begin({...job, file, problem: null, isFinal: false, resumes: false});
  }

  /** Run uploads that wait, a few at once. */
  private runNext(): void {
    this.refreshSoon();
    if (!navigator.onLine) return;
    const running = this.open.filter(({state}) => state === "running").length;
    const waiting = this.open.filter(({state}) => state === "queued");
    for (const job of waiting.slice(0, Math.max(TOGETHER - running, 0))) void this.run(job);
  }

  private async run(job: Job): Promise<void> {
    const {note, file} = job;
    if (!file) return;
    job.ends = new AbortController();
    const {signal} = job.ends;
    job.state = "running";
    job.sent = note.etags.length * (note.partSize ?? 0);
    try {
      await this.sender.upload(note, file, signal);
      this.onUploaded(job);
    } catch (error) {
      // The call that ended it has also set its state.
      if (!signal.aborted) this.onStopped(job, error as Error);
    }
    this.runNext();
  }

  /** End the requests of an upload. */
  private stop(job: Job, state: Job["state"]): void {
    job.ends.abort();
    job.state = state;
    this.runNext();
  }

  /** Remove an upload from the page, and leave its video as it is. */
  private remove(job: Job): void {
    const {id} = job.note;
    job.ends.abort();
    clearTimeout(this.undoable.get(id));
    this.undoable.delete(id);
    this.retryable.delete(job);
    this.jobs.delete(id);
    this.pace.forget(id);
    this.vault?.remove(id).catch(console.warn);
    this.runNext();
  }

  private refuse(name: string, reason: Refusal["reason"]): void {
    if (this.current.refusals.length === 0) queueMicrotask(() => this.sayRefusals());
    this.set({refusals: addRefused(this.current.refusals, name, reason)});
    this.events.onRefused?.(name, reason);
  }

  private sayRefusals(): void {
    const {refusals} = this.current;
    const sentences = refusals.map(({names, reason}) => t.refusal(names, reason, this.limits));
    this.events.onMessage?.(sentences.join(" "));
  }

  private forgetCancelled(id: string): void {
    const job = this.jobs.get(id);
    if (!job) return;
    this.remove(job);
    if (job.note.videoId) void this.discard(job.note.videoId);
  }

  private forgetAllCancelled(): void {
    for (const id of [...this.undoable.keys()]) this.forgetCancelled(id);
  }

  private onVideo(note: Note): void {
    const {videoId = ""} = note;
    // The user has cancelled it meanwhile.
    if (this.jobs.get(note.id)?.note !== note) void this.discard(videoId);
    else this.events.onVideo?.(videoId);
    this.refreshSoon();
  }

  private onProgress(id: string, bytes: number): void {
    const job = this.jobs.get(id);
    if (job) job.sent = bytes;
    this.refreshSoon();
  }

  private onUploaded(job: Job): void {
    const {id, name, size, videoId} = job.note;
    Object.assign(job, {state: "uploaded", sent: size});
    this.retryDelay = FIRST_RETRY_MS;
    this.vault?.remove(id).catch(console.warn);
    this.events.onMessage?.(t.uploaded(name));
    if (videoId) this.events.onVideo?.(videoId);
    this.events.onUploaded?.(this.show(job));
    // The list shows the video from now on.
    setTimeout(() => this.jobs.get(id) === job && this.remove(job), DONE_SHOWN_MS);
  }

  private onStopped(job: Job, error: Error): void {
    if (error instanceof Arrived) {
      this.onUploaded(job);
      return;
    }
    if (isGone(error)) {
      forgetParts(job.note);
      this.save(job.note);
    }
    console.warn(error);
    job.state = "stopped";
    job.problem = sentenceOf(error, this.limits);
    job.isFinal = isFinal(error);
    job.resumes = isTransient(error);
    this.events.onMessage?.(t.stopped(job.note.name, job.problem));
    if (isTransient(error)) {
      this.retryLater(job);
      return;
    }
    // It waits for a session.
    if (isRefused(error)) this.retryable.add(job);
    this.events.onFailed?.(this.show(job), codeOf(error));
  }

  private retryLater(job: Job): void {
    this.retryable.add(job);
    if (this.retryTimer) return;
    this.retryTimer = setTimeout(() => this.retryNow(), this.retryDelay);
    this.retryDelay = Math.min(this.retryDelay * 2, LAST_RETRY_MS);
  }

  private retryNow(): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    for (const {note, state} of [...this.retryable]) if (state === "stopped") this.resume(note.id);
    this.retryable.clear();
    this.runNext();
  }

  private followNetwork(): void {
    addEventListener("offline", () => {
      // Their connections are dead, even if the browser has not noticed.
      for (const job of this.open) if (job.state === "running") this.stop(job, "queued");
    });
    addEventListener("online", () => this.retryNow());
  }

  /** Ask before the user leaves the page during an upload that could not resume by itself. */
  private warnBeforeLoss(): void {
    addEventListener("beforeunload", (event) => {
      const isLost = ({note, file, state}: Job) =>
        file && state !== "cancelled" && !this.vault?.hasFile(note.id);
      if (this.open.some(isLost)) event.preventDefault();
    });
  }

  /** Delete a video whose upload ends here: else it would show up as failed half an hour later. */
  private discard(videoId: string): Promise<void> {
    return this.api
      .deleteVideo(videoId)
      .catch((error) => console.warn("The video stays until it expires.", error))
      .finally(() => this.events.onVideo?.(videoId));
  }

  /** Store unfinished uploads in the browser, for one tab only: it must not resume another tab's uploads. */
  private async openVault(place: string): Promise<void> {
    if (!(await canStore())) return;
    // The tab holds the lock until it is closed; then the next tab gets it.
    await navigator.locks.request(place, async () => {
      const vault = await Vault.open(place);
      for (const [note, file] of await vault.read()) this.takeOver(vault, note, file);
      this.vault = vault;
      this.dropOthers();
      for (const job of this.open) this.store(job);
      this.refreshSoon();
      return new Promise(() => {});
    });
  }

  /** Show an upload that another page has begun, unless it is over. */
  private takeOver(vault: Vault, note: Note, file: File | null): void {
    if (note.cancelled || note.addedAt < Date.now() - LIFETIME_MS) {
      vault.remove(note.id).catch(console.warn);
      if (note.cancelled && note.videoId) void this.discard(note.videoId);
    } else if (!this.jobs.has(note.id))
      this.jobs.set(note.id, jobOf(note, file, file ? "interrupted" : "lost"));
  }

  private dropOthers(): void {
    for (const job of [...this.jobs.values()]) {
      if (job.note.person !== this.person) this.remove(job);
    }
  }

  private store({note, file}: Job): void {
    this.save(note);
    if (file) this.vault?.putFile(note.id, file).catch(console.warn);
  }

  private save(note: Note): void {
    if (this.jobs.has(note.id)) this.vault?.put(note).catch(console.warn);
  }

  private refreshSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.set({uploads: [...this.jobs.values()].map((job) => this.show(job))});
    }, REFRESH_MS);
  }

  private show(job: Job): Upload {
    const {note, sent, problem, isFinal, resumes} = job;
    const {id, videoId, name, size} = note;
    const state = stateOf(job);
    const bytesPerS = state === "uploading" ? this.pace.of(id, sent) : null;
    return {
      id,
      videoId,
      name,
      size,
      state,
      fraction: size ? Math.min(sent / size, 1) : 0,
      bytesPerS,
      secondsLeft: bytesPerS ? (size - sent) / bytesPerS : null,
      problem,
      isFinal,
      resumes: state === "stopped" && resumes,
    };
  }
}

const jobOf = (note: Note, file: File | null, state: Job["state"]): Job => ({
  note,
  file,
  state,
  sent: note.etags.length * (note.partSize ?? 0),
  problem: null,
  isFinal: false,
  resumes: false,
  ends: new AbortController(),
});

function stateOf({state, note}: Job): UploadState {
  if (state !== "queued" && state !== "running") return state;
  if (!navigator.onLine) return "offline";
  return state === "running" && note.videoId ? "uploading" : "waiting";
}
