import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";

import { watch, type FSWatcher } from "chokidar";

import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { EditedPackages } from "./edited-packages.ts";
import { EditLine } from "./edit-line.ts";
import { EditReleases } from "./edit-releases.ts";
import { DEMO } from "./plan.ts";

export interface LivePluginsOptions {
  /** Folders and zips of plugins. */
  readonly folder: string;
  readonly dev: ApiClient;
  readonly ops: ApiClient;
  readonly clock: Clock;
  /** Hears what became of each edit. */
  readonly say: (text: string) => void;
}

const IGNORED = /(^|\/)(node_modules|\.[^/]+)(\/|$)/;

/**
 * What the demo's two people do when somebody edits an example plugin or puts a new package beside them: upload it and
 * release it to every node.
 */
export class LivePlugins implements AsyncDisposable {
  readonly #options: LivePluginsOptions;
  readonly #watcher: FSWatcher;
  readonly #packages: EditedPackages;
  readonly #releases: EditReleases;
  /** By the name of the folder or zip. */
  readonly #lines = new Map<string, EditLine>();
  /** Names of folders in which nobody has looked yet for what was edited before the demo watched. */
  readonly #unseen = new Set<string>();
  #closed = false;

  private constructor(options: LivePluginsOptions, present: ReadonlySet<string>) {
    this.#options = options;
    const say = (text: string): void => this.#say(text);
    const onSources = (paths: readonly string[]): void => void this.#watcher.add([...paths]);
    this.#packages = new EditedPackages({ ...options, say, present, onSources });
    this.#releases = new EditReleases({ ...options, say });
    this.#watcher = watch(options.folder, {
      ignoreInitial: true,
      followSymlinks: false,
      ignored: (path) => path.startsWith(options.folder) && IGNORED.test(path.slice(options.folder.length)),
    });
    this.#watcher.on("all", (_event, path) => this.#changed(path));
    this.#watcher.on("error", (error) => this.#say(`edits may go unseen from now on: ${messageOf(error)}\n`));
  }

  /**
   * Resolves when the folder is watched, and edits of plugins in the chain that were made before, while the demo started
   * or did not run, are on their way; a package that was put there before is not added to the chain.
   */
  static async watch(options: LivePluginsOptions): Promise<LivePlugins> {
    const entries = await readdir(options.folder, { withFileTypes: true });
    const packages = entries.filter((entry) => entry.isDirectory() || entry.name.endsWith(".zip"));
    const live = new LivePlugins(options, new Set(packages.map(({ name }) => name)));
    await once(live.#watcher, "ready");
    const chain = await options.dev.call("getChain", { params: { cluster: DEMO.cluster } });
    const chained = new Set(chain.entries.map(({ plugin }) => plugin));
    const folders = packages.filter((entry) => entry.isDirectory() && chained.has(entry.name));
    await Promise.all(folders.map(({ name }) => live.#look(name)));
    return live;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#releases[Symbol.dispose]();
    await this.#watcher.close();
    await Promise.all(this.#lines.values().map((line) => line[Symbol.asyncDispose]()));
  }

  async #look(name: string): Promise<void> {
    if (this.#lines.has(name)) return;
    this.#unseen.add(name);
    await this.#lineOf(name).bring();
  }

  /** What plugins import from elsewhere, beside them or outside of the folder, is an edit of each of them. */
  #changed(path: string): void {
    const users = this.#packages.madeOf(path).map((folder) => basename(folder));
    const [owner = ""] = relative(this.#options.folder, path).split(sep);
    const names = users.length > 0 ? users : [owner];
    for (const name of names) {
      if (name === "" || name === "..") continue;
      this.#unseen.delete(name);
      this.#lineOf(name).changed();
    }
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
      const version = await this.#packages.bring(join(this.#options.folder, name));
      if (version === undefined || (isUnseen && !(await this.#releases.wasMissed(version)))) return;
      await this.#releases.begin(version, isBehind);
    } catch (error) {
      this.#say(`${name}: ${messageOf(error)}\n`);
    }
  }

  #say(text: string): void {
    if (!this.#closed) this.#options.say(text);
  }
}
