import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";

import { watch, type FSWatcher } from "chokidar";

import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { isLeftover } from "../../core/packages/package-files.ts";
import { EditedPackages } from "./edited-packages.ts";
import { EditLine } from "./edit-line.ts";
import { EditReleases, type UploadedVersion } from "./edit-releases.ts";
import { holdsPackage } from "./package-place.ts";

export interface LivePluginsOptions {
  /** Folders and zips of plugins. */
  readonly folder: string;
  readonly dev: ApiClient;
  readonly ops: ApiClient;
  readonly clock: Clock;
  /** Hears what became of each edit. */
  readonly say: (text: string) => void;
}

/** ms between two looks at whether a file has come that a plugin imports: a watch would need a folder to begin at. */
const LOOK = 250;

/**
 * What the demo's two people do when somebody edits an example plugin or puts a new package beside them: upload it and
 * release it to every node.
 */
export class LivePlugins implements AsyncDisposable {
  readonly #options: LivePluginsOptions;
  readonly #watcher: FSWatcher;
  readonly #looking: Timer;
  readonly #packages: EditedPackages;
  readonly #releases: EditReleases;
  /** By the name of the folder or zip. */
  readonly #lines = new Map<string, EditLine>();
  /** Names of packages at which nobody has looked yet for what was edited before the demo watched. */
  readonly #unseen = new Set<string>();
  /** What was found there, by name. */
  readonly #found = new Map<string, UploadedVersion>();
  #closed = false;

  private constructor(options: LivePluginsOptions, present: ReadonlySet<string>) {
    this.#options = options;
    const say = (text: string): void => this.#say(text);
    const onSources = (paths: readonly string[]): void => this.#follow(paths);
    this.#packages = new EditedPackages({ ...options, say, present, onSources });
    this.#releases = new EditReleases({ ...options, say });
    this.#watcher = watch(options.folder, {
      ignoreInitial: true,
      followSymlinks: false,
      ignored: (path) => isLeftover(options.folder, path),
    });
    this.#watcher.on("all", (_event, path) => this.#changed(path));
    this.#watcher.on("error", (error) => this.#say(`edits may go unseen from now on: ${messageOf(error)}\n`));
    this.#looking = options.clock.every(LOOK, () => this.#lookForMissing()).unref();
  }

  /**
   * Resolves when the folder is watched, and edits of plugins in the chain that were made before, while the demo started
   * or did not run, are on their way; a package that was put there before is not added to the chain.
   */
  static async watch(options: LivePluginsOptions): Promise<LivePlugins> {
    await using stack = new AsyncDisposableStack();
    const { folder } = options;
    const entries = (await readdir(folder)).map((name) => join(folder, name));
    const present = entries.filter((path) => holdsPackage(path) && !isLeftover(folder, path));
    const live = stack.use(new LivePlugins(options, new Set(present.map((path) => basename(path)))));
    await once(live.#watcher, "ready");
    const chained = await live.#packages.chained(present);
    await live.#catchUp(chained.map((path) => basename(path)));
    stack.move();
    return live;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#looking[Symbol.dispose]();
    this.#releases[Symbol.dispose]();
    await this.#watcher.close();
    await Promise.all(this.#lines.values().map((line) => line[Symbol.asyncDispose]()));
  }

  /** All are looked at before one is released: several may hold the same plugin. */
  async #catchUp(names: readonly string[]): Promise<void> {
    const quiet = names.filter((name) => !this.#lines.has(name));
    for (const name of quiet) this.#unseen.add(name);
    await Promise.all(quiet.map((name) => this.#lineOf(name).bring()));
    const byPlugin = Map.groupBy(this.#found.values(), ({ plugin }) => plugin);
    await Promise.all([...byPlugin.values()].map((lying) => this.#releaseMissed(lying)));
    this.#found.clear();
  }

  async #releaseMissed(lying: readonly UploadedVersion[]): Promise<void> {
    try {
      const missed = await this.#releases.missed(lying);
      const [name] = this.#found.entries().find(([, version]) => version === missed) ?? [];
      if (name !== undefined) await this.#lineOf(name).bring();
    } catch (error) {
      this.#say(`${lying[0]?.plugin ?? ""}: ${messageOf(error)}\n`);
    }
  }

  #follow(sources: readonly string[]): void {
    if (!this.#closed) this.#watcher.add([...sources]);
  }

  #lookForMissing(): void {
    for (const path of this.#packages.completed()) this.#edited(basename(path));
  }

  /** What plugins import from elsewhere, beside them or outside of the folder, is an edit of each of them. */
  #changed(path: string): void {
    const users = this.#packages.madeOf(path).map((folder) => basename(folder));
    const [owner = ""] = relative(this.#options.folder, path).split(sep);
    const isOwned = owner !== "" && owner !== ".." && this.#packages.isPackage(this.#pathOf(owner));
    for (const name of new Set(isOwned ? [...users, owner] : users)) this.#edited(name);
  }

  #edited(name: string): void {
    this.#unseen.delete(name);
    this.#found.delete(name);
    this.#lineOf(name).changed();
  }

  #pathOf(name: string): string {
    return join(this.#options.folder, name);
  }

  #lineOf(name: string): EditLine {
    const line = this.#lines.get(name) ?? new EditLine(this.#options.clock, () => this.#bring(name));
    this.#lines.set(name, line);
    return line;
  }

  /** Never rejects: what is wrong with an edit is for whoever made it. */
  async #bring(name: string): Promise<void> {
    const isUnseen = this.#unseen.delete(name);
    const isBehind = (): boolean => this.#closed || this.#lines.get(name)?.isBehind === true;
    try {
      const version = await this.#packages.bring(this.#pathOf(name));
      if (version === undefined) return;
      if (!isUnseen) await this.#releases.begin(version, isBehind);
      else if (!isBehind()) this.#found.set(name, version);
    } catch (error) {
      this.#say(`${name}: ${messageOf(error)}\n`);
    }
  }

  #say(text: string): void {
    if (!this.#closed) this.#options.say(text);
  }
}
