import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";

import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import { MANIFEST_FILE } from "../../core/packages/manifest-schema.ts";
import { packForUpload, type PackedFolder, type PackedPlugin } from "../../core/packages/pack.ts";
import { BundleError, refusal, type BundleInputs } from "../../core/packages/package-errors.ts";
import { readZipManifest } from "../../core/packages/zip-manifest.ts";
import { quoted } from "../hint.ts";
import { EDIT_NOTE, type UploadedVersion } from "./edit-releases.ts";
import { EditedSources } from "./edited-sources.ts";
import { holdsPackage, pluginAt } from "./package-place.ts";
import { DEMO } from "./plan.ts";
import { unlessMissing } from "./unless-missing.ts";

export interface EditedPackagesOptions {
  readonly dev: ApiClient;
  readonly ops: ApiClient;
  readonly say: (text: string) => void;
  /** Names of the packages that lay there when the demo began to watch it. */
  readonly present: ReadonlySet<string>;
  /** Hears the files that a folder's script was bundled from, or could not be. */
  readonly onSources: (paths: readonly string[]) => void;
}

/** What a folder is as a package. */
type Held = Pick<PackedPlugin, "digest" | "content"> & { readonly version: string };

/**
 * Brings what lies in the demo's folder to the control plane. Each edit of a folder is a version of its own,
 * `1.0.0-dev.DIGEST`, so that the number in plugin.yaml stays free for whoever raises it in order to release it by hand.
 * A plugin that is put into the folder is added to the end of the chain.
 */
export class EditedPackages {
  readonly #options: EditedPackagesOptions;
  /** Names of packages that are in the folder and were seen: what comes beside them was put there. */
  readonly #there: Set<string>;
  /** What folders held when they were last brought, or left to people; by path. */
  readonly #held = new Map<string, Held>();
  /** What was brought from there; by path. */
  readonly #plugins = new Map<string, string>();
  readonly #sources = new EditedSources();

  constructor(options: EditedPackagesOptions) {
    this.#options = options;
    this.#there = new Set(options.present);
  }

  /** The version that is to be in force now; undefined where there is none. Throws where something is wrong with it. */
  async bring(path: string): Promise<UploadedVersion | undefined> {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return this.#gone(path);
    if (found.isDirectory()) return this.#bringFolder(path);
    return path.endsWith(".zip") ? this.#bringZip(path) : undefined;
  }

  /** Those of `paths` that hold plugins of the chain. */
  async chained(paths: readonly string[]): Promise<readonly string[]> {
    const chain = await this.#chain();
    const plugins = await Promise.all(paths.map(pluginAt));
    return paths.filter((_path, index) => chain.includes(plugins[index] ?? ""));
  }

  /** Paths of the folders whose scripts have the file at `source` in them, as far as it was seen. */
  madeOf(source: string): readonly string[] {
    return this.#sources.usersOf(source);
  }

  /** Paths of the folders that were refused for want of a file which has come since this was asked last. */
  completed(): readonly string[] {
    return this.#sources.completed();
  }

  /** A folder without a manifest is none, and whoever imports from it knows. What is gone was one, if it was seen. */
  isPackage(path: string): boolean {
    return holdsPackage(path) || this.#there.has(basename(path));
  }

  async #pack(path: string): Promise<PackedFolder> {
    try {
      const packed = await packForUpload(path);
      this.#follow(path, { sources: packed.sources, missing: [] });
      return packed;
    } catch (thrown) {
      if (thrown instanceof BundleError) this.#follow(path, thrown.inputs);
      throw thrown;
    }
  }

  #follow(path: string, inputs: BundleInputs): void {
    this.#sources.set(path, inputs);
    this.#options.onSources(inputs.sources);
  }

  async #bringFolder(path: string): Promise<UploadedVersion | undefined> {
    const packed = await this.#pack(path);
    const { manifest: written, digest, content } = packed;
    const { name: plugin, version } = written;
    this.#refuseNameOfAnother(path, plugin);
    const held: Held = { version, digest, content };
    const before = this.#held.get(path);
    const [isChained, known] = await Promise.all([this.#isChained(plugin), this.#digestOf(plugin, version)]);
    const isPutHere = this.#isPutHere(path);
    if (!isChained && !isPutHere) return this.#unchained(plugin);
    if (known === undefined && !isPutHere && isRaised(before, held)) {
      this.#held.set(path, held);
      if (before?.digest !== digest)
        this.#options.say(
          `${plugin}@${version} is yours to release: npx sluice plugin push ${quoted(path)}\n`,
        );
      return undefined;
    }
    const { manifest, zip } =
      known === digest || (known === undefined && isPutHere) ? packed : await packed.workInProgress();
    if (known !== digest) await this.#send(plugin, zip, isChained);
    this.#held.set(path, held);
    if (!isChained) await this.#enchain(plugin);
    this.#brought(path, plugin);
    return { plugin, version: manifest.version };
  }

  async #bringZip(path: string): Promise<UploadedVersion | undefined> {
    const { name: plugin, version } = await readZipManifest(basename(path), path);
    const isChained = await this.#isChained(plugin);
    if (!isChained && !this.#isPutHere(path)) return this.#unchained(plugin);
    await this.#send(plugin, await readFile(path), isChained);
    if (!isChained) await this.#enchain(plugin);
    this.#brought(path, plugin);
    return { plugin, version };
  }

  #brought(path: string, plugin: string): void {
    this.#there.add(basename(path));
    this.#plugins.set(path, plugin);
  }

  #gone(path: string): undefined {
    const name = basename(path);
    const plugin = this.#plugins.get(path) ?? name;
    this.#held.delete(path);
    this.#plugins.delete(path);
    this.#sources.delete(path);
    if (!this.#there.delete(name)) return;
    const advice = `npx sluice --context ops plugin remove ${plugin}`;
    this.#options.say(`${name} is gone; a version that is in force stays: ${advice}\n`);
  }

  /** By a slip of the pen one plugin's script would come into force in place of another's. */
  #refuseNameOfAnother(path: string, plugin: string): void {
    if (plugin === basename(path) || !this.#there.has(plugin)) return;
    const message = `says name ${plugin}, and the folder ${plugin} beside it holds that plugin: each needs a name of its own`;
    throw refusal(path, MANIFEST_FILE, message);
  }

  /** In order to be in the chain. */
  #isPutHere(path: string): boolean {
    return !this.#there.has(basename(path));
  }

  #unchained(plugin: string): undefined {
    this.#options.say(`${plugin} is not in the chain: npx sluice --context ops plugin enable ${plugin}\n`);
  }

  async #isChained(plugin: string): Promise<boolean> {
    return (await this.#chain()).includes(plugin);
  }

  async #chain(): Promise<readonly string[]> {
    const { cluster } = DEMO;
    const { entries } = await this.#options.dev.call("getChain", { params: { cluster } });
    return entries.map(({ plugin }) => plugin);
  }

  async #enchain(plugin: string): Promise<void> {
    const params = { cluster: DEMO.cluster, plugin };
    await this.#options.ops.call("putChainEntry", { params, body: { mode: "enforce" } });
    this.#options.say(`${plugin} is new at the end of the chain\n`);
  }

  /** What is in a chain is a plugin that the control plane knows. */
  async #send(plugin: string, zip: Buffer, isChained: boolean): Promise<void> {
    const { dev } = this.#options;
    if (!isChained) await this.#ensurePlugin(plugin);
    const file = { name: `${plugin}.zip`, size: zip.length, bytes: Readable.from([zip]) };
    await dev.upload({ plugin, note: EDIT_NOTE }, file);
  }

  async #ensurePlugin(plugin: string): Promise<void> {
    const { dev } = this.#options;
    const params = { plugin };
    const known = await unlessMissing(dev.call("getPlugin", { params }));
    const body = { name: plugin, domain: DEMO.domain, description: "", owners: ["dev"] };
    if (known === undefined) await dev.call("putPlugin", { params, body });
  }

  async #digestOf(plugin: string, version: string): Promise<string | undefined> {
    const params = { plugin, version };
    return (await unlessMissing(this.#options.dev.call("getVersion", { params })))?.digest;
  }
}

/** Of a version that nobody has uploaded: it is new in the folder, or nothing but the manifest has changed since. */
function isRaised(before: Held | undefined, { version, content }: Held): boolean {
  return before?.version !== version || before.content === content;
}
