import type { Clock, Timer } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { contentHash } from "../../core/content-hash.ts";
import type { Logger } from "../../core/log.ts";
import type { PackageCache } from "../../core/packages/package-cache.ts";
import type { PluginPackage } from "../../core/packages/plugin-package.ts";
import type { CheckedPackages } from "./checked-packages.ts";
import { InvalidPackage, StagedPackage, type StageSteps } from "./staged-package.ts";
import { versionKey, type ReleasedPackages } from "./released-packages.ts";
import { CONTROL_PLANE, type WantedPackage } from "./resource.ts";
import { Turns } from "./turns.ts";

export interface StageOptions {
  readonly cache: PackageCache;
  readonly checked: CheckedPackages;
  readonly released: ReleasedPackages;
  /** The bytes of a zip. Throws a `DownloadError`. */
  readonly download: (wanted: WantedPackage, signal: AbortSignal) => Promise<Buffer>;
  /** What was downloaded is in the cache, or not wanted any more. */
  readonly downloaded: (digest: string) => Promise<void>;
  /** See `StageSteps.check`. */
  readonly check: (found: PluginPackage, config: unknown) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  /** A package's status has changed. */
  readonly onStatus: (staged: StagedPackage) => void;
  /** A package's files were deleted. */
  readonly onDeleted: (gone: WantedPackage) => void;
}

/** Packages that are fetched or checked at a time. */
const AT_A_TIME = 2;
/** ms for which a process plugin's files stay when no chain names it any more: it may have to be started or stopped. */
const LINGER = 35_000;

/** The packages that this node is to hold: from the first download to the last file. */
export class Stage implements AsyncDisposable {
  readonly #options: StageOptions;
  readonly #steps: StageSteps;
  readonly #turns = new Turns(AT_A_TIME);
  /** By version. */
  readonly #staged = new Map<string, StagedPackage>();
  readonly #unwanted = new Map<string, StagedPackage>();
  readonly #deleting = new Set<Promise<void>>();
  readonly #lingering = new Set<Timer>();

  constructor(options: StageOptions) {
    this.#options = options;
    const { clock } = options;
    this.#steps = {
      clock,
      obtain: (wanted, signal) => this.#turns.take(() => this.#obtain(wanted, signal)),
      check: (found, config) => this.#turns.take(() => this.#check(found, config)),
      onStatus: (staged) => this.#changed(staged),
    };
  }

  /** All that are wanted, in no order. */
  get packages(): readonly StagedPackage[] {
    return [...this.#staged.values()];
  }

  /**
   * What an earlier life held: what was found loadable then can be had at once, the rest is fetched and checked.
   * `loaded`: the configs that the chain in force then loaded, by version; with these they are in force again.
   */
  async restore(packages: readonly WantedPackage[], loaded: ReadonlyMap<string, unknown>): Promise<void> {
    const { cache, checked, released } = this.#options;
    for (const wanted of packages) {
      const key = keyOf(wanted);
      const found = await cache.open(CONTROL_PLANE, wanted.digest).catch(() => undefined);
      const isSame = loaded.has(key) && contentHash(loaded.get(key)) === contentHash(wanted.config);
      const isLoadable = isSame || (await checked.has(wanted));
      if (found !== undefined && loaded.has(key)) released.put(found);
      this.#staged.set(key, new StagedPackage(wanted, this.#steps, isLoadable ? found : undefined));
    }
  }

  /**
   * These and no others are wanted. What no longer is stays until `collect` finds that no chain names it. `again`:
   * digests of those that are tried again though they could not be loaded.
   */
  want(packages: readonly WantedPackage[], again: readonly string[]): void {
    const wanted = new Map(packages.map((each) => [keyOf(each), each]));
    for (const [key, staged] of this.#staged) {
      if (wanted.get(key)?.digest === staged.wanted.digest) continue;
      this.#staged.delete(key);
      this.#unwanted.set(staged.wanted.digest, staged);
    }
    for (const [key, each] of wanted) {
      const known = this.#staged.get(key) ?? this.#unwanted.get(each.digest);
      this.#unwanted.delete(each.digest);
      this.#staged.set(key, known ?? new StagedPackage(each, this.#steps));
      known?.renew(each, again.includes(each.digest));
    }
  }

  /** Deletes what is not wanted and not among `named`, the versions of the chain in force. */
  collect(named: ReadonlySet<string>): void {
    for (const [digest, staged] of this.#unwanted) {
      if (named.has(keyOf(staged.wanted))) continue;
      this.#unwanted.delete(digest);
      this.#track(this.#delete(staged), digest);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#lingering) timer[Symbol.dispose]();
    const all = [...this.#staged.values(), ...this.#unwanted.values()];
    await Promise.all(all.map((staged) => staged[Symbol.asyncDispose]()));
    await Promise.all(this.#deleting);
  }

  async #obtain(wanted: WantedPackage, signal: AbortSignal): Promise<PluginPackage> {
    const { cache, download, downloaded } = this.#options;
    const where = `${wanted.plugin} ${wanted.version}`;
    const { plugin: name, version, digest } = wanted;
    const known = await cache.open(where, digest);
    if (known === undefined) {
      const zip = await download(wanted, signal);
      const found = await cache.add(where, zip, { name, version, digest });
      await downloaded(digest);
      return found;
    }
    const { manifest } = known;
    if (manifest.name === name && manifest.version === version) return known;
    throw new InvalidPackage(`the package is ${manifest.name} ${manifest.version}, not ${where}`);
  }

  async #check(found: PluginPackage, config: unknown): Promise<void> {
    const { check, checked, log } = this.#options;
    const { digest } = found;
    await check(found, config);
    try {
      await checked.add({ digest, config });
    } catch (thrown) {
      const reason = messageOf(thrown);
      log.warn(
        { digest, reason },
        "that a package is loadable could not be kept: the next life checks it again",
      );
    }
  }

  #changed(staged: StagedPackage): void {
    const { wanted, status } = staged;
    const { plugin, version, digest } = wanted;
    const { log, onStatus, released } = this.#options;
    if (status.state === "LOADABLE") released.put(status.package);
    if (status.state === "INVALID")
      log.error({ plugin, version, digest, detail: status.detail }, "a package can not be loaded here");
    if (status.state === "WAITING")
      log.warn({ plugin, version, digest, detail: status.detail }, "a package could not be had yet");
    onStatus(staged);
  }

  async #delete(staged: StagedPackage): Promise<void> {
    const { released, downloaded } = this.#options;
    const { digest, plugin, version } = staged.wanted;
    await staged[Symbol.asyncDispose]();
    await downloaded(digest);
    const found = released.find(plugin, version);
    if (found?.digest === digest) released.remove(found);
    if (found?.manifest.runtime !== "process") return this.#erase(staged.wanted);
    const timer: Timer = this.#options.clock.after(LINGER, () => {
      this.#lingering.delete(timer);
      this.#track(this.#erase(staged.wanted), digest);
    });
    this.#lingering.add(timer);
  }

  /** Unless it is wanted again by now. */
  async #erase(gone: WantedPackage): Promise<void> {
    const { cache, checked, onDeleted, log } = this.#options;
    const { digest, plugin, version } = gone;
    if (this.packages.some(({ wanted }) => wanted.digest === digest)) return;
    await checked.remove(digest);
    await cache.remove(digest);
    log.info({ plugin, version, digest }, "a package was deleted");
    onDeleted(gone);
  }

  #track(work: Promise<void>, digest: string): void {
    const deleting = work.catch((thrown: unknown) => {
      this.#options.log.error({ digest, reason: messageOf(thrown) }, "a package could not be deleted");
    });
    this.#deleting.add(deleting);
    void deleting.then(() => this.#deleting.delete(deleting));
  }
}

function keyOf({ plugin, version }: WantedPackage): string {
  return versionKey(plugin, version);
}
