/** Connects elements to Clipo's API: with tokens from the app's own backend, or with what the browser has. */

import {Api, ApiProblem, problemOf, Unreachable} from "../api";
import {sentenceOfProblem} from "../api-sentences";
import {s} from "./strings";

/** The answer of the backend: docs/elements.md. */
interface Tokens {
  api: string;
  token: string;
  /** A token whose only scope is `deliver`. */
  deliver_token?: string;
  expires_at: string;
}

/** How long before its end a token is replaced, at most. */
const EARLY_MS = 60_000;

/** Gets tokens from the app's backend, and replaces them before they end. */
class TokenSource {
  private tokens: Tokens | undefined;
  private renewAt = 0;
  private pending: Promise<Tokens> | undefined;

  constructor(private readonly endpoint: string) {}

  get deliveryToken(): string | undefined {
    return this.tokens?.deliver_token;
  }

  /** Return valid tokens, and not those of which the API has refused one. */
  async get(refused?: string): Promise<Tokens> {
    const {tokens} = this;
    const isRefused = refused && [tokens?.token, tokens?.deliver_token].includes(refused);
    if (tokens && !isRefused && Date.now() < this.renewAt) return tokens;
    this.pending ??= this.renew().finally(() => {
      this.pending = undefined;
    });
    return this.pending;
  }

  private async renew(): Promise<Tokens> {
    const response = await fetch(`${this.endpoint}/token`, {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: "{}",
    }).catch((error) => Promise.reject(new Unreachable(error)));
    const text = await response.text();
    if (response.status === 401) throw sessionEnded();
    if (response.status === 403) throw new ApiProblem("forbidden", 403, s.mayNot);
    if (!response.ok) throw problemOf(response.status, text);
    const tokens: Tokens = JSON.parse(text);
    // The uploads of one user must not continue as those of another one.
    const user = userOf(tokens.token);
    if (this.tokens && user !== userOf(this.tokens.token)) throw sessionEnded();
    // The clock of this device may be wrong, so only the backend's counts.
    const now = Date.parse(response.headers.get("Date") ?? "") || Date.now();
    const lifetime = Math.max(Date.parse(tokens.expires_at) - now, 0);
    this.renewAt = Date.now() + lifetime - Math.min(EARLY_MS, lifetime / 5);
    this.tokens = tokens;
    return tokens;
  }
}

/** Return a sentence for the users of an app: the API's own sentences about access are for developers. */
function sentenceOf(code: string, detail: string): string {
  if (code === "unauthenticated") return s.sessionEnded;
  return code === "forbidden" ? s.mayNot : sentenceOfProblem(code, detail);
}

const sessionEnded = () => new ApiProblem("unauthenticated", 401, s.sessionEnded);

/** Return whom a token is for; undefined for a credential that is no JSON Web Token. */
function userOf(token: string): unknown {
  try {
    const claims = token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "";
    return JSON.parse(atob(claims)).sub;
  } catch {
    return undefined;
  }
}

const withoutSlash = (url: string) => url.replace(/\/+$/, "");

/** The address of the API that serves this script; undefined if the script is in another bundle. */
const servedFrom = /^(.*)\/elements\/[^/]+\/clipo-\w+\.js$/.exec(import.meta.url)?.[1];

/** A connection that an element uses until it releases it. */
export interface Connection {
  api: Promise<Api>;
  release(): void;
}

const connections = new Map<string, {api: Promise<Api>; users: number}>();

/** Connect to the API for the attributes of an element. Elements in the page with the same ones share it. */
export function connect(endpoint: string | null, api: string | null): Connection {
  const key = JSON.stringify([endpoint, api]);
  const made = () => (endpoint === null ? direct(api) : byTokens(withoutSlash(endpoint)));
  const shared = connections.get(key) ?? {api: made(), users: 0};
  connections.set(key, shared);
  shared.users++;
  const release = () => {
    // Another user may be logged in when an element is put into the page again.
    if (--shared.users === 0) connections.delete(key);
  };
  return {api: shared.api, release};
}

async function byTokens(endpoint: string): Promise<Api> {
  const source = new TokenSource(endpoint);
  const {api} = await source.get();
  return new Api({
    endpoint: withoutSlash(api),
    credential: async (refused) => (await source.get(refused)).token,
    deliveryToken: () => source.deliveryToken,
    sentenceOf,
  });
}

/** Connect to an open API, or to the one whose session the browser has. */
async function direct(api: string | null): Promise<Api> {
  const endpoint = api ?? servedFrom;
  if (endpoint === undefined) throw new Error("Set the attribute endpoint or api.");
  return new Api({endpoint: withoutSlash(endpoint), sentenceOf});
}
