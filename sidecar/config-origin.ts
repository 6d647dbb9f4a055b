import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Configuration } from "./config/configuration.ts";
import type { NodeView } from "./control/node-view.ts";
import { FileOrigin } from "./file-origin.ts";
import type { LogTap } from "./log-tap.ts";
import type { PackageSource } from "./plugins/packages/package-source.ts";
import type { ResolvedSettings } from "./settings-source.ts";

/** Where the configuration in force came from; a label of metrics. */
export type OriginName = "file" | "disk" | "stream";

/** Where a sidecar's packages and configuration come from. */
export interface ConfigOrigin extends AsyncDisposable {
  readonly packages: PackageSource;
  /** Of what is in force, or of what will be. */
  readonly name: OriginName;
  /** Of the control plane's clock; 0: there is none. */
  readonly tick: number;
  /** Undefined: there is no control plane. */
  readonly connected: boolean | undefined;
  /** Lines that are not in the logs of plugins that are kept to be read from afar, by why; undefined: none are kept. */
  readonly droppedLogLines: Readonly<Record<string, number>> | undefined;
  /**
   * Resolves when a configuration is in force: before that no exchange may come. An `InputError` where it cannot be.
   * `stop` ends the wait: then it rejects with a `MeshError`.
   */
  start(into: Configuration, look: () => Promise<NodeView>, stop: AbortSignal): Promise<void>;
  /** Everything listens: from now on changes are followed. */
  follow(): void;
  /** For /config_dump; undefined: there is nothing to say. */
  readonly page: unknown;
  /** For /ready: what is not as it should be though traffic is welcome; undefined: nothing. */
  readonly note: string | undefined;
}

export interface OriginOptions {
  readonly settings: ResolvedSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** All lines of the log. */
  readonly tap: LogTap;
}

/** The origin that the settings name. Throws an `InputError` where they cannot be followed. */
export async function configOrigin(options: OriginOptions): Promise<ConfigOrigin> {
  if (options.settings.values.controlPlane === "") return FileOrigin.create(options);
  // Its code is loaded only where it runs.
  const { ControlOrigin } = await import("./control-origin.ts");
  return ControlOrigin.create(options);
}
