import { InputError, messageOf, namedOf, type Problem } from "../../core/errors.ts";
import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { Resource__Output } from "../../proto/gen/mesh/v1/Resource.ts";
import type { NodeResources, Verdict } from "./node-resources.ts";
import { nameOf, readContent, RESOURCE_NAMES, type ResourceName } from "./resource.ts";

const MAX_PROBLEM_CHARS = 1_000;

interface Waiting {
  readonly resource: Resource__Output;
  /** To the session that it came by: an answer to a session that is over goes nowhere. */
  readonly answer: (message: NodeMessage) => void;
}

export interface DeliveryObserver {
  taken(name: ResourceName): void;
  refused(name: ResourceName, problems: readonly Problem[]): void;
}

/** Takes resources one after another, in make-before-break order, and answers each once. */
export class DeliveryQueue {
  readonly #resources: Pick<NodeResources, "take">;
  readonly #observer: DeliveryObserver;
  readonly #waiting = new Map<ResourceName, Waiting>();
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(resources: Pick<NodeResources, "take">, observer: DeliveryObserver) {
    this.#resources = resources;
    this.#observer = observer;
  }

  /** A type that is not known is ignored. Of each type only the newest waits: what it replaces is stale. */
  deliver(resource: Resource__Output, answer: (message: NodeMessage) => void): void {
    const name = nameOf(resource);
    if (name === undefined || this.#closed) return;
    this.#waiting.set(name, { resource, answer });
    this.#working ??= this.#work();
  }

  /** A session has ended: what it brought and was not begun is brought again by the next. */
  clear(): void {
    this.#waiting.clear();
  }

  /** Resolves when nothing waits or is under way. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** Takes nothing any more; resolves when what was begun is done. */
  async close(): Promise<void> {
    this.#closed = true;
    this.clear();
    await this.idle();
  }

  async #work(): Promise<void> {
    for (let name = this.#nextName(); name !== undefined; name = this.#nextName()) {
      const waiting = this.#waiting.get(name);
      this.#waiting.delete(name);
      if (waiting !== undefined) await this.#takeOne(name, waiting);
    }
    this.#working = undefined;
  }

  #nextName(): ResourceName | undefined {
    return RESOURCE_NAMES.find((name) => this.#waiting.has(name));
  }

  async #takeOne(name: ResourceName, { resource, answer }: Waiting): Promise<void> {
    const verdict = await this.#verdictOn(name, resource);
    const { type, nonce, hash } = resource;
    if (verdict.kind === "taken") {
      answer({ ack: { type, nonce, hash } });
      return this.#observer.taken(name);
    }
    this.#observer.refused(name, verdict.problems);
    const problems = namedOf(verdict.problems).map((each) => wireProblem(each, resource));
    answer({ nack: { type, nonce, hash, problems } });
  }

  async #verdictOn(name: ResourceName, resource: Resource__Output): Promise<Verdict> {
    try {
      const { hash, tick, tombstone, again } = resource;
      return await this.#resources.take({
        name,
        hash,
        tick,
        tombstone,
        again,
        content: readContent(resource),
      });
    } catch (thrown) {
      const problems =
        thrown instanceof InputError ? thrown.problems : [{ where: "", message: messageOf(thrown) }];
      return { kind: "refused", problems };
    }
  }
}

function wireProblem(
  { key = "", message }: Problem,
  { content }: Resource__Output,
): { key: string; message: string; plugin: string } {
  return { key, message: message.slice(0, MAX_PROBLEM_CHARS), plugin: pluginAt(key, content) };
}

/** The plugin of the entry that a key such as `chain[2].config` leads to; empty: none. */
function pluginAt(key: string, content: Buffer): string {
  const index = /^chain\[(\d+)\]/.exec(key)?.[1];
  if (index === undefined) return "";
  const { entries } = JSON.parse(content.toString("utf8")) as { entries?: { plugin?: unknown }[] };
  const plugin = entries?.[Number(index)]?.plugin;
  return typeof plugin === "string" ? plugin : "";
}
