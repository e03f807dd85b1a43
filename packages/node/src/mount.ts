/** The two routes of a mount, without a web framework: `/token` and `/webhook`. */

import {STATUS_CODES} from "node:http";
import {type Grant, pageTokens} from "./token.js";
import {type ClipoEvent, InvalidWebhook, type ReadHeader, verifyWebhook} from "./webhook.js";

const MOST_BODY_BYTES = 1 << 20;
const MOST_REMEMBERED = 1000;

/** Your Clipo. Each field has a default in the environment. */
export interface Settings {
  /** Address of the API; by default CLIPO_API. */
  url?: string;
  /** API key, or only its id; by default CLIPO_API_KEY. */
  key?: string;
  /** Signing secret of the key; by default CLIPO_SIGNING_SECRET. */
  signingSecret?: string;
  /** Secret of the webhooks, or two, separated by a space; by default CLIPO_WEBHOOK_SECRET. */
  webhookSecret?: string;
}

/** Stands for a user who is logged in, but may not use the page. */
interface Forbidden {
  forbidden: true;
}

type Owner = Grant | Forbidden | string | number | null | undefined;
type Handler = (event: ClipoEvent) => unknown;

/** What your app adds. */
export interface Options<Incoming> {
  /**
   * Returns the id of the user who is logged in, or a grant, or nothing without a user, or
   * `{forbidden: true}` for a user who may not use the page. The id never changes.
   */
  owner: (request: Incoming) => Owner | Promise<Owner>;
  /** Called with each video that is done, once for each event in this process. */
  onDone?: Handler;
  /** Called with each video that failed, once for each event in this process. */
  onFailed?: Handler;
}

/** A request without its web framework. */
export interface Call {
  method: string;
  /** The path, of which the last part counts. */
  path: string;
  header: ReadHeader;
  owner: () => Owner | Promise<Owner>;
  body: () => AsyncIterable<Uint8Array>;
}

/** The answer to a call. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Returns the function that answers calls. */
export function mount(settings: Settings, {onDone, onFailed}: Omit<Options<never>, "owner">) {
  const handled = new Map<string, Promise<unknown>>();

  async function token(call: Call): Promise<Answer> {
    if (isCrossSite(call.header)) {
      return problem(403, "cross_site", "A page of another site sends this request.");
    }
    const owner = await call.owner();
    if (!owner) return problem(401, "unauthenticated", "Log in to this app first.");
    if (typeof owner === "object" && "forbidden" in owner) {
      return problem(403, "forbidden", "The user of this app may not use this page.");
    }
    return json(200, pageTokens(owner, ofTokens(settings)));
  }

  async function webhook(call: Call): Promise<Answer> {
    const secrets = webhookSecret(settings);
    const body = await read(call.body());
    if (!body) return problem(413, "body_too_large", "The webhook has more than 1 MiB.");
    try {
      await handleOnce(verifyWebhook(body, call.header, secrets));
    } catch (error) {
      if (!(error instanceof InvalidWebhook)) throw error;
      return problem(400, "invalid_webhook", error.message);
    }
    return {status: 204, headers: {}, body: ""};
  }

  /** Calls the app's handler, unless it has handled the event or is handling it. */
  async function handleOnce(event: ClipoEvent) {
    const handle = {"video.done": onDone, "video.failed": onFailed}[event.type];
    const result = handled.get(event.id) ?? Promise.resolve(event).then(handle);
    handled.set(event.id, result);
    if (handled.size > MOST_REMEMBERED) handled.delete([...handled.keys()][0] ?? "");
    try {
      await result;
    } catch (error) {
      handled.delete(event.id); // Clipo delivers the event again.
      throw error;
    }
  }

  return async (call: Call): Promise<Answer> => {
    const route = call.path.replace(/\/+$/, "").split("/").pop();
    if (route !== "token" && route !== "webhook") {
      return problem(404, "route_not_found", "Clipo's mount has /token and /webhook only.");
    }
    if (call.method !== "POST") {
      const refusal = problem(405, "method_not_allowed", `/${route} takes POST only.`);
      return {...refusal, headers: {...refusal.headers, Allow: "POST"}};
    }
    return route === "token" ? token(call) : webhook(call);
  };
}

/**
 * Whether a page of another site sends a request. A program that is not a browser sends neither
 * header. The rules are those of Go's net/http.CrossOriginProtection.
 */
function isCrossSite(header: ReadHeader): boolean {
  const site = header("sec-fetch-site");
  if (site) return site !== "same-origin" && site !== "none";
  const origin = header("origin");
  if (!origin) return false;
  return !URL.canParse(origin) || new URL(origin).host !== header("host");
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<Buffer | undefined> {
  const read: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MOST_BODY_BYTES) return undefined;
    read.push(chunk);
  }
  return Buffer.concat(read);
}

const ofTokens = ({url, key, signingSecret}: Settings) => ({
  url: setting(url, "url", "CLIPO_API"),
  key: setting(key, "key", "CLIPO_API_KEY"),
  signingSecret: setting(signingSecret, "signingSecret", "CLIPO_SIGNING_SECRET"),
});

const webhookSecret = (given: Settings) =>
  setting(given.webhookSecret, "webhookSecret", "CLIPO_WEBHOOK_SECRET");

/**
 * Throws if a setting is missing. A build of Next.js runs the module of a route without the
 * environment of the server, so its settings are read at the first request.
 */
export function requireSettings(
  settings: Settings,
  {onDone, onFailed}: Omit<Options<never>, "owner">,
): void {
  ofTokens(settings);
  if (onDone || onFailed) webhookSecret(settings);
}

function setting(given: string | undefined, name: string, variable: string): string {
  const value = given || process.env[variable];
  if (!value) throw new Error(`Clipo needs a setting: set ${variable}, or give ${name}.`);
  return value;
}

function json(status: number, body: object, type = "application/json"): Answer {
  const headers = {"Content-Type": type, "Cache-Control": "no-store"};
  return {status, headers, body: JSON.stringify(body)};
}

function problem(status: number, code: string, detail: string): Answer {
  const body = {
    type: `urn:clipo:problem:${code}`,
    title: STATUS_CODES[status],
    status,
    detail,
    code,
  };
  return json(status, body, "application/problem+json");
}
