/** Sends requests to the storage: with progress, repeated if the network fails, and never hanging. */

/** Time limit without progress. */
const STALLED_MS = 45_000;
/** Time limit after the last byte: bytes may still be buffered, and S3 needs time to join parts. */
const UNANSWERED_MS = 180_000;
/** Delays before the next tries, while the upload still counts as running. */
const DELAYS_MS = [500, 1000, 3000];

/** The storage did not answer. */
export class NetworkFault extends Error {
  constructor() {
    super("The storage did not answer.");
  }
}

/** The storage refused a request. */
export class StorageRefusal extends Error {
  constructor(
    readonly status: number,
    /** The code in S3's answer, such as `AccessDenied`. */
    readonly code: string,
  ) {
    super(`The storage answered ${status} ${code}.`);
  }
}

export interface StorageRequest {
  method: string;
  url: string;
  headers?: Record<string, string> | undefined;
  body: Blob | FormData | string | null;
}

/** Send a request. Raises `NetworkFault` or `StorageRefusal`, also if `signal` ends it. */
export function send(
  {method, url, headers = {}, body}: StorageRequest,
  signal: AbortSignal,
  onProgress: (bytes: number) => void = () => {},
): Promise<XMLHttpRequest> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const end = () => request.abort();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const endAfter = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(end, ms);
    };
    request.upload.onprogress = ({loaded}) => {
      endAfter(STALLED_MS);
      onProgress(loaded);
    };
    request.upload.onload = () => endAfter(UNANSWERED_MS);
    request.onload = () => {
      const {status, responseText} = request;
      const code = /<Error>.*?<Code>([^<]*)/s.exec(responseText)?.[1];
      // S3 joins parts for a while, and may say only in the body that it failed.
      if (status < 300 && code === undefined) resolve(request);
      else reject(new StorageRefusal(status < 300 ? 500 : status, code ?? ""));
    };
    request.onerror = request.onabort = () => reject(new NetworkFault());
    request.onloadend = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    };
    signal.addEventListener("abort", end);
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    endAfter(STALLED_MS);
    request.send(body);
  });
}

/** Send a request that may safely arrive twice, and repeat it a few times if the network fails. */
export async function sendRepeatedly(
  request: StorageRequest,
  signal: AbortSignal,
  onProgress: (bytes: number) => void,
): Promise<XMLHttpRequest> {
  for (const delay of DELAYS_MS) {
    try {
      return await send(request, signal, onProgress);
    } catch (error) {
      if (signal.aborted || !(error instanceof NetworkFault)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, delay));
  }
  return send(request, signal, onProgress);
}
