import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { contentHash } from "../../core/content-hash.ts";
import { writeDurably } from "../../core/durable-file.ts";
import { currentPlatform } from "../plugins/process/platform.ts";
import type { WantedPackage } from "./resource.ts";

type Checked = Pick<WantedPackage, "digest" | "config">;

/**
 * Which packages this node found loadable, and with which config, for its next lives: a mark on disk for each. That a
 * package lies in the cache says nothing about it. Another release of Sluice may load otherwise and believes no mark.
 */
export class CheckedPackages {
  readonly #folder: string;
  readonly #sluice: string;

  /** `folder` is made when it is needed; `sluice` is the version that checks. */
  constructor(folder: string, sluice: string) {
    this.#folder = folder;
    this.#sluice = sluice;
  }

  /** Never rejects. */
  async has(checked: Checked): Promise<boolean> {
    const mark = await readFile(this.#path(checked.digest), "utf8").catch(() => undefined);
    return mark === this.#mark(checked);
  }

  /** In place of what was said of another config. Rejects where the disk fails. */
  async add(checked: Checked): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await writeDurably(this.#path(checked.digest), this.#mark(checked));
  }

  async remove(digest: string): Promise<void> {
    await rm(this.#path(digest), { force: true });
  }

  #path(digest: string): string {
    return join(this.#folder, digest);
  }

  #mark({ digest, config }: Checked): string {
    return contentHash({ digest, config, sluice: this.#sluice, platform: currentPlatform() });
  }
}
