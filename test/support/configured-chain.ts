import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { CurrentChain } from "../../sidecar/chain/current-chain.ts";
import { SILENT_OBSERVER } from "./silent-observer.ts";
import { SnapshotApplier } from "../../sidecar/config/apply.ts";
import type { ApplyResult } from "../../sidecar/config/apply-result.ts";
import { Configuration } from "../../sidecar/config/configuration.ts";
import { checkSnapshot } from "../../sidecar/config/snapshot-schema.ts";
import type { MeshSnapshot } from "../../sidecar/config/snapshot.ts";
import type { PluginPackage } from "../../core/packages/plugin-package.ts";
import { ScriptedPackages, ScriptedRegistry } from "./scripted-plugins.ts";

/** A snapshot with this chain; `more` adds other parts of the document. */
export function snapshotOf(
  chain: readonly Readonly<Record<string, unknown>>[],
  more: Readonly<Record<string, unknown>> = {},
): MeshSnapshot {
  return checkSnapshot("mesh.yaml", { apiVersion: "sluice/v1", kind: "Mesh", chain, ...more });
}

/** A configuration over a real chain, with packages and a registry that a test scripts. */
export class ConfiguredChain implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly registry = new ScriptedRegistry();
  readonly chain = new CurrentChain({ clock: this.clock, observer: SILENT_OBSERVER });
  readonly logLines: string[] = [];
  readonly results: string[] = [];
  readonly packages: ScriptedPackages;
  readonly applier: SnapshotApplier;
  readonly configuration: Configuration;
  services: ReadonlyMap<string, unknown> = new Map();

  constructor(packages: readonly PluginPackage[], environment: Readonly<Record<string, string>> = {}) {
    this.packages = new ScriptedPackages(...packages);
    this.applier = new SnapshotApplier({
      packages: this.packages,
      registry: this.registry,
      chain: this.chain,
      services: (table) => (this.services = table),
      environment,
    });
    this.configuration = new Configuration({
      applier: this.applier,
      packages: this.packages,
      clock: this.clock,
      log: createLogger("info", { write: (line) => void this.logLines.push(line) }),
      onResult: (kind) => this.results.push(kind),
    });
  }

  apply(...chain: readonly Readonly<Record<string, unknown>>[]): Promise<ApplyResult> {
    return this.configuration.apply(snapshotOf(chain));
  }

  /** `NAME VERSION OBSTACLE` of each entry of the chain in force. */
  get serving(): readonly string[] {
    return this.chain.status.map(
      ({ plugin, version, obstacle }) => `${plugin} ${version} ${obstacle ?? "ok"}`,
    );
  }

  get problems(): readonly string[] {
    return this.configuration.status.problems.map(({ key, message }) => `${key}: ${message}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.configuration[Symbol.asyncDispose]();
    this.chain[Symbol.dispose]();
  }
}
