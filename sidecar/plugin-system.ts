import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { hostCommand } from "./plugin-host/host-command.ts";
import { IsolateRuntime } from "./plugins/isolate/isolate-runtime.ts";
import { ProcessRuntime } from "./plugins/process/process-runtime.ts";
import { Registry } from "./plugins/registry.ts";
import { RemoteRuntime } from "./plugins/remote/remote-runtime.ts";

export interface PluginSystemOptions {
  readonly hostMemory: number | undefined;
  /** Ports of this sidecar that plugins must not get to. */
  readonly ownPorts: readonly number[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** The generations of plugins, and the three ways to run them. */
export class PluginSystem implements AsyncDisposable {
  readonly isolates: IsolateRuntime;
  readonly registry: Registry;

  constructor({ hostMemory, ownPorts, clock, log }: PluginSystemOptions) {
    this.isolates = new IsolateRuntime({ command: hostCommand(), clock, log, hostMemory, ownPorts });
    const runtimes = [this.isolates, new ProcessRuntime({ clock, log }), new RemoteRuntime(clock, log)];
    this.registry = new Registry({ runtimes, clock, log });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
  }
}
