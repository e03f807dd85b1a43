/** Signs the tokens of one page, without a call to Clipo. */

import {createHmac} from "node:crypto";

const LIFETIME_S = 3600;
const VIDEO_ID = /^[0-9a-f]{24}$/i;
const SCOPES = ["upload", "read", "write", "deliver"];
const FIELDS = ["owner", "scope", "videoId", "maxBytes", "maxVideos", "maxDurationS"];
const OWNER = /^[A-Za-z0-9._:@|/+=-]{1,128}$/;

/** What the tokens of one page allow: Clipo's document on access describes the claims. */
export interface Grant {
  owner: string | number;
  /** The scopes of `token`, separated by spaces; by default `upload read write deliver`. */
  scope?: string | undefined;
  /** The only video that the page may see, of all that the owner has. */
  videoId?: string;
  /** Bytes of each uploaded file, at most. */
  maxBytes?: number | undefined;
  /** Videos that the owner may have, at most. */
  maxVideos?: number | undefined;
  /** Seconds of each uploaded video, at most. */
  maxDurationS?: number | undefined;
}

/** What a page needs to call Clipo as its user. */
export interface PageTokens {
  /** The address of Clipo's API. */
  api: string;
  /** For calls, as `Authorization: Bearer`. */
  token: string;
  /** For the addresses of pictures and files, as `?token=`. */
  deliver_token: string;
  expires_at: string;
}

/** Throws for what Clipo would refuse, and for a video id that is none: it must never mean all videos. */
function check(grant: Grant): void {
  const {owner, scope = "read", maxBytes, maxVideos, maxDurationS} = grant;
  const unknown = Object.keys(grant).find((name) => !FIELDS.includes(name));
  if (unknown) throw new Error(`A grant has no ${unknown}.`);
  if (!OWNER.test(String(owner))) {
    throw new Error("The owner must be 1 to 128 letters, digits or . _ : @ | / + = - characters.");
  }
  if ("videoId" in grant && !VIDEO_ID.test(String(grant.videoId))) {
    throw new Error("videoId must be the id of a video.");
  }
  if (
    !String(scope)
      .split(" ")
      .every((one) => SCOPES.includes(one))
  ) {
    throw new Error(`scope must be some of ${SCOPES.join(", ")}.`);
  }
  for (const limit of [maxBytes, maxVideos, maxDurationS]) {
    if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1)) {
      throw new Error("A limit must be a whole number from 1.");
    }
  }
}

/** Returns the tokens of one user. `key` is an API key or its id. Throws for an owner that Clipo does not accept. */
export function pageTokens(
  given: Grant | string | number,
  {url, key, signingSecret}: {url: string; key: string; signingSecret: string},
): PageTokens {
  const grant = typeof given === "object" ? given : {owner: given};
  check(grant);
  const exp = Math.floor(Date.now() / 1000) + LIFETIME_S;
  const kid = key.startsWith("clipo_sk_") ? (key.split("_")[2] ?? "") : key;
  const limits = {
    max_bytes: grant.maxBytes,
    max_videos: grant.maxVideos,
    max_duration_s: grant.maxDurationS,
  };
  const token = (scope: string, more: object = {}) =>
    sign({sub: String(grant.owner), scope, exp, vid: grant.videoId, ...more}, kid, signingSecret);
  return {
    api: url.replace(/\/+$/, ""),
    token: token(grant.scope ?? "upload read write deliver", limits),
    deliver_token: token("deliver"),
    expires_at: new Date(exp * 1000).toISOString(),
  };
}

/** Returns a JSON Web Token by HS256. The secret is a text, which is not decoded. */
export function sign(claims: object, kid: string, secret: string): string {
  const encoded = [{alg: "HS256", kid, typ: "JWT"}, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const signed = encoded.join(".");
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
