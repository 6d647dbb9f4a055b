import type { PluginReport } from "../../proto/gen/mesh/v1/PluginReport.ts";
import { versionKey } from "./released-packages.ts";

interface Sent {
  readonly plugins: readonly PluginReport[];
  /** What is not among them is gone. */
  readonly complete: boolean;
}

/** Reports that may wait for their confirmation; of those before it nothing is known. */
const MAX_UNCONFIRMED = 16;

/** What the control plane is known to know of each plugin: only what it confirmed. */
export class ReportedPlugins {
  /** By version: the report as text, to be compared as a whole. */
  #confirmed: ReadonlyMap<string, string> = new Map();
  readonly #unconfirmed = new Map<number, Sent>();

  /** Those that the control plane does not know as they are. */
  changesIn(plugins: readonly PluginReport[]): readonly PluginReport[] {
    return plugins.filter((plugin) => this.#confirmed.get(keyOf(plugin)) !== JSON.stringify(plugin));
  }

  sent(sequence: number, plugins: readonly PluginReport[], complete: boolean): void {
    this.#unconfirmed.set(sequence, { plugins, complete });
    const [oldest] = this.#unconfirmed.keys();
    if (this.#unconfirmed.size > MAX_UNCONFIRMED && oldest !== undefined) this.#unconfirmed.delete(oldest);
  }

  /** The control plane has this report; returns the removals in it. A sequence that was not sent changes nothing. */
  confirm(sequence: number): readonly PluginReport[] {
    const sent = this.#unconfirmed.get(sequence);
    if (sent === undefined) return [];
    this.#unconfirmed.delete(sequence);
    const removed = sent.plugins.filter(({ state }) => state === "REMOVED");
    const told = sent.plugins.map((plugin) => [keyOf(plugin), JSON.stringify(plugin)] as const);
    this.#confirmed = new Map([...(sent.complete ? [] : this.#confirmed), ...told]);
    return removed;
  }

  forgetUnconfirmed(): void {
    this.#unconfirmed.clear();
  }
}

function keyOf({ plugin = "", version = "" }: PluginReport): string {
  return versionKey(plugin, version);
}
