import { createHash } from "node:crypto";
import { deserialize, serialize } from "node:v8";

import type { SchemaResult, SchemaTask } from "./schema-thread.ts";

/** Results that are kept: the oldest goes for one more. */
const ROOM = 64;
/** Bytes of the longest result that is kept. */
const LONGEST = 64 * 1024;

/**
 * Schemas, and configs with them, that were found in order. A new version of a plugin mostly has the schema of the one
 * before, and to start a thread that can check it takes a third of a second.
 */
export class KnownResults {
  readonly #results = new Map<string, Buffer>();

  /** The same for what is checked with the same outcome, wherever it stands; undefined: no message can carry it. */
  keyOf(task: SchemaTask): string | undefined {
    try {
      const checked = task.kind === "schema" ? [task.text] : [task.schema, task.config];
      return createHash("sha256").update(serialize(checked)).digest("hex");
    } catch {
      return undefined;
    }
  }

  /** A copy that is the caller's. */
  find(key: string | undefined): SchemaResult | undefined {
    const found = key === undefined ? undefined : this.#results.get(key);
    return found === undefined ? undefined : (deserialize(found) as SchemaResult);
  }

  /** What is wrong is not kept: it says where, and a check that was ended may come to an end another time. */
  keep(key: string | undefined, result: SchemaResult): void {
    if (key === undefined || !isInOrder(result)) return;
    const bytes = serialize(result);
    if (bytes.length > LONGEST) return;
    const [oldest] = this.#results.keys();
    if (oldest !== undefined && this.#results.size >= ROOM) this.#results.delete(oldest);
    this.#results.set(key, bytes);
  }
}

function isInOrder(result: SchemaResult): boolean {
  return result.kind === "schema" || (result.kind === "config" && result.check.kind === "valid");
}
