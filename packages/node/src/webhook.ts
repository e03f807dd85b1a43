/**
 * Verifies webhooks.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

import {createHmac, timingSafeEqual} from "node:crypto";
import type {VideoResource} from "./api/index.js";

const TOLERANCE_S = 300;
/** By the specification. */
const SHORTEST_KEY_BYTES = 24;

/** A result of Clipo's. */
export interface ClipoEvent {
  /** The same in each attempt to deliver the result: a unique key for your database. */
  id: string;
  type: "video.done" | "video.failed";
  /** When the video was finished. */
  timestamp: string;
  /** The video, as in the document on webhooks. */
  video: VideoResource;
}

export class InvalidWebhook extends Error {}

/** Reads a header by its name in small letters. */
export type ReadHeader = (name: string) => string | null | undefined;

/**
 * Returns the event in the body of a webhook. Throws InvalidWebhook, or another Error for a secret
 * that is none. `secrets` is the secret, or two during a change, separated by a space.
 */
export function verifyWebhook(body: Buffer, header: ReadHeader, secrets: string): ClipoEvent {
  const id = header("webhook-id");
  const timestamp = header("webhook-timestamp");
  const signatures = header("webhook-signature");
  if (!id || !timestamp || !signatures) throw new InvalidWebhook("The signature is missing.");
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Date.now() / 1000 - +timestamp) > TOLERANCE_S) {
    throw new InvalidWebhook("The webhook was not sent within the last 5 minutes.");
  }
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const given = signatures.split(" ");
  const isSigned = secrets
    .split(/\s+/)
    .filter(Boolean)
    .map((secret) => signature(signed, secret))
    .some((right) => given.some((one) => isEqual(one, right)));
  if (!isSigned) throw new InvalidWebhook("The signature is wrong.");
  const {type, timestamp: finished, data} = JSON.parse(body.toString());
  return {id, type, timestamp: finished, video: data};
}

function signature(signed: Buffer, secret: string): string {
  const text = secret.replace(/^whsec_/, "");
  const key = Buffer.from(text, "base64");
  // Everybody could sign with an empty one. Node skips what is not base64.
  if (key.length < SHORTEST_KEY_BYTES || !/^[A-Za-z0-9+/]+=*$/.test(text)) {
    throw new Error("A secret of webhooks is whsec_ and at least 24 bytes in base64.");
  }
  return `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
