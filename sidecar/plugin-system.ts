import { join } from "node:path";

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { hostCommand } from "./plugin-host/host-command.ts";
import { IsolateRuntime } from "./plugins/isolate/isolate-runtime.ts";
import { PackageCache } from "./plugins/packages/package-cache.ts";
import { PackageFolder } from "./plugins/packages/package-folder.ts";
import { ProcessRuntime } from "./plugins/process/process-runtime.ts";
import { Registry } from "./plugins/registry.ts";
import { RemoteRuntime } from "./plugins/remote/remote-runtime.ts";

export interface PluginSystemOptions {
  /** Folders that hold packages; absolute. */
  readonly folders: readonly string[];
  /** Where packages are unpacked. */
  readonly stateFolder: string;
  readonly hostMemory: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Packages, and the three ways to run them. */
export class PluginSystem implements AsyncDisposable {
  readonly packages: PackageFolder;
  readonly isolates: IsolateRuntime;
  readonly registry: Registry;

  constructor({ folders, stateFolder, hostMemory, clock, log }: PluginSystemOptions) {
    const cache = new PackageCache(join(stateFolder, "packages"));
    this.packages = new PackageFolder({ directories: folders, cache, clock, log });
    this.isolates = new IsolateRuntime({ command: hostCommand(), clock, log, hostMemory });
    const runtimes = [this.isolates, new ProcessRuntime({ clock, log }), new RemoteRuntime(clock, log)];
    this.registry = new Registry({ runtimes, clock, log });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.packages[Symbol.asyncDispose]();
    await this.registry[Symbol.asyncDispose]();
  }
}
