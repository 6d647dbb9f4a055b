import { url as inspectorUrl } from "node:inspector";

import type { Plugin, PluginContext, PluginFetch, PluginLog, PluginStore } from "../core/plugin-api.ts";
import { Store } from "../sidecar/plugin-host/world/store.ts";
import { messageOf, type HarnessExchange, type HarnessRequest } from "./harness-message.ts";
import { outcomeOf, thrownBy, type HarnessOutcome } from "./harness-outcome.ts";

/** As plugin.yaml has it, when it says nothing. */
const DEFAULT_TIMEOUT = 50;
/** As the sidecar bounds each plugin's store. */
const STORE_LIMITS = { bytes: 4 * 1024 * 1024, keys: 10_000 } as const;

export interface HarnessOptions<Config> {
  readonly config: Config;
  /** Of the chain entry. Default none. */
  readonly tag?: string;
  /** As the manifest's `permissions.kv`. Default false. */
  readonly kv?: boolean;
  /** Stands for the fetch that the manifest would allow. Default: there is none. */
  readonly fetch?: PluginFetch;
  /** Milliseconds for an asynchronous answer. Default 50; none while a debugger is attached. */
  readonly timeout?: number;
}

export interface LogLine {
  readonly level: keyof PluginLog;
  readonly values: readonly unknown[];
}

/**
 * Runs a plugin in this process: what it is shown and what becomes of its answers is decided by the code that decides
 * it in the real host; only the engine differs, and with it what an isolate bounds (CPU, memory) and hides (Node).
 */
export interface Harness<Config> extends AsyncDisposable {
  /** Position 0. */
  request(request?: HarnessRequest): Promise<HarnessOutcome>;
  /** Position 1 of an exchange. */
  response(exchange?: HarnessExchange): Promise<HarnessOutcome>;
  /** Ends this generation and begins another one, perhaps of other code, on the same store. */
  reload(plugin?: Plugin<Config>): Promise<void>;
  /** What the plugin logged so far. */
  readonly log: readonly LogLine[];
  /** Undefined without `kv`. */
  readonly store: PluginStore | undefined;
}

/** Loads `plugin`, its `init` included, which throws through. Disposing runs its `destroy`. */
export async function createHarness<Config>(
  plugin: Plugin<Config>,
  options: HarnessOptions<Config>,
): Promise<Harness<Config>> {
  const harness = new PluginHarness(plugin, options);
  await harness.load();
  return harness;
}

class PluginHarness<Config> implements Harness<Config> {
  readonly log: LogLine[] = [];
  readonly store: PluginStore | undefined;
  readonly #context: PluginContext<Config>;
  readonly #facts: { readonly tag: string; readonly timeout: number };
  #plugin: Plugin<Config>;
  #lastId = 0;

  constructor(plugin: Plugin<Config>, options: HarnessOptions<Config>) {
    const { tag = "", timeout = DEFAULT_TIMEOUT, kv = false, config, fetch } = options;
    this.#plugin = plugin;
    this.#facts = { tag, timeout };
    this.store = kv ? new Store(STORE_LIMITS) : undefined;
    const facts = { plugin: "plugin", version: "0.0.0", tag, positions: [0, 1], config };
    this.#context = Object.freeze({ ...facts, log: this.#logger(), kv: this.store, fetch });
  }

  async load(): Promise<void> {
    await this.#plugin.init?.(this.#context);
  }

  async reload(plugin: Plugin<Config> = this.#plugin): Promise<void> {
    await this.#plugin.destroy?.(this.#context);
    this.#plugin = plugin;
    await this.load();
  }

  async request(request: HarnessRequest = {}): Promise<HarnessOutcome> {
    return this.#ask({ request });
  }

  async response({ request = {}, response = {} }: HarnessExchange = {}): Promise<HarnessOutcome> {
    return this.#ask({ request, response });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plugin.destroy?.(this.#context);
  }

  async #ask({ request = {}, response }: HarnessExchange): Promise<HarnessOutcome> {
    const { view, headers } = messageOf(++this.#lastId, this.#facts, request, response);
    try {
      const answer = await this.#within(this.#plugin.execute(view, this.#context));
      return answer === LATE ? this.#timedOut() : outcomeOf(answer, headers);
    } catch (error) {
      return thrownBy(error);
    }
  }

  /** A debugger stops the plugin for as long as somebody thinks: then no deadline holds. */
  async #within(answer: unknown): Promise<unknown> {
    if (inspectorUrl() !== undefined) return answer;
    const late = Promise.withResolvers<typeof LATE>();
    const timer = setTimeout(() => late.resolve(LATE), this.#facts.timeout);
    try {
      return await Promise.race([answer, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #timedOut(): HarnessOutcome {
    return { kind: "failed", cause: "timeout", detail: `no answer within ${this.#facts.timeout} ms` };
  }

  #logger(): PluginLog {
    const at =
      (level: LogLine["level"]) =>
      (...values: unknown[]): void =>
        void this.log.push({ level, values });
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }
}

const LATE = Symbol("late");
