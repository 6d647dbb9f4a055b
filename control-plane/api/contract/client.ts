import { addAbortListener } from "node:events";
import { Readable } from "node:stream";

import { Agent, request as send, type Dispatcher } from "undici";

import { Backoff } from "../../../core/backoff.ts";
import { systemClock, type Clock } from "../../../core/clock.ts";
import { ApiError, cutOff, notControlPlane, problemError } from "./api-error.ts";
import type {
  AnyRequest,
  ApiAnswer,
  ApiRequest,
  BytesName,
  CallName,
  RequestArguments,
  TextName,
  WatchName,
} from "./client-types.ts";
import { ENDPOINTS, type EndpointName } from "./endpoints.ts";
import type { Endpoint } from "./endpoint.ts";
import { readEvents, type ServerEvent } from "./event-stream.ts";
import { API_PREFIX } from "./prefix.ts";
import { MultipartBody, type UploadFile } from "./multipart-body.ts";
import { ServerConnection, type ServerTrust } from "./server-connection.ts";

export interface ApiClientOptions extends ServerTrust {
  /** `https://host:7400`; a path in front of /api/v1 is kept, for whoever puts a reverse proxy there. */
  readonly baseUrl: string;
  /** Undefined: only what needs no right. */
  readonly token: string | undefined;
  /** Paces reconnecting watches. Default: the real one. */
  readonly clock?: Clock;
}

export interface WatchOptions {
  /** Ends the watch without an error. */
  readonly signal?: AbortSignal;
  /** The stream broke; it is opened again after `delay` ms. */
  readonly onInterruption?: (error: ApiError, delay: number) => void;
  /** It is open again. */
  readonly onResumption?: () => void;
}

const ANSWER_TIMEOUT = 60_000;
/** Three heartbeats. */
const WATCH_SILENCE = 45_000;

interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readable;
  readonly bodyTimeout?: number;
  readonly signal?: AbortSignal;
}

/**
 * The control plane's API, typed by the table of endpoints. Every failure is an `ApiError`. Redirects are not
 * followed: a token goes nowhere but to the address that was given. Dispose of it to close its connections.
 */
export class ApiClient implements AsyncDisposable {
  readonly #base: URL;
  readonly #token: string | undefined;
  readonly #clock: Clock;
  readonly #dispatcher: Agent;
  readonly #connection: ServerConnection;

  constructor({ baseUrl, token, clock = systemClock, ...trust }: ApiClientOptions) {
    this.#base = new URL(baseUrl.endsWith("/") ? baseUrl : `${baseUrl}/`);
    this.#token = token;
    this.#clock = clock;
    this.#connection = new ServerConnection(this.#base, trust);
    this.#dispatcher = new Agent({
      connect: this.#connection.options,
      headersTimeout: ANSWER_TIMEOUT,
      bodyTimeout: ANSWER_TIMEOUT,
    });
  }

  /** Asks once and gives the answer. */
  async call<Name extends CallName>(
    name: Name,
    ...[request]: RequestArguments<Name>
  ): Promise<ApiAnswer<Name>> {
    const answer = await this.#send(name, request ?? {});
    return (await this.#json(answer)) as ApiAnswer<Name>;
  }

  /** An answer that is bytes, as they come. Read them to the end, or break off: both free the connection. */
  async bytes<Name extends BytesName>(
    name: Name,
    ...[request]: RequestArguments<Name>
  ): Promise<AsyncIterable<Uint8Array>> {
    const answer = await this.#send(name, request ?? {});
    return piecesOf(answer, (error) => cutOff(this.#base, error, requestIdOf(answer)));
  }

  /** An answer that is text. */
  async text<Name extends TextName>(name: Name, ...[request]: RequestArguments<Name>): Promise<string> {
    const answer = await this.#send(name, request ?? {});
    return this.#text(answer);
  }

  /**
   * Text that goes on: each piece as it comes. A stream that breaks is opened again as that of `watch` is, also while
   * the node is not there, and goes on after the last piece; where what came then is kept no more, the text says so.
   */
  async *follow<Name extends TextName>(
    name: Name,
    request: ApiRequest<Name>,
    options: WatchOptions = {},
  ): AsyncGenerator<string> {
    const asked = request as AnyRequest;
    // A control plane that is back waits for its nodes.
    const passes = ({ code, retryable }: ApiError): boolean => retryable || code === "wrong_state";
    let after: string | undefined;
    const events = this.#reopened(options, passes, (opened) => {
      const query = { ...asked.query, ...(after === undefined ? {} : { after }), follow: "true" };
      return this.#events(name, { ...asked, query }, options.signal, opened);
    });
    for await (const { data, id } of events) {
      if (id !== "") after = id;
      if (data !== "") yield data;
    }
  }

  /**
   * The answer now and after each change that touches it. A stream that breaks is opened again, for ever, with
   * growing delays; an answer that says no ends it with an `ApiError`, and so does a first connection that fails.
   */
  async *watch<Name extends WatchName>(
    name: Name,
    request: ApiRequest<Name>,
    options: WatchOptions = {},
  ): AsyncGenerator<ApiAnswer<Name>> {
    const asked = request as AnyRequest;
    const passes = ({ retryable }: ApiError): boolean => retryable;
    const answers = this.#reopened(options, passes, (opened) => {
      const query = { ...asked.query, watch: "true" };
      return this.#events(name, { ...asked, query }, options.signal, opened);
    });
    for await (const { data } of answers) yield JSON.parse(data) as ApiAnswer<Name>;
  }

  /** Uploads a package; `onProgress` hears the bytes of it that were handed to the connection. */
  async upload(
    { plugin, note = "" }: { readonly plugin: string; readonly note?: string },
    file: UploadFile,
    onProgress: (sent: number) => void = () => {},
  ): Promise<ApiAnswer<"uploadVersion">> {
    const body = new MultipartBody({ note }, "package", file, onProgress);
    const headers = { "content-type": body.contentType, "content-length": String(body.length) };
    const stream = Readable.from(body, { objectMode: false });
    const answer = await this.#send("uploadVersion", { params: { plugin } }, { headers, body: stream });
    return (await this.#json(answer)) as ApiAnswer<"uploadVersion">;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** `passes`: what may be over when it is tried again. */
  async *#reopened(
    { signal, onInterruption, onResumption }: WatchOptions,
    passes: (error: ApiError) => boolean,
    open: (opened: () => void) => AsyncIterable<ServerEvent>,
  ): AsyncGenerator<ServerEvent> {
    const backoff = new Backoff({ first: 500, ceiling: 15_000 });
    let [connected, interrupted] = [false, false];
    const opened = (): void => {
      if (interrupted) onResumption?.();
      [connected, interrupted] = [true, false];
    };
    while (!isAborted(signal)) {
      let interruption = this.#connection.broken(new Error("it ended the stream"));
      try {
        for await (const event of open(opened)) {
          backoff.reset();
          yield event;
        }
      } catch (error) {
        if (isAborted(signal)) return;
        if (!connected || this.#dispatcher.destroyed) throw error;
        if (!(error instanceof ApiError) || !passes(error)) throw error;
        interruption = error;
      }
      if (isAborted(signal)) return;
      interrupted = true;
      const delay = backoff.next();
      onInterruption?.(interruption, delay);
      await this.#pause(delay, signal);
    }
  }

  async *#events(
    name: EndpointName,
    request: AnyRequest,
    signal: AbortSignal | undefined,
    opened: () => void,
  ): AsyncGenerator<ServerEvent> {
    const answer = await this.#send(name, request, {
      bodyTimeout: WATCH_SILENCE,
      ...(signal === undefined ? {} : { signal }),
    });
    opened();
    const pieces = piecesOf(answer, (error) => this.#connection.broken(error));
    for await (const event of readEvents(pieces)) {
      if (event.event !== "problem") yield event;
      else throw problemError(this.#base, answer.statusCode, event.data, requestIdOf(answer));
    }
  }

  async #send(
    name: EndpointName,
    { params = {}, query = {}, body, revision }: AnyRequest,
    { headers: more = {}, ...options }: SendOptions = {},
  ): Promise<Dispatcher.ResponseData> {
    const endpoint: Endpoint = ENDPOINTS[name];
    const takesJson = endpoint.body !== undefined;
    const headers = {
      accept: "application/json, text/event-stream, */*",
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      ...(takesJson ? { "content-type": "application/json" } : {}),
      ...(revision === undefined ? {} : { "if-match": `"${revision}"` }),
      ...more,
    };
    const json = takesJson ? { body: JSON.stringify(body ?? {}) } : {};
    const url = urlOf(this.#base, endpoint, params, query);
    let answer: Dispatcher.ResponseData;
    try {
      answer = await send(url, {
        method: endpoint.method,
        dispatcher: this.#dispatcher,
        ...json,
        ...options,
        headers,
      });
    } catch (error) {
      throw await this.#connection.failure(error);
    }
    this.#connection.answered();
    if (answer.statusCode < 300) return answer;
    throw problemError(this.#base, answer.statusCode, await this.#text(answer), requestIdOf(answer));
  }

  async #json(answer: Dispatcher.ResponseData): Promise<unknown> {
    const text = await this.#text(answer);
    if (answer.statusCode === 204) return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw notControlPlane(this.#base, "its answer is not JSON");
    }
  }

  async #text(answer: Dispatcher.ResponseData): Promise<string> {
    try {
      return await answer.body.text();
    } catch (error) {
      throw cutOff(this.#base, error, requestIdOf(answer));
    }
  }

  async #pause(delay: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#clock.after(delay, resolve);
    using _aborted = signal === undefined ? undefined : addAbortListener(signal, () => resolve());
    await promise;
  }
}

/** `failure`: what a body that breaks off is to its reader. */
async function* piecesOf(
  { body }: Dispatcher.ResponseData,
  failure: (error: unknown) => ApiError,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw failure(error);
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function urlOf(base: URL, { path }: Endpoint, params: AnyRequest["params"], query: AnyRequest["query"]): URL {
  const filled = path.replaceAll(/:([a-zA-Z]+)/g, (_, name: string) => segment(params?.[name] ?? ""));
  const url = new URL(`.${API_PREFIX}${filled}`, base);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

/** `.` and `..` would be resolved away by URL, percent-encoded or not: no name of ours is one. */
function segment(value: string | number): string {
  const text = encodeURIComponent(value);
  if (text !== "" && text !== "." && text !== "..") return text;
  throw new ApiError(`${JSON.stringify(value)} is no name`, { code: "invalid_input" });
}

function requestIdOf({ headers }: Dispatcher.ResponseData): string | undefined {
  const id = headers["x-request-id"];
  return typeof id === "string" ? id : undefined;
}
