/** Uploads a file: announces it to the API, which then signs each request to the storage. */

import {type Api, ApiProblem, type SignedRequest} from "../api";
import {t} from "../shared-strings";
import {send, sendRepeatedly} from "./request";
import type {Note} from "./vault";

/** Larger files are uploaded in parts. */
const WHOLE_BYTES = 100 * 2 ** 20;

/** The file has arrived, and only the storage's response was lost. */
export class Arrived extends Error {
  constructor() {
    super("The file has arrived.");
  }
}

export interface Upkeep {
  /** Called when the note has changed. */
  save(note: Note): void;
  /** Called when a video was announced. */
  onVideo(note: Note): void;
  onProgress(note: Note, bytes: number): void;
}

export class Sender {
  constructor(
    private readonly api: Api,
    private readonly upkeep: Upkeep,
  ) {}

  /**
   * Upload a file, or what is missing of it. Raises `Arrived`, `ApiProblem`, `Unreachable`,
   * `NetworkFault`, `StorageRefusal`, or an error whose message is a sentence for people.
   */
  async upload(note: Note, file: File, signal: AbortSignal): Promise<void> {
    const form = note.videoId ? null : await this.announce(note, signal);
    if (file.size > WHOLE_BYTES) await this.sendParts(note, file, signal);
    else await this.sendWhole(note, file, signal, form);
  }

  private async announce(note: Note, signal: AbortSignal): Promise<SignedRequest> {
    // Saved before the request: if its response is lost, the next try sends the same key.
    note.announcementKey ??= randomText();
    this.upkeep.save(note);
    const video = await this.createVideo(note);
    note.videoId = video.id;
    this.upkeep.save(note);
    this.upkeep.onVideo(note);
    signal.throwIfAborted();
    if (!video.upload) throw new Arrived();
    return video.upload;
  }

  private createVideo({name, size, passthrough, person, announcementKey = ""}: Note) {
    // Meanwhile another person may have logged in, whose video this file must not become: the API
    // refuses another owner than the caller's.
    const owner = person || undefined;
    return this.api.createVideo({filename: name, size, passthrough, owner}, announcementKey);
  }

  private async sendWhole(
    note: Note,
    file: File,
    signal: AbortSignal,
    form: SignedRequest | null,
  ): Promise<void> {
    const {url, fields = {}} = form ?? (await this.sign(note, {method: "PUT"}, signal));
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    body.append("file", file);
    await send({method: "POST", url, body}, signal, (bytes) =>
      this.upkeep.onProgress(note, Math.min(bytes, file.size)),
    );
  }

  private async sendParts(note: Note, file: File, signal: AbortSignal): Promise<void> {
    const uploadId = note.uploadId ?? (await this.begin(note, signal));
    const {partSize = file.size, etags} = note;
    while (etags.length * partSize < file.size) {
      const start = etags.length * partSize;
      const step = {method: "PUT", uploadId, partNumber: etags.length + 1};
      const {url, headers} = await this.sign(note, step, signal);
      const body = file.slice(start, start + partSize);
      const answer = await sendRepeatedly({method: "PUT", url, headers, body}, signal, (bytes) =>
        this.upkeep.onProgress(note, start + bytes),
      );
      etags.push(answer.getResponseHeader("ETag") ?? "");
      this.upkeep.save(note);
    }
    const {url, headers} = await this.sign(note, {method: "POST", uploadId}, signal);
    const xml = {"Content-Type": "application/xml", ...headers};
    await send({method: "POST", url, headers: xml, body: listOf(etags)}, signal);
  }

  /** Begin an upload in parts, and return its id. */
  private async begin(note: Note, signal: AbortSignal): Promise<string> {
    const {url, headers, part_size} = await this.sign(note, {method: "POST"}, signal);
    const {responseText} = await send({method: "POST", url, headers, body: null}, signal);
    const uploadId = /<UploadId>([^<]+)/.exec(responseText)?.[1] ?? "";
    Object.assign(note, {uploadId, partSize: part_size});
    this.upkeep.save(note);
    return uploadId;
  }

  private async sign(note: Note, step: object, signal: AbortSignal): Promise<SignedRequest> {
    signal.throwIfAborted();
    const request = () => this.api.signUpload(note.videoId ?? "", step);
    const signed = await request().catch(async (error) => {
      await this.revive(note, error, signal, "uploadId" in step);
      return request();
    });
    signal.throwIfAborted();
    return signed;
  }

  /** Make a video pending whose upload the API does not sign: it has expired, or it is gone. Else raise why. */
  private async revive(
    note: Note,
    problem: unknown,
    signal: AbortSignal,
    inParts: boolean,
  ): Promise<void> {
    const {videoId = ""} = note;
    if (!(problem instanceof ApiProblem)) throw problem;
    if (!["not_pending", "video_not_found"].includes(problem.code)) throw problem;
    if (problem.code === "not_pending") {
      const {status, error} = await this.api.getVideo(videoId);
      if (status !== "pending" && error?.code !== "upload_expired") throw new Arrived();
    } else note.announcementKey = undefined;
    note.videoId = undefined;
    // The same announcement makes an expired video pending again.
    await this.announce(note, signal);
    if (note.videoId === videoId) return;
    forgetParts(note);
    if (inParts) throw new Error(t.uploadExpired);
  }
}

/** Forget the parts in the storage, so that the next try sends them again. */
export function forgetParts(note: Note): void {
  Object.assign(note, {uploadId: undefined, partSize: undefined, etags: []});
}

const listOf = (etags: readonly string[]) =>
  `<CompleteMultipartUpload>${etags
    .map((etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${etag}</ETag></Part>`)
    .join("")}</CompleteMultipartUpload>`;

/** Like `crypto.randomUUID`, which needs a page from HTTPS or localhost. */
const randomText = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
