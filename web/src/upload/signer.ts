/** Signs Uppy's requests to S3, and announces a file to the API when Uppy first asks for one. */

import type AwsS3 from "@uppy/aws-s3";
import type {Body, Uppy} from "@uppy/core";
import {type Api, ApiProblem, type SignedRequest} from "../api";
import {t} from "../strings";
import {fileOf, type OurMeta, type UploadFile} from "./files";

/** The API's own rule. Uppy splits a file before it is announced: `sign` checks the result. */
export const partSizeOf = (size: number) => Math.max(8 << 20, Math.ceil(size / 10_000));

type S3Request = Parameters<
  Extract<ConstructorParameters<typeof AwsS3>[1], {signRequest: unknown}>["signRequest"]
>[0];

/** The file has arrived, and only S3's response was lost. */
export class Arrived extends Error {
  constructor() {
    super("The file has arrived.");
  }
}

export class Signer {
  constructor(
    private readonly uppy: Uppy<OurMeta, Body>,
    private readonly api: Api,
    /** Called when a video was announced. */
    private readonly onVideo: (videoId: string) => void,
    /** Deletes the video of an upload that begins again. */
    private readonly discard: (videoId: string) => void,
  ) {}

  async sign(request: S3Request): Promise<SignedRequest> {
    const videoId = videoIdIn(request.key) ?? (await this.announce(request.key));
    try {
      const key = `uploads/${videoId}/source`;
      const signed = await this.api.signUpload(videoId, {...request, key});
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
    const video = await this.api.createVideo(file.name ?? "", file.size ?? 0, announcementKey);
    if (this.uppy.getFile(fileId)) this.uppy.setFileMeta(fileId, {videoId: video.id});
    // The user has cancelled it meanwhile.
    else this.discard(video.id);
    this.onVideo(video.id);
    return video.id;
  }

  private checkPartSize(videoId: string, partSize: number): void {
    const file = fileOf(this.uppy, videoId);
    if (!file || partSizeOf(file.size ?? 0) === partSize) return;
    this.beginAnew(file);
    this.discard(videoId);
    throw new Error(t.otherRelease);
  }

  /** Forget the video and the parts of a file, so that the next try announces it again. */
  private beginAnew(file: UploadFile): void {
    this.uppy.setFileMeta(file.id, {videoId: undefined, announcementKey: undefined});
    this.uppy.setFileState(file.id, {s3Multipart: undefined} as Partial<UploadFile>);
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
      const {status, error} = await this.api.getVideo(videoId);
      if (status !== "pending" && error?.code !== "upload_expired") throw new Arrived();
      if (await this.revive(file, videoId)) return this.api.signUpload(videoId, request);
    }
    this.beginAnew(file);
    if ("uploadId" in request) throw new Error(t.uploadExpired);
    return this.sign({...request, key: file.id});
  }

  /** Announce an expired video with the same key, which makes it pending again. */
  private async revive(file: UploadFile, videoId: string): Promise<boolean> {
    const {announcementKey} = file.meta;
    if (!announcementKey) return false;
    const revived = await this.api.createVideo(file.name ?? "", file.size ?? 0, announcementKey);
    if (revived.id === videoId) this.onVideo(videoId);
    return revived.id === videoId;
  }
}

const videoIdIn = (key: string) => /^uploads\/([0-9a-f]{24})\/source$/.exec(key)?.[1];

/** Like `crypto.randomUUID`, which needs a page from HTTPS or localhost. */
const randomText = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
