import type { FastifyReply } from "fastify";

import type { Clock } from "../../core/clock.ts";
import type { WatchName } from "./contract/client-types.ts";
import { problemOf, RequestError } from "./problem.ts";
import { WatchStream, type WatchPace } from "./watch-stream.ts";

/** What can change: records in the store, what nodes report, alarms. */
export type ChangeTopic = "records" | "nodes" | "alarms";

/** Tells of changes, by topic. */
export interface ChangeFeed {
  onChange(listener: (topic: ChangeTopic) => void): Disposable;
}

/** Which changes can touch the answer of which endpoint. */
export const WATCH_TOPICS: Readonly<Record<WatchName, readonly ChangeTopic[]>> = {
  listReleases: ["records"],
  getRelease: ["records", "nodes"],
  getConvergence: ["records", "nodes"],
  getChain: ["records"],
  listNodes: ["records", "nodes"],
  getNode: ["records", "nodes"],
  listAudit: ["records"],
  listAlarms: ["records", "alarms"],
};

export interface WatchLimits extends WatchPace {
  readonly total: number;
  readonly perToken: number;
}

interface OpenWatch {
  readonly stream: WatchStream;
  readonly topics: readonly ChangeTopic[];
}

/** All open watches; there is a bounded number of them. */
export class Watches implements Disposable {
  readonly #open = new Set<OpenWatch>();
  /** Watches by token, with those whose first answer is being made. */
  readonly #held = new Map<string, number>();
  readonly #limits: WatchLimits;
  readonly #clock: Clock;
  readonly #subscription: Disposable;

  constructor(feed: ChangeFeed, limits: WatchLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#subscription = feed.onChange((topic) => {
      for (const { stream, topics } of this.#open) if (topics.includes(topic)) stream.changed();
    });
  }

  get size(): number {
    return this.#open.size;
  }

  /** Takes the reply over and answers until the reader leaves. `evaluate` is called now and after changes. */
  async serve(
    name: WatchName,
    tokenId: string,
    reply: FastifyReply,
    evaluate: () => Promise<unknown>,
  ): Promise<void> {
    using _place = this.#admit(tokenId);
    // What cannot be answered is a problem with a status, not a stream.
    const first = await evaluate();
    const response = reply.raw;
    reply.hijack();
    // Whoever left meanwhile is told of no close any more: the watch would go on for ever.
    if (response.destroyed) return;
    for (const [field, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) response.setHeader(field, value);
    }
    // Nginx holds a stream back unless told not to. A connection that had a stream is of no more use: it goes with it.
    const stream = { "content-type": "text/event-stream", "x-accel-buffering": "no", connection: "close" };
    response.writeHead(200, stream);
    const options = { response, clock: this.#clock, pace: this.#limits, first, evaluate, problemOf };
    const watch = { stream: new WatchStream(options), topics: WATCH_TOPICS[name] };
    this.#open.add(watch);
    await watch.stream.ended;
    this.#open.delete(watch);
  }

  /** Ends all of them; the readers come again, to whoever listens then. */
  end(): void {
    for (const { stream } of this.#open) stream.end();
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    this.end();
  }

  /** A place until it is disposed of; throws where there is none. */
  #admit(tokenId: string): Disposable {
    const { total, perToken } = this.#limits;
    const own = this.#held.get(tokenId) ?? 0;
    if (own >= perToken)
      throw new RequestError("too_many_watches", `this token watches ${own} things already`);
    const all = this.#held.values().reduce((sum, each) => sum + each, 0);
    if (all >= total) throw new RequestError("too_many_watches", `${total} watches are open`);
    this.#held.set(tokenId, own + 1);
    return { [Symbol.dispose]: () => this.#leave(tokenId) };
  }

  #leave(tokenId: string): void {
    const left = (this.#held.get(tokenId) ?? 1) - 1;
    if (left > 0) this.#held.set(tokenId, left);
    else this.#held.delete(tokenId);
  }
}
