import { Backoff } from "../../../core/backoff.ts";
import { POSITION_NAMES, type FailureCause } from "../../chain/verdict.ts";
import type { KeyValueEntry, Load } from "../../plugin-host/protocol/messages.ts";
import type { GenerationSpec } from "../generation-registry.ts";
import { parseFetchPattern, type FetchPattern } from "./fetch-pattern.ts";
import { HostAnswers } from "./host-answer.ts";
import { KEY_VALUE_LIMITS } from "./key-value-store.ts";
import type { Askable } from "./run-dispatcher.ts";

/** ms that `init` and `destroy` may take, each. */
export const HOOK_TIMEOUT = 2_000;
const MICROS_PER_MILLI = 1_000;

export type InstanceState =
  | { readonly kind: "loading" }
  | { readonly kind: "running"; readonly since: number }
  /** It brought a host down and has its second chance; its policy answers. */
  | { readonly kind: "suspended"; readonly detail: string }
  | { readonly kind: "quarantined"; readonly detail: string }
  | { readonly kind: "unloaded" };

const FAULTS: Readonly<Record<InstanceState["kind"], FailureCause | undefined>> = {
  loading: "not_loaded",
  running: undefined,
  suspended: "suspended",
  quarantined: "quarantined",
  unloaded: "not_loaded",
};

/** One generation of an isolate plugin as the sidecar keeps it, whichever hosts hold it. */
export class IsolateInstance implements Askable {
  readonly generation: number;
  readonly spec: GenerationSpec;
  readonly fetch: readonly FetchPattern[];
  readonly answers = new HostAnswers();
  /** Waits before it is made anew where that failed, or was needed again. */
  readonly comeback = new Backoff({ first: 100, ceiling: 60_000 });
  /** It has had its second chance: the next time it brings a host down is the last. */
  retried = false;
  #load: number;
  #state: InstanceState = { kind: "loading" };

  /** Throws a string's reason as `RangeError` if a fetch pattern cannot be read; packages are checked before. */
  constructor(generation: number, spec: GenerationSpec, load: number) {
    this.generation = generation;
    this.spec = spec;
    this.#load = load;
    this.fetch = spec.package.manifest.permissions.fetch.map((text) => {
      const pattern = parseFetchPattern(text);
      if (typeof pattern === "string") throw new RangeError(`permissions.fetch: ${pattern}`);
      return pattern;
    });
  }

  get plugin(): string {
    return this.spec.package.manifest.name;
  }

  /** Its name in the hosts; another one each time it is brought up anew, since hosts never see one twice. */
  get load(): number {
    return this.#load;
  }

  get cpu(): number {
    return this.spec.cpu;
  }

  get state(): InstanceState {
    return this.#state;
  }

  /** Unloading is the end: nothing that is still under way elsewhere brings it back. */
  set state(next: InstanceState) {
    if (this.#state.kind !== "unloaded") this.#state = next;
  }

  get fault(): FailureCause | undefined {
    return FAULTS[this.#state.kind];
  }

  get faultDetail(): string | undefined {
    return "detail" in this.#state ? this.#state.detail : undefined;
  }

  /** Takes another name, under which hosts have never seen it. */
  rename(load: number): void {
    this.#load = load;
  }

  /** What a host needs to bring it up; `entries` seed its key-value store. */
  loadFrame(entries: readonly KeyValueEntry[]): Load {
    const { spec } = this;
    const { manifest, source } = spec.package;
    return {
      kind: "load",
      generation: this.#load,
      plugin: manifest.name,
      version: manifest.version,
      source: source ?? "",
      configJson: JSON.stringify(spec.config) ?? "",
      cpuMicros: Math.round(spec.cpu * MICROS_PER_MILLI),
      timeoutMs: spec.timeout,
      memoryBytes: spec.memory,
      hookTimeoutMs: HOOK_TIMEOUT,
      keyValue: manifest.permissions.kv,
      entries,
      keyValueBytes: KEY_VALUE_LIMITS.bytes,
      keyValueKeys: KEY_VALUE_LIMITS.keys,
      fetch: manifest.permissions.fetch,
      positions: manifest.positions.map((name) => POSITION_NAMES.indexOf(name)),
      tag: spec.tag,
      compileOnly: false,
    };
  }
}
