import { TestMesh } from "../support/mesh.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { RecordingOrigin, type Answering } from "./recording-origin.ts";

const SENTINEL = "GET /sentinel HTTP/1.1\r\nHost: sentinel\r\n\r\n";
const SENTINEL_ANSWER =
  "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 9\r\n\r\n/sentinel";

/** What the app was sent while something was tried. */
export interface Watched {
  /** Whole requests; `X-Forwarded-*` left out, each body in one chunk. */
  readonly requests: readonly string[];
  /** Bytes that belong to no whole request. */
  readonly stray: string;
  readonly violations: readonly string[];
}

/** A real sidecar before an app that records what it is sent. */
export class WatchedMesh implements AsyncDisposable {
  readonly origin: RecordingOrigin;
  readonly mesh: TestMesh;

  private constructor(origin: RecordingOrigin, mesh: TestMesh) {
    this.origin = origin;
    this.mesh = mesh;
  }

  /** `answer` is not asked for the sentinel. */
  static async start(
    answer: Answering,
    settings: Readonly<Record<string, unknown>> = {},
  ): Promise<WatchedMesh> {
    const origin = await RecordingOrigin.start((request, connection) =>
      request.startsWith("GET /sentinel ") ? SENTINEL_ANSWER : answer(request, connection),
    );
    const mesh = await TestMesh.start({
      app: origin.port,
      services: { "a.test": [`127.0.0.1:${origin.port}`] },
      settings: { accessLog: false, lingerTimeout: "200ms", ...settings },
    });
    return new WatchedMesh(origin, mesh);
  }

  /**
   * Does something, and then has another client ask for something of its own: it must get its own answer, and by then
   * the app has all that it was sent before.
   */
  async watch(act: () => Promise<void>): Promise<Watched> {
    const requestsBefore = this.origin.requests.length;
    const bytesBefore = this.origin.received.length;
    await act();
    await this.#sentinel();
    const requests = this.origin.requests.slice(requestsBefore);
    const plain = requests.map((request) => joinChunks(withoutForwarded(request)));
    if (plain.pop() !== SENTINEL) throw new Error(`not the sentinel: ${requests.at(-1)}`);
    const received = this.origin.received.slice(bytesBefore);
    return {
      requests: plain,
      stray: received === requests.join("") ? "" : received,
      violations: this.origin.violations,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mesh[Symbol.asyncDispose]();
    await this.origin[Symbol.asyncDispose]();
  }

  async #sentinel(): Promise<void> {
    await using client = await RawSocket.connect(this.mesh.inbound);
    client.write(SENTINEL);
    const answer = await client.until((received) => received.length >= SENTINEL_ANSWER.length);
    if (answer !== SENTINEL_ANSWER) throw new Error(`somebody else's answer: ${answer}`);
  }
}

function withoutForwarded(request: string): string {
  return request.replaceAll(/^X-Forwarded-(?:For|Proto|Host): .*\r\n/gm, "");
}

/** Chunks go on as they come: how many there are is nobody's business. */
function joinChunks(request: string): string {
  const start = request.indexOf("\r\n\r\n") + 4;
  if (!request.slice(0, start).includes("Transfer-Encoding: chunked\r\n")) return request;
  let content = "";
  let at = start;
  for (;;) {
    const dataAt = request.indexOf("\r\n", at) + 2;
    const size = Number.parseInt(request.slice(at, dataAt), 16);
    if (size === 0) break;
    content += request.slice(dataAt, dataAt + size);
    at = dataAt + size + 2;
  }
  const chunk = content === "" ? "" : `${content.length.toString(16)}\r\n${content}\r\n`;
  return request.slice(0, start) + chunk + request.slice(at);
}
