import { createHash } from "node:crypto";

import type { GenerationSpec } from "../generation-registry.ts";

export interface Quarantined {
  readonly plugin: string;
  readonly version: string;
  readonly digest: string;
  /** What it did, for people. */
  readonly detail: string;
  /** ms since 1970. */
  readonly since: number;
}

/**
 * Code and configuration that brought a host down twice. Not loaded again until a person releases the plugin, or its
 * digest or configuration changes.
 */
export class Quarantine {
  readonly #entries = new Map<string, Quarantined>();

  get entries(): readonly Quarantined[] {
    return [...this.#entries.values()];
  }

  find(spec: GenerationSpec): Quarantined | undefined {
    return this.#entries.get(keyOf(spec));
  }

  add(spec: GenerationSpec, detail: string, since: number): void {
    const { digest, manifest } = spec.package;
    this.#entries.set(keyOf(spec), {
      plugin: manifest.name,
      version: manifest.version,
      digest,
      detail,
      since,
    });
  }

  /** Forgets everything about a plugin; false: there was nothing. */
  release(plugin: string): boolean {
    let found = false;
    for (const [key, entry] of this.#entries)
      if (entry.plugin === plugin) found = this.#entries.delete(key) || found;
    return found;
  }
}

/** The configuration may hold secrets and be long: only its digest is kept. */
function keyOf({ package: { digest }, config }: GenerationSpec): string {
  const text = JSON.stringify(config) ?? "";
  return `${digest}:${createHash("sha256").update(text).digest("hex")}`;
}
