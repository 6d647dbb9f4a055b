import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Clock } from "../../../core/clock.ts";
import { messageOf } from "../../../core/errors.ts";
import type { Logger } from "../../../core/log.ts";
import type { GenerationSpec } from "../generation-registry.ts";
import type { LoadOutcome, PluginRuntime } from "../plugin-runtime.ts";
import { currentPlatform, runsOn } from "./platform.ts";
import { ProcessPlugin } from "./process-plugin.ts";

export interface ProcessRuntimeOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 to 1, for the delays between starts. Default `Math.random`. */
  readonly random?: () => number;
}

/** Plugins that run here as processes of their own, in any language, and answer on a Unix socket. */
export class ProcessRuntime implements PluginRuntime {
  readonly name = "process";
  readonly #options: Required<ProcessRuntimeOptions>;
  readonly #plugins = new Set<ProcessPlugin>();

  constructor({ clock, log, random = Math.random }: ProcessRuntimeOptions) {
    this.#options = { clock, log, random };
  }

  /**
   * Starts the process and waits until it has shaken hands. A process that is another plugin, or is for another
   * platform, is a failure. One that ends or does not listen in time is a failure only where an older generation can
   * go on; else the instance is given out with fault `unreachable` and its process is started again and again.
   */
  async load(spec: GenerationSpec): Promise<LoadOutcome> {
    const { manifest } = spec.package;
    if (!runsOn(manifest.platforms, currentPlatform())) {
      const detail = `is for ${manifest.platforms.join(", ")}; this is ${currentPlatform()}`;
      return { kind: "failed", cause: "not_loaded", detail };
    }
    const hasOlder = [...this.#plugins].some(
      ({ name, fault }) => name === manifest.name && fault === undefined,
    );
    try {
      return await this.#start(spec, hasOlder);
    } catch (thrown) {
      return { kind: "failed", cause: "not_loaded", detail: messageOf(thrown) };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#plugins].map((plugin) => plugin.stop("the sidecar stops")));
  }

  async #start(spec: GenerationSpec, hasOlder: boolean): Promise<LoadOutcome> {
    // Short, since the path of a socket has at most 107 bytes, and for this user only.
    const folder = await mkdtemp(join(tmpdir(), `sluice-plugin-${process.pid}-`));
    const plugin: ProcessPlugin = new ProcessPlugin(spec, join(folder, "s"), this.#options, async () => {
      this.#plugins.delete(plugin);
      await rm(folder, { recursive: true, force: true });
    });
    this.#plugins.add(plugin);
    const first = await plugin.start();
    if (first.kind === "connected" || (first.kind === "unreachable" && !hasOlder))
      return { kind: "loaded", instance: plugin };
    await plugin.stop(first.reason);
    return { kind: "failed", cause: first.kind === "refused" ? "not_loaded" : "crash", detail: first.reason };
  }
}
