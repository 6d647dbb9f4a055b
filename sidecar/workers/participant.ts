import type { Preparation, SnapshotApplier } from "../config/apply.ts";
import type { DeliveredPackages } from "./delivered-packages.ts";
import type { CommitAnswer, PrepareAnswer, PrepareOrder } from "./questions.ts";

/** A worker's part in a swap of all: makes ready what it is given, and takes it when it is told to. */
export class Participant {
  readonly #applier: SnapshotApplier;
  readonly #packages: DeliveredPackages;
  #prepared: Preparation | undefined;

  /** `packages` are those that `applier` finds its plugins in. */
  constructor(applier: SnapshotApplier, packages: DeliveredPackages) {
    this.#applier = applier;
    this.#packages = packages;
  }

  /** Forgets what was prepared before and was not committed. */
  async prepare({ snapshot, trigger, packages }: PrepareOrder): Promise<PrepareAnswer> {
    this.#prepared = undefined;
    this.#packages.deliver(packages);
    const prepared = await this.#applier.prepare(snapshot, trigger);
    if (prepared.kind === "rejected") return { kind: "rejected", problems: prepared.problems };
    this.#prepared = prepared;
    return { kind: "prepared", shortfalls: [...prepared.shortfalls] };
  }

  /** Throws where nothing is prepared. */
  commit(withheld: ReadonlyMap<string, string>): CommitAnswer {
    if (this.#prepared?.kind !== "prepared") throw new Error("nothing is prepared");
    const { kind } = this.#prepared.commit(withheld);
    this.#prepared = undefined;
    const loads = this.#applier.inForce?.loads ?? [];
    return { result: kind === "applied" ? "applied" : "unchanged", loads };
  }
}
