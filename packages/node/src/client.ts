/** A client of the API. All of it but `createClient` is generated from the OpenAPI document. */

import {type Client, createClient as createGenerated} from "./api/client/index.js";

export type {Client} from "./api/client/index.js";
export * from "./api/index.js";

/** Returns a client of one Clipo, which sends an API key or a token. */
export function createClient({url, key}: {url: string; key: string}): Client {
  return createGenerated({
    baseUrl: url.replace(/\/+$/, ""),
    // Never as `?token=`: addresses get into logs.
    auth: ({scheme}) => (scheme === "bearer" ? key : undefined),
    throwOnError: true,
  });
}
