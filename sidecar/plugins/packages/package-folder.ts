import { existsSync } from "node:fs";

import { watch, type FSWatcher } from "chokidar";

import type { Clock, Timer } from "../../../core/clock.ts";
import { InputError, messageOf, namedOf, type Problem } from "../../../core/errors.ts";
import type { Logger } from "../../../core/log.ts";
import { listCandidates, type PackageCandidate } from "./package-candidates.ts";
import { PackageCatalog } from "./package-catalog.ts";
import type { PackageCache } from "../../../core/packages/package-cache.ts";
import {
  BundleError,
  PackageCacheError,
  TornArchiveError,
  type BundleInputs,
} from "../../../core/packages/package-errors.ts";
import { isLeftover } from "../../../core/packages/package-files.ts";
import type { PackageChange, PackageRejection, PackageSource } from "./package-source.ts";
import type { PluginPackage } from "../../../core/packages/plugin-package.ts";
import { nameOfFile, readCandidate } from "./read-candidate.ts";

/** Milliseconds for which a package must not have changed before it is read. */
const STABLE = 100;
/** Milliseconds after which a zip that is torn is a rejection, and one that is gone is removed. */
const PATIENCE = 1_000;
/** Events of one copy come in bursts. */
const GATHER = 20;
/** Some volumes tell of no changes, and watches run out. */
const RESCAN = 5_000;
/** ms between two looks at whether unpacked packages that nobody uses take too much room. */
const EVICT = 3_600_000;

export interface PackageFolderOptions {
  /** Folders that hold zips and plugin folders; need not exist yet. */
  readonly directories: readonly string[];
  readonly cache: PackageCache;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is known of one file or folder. */
interface Watched {
  candidate: PackageCandidate;
  /** When its signature was last seen to change, on the clock. */
  changedAt: number;
  /** Set: it is to be read at this time at the earliest. */
  readAt: number | undefined;
  /** Set: since then it has not been there. */
  goneSince: number | undefined;
  rejection: PackageRejection | undefined;
  /** What the script was last bundled from, or would have been: some may not be there. */
  sources: readonly string[];
}

/**
 * Packages in folders that people copy zips to and work on plugins in. Events of the file system only wake it: what
 * has changed is told by comparing what lies there with what was seen before, so that no lost event and no order of
 * events matters. Each good package stays until a good one takes its place or its file is gone.
 */
export class PackageFolder implements PackageSource, AsyncDisposable {
  readonly #directories: readonly string[];
  readonly #cache: PackageCache;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #catalog = new PackageCatalog();
  readonly #watched = new Map<string, Watched>();
  readonly #listeners = new Set<(changes: readonly PackageChange[]) => void>();
  #watcher: FSWatcher | undefined;
  #rescan: Timer | undefined;
  #eviction: Timer | undefined;
  #next: Timer | undefined;
  #nextDue = Infinity;
  #scanning: Promise<void> | undefined;
  #closed = false;

  constructor({ directories, cache, clock, log }: PackageFolderOptions) {
    this.#directories = directories;
    this.#cache = cache;
    this.#clock = clock;
    this.#log = log;
  }

  /** Resolves when all that lies in the folders was read once; what is refused is reported as after any change. */
  async start(): Promise<void> {
    await this.#cache.sweep();
    for (const path of this.#directories)
      if (!existsSync(path))
        this.#log.warn({ path }, "plugin folder: there is none (plugins.folder), its packages come with it");
    this.#watcher = watch([...this.#directories], {
      ignoreInitial: true,
      followSymlinks: false,
      ignored: (path) => this.#isIgnored(path),
    });
    this.#watcher.on("all", () => this.#scanIn(GATHER));
    this.#watcher.on("error", (error) => {
      this.#log.warn(
        { reason: messageOf(error) },
        "plugin folder: watching failed, looking every 5s instead",
      );
    });
    this.#rescan = this.#clock.every(RESCAN, () => this.#scanIn(0)).unref();
    await this.#scanOnce(0);
    if (this.#closed) return;
    this.#eviction = this.#clock.every(EVICT, () => void this.#evict()).unref();
    await this.#evict();
  }

  find(name: string, version?: string): PluginPackage | undefined {
    return this.#catalog.find(name, version);
  }

  current(): readonly PluginPackage[] {
    return this.#catalog.current();
  }

  rejections(): readonly PackageRejection[] {
    return [...this.#watched.values()].flatMap(({ rejection }) => rejection ?? []);
  }

  onChange(listener: (changes: readonly PackageChange[]) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Resolves when nothing is being looked at or read. */
  async idle(): Promise<void> {
    while (this.#scanning !== undefined) await this.#scanning;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#next?.[Symbol.dispose]();
    this.#rescan?.[Symbol.dispose]();
    this.#eviction?.[Symbol.dispose]();
    await this.#watcher?.close();
    await this.idle();
  }

  async #evict(): Promise<void> {
    await this.#cache.evict(new Set(this.current().map(({ digest }) => digest)));
  }

  /** Looks again after `delay` ms, or earlier if that is due anyway. */
  #scanIn(delay: number): void {
    const due = this.#clock.now() + delay;
    if (this.#closed || due >= this.#nextDue) return;
    this.#next?.[Symbol.dispose]();
    this.#nextDue = due;
    this.#next = this.#clock.after(delay, () => {
      this.#nextDue = Infinity;
      if (this.#scanning === undefined) void this.#scanOnce(STABLE);
      else this.#scanIn(GATHER);
    });
  }

  /** Never rejects. `settle`: milliseconds that what was not known before is given to be complete. */
  async #scanOnce(settle: number): Promise<void> {
    this.#scanning = this.#scan(settle).catch((error: unknown) => {
      this.#log.error({ reason: messageOf(error) }, "plugin folder: looking failed");
    });
    await this.#scanning;
    this.#scanning = undefined;
  }

  async #scan(settle: number): Promise<void> {
    const sourcesOf = (path: string): readonly string[] => this.#watched.get(path)?.sources ?? [];
    const lists = await Promise.all(
      this.#directories.map((directory) => listCandidates(directory, sourcesOf)),
    );
    const changes: PackageChange[] = [];
    this.#observe(lists.flat(), settle);
    for (const watched of this.#watched.values()) {
      if (this.#closed) return;
      if (watched.goneSince !== undefined) changes.push(...this.#forget(watched, watched.goneSince));
      else if (watched.readAt !== undefined && watched.readAt <= this.#clock.now())
        changes.push(...(await this.#read(watched)));
    }
    this.#scheduleNext();
    if (changes.length > 0 && !this.#closed) this.#tell(changes);
  }

  /** Notes what is new, what has changed, and what is gone. */
  #observe(candidates: readonly PackageCandidate[], settle: number): void {
    const now = this.#clock.now();
    for (const watched of this.#watched.values()) watched.goneSince ??= now;
    for (const candidate of candidates) {
      const known = this.#watched.get(candidate.path);
      if (known === undefined) {
        const fresh = { candidate, changedAt: now, readAt: now + settle };
        const rest = { goneSince: undefined, rejection: undefined, sources: [] };
        this.#watched.set(candidate.path, { ...fresh, ...rest });
        continue;
      }
      known.goneSince = undefined;
      if (known.candidate.signature === candidate.signature) continue;
      known.candidate = candidate;
      known.changedAt = now;
      known.readAt = now + STABLE;
    }
  }

  async #read(watched: Watched): Promise<readonly PackageChange[]> {
    const { candidate } = watched;
    watched.readAt = undefined;
    const [read] = await Promise.allSettled([readCandidate(candidate, this.#cache)]);
    if (this.#closed) return [];
    if (read.status === "rejected") {
      if (read.reason instanceof BundleError) this.#follow(watched, read.reason.inputs);
      return this.#fail(watched, read.reason);
    }
    const { package: found, sources } = read.value;
    this.#follow(watched, { sources, missing: [] });
    watched.rejection = undefined;
    const before = this.#catalog.get(candidate.path);
    if (before?.digest === found.digest && before.directory === found.directory) return [];
    this.#catalog.set(candidate.path, found);
    return [{ kind: "available", name: found.manifest.name, package: found }];
  }

  /** What is not there yet is looked for at each rescan: a watch would need a folder to begin at. */
  #follow(watched: Watched, { sources, missing }: BundleInputs): void {
    watched.sources = [...sources, ...missing];
    this.#watcher?.add([...sources]);
  }

  #fail(watched: Watched, thrown: unknown): readonly PackageChange[] {
    const now = this.#clock.now();
    const copying = thrown instanceof TornArchiveError && now - watched.changedAt < PATIENCE;
    if (copying) watched.readAt = now + STABLE;
    if (copying) return [];
    // What is not the package's fault may work the next time.
    if (!(thrown instanceof InputError)) watched.readAt = now + PATIENCE;
    return this.#reject(watched, namedOf(problemsOf(watched.candidate.path, thrown)));
  }

  #reject(watched: Watched, problems: readonly Problem[]): readonly PackageChange[] {
    const { path } = watched.candidate;
    if (JSON.stringify(watched.rejection?.problems) === JSON.stringify(problems)) return [];
    const name = this.#catalog.get(path)?.manifest.name ?? nameOfFile(path);
    watched.rejection = { name, path, problems };
    return [{ kind: "rejected", name, rejection: watched.rejection }];
  }

  /** A replacement often begins with a removal: so that is believed only after a while. */
  #forget({ candidate: { path } }: Watched, goneSince: number): readonly PackageChange[] {
    if (this.#clock.now() - goneSince < PATIENCE) return [];
    const gone = this.#catalog.get(path);
    this.#watched.delete(path);
    this.#catalog.delete(path);
    return gone === undefined ? [] : [{ kind: "removed", name: gone.manifest.name, package: gone }];
  }

  #scheduleNext(): void {
    const dues = [...this.#watched.values()].map(({ goneSince, readAt }) =>
      goneSince === undefined ? (readAt ?? Infinity) : goneSince + PATIENCE,
    );
    const due = Math.min(...dues);
    if (due !== Infinity) this.#scanIn(Math.max(0, due - this.#clock.now()));
  }

  #tell(changes: readonly PackageChange[]): void {
    for (const change of changes) {
      if (change.kind !== "rejected") continue;
      const { path, problems } = change.rejection;
      this.#log.error({ plugin: change.name, path, problems }, "plugin package refused: nothing changes");
    }
    for (const listener of this.#listeners) listener(changes);
  }

  #isIgnored(path: string): boolean {
    return this.#directories.some((directory) => isLeftover(directory, path));
  }
}

function problemsOf(path: string, thrown: unknown): readonly Problem[] {
  if (thrown instanceof InputError) return thrown.problems;
  if (thrown instanceof PackageCacheError) return [{ where: path, message: thrown.message }];
  return [{ where: path, message: `cannot be read: ${messageOf(thrown)}` }];
}
