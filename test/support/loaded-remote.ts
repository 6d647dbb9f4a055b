import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import type { LoadOutcome, PluginInstance } from "../../sidecar/plugins/plugin-runtime.ts";
import { RemoteRuntime } from "../../sidecar/plugins/remote/remote-runtime.ts";
import { GrpcPlugin, type Behaviour } from "./grpc-plugin.ts";
import { pluginSpec } from "./plugin-spec.ts";

/** Loads `tagger` 1.0.0 as a remote plugin; `changes` are to its manifest. */
export async function loadRemote(
  runtime: RemoteRuntime,
  address: string,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<LoadOutcome> {
  return runtime.load(pluginSpec({ runtime: "remote", address, ...changes }));
}

/** A remote plugin that is loaded, its server, and all that must be closed. */
export class LoadedRemote implements AsyncDisposable {
  readonly instance: PluginInstance;
  readonly plugin: GrpcPlugin;
  readonly #runtime: RemoteRuntime;

  private constructor(instance: PluginInstance, plugin: GrpcPlugin, runtime: RemoteRuntime) {
    this.instance = instance;
    this.plugin = plugin;
    this.#runtime = runtime;
  }

  static async start(behaviour: Behaviour, clock = systemClock): Promise<LoadedRemote> {
    const plugin = await GrpcPlugin.start(behaviour);
    const runtime = new RemoteRuntime(clock, createLogger("silent"));
    const outcome = await loadRemote(runtime, plugin.address);
    if (outcome.kind === "failed") throw new Error(outcome.detail);
    return new LoadedRemote(outcome.instance, plugin, runtime);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runtime[Symbol.asyncDispose]();
    await this.plugin[Symbol.asyncDispose]();
  }
}

/** Lets what is due happen; for loops that wait for a state. */
export async function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 2);
  await promise;
}
