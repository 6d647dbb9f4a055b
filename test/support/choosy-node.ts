import type { NodeReport } from "../../control-plane/model/node.ts";
import type {
  ChainContent,
  ChainEntryContent,
  NodeSnapshot,
  SnapshotResource,
} from "../../control-plane/snapshot/node-snapshot.ts";
import { having, refusing, reportOf, wanting } from "./snapshot-world.ts";

/** Far beyond what a few entries can be refused in. */
const MOST_SENT = 15;

/** What an entry of a chain starts. */
interface EntryStarts {
  readonly plugin: string;
  readonly version?: string;
  readonly gray?: { readonly version: string };
  readonly mode?: string;
  readonly config: { readonly level: number };
}

/** A node that holds every package and cannot start some versions with some configs; what it refuses, it refuses by entry. */
export class ChoosyNode {
  readonly #unstartable: ReadonlySet<string>;
  /** What it refused, and while it should have had what. */
  readonly #refused = new Set<string>();
  #inForce: SnapshotResource | undefined;
  #report: NodeReport;

  /** Both as `plugin@version`, the second with a blank and the level of its config behind it. */
  constructor(held: readonly string[], unstartable: readonly string[]) {
    this.#unstartable = new Set(unstartable);
    this.#report = reportOf({ packages: Object.fromEntries(held.map((named) => [named, "LOADABLE"])) });
  }

  /** Of the chain in force, by plugin. */
  get entries(): ReadonlyMap<string, ChainEntryContent> {
    return entriesOf(this.#inForce);
  }

  get isRefusing(): boolean {
    return this.#report.resources.chain.nacked !== undefined;
  }

  /** It runs some version of the plugin. */
  runs(plugin: string): boolean {
    return startsIn(this.entries.get(plugin)).length > 0;
  }

  /** The entry starts something that does not start; what runs with this config already does not start anew. */
  refuses(entry: ChainEntryContent): boolean {
    const running = startsIn(this.entries.get(String(entry.plugin)));
    return startsIn(entry).some((start) => this.#unstartable.has(start) && !running.includes(start));
  }

  /** Takes or refuses what it is sent until nothing comes any more. Answers with what it should have. */
  settle(snapshotFor: (report: NodeReport) => NodeSnapshot): ReadonlyMap<string, ChainEntryContent> {
    for (let count = 0; count < MOST_SENT; count++) {
      const made = snapshotFor(this.#report);
      this.#report = wanting(this.#report, made);
      const due = made.inPlace === undefined ? made.resources.chain : made.inPlace.chain;
      const { refused } = this.#report.resources.chain;
      const isRefused = refused.some(({ hash }) => hash === due?.hash);
      if (due === undefined || isRefused || due.hash === this.#inForce?.hash)
        return entriesOf(made.resources.chain);
      this.#answer(due, made);
    }
    throw new Error("it is sent something without end");
  }

  #answer(due: SnapshotResource, made: NodeSnapshot): void {
    const failing = [...entriesOf(due)].filter(([, entry]) => this.refuses(entry)).map(([plugin]) => plugin);
    // Without a chain it takes any: a policy that answers is more.
    if (failing.length === 0 || this.#inForce === undefined) return this.#take(due, made);
    const occasion = `${made.resources.chain?.hash} ${due.hash}`;
    if (this.#refused.has(occasion)) throw new Error("it is sent again what it refused");
    this.#refused.add(occasion);
    this.#report = refusing(this.#report, due, ...failing);
  }

  #take(due: SnapshotResource, made: NodeSnapshot): void {
    this.#inForce = due;
    const starts = [...this.entries.values()].flatMap(startsIn).map((start) => start.split(" ")[0] ?? "");
    const { plugins } = reportOf({ plugins: Object.fromEntries(starts.map((named) => [named, "RUNNING"])) });
    const { chain } = having({}, { ...made, resources: { ...made.resources, chain: due } }).resources;
    const { resources } = this.#report;
    const refused = resources.chain.refused.filter(({ hash }) => hash !== due.hash);
    this.#report = { ...this.#report, plugins, resources: { ...resources, chain: { ...chain, refused } } };
  }
}

function startsIn(entry: ChainEntryContent | undefined): readonly string[] {
  if (entry === undefined || entry.mode === "off") return [];
  const { plugin, version, gray, config } = entry as unknown as EntryStarts;
  return [version, gray?.version].flatMap((each) =>
    each === undefined ? [] : [`${plugin}@${each} ${config.level}`],
  );
}

function entriesOf(chain: SnapshotResource | undefined): ReadonlyMap<string, ChainEntryContent> {
  const { entries } = (chain?.content ?? { entries: [] }) as Pick<ChainContent, "entries">;
  return new Map(entries.map((entry) => [String(entry.plugin), entry]));
}
