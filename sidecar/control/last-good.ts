import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { writeDurably } from "../../core/durable-file.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { RESOURCE_NAMES, type ResourceName } from "./resource.ts";

/** One type of resource as it is in force. */
export interface HeldResource {
  readonly hash: string;
  readonly tick: number;
  /** As it came, parsed. */
  readonly content: unknown;
}

export type HeldResources = Readonly<Partial<Record<ResourceName, HeldResource>>>;

const FILES = ["snapshot-a.json", "snapshot-b.json"] as const;

const held = z.strictObject({ hash: z.string(), tick: z.number(), content: z.unknown() });
const document = z.strictObject({
  sequence: z.int().min(1),
  resources: z.partialRecord(z.enum(RESOURCE_NAMES), held),
});
type Document = z.infer<typeof document>;

/**
 * The last good configuration on disk, from which the node starts without a control plane. Two files take turns, each
 * with the checksum of its content: one that is torn or damaged leaves the one before it.
 */
export class LastGood {
  readonly #folder: string;
  readonly #log: Logger;
  #sequence = 0;
  /** The file that is written next: never the one that is good. */
  #next = 0;

  constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Before the first `write`. Undefined: there is none that can be read. */
  async read(): Promise<HeldResources | undefined> {
    const documents = await Promise.all(FILES.map((name) => this.#readFile(name)));
    const [a = 0, b = 0] = documents.map((each) => each?.sequence);
    const newest = a > b ? 0 : 1;
    this.#sequence = Math.max(a, b);
    this.#next = 1 - newest;
    return documents[newest]?.resources;
  }

  /** Rejects where the disk fails; what was written before is still there. One at a time. */
  async write(resources: HeldResources): Promise<void> {
    const content = JSON.stringify({ sequence: this.#sequence + 1, resources });
    await writeDurably(join(this.#folder, FILES[this.#next] ?? FILES[0]), `${checksum(content)}\n${content}`);
    this.#sequence++;
    this.#next = 1 - this.#next;
  }

  async #readFile(name: string): Promise<Document | undefined> {
    const path = join(this.#folder, name);
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "ENOENT")
        this.#log.error({ path, reason: messageOf(thrown) }, "last good configuration: cannot be read");
      return undefined;
    }
    const read = readText(text);
    if (read === undefined)
      this.#log.error({ path }, "last good configuration: damaged, the one before is used");
    return read;
  }
}

function readText(text: string): Document | undefined {
  const end = text.indexOf("\n");
  const content = text.slice(end + 1);
  if (end < 0 || text.slice(0, end) !== checksum(content)) return undefined;
  try {
    return document.safeParse(JSON.parse(content)).data;
  } catch {
    // A checksum is no signature.
    return undefined;
  }
}

function checksum(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
