import { InputError, messageOf, type Problem } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Configuration } from "../config/configuration.ts";
import type { MeshSnapshot } from "../config/snapshot.ts";
import { controlSnapshot, type SnapshotPlace } from "./control-snapshot.ts";
import type { HeldResource, HeldResources, LastGood } from "./last-good.ts";
import { versionKey } from "./released-packages.ts";
import { CONTROL_PLANE, readStage, type ResourceName } from "./resource.ts";
import type { Stage } from "./stage.ts";

/** What becomes of a resource: `taken` is in force, `refused` left everything as it was. */
export type Verdict =
  | { readonly kind: "taken" }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] };

export interface Delivered extends HeldResource {
  readonly name: ResourceName;
  /** Somebody meant to leave nothing. */
  readonly tombstone: boolean;
  /** Of a stage: digests of packages that are tried again though they could not be loaded. */
  readonly again: readonly string[];
}

export interface NodeResourcesOptions {
  readonly configuration: Pick<Configuration, "apply" | "refuse">;
  readonly stage: Stage;
  readonly lastGood: LastGood;
  readonly place: SnapshotPlace;
  readonly log: Logger;
}

const TAKEN: Verdict = { kind: "taken" };

/** The resources in force on this node: from the last life, then as the control plane sends them. One at a time. */
export class NodeResources {
  readonly #options: NodeResourcesOptions;
  #held: HeldResources = {};
  readonly #chainInForce = Promise.withResolvers<void>();
  #fromDisk = false;

  constructor(options: NodeResourcesOptions) {
    this.#options = options;
  }

  get held(): HeldResources {
    return this.#held;
  }

  /** Resolves when a chain is in force: from then on traffic may come. */
  get ready(): Promise<void> {
    return this.#chainInForce.promise;
  }

  /** What is in force was there when this life began. */
  get fromDisk(): boolean {
    return this.#fromDisk;
  }

  /** Puts in force what the last life left. Where that is not possible the node waits for the control plane. */
  async restore(): Promise<void> {
    const { lastGood, stage, log } = this.#options;
    const held = await lastGood.read();
    if (held === undefined) return;
    try {
      if (held.stage !== undefined) await stage.restore(readStage(held.stage.content), loadedVersions(held));
      this.#held = held.stage === undefined ? {} : { stage: held.stage };
      if (held.chain === undefined) return;
      const snapshot = this.#snapshotOf(held);
      const result = await this.#options.configuration.apply(snapshot);
      if (result.kind === "rejected") throw new InputError(result.problems);
      this.#held = held;
      this.#fromDisk = true;
      this.#chainInForce.resolve();
      log.warn({ tick: held.chain.tick }, "the last good configuration is in force, as it lay on disk");
    } catch (thrown) {
      log.error(
        { reason: messageOf(thrown) },
        "the last good configuration cannot be put in force: waiting for the control plane",
      );
    }
  }

  /** Never rejects. Not to be called again before it has resolved. */
  async take(delivered: Delivered): Promise<Verdict> {
    const { name, tombstone, again, ...resource } = delivered;
    const before = this.#held;
    const wanted = { ...before, [name]: resource };
    try {
      if (name !== "stage" && !tombstone && empties(name, before, wanted))
        return refused(`it would empty the ${name}, and nobody says that this is meant (no tombstone)`);
      if (name === "stage") this.#options.stage.want(readStage(resource.content), again);
      else {
        const problems = await this.#apply(wanted);
        if (problems.length > 0) return { kind: "refused", problems };
      }
    } catch (thrown) {
      if (thrown instanceof InputError) return { kind: "refused", problems: thrown.problems };
      return refused(messageOf(thrown));
    }
    this.#held = wanted;
    this.#fromDisk = false;
    if (name === "chain") this.#chainInForce.resolve();
    this.#options.stage.collect(namedVersions(wanted));
    await this.#keep();
    return TAKEN;
  }

  async #apply(wanted: HeldResources): Promise<readonly Problem[]> {
    const snapshot = this.#snapshotOf(wanted);
    // A route alone is no configuration: it takes effect with the first chain.
    if (wanted.chain === undefined) return [];
    const result = await this.#options.configuration.apply(snapshot, "release");
    if (result.kind === "rejected") return result.problems;
    return result.kind === "superseded" ? [{ where: CONTROL_PLANE, message: "the sidecar is stopping" }] : [];
  }

  /** Its traffic does not depend on the disk: where that fails, the next life begins with what was kept before. */
  async #keep(): Promise<void> {
    try {
      await this.#options.lastGood.write(this.#held);
    } catch (thrown) {
      this.#options.log.error(
        { reason: messageOf(thrown) },
        "the configuration in force could not be kept on disk",
      );
    }
  }

  #snapshotOf({ chain, route }: HeldResources): MeshSnapshot {
    return controlSnapshot({ chain: chain?.content, route: route?.content }, this.#options.place);
  }
}

/** What was there is gone altogether. */
function empties(name: "route" | "chain", before: HeldResources, wanted: HeldResources): boolean {
  return sizeOf(name, before) > 0 && sizeOf(name, wanted) === 0;
}

function sizeOf(name: "route" | "chain", held: HeldResources): number {
  const content = (held[name]?.content ?? {}) as { readonly entries?: unknown[]; readonly services?: object };
  return name === "chain" ? (content.entries ?? []).length : Object.keys(content.services ?? {}).length;
}

interface ChainEntry {
  readonly plugin: string;
  readonly version?: string;
  readonly gray?: { readonly version: string };
  readonly mode?: string;
  readonly config?: unknown;
}

/** The config of each version that an entry names, by version. */
function versionsIn(entries: readonly ChainEntry[]): ReadonlyMap<string, unknown> {
  return new Map(
    entries.flatMap(({ plugin, version, gray, config }) =>
      [version, gray?.version].flatMap((each) =>
        each === undefined ? [] : [[versionKey(plugin, each), config] as const],
      ),
    ),
  );
}

function entriesOf({ chain }: HeldResources): readonly ChainEntry[] {
  return ((chain?.content ?? {}) as { readonly entries?: readonly ChainEntry[] }).entries ?? [];
}

function namedVersions(held: HeldResources): ReadonlySet<string> {
  return new Set(versionsIn(entriesOf(held)).keys());
}

/** What is switched off is named without having been loaded. */
function loadedVersions(held: HeldResources): ReadonlyMap<string, unknown> {
  return versionsIn(entriesOf(held).filter(({ mode }) => mode !== "off"));
}

function refused(message: string): Verdict {
  return { kind: "refused", problems: [{ where: CONTROL_PLANE, message }] };
}
