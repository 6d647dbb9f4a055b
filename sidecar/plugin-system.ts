import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { hostCommand } from "./plugin-host/host-command.ts";
import { DeferredRuntime } from "./plugins/deferred-runtime.ts";
import { IsolateRuntime } from "./plugins/isolate/isolate-runtime.ts";
import { Registry } from "./plugins/registry.ts";

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
    const processes = new DeferredRuntime("process", async () => {
      const { ProcessRuntime } = await import("./plugins/process/process-runtime.ts");
      return new ProcessRuntime({ clock, log });
    });
    const remotes = new DeferredRuntime("remote", async () => {
      const { RemoteRuntime } = await import("./plugins/remote/remote-runtime.ts");
      return new RemoteRuntime(clock, log);
    });
    this.registry = new Registry({ runtimes: [this.isolates, processes, remotes], clock, log });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
  }
}
