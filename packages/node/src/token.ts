/** Signs the tokens of one page, without a call to Clipo. */

import {createHmac} from "node:crypto";

const LIFETIME_S = 3600;
const OWNER = /^[A-Za-z0-9._:@|/+=-]{1,128}$/;

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

/** Returns the tokens of one user. `key` is an API key or its id. */
export function pageTokens(
  owner: string,
  {url, key, signingSecret}: {url: string; key: string; signingSecret: string},
): PageTokens {
  if (!OWNER.test(owner)) {
    throw new Error("The owner must be 1 to 128 letters, digits or . _ : @ | / + = - characters.");
  }
  const exp = Math.floor(Date.now() / 1000) + LIFETIME_S;
  const kid = key.startsWith("clipo_sk_") ? (key.split("_")[2] ?? "") : key;
  const token = (scope: string) => sign({sub: owner, scope, exp}, kid, signingSecret);
  return {
    api: url.replace(/\/+$/, ""),
    token: token("upload read write deliver"),
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
