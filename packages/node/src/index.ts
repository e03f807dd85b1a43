/** Mounts Clipo in a server: the app's own log-in gets tokens, and the app gets webhooks. */

import type {IncomingMessage, ServerResponse} from "node:http";
import {mount, type Options, requireSettings, type Settings} from "./mount.js";

export type {Options, Settings} from "./mount.js";
export {type Grant, type PageTokens, pageTokens, sign} from "./token.js";
export {type ClipoEvent, InvalidWebhook, type ReadHeader, verifyWebhook} from "./webhook.js";

type RouteHandler = (request: Request) => Promise<Response>;

/** Returns the mounts for one Clipo. */
export function clipo(settings: Settings = {}) {
  return {
    /** Returns the route handler for Next.js, and for all that answer a Request with a Response. */
    routes(options: Options<Request>): {POST: RouteHandler} {
      const answer = mount(settings, options);
      const handle: RouteHandler = async (request) => {
        const {status, headers, body} = await answer({
          method: request.method,
          path: new URL(request.url).pathname,
          header: (name) => request.headers.get(name),
          owner: () => options.owner(request),
          body: () => chunksOf(request),
        });
        return new Response(body || null, {status, headers});
      };
      return {POST: handle};
    },

    /** Returns middleware for Express. Use it before `express.json()`, which changes the body. */
    express<Incoming extends IncomingMessage>(options: Options<Incoming>) {
      requireSettings(settings, options);
      const answer = mount(settings, options);
      return (request: Incoming, response: ServerResponse, next: (error: unknown) => void) => {
        answer({
          method: request.method ?? "",
          path: (request.url ?? "").split("?")[0] ?? "",
          header: (name) => request.headers[name] as string | undefined,
          owner: () => options.owner(request),
          body: () => bodyOf(request),
        })
          .then(({status, headers, body}) => response.writeHead(status, headers).end(body))
          .catch(next);
      };
    },
  };
}

async function* chunksOf(request: Request): AsyncGenerator<Uint8Array> {
  const reader = request.body?.getReader();
  while (reader) {
    const {done, value} = await reader.read();
    if (done) return;
    yield value;
  }
}

function bodyOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  if (request.readableEnded) {
    throw new Error("Another middleware has read the body: use Clipo's mount before it.");
  }
  return request;
}
