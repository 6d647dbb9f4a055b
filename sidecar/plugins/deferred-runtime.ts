import { messageOf } from "../../core/errors.ts";
import type { GenerationSpec } from "./generation-registry.ts";
import type { PluginRuntimeName } from "../../core/packages/manifest.ts";
import type { LoadOutcome, PluginRuntime } from "./plugin-runtime.ts";

/**
 * A runtime whose code is loaded with its first plugin: gRPC takes 10 MiB, and many use none of it.
 * For runtimes that hold nothing against plugins; `releaseQuarantine` is not passed on.
 */
export class DeferredRuntime implements PluginRuntime {
  readonly name: PluginRuntimeName;
  readonly #create: () => Promise<PluginRuntime>;
  #runtime: Promise<PluginRuntime> | undefined;

  /** `create` is called once at most, and may reject: then each load fails for that reason. */
  constructor(name: PluginRuntimeName, create: () => Promise<PluginRuntime>) {
    this.name = name;
    this.#create = create;
  }

  async load(spec: GenerationSpec, generation: number): Promise<LoadOutcome> {
    this.#runtime ??= this.#create();
    try {
      return await (await this.#runtime).load(spec, generation);
    } catch (thrown) {
      return { kind: "failed", cause: "not_loaded", detail: messageOf(thrown) };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const runtime = await this.#runtime?.catch(() => undefined);
    await runtime?.[Symbol.asyncDispose]();
  }
}
