import { createHash, randomBytes } from "node:crypto";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";

/** What became of one request: `ok`, the code of an answer that the sidecar made, or a broken connection. */
export type LoadOutcome = string;

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** Called with every answer that came whole; throws when it is not what it should be. */
  readonly check: (answer: LoadAnswer) => void;
}

export interface LoadAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** sha256 of what was sent; undefined for GET. */
  readonly sent: string | undefined;
}

const BODIES = [1, 900, 70_000].map((size) => randomBytes(size));

/** Sends GET /echo and POST /digest by turns over kept connections until it is stopped; counts every outcome. */
export class SteadyLoad implements AsyncDisposable {
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  readonly #workers: Promise<void>[];
  readonly outcomes: Map<LoadOutcome, number> = new Map();
  #sent = 0;
  #milestones: { readonly count: number; readonly resolve: () => void }[] = [];
  #running = true;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.connections });
    this.#workers = Array.from({ length: options.connections }, () => this.#work());
  }

  get total(): number {
    return this.#sent;
  }

  /** Resolves when this many requests have been sent since the start. */
  reached(count: number): Promise<void> {
    return new Promise((resolve) => this.#milestones.push({ count, resolve }));
  }

  /** Lets what is under way end, and gives the counts. */
  async stop(): Promise<ReadonlyMap<LoadOutcome, number>> {
    this.#running = false;
    await Promise.all(this.#workers);
    this.#agent.destroy();
    return this.outcomes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #work(): Promise<void> {
    while (this.#running) {
      const body = this.#sent % 3 === 0 ? BODIES[(this.#sent / 3) % BODIES.length] : undefined;
      this.#sent++;
      const outcome = await this.#exchange(body);
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
      this.#tell();
    }
  }

  #tell(): void {
    if (this.#milestones.length === 0) return;
    for (const { count, resolve } of this.#milestones) if (this.#sent >= count) resolve();
    this.#milestones = this.#milestones.filter(({ count }) => this.#sent < count);
  }

  #exchange(body: Buffer | undefined): Promise<LoadOutcome> {
    return new Promise((resolve) => {
      const request = httpRequest({
        agent: this.#agent,
        port: this.#options.port,
        host: "127.0.0.1",
        method: body === undefined ? "GET" : "POST",
        path: body === undefined ? "/echo" : "/digest",
      });
      request.on("error", (error) => resolve(`broken: ${error.message}`));
      request.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", (error) => resolve(`broken: ${error.message}`));
        response.on("end", () => resolve(this.#judge(response, Buffer.concat(chunks), body)));
      });
      request.end(body);
    });
  }

  #judge(response: IncomingMessage, body: Buffer, sent: Buffer | undefined): LoadOutcome {
    const code = response.headers["x-mesh-error"];
    if (code !== undefined) return String(code);
    const status = response.statusCode ?? 0;
    const digest = sent === undefined ? undefined : createHash("sha256").update(sent).digest("hex");
    try {
      this.#options.check({ status, headers: response.headers, body, sent: digest });
      return "ok";
    } catch (error) {
      return `wrong: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}
