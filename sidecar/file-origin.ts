import { InputError } from "../core/errors.ts";
import type { ConfigOrigin, OriginOptions } from "./config-origin.ts";
import type { Configuration } from "./config/configuration.ts";
import { FileSource } from "./config/file-source.ts";
import type { MeshSnapshot } from "./config/snapshot.ts";
import { configuredPackages } from "./configured-packages.ts";
import type { PackageFolder } from "./plugins/packages/package-folder.ts";
import { checkSection } from "./settings-source.ts";

/** Configuration from a file, and packages from folders: both are watched. Without a file the chain is empty. */
export class FileOrigin implements ConfigOrigin {
  readonly name = "file";
  readonly tick = 0;
  readonly connected = undefined;
  readonly droppedLogLines = undefined;
  readonly page: unknown = undefined;
  readonly note: string | undefined = undefined;
  readonly packages: PackageFolder;
  readonly #source: FileSource | undefined;
  readonly #snapshot: MeshSnapshot | undefined;
  #configuration: Configuration | undefined;

  private constructor(
    options: OriginOptions,
    source: FileSource | undefined,
    snapshot: MeshSnapshot | undefined,
  ) {
    this.#source = source;
    this.#snapshot = snapshot;
    this.packages = configuredPackages(snapshot, options.settings.values, options);
  }

  /** Reads the file, if there is one; throws an `InputError` that names what is wrong with it. */
  static async create(options: OriginOptions): Promise<FileOrigin> {
    const path = options.settings.values.config;
    const source = path === "" ? undefined : new FileSource(path, options.clock);
    const snapshot = await source?.read();
    if (snapshot !== undefined) checkSection(snapshot.where, snapshot.settings);
    return new FileOrigin(options, source, snapshot);
  }

  async start(into: Configuration): Promise<void> {
    this.#configuration = into;
    await this.packages.start();
    if (this.#snapshot === undefined) return;
    const result = await into.apply(this.#snapshot);
    // There is no last good one to go on with: without its chain, traffic would pass by the guards.
    if (result.kind === "rejected") throw new InputError(result.problems);
  }

  follow(): void {
    this.#source?.watch({
      snapshot: (snapshot) => this.#take(snapshot),
      problems: (problems) => this.#configuration?.refuse(problems),
    });
  }

  /** Settings take effect at the next start, which must not fail by what was taken now. */
  #take(snapshot: MeshSnapshot): void {
    try {
      checkSection(snapshot.where, snapshot.settings);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return this.#configuration?.refuse(error.problems);
    }
    void this.#configuration?.apply(snapshot);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source?.[Symbol.asyncDispose]();
    await this.packages[Symbol.asyncDispose]();
  }
}
