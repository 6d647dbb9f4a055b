import { mergeEdits, type HeaderEdits } from "../../core/headers/header-edits.ts";
import type { Generation } from "../../sidecar/chain/generation.ts";
import type {
  Ask,
  AskResult,
  AskTarget,
  MeshMessage,
  SegmentCall,
  SegmentHandle,
  SegmentRunner,
} from "../../sidecar/chain/runner.ts";
import { ALLOW, type FailureCause, type Position, type Verdict } from "../../sidecar/chain/verdict.ts";

/** What a scripted plugin was shown when it was asked. */
export interface Shown {
  readonly target: AskTarget;
  readonly message: MeshMessage;
  readonly edits: HeaderEdits;
  readonly background: boolean;
}

type Script = (message: MeshMessage, edits: HeaderEdits) => Verdict;

/** A runtime that keeps the contract of `SegmentRunner` to the letter and answers by script. */
export class ScriptedRunner implements SegmentRunner {
  readonly calls: SegmentCall[] = [];
  readonly shown: Shown[] = [];
  cancelled = 0;
  /** True: calls wait for `answer`; false: they are answered within `run`. */
  held = false;
  readonly #waiting = new Set<() => void>();

  run(call: SegmentCall, done: (results: readonly AskResult[]) => void): SegmentHandle {
    this.calls.push(call);
    const answer = (): void => {
      this.#waiting.delete(answer);
      done(this.#results(call));
    };
    if (!this.held) {
      answer();
      return { cancel: () => {} };
    }
    this.#waiting.add(answer);
    return { cancel: () => void (this.#waiting.delete(answer) && this.cancelled++) };
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Answers what waits, not what comes of it. */
  answer(): void {
    const waiting = Array.from(this.#waiting);
    for (const answer of waiting) answer();
  }

  #results(call: SegmentCall): AskResult[] {
    const results: AskResult[] = [];
    let { edits } = call;
    for (const ask of call.asks) {
      this.shown.push({ target: ask.target, message: call.message, edits, background: call.background });
      const verdict = scriptOf(ask)(call.message, edits);
      results.push({ verdict, micros: 7 });
      if (verdict.kind === "rewrite") edits = mergeEdits(edits, verdict.edits);
      if (verdict.kind === "block" || (verdict.kind === "failed" && ask.failurePolicy === "closed")) break;
    }
    return results;
  }
}

function scriptOf({ target }: Ask): Script {
  if (!(target instanceof ScriptedGeneration)) throw new TypeError("asked for a foreign generation");
  return target.script;
}

let generations = 0;

export interface ScriptedGenerationOptions {
  readonly positions?: readonly Position[];
  readonly runner?: ScriptedRunner;
  readonly script?: Script;
  readonly version?: string;
  readonly digest?: string;
}

/** A generation whose answers, faults and expiry a test decides. */
export class ScriptedGeneration implements Generation {
  readonly plugin: string;
  readonly version: string;
  readonly generation = ++generations;
  readonly digest: string;
  readonly positions: readonly Position[];
  readonly runner: ScriptedRunner;
  script: Script;
  fault: FailureCause | undefined;
  expired = false;
  /** Chains that hold it. */
  holders = 0;
  /** Chains that named it and were superseded. */
  retired = 0;
  readonly probes: { readonly call: SegmentCall; readonly done: (result: AskResult) => void }[] = [];

  constructor(plugin: string, options: ScriptedGenerationOptions = {}) {
    this.plugin = plugin;
    this.version = options.version ?? "1.0.0";
    this.digest = options.digest ?? "0".repeat(64);
    this.positions = options.positions ?? [0, 1];
    this.runner = options.runner ?? new ScriptedRunner();
    this.script = options.script ?? ((): Verdict => ALLOW);
  }

  probe(call: SegmentCall, done: (result: AskResult) => void): void {
    this.probes.push({ call, done });
  }

  acquire(): void {
    this.holders++;
  }

  retire(): void {
    this.retired++;
  }

  release(): void {
    if (--this.holders < 0) throw new Error(`${this.plugin} was released more often than acquired`);
  }
}

export const failure = (cause: FailureCause): Verdict => ({ kind: "failed", cause, detail: "scripted" });

export const rewrite = (name: string, ...values: string[]): Verdict => ({
  kind: "rewrite",
  edits: [{ name, values }],
});

export const block = (status: number): Verdict => ({
  kind: "block",
  answer: { status, headers: [], body: Buffer.alloc(0) },
});
