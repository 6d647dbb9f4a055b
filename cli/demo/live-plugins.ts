import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { Readable } from "node:stream";

import { watch, type FSWatcher } from "chokidar";

import { ApiError } from "../../control-plane/api/contract/api-error.ts";
import type { ApiAnswer } from "../../control-plane/api/contract/client-types.ts";
import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import { OPEN } from "../../control-plane/model/release-machine.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { packPlugin, type PackedPlugin } from "../../core/packages/pack.ts";
import { DEMO, DEMO_CHAIN } from "./plan.ts";

export interface LivePluginsOptions {
  /** Folders and zips of plugins. */
  readonly folder: string;
  readonly dev: ApiClient;
  readonly ops: ApiClient;
  readonly clock: Clock;
  /** Hears what became of each edit. */
  readonly say: (text: string) => void;
}

/** Editors write a file in several steps. */
const SETTLE = 50;
/** While the release of the edit before is on its way: ms between two looks whether it has come to its end. */
const AGAIN = 500;
/** So often; one that a node refuses never does, and its author is told so. */
const MOST_LOOKS = 20;
const NOTE = "edited while the demo runs";
const IGNORED = /(^|\/)(node_modules|\.[^/]+)(\/|$)/;

type Release = ApiAnswer<"listReleases">["items"][number];

/** What a folder is as a package. */
type Held = Pick<PackedPlugin, "digest" | "content"> & { readonly version: string };

/**
 * What the demo's two people do when somebody edits an example plugin or puts a new package beside them: upload it and
 * release it to every node. Each edit of a folder is a version of its own, `1.0.0-dev.DIGEST`, so that the number in
 * plugin.yaml stays free for whoever raises it in order to release it by hand.
 */
export class LivePlugins implements AsyncDisposable {
  /** Resolves when the folder is watched: an edit before may go unseen. */
  readonly watching: Promise<unknown>;
  readonly #options: LivePluginsOptions;
  readonly #watcher: FSWatcher;
  /** Edits that are not brought yet. */
  readonly #waiting = new Map<string, Timer>();
  /** What folders held when they were last brought, or left to people. */
  readonly #held = new Map<string, Held>();
  #working: Promise<void> = Promise.resolve();

  constructor(options: LivePluginsOptions) {
    this.#options = options;
    this.#watcher = watch(options.folder, {
      ignoreInitial: true,
      followSymlinks: false,
      ignored: (path) => IGNORED.test(path.slice(options.folder.length)),
    });
    this.watching = once(this.#watcher, "ready");
    this.#watcher.on("all", (_event, path) => this.#changed(path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#waiting.values()) timer[Symbol.dispose]();
    await this.#watcher.close();
    await this.#working;
  }

  #changed(path: string): void {
    const [name = ""] = relative(this.#options.folder, path).split(sep);
    this.#bringAfter(SETTLE, name, MOST_LOOKS);
  }

  #bringAfter(delay: number, name: string, looks: number): void {
    this.#waiting.get(name)?.[Symbol.dispose]();
    const start = (): void => {
      this.#waiting.delete(name);
      this.#working = this.#working.then(() => this.#bring(name, looks));
    };
    this.#waiting.set(name, this.#options.clock.after(delay, start));
  }

  /** Never rejects: what is wrong with an edit is for whoever made it. */
  async #bring(name: string, looks: number): Promise<void> {
    const { say } = this.#options;
    try {
      const brought = await this.#upload(join(this.#options.folder, name));
      if (brought === undefined) return;
      const { plugin, version } = brought;
      const releases = await this.#releasesOf(plugin);
      // A later edit waits already, and brings what the folder is by then.
      if (looks > 0 && releases.some(isEditOnItsWay)) {
        if (!this.#waiting.has(name)) this.#bringAfter(AGAIN, name, looks - 1);
      } else if (await this.#release(plugin, version, releases))
        say(`${plugin}@${version} is released to every node of the demo\n`);
    } catch (error) {
      say(`${name}: ${messageOf(error)}\n`);
    }
  }

  /** The version that the folder or zip is now; undefined where it is not for the demo to release. */
  async #upload(path: string): Promise<{ readonly plugin: string; readonly version: string } | undefined> {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return undefined;
    if (!found.isDirectory()) return this.#uploadZip(path);
    const packed = await packPlugin(path);
    const { manifest: written, digest, content } = packed;
    const { name: plugin, version } = written;
    const held: Held = { version, digest, content };
    if (!isOfDemo(plugin)) return undefined;
    const known = await this.#digestOf(plugin, version);
    const before = this.#held.get(path);
    if (known === undefined && isRaised(before, held)) {
      this.#held.set(path, held);
      if (before?.digest !== digest)
        this.#options.say(`${plugin}@${version} is yours to release: sluice plugin push ${path}\n`);
      return undefined;
    }
    if (known === digest) {
      this.#held.set(path, held);
      return { plugin, version };
    }
    const { manifest, zip } = await packed.workInProgress();
    await this.#send(plugin, zip);
    this.#held.set(path, held);
    return { plugin, version: manifest.version };
  }

  async #uploadZip(path: string): Promise<{ readonly plugin: string; readonly version: string } | undefined> {
    const plugin = DEMO_CHAIN.map((entry) => entry.plugin).find((name) => basename(path).startsWith(name));
    if (plugin === undefined || !path.endsWith(".zip")) return undefined;
    return this.#send(plugin, await readFile(path));
  }

  async #send(plugin: string, zip: Buffer): Promise<{ readonly plugin: string; readonly version: string }> {
    const file = { name: `${plugin}.zip`, size: zip.length, bytes: Readable.from([zip]) };
    return this.#options.dev.upload({ plugin, note: NOTE }, file);
  }

  async #digestOf(plugin: string, version: string): Promise<string | undefined> {
    try {
      return (await this.#options.dev.call("getVersion", { params: { plugin, version } })).digest;
    } catch (error) {
      if (error instanceof ApiError && error.code === "not_found") return undefined;
      throw error;
    }
  }

  /** The newest first. */
  async #releasesOf(plugin: string): Promise<readonly Release[]> {
    const { cluster } = DEMO;
    return (await this.#options.dev.call("listReleases", { query: { cluster, plugin } })).items;
  }

  /** False where it is in force already. */
  async #release(plugin: string, version: string, releases: readonly Release[]): Promise<boolean> {
    const { dev, ops, clock } = this.#options;
    const { cluster } = DEMO;
    const last = releases.find(({ state }) => state === "ACTIVE" || state === "DONE");
    if (last?.version === version) return false;
    const { release } = await dev.call("createRelease", {
      body: {
        cluster,
        plugin,
        version,
        target: { kind: "full" },
        // With a time it goes through download and activation by itself.
        scheduledAt: new Date(clock.wall()).toISOString(),
        note: NOTE,
      },
    });
    await ops.call("approveRelease", { params: { release: release.id }, body: { note: "an edit" } });
    return true;
  }
}

function isEditOnItsWay({ note, state }: Release): boolean {
  return note === NOTE && OPEN.some((open) => open === state);
}

/** Of a version that nobody has uploaded: it is new in the folder, or nothing but the manifest has changed since. */
function isRaised(before: Held | undefined, { version, content }: Held): boolean {
  return before?.version !== version || before.content === content;
}

function isOfDemo(plugin: string): boolean {
  return DEMO_CHAIN.some((entry) => entry.plugin === plugin);
}
