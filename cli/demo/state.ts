import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { makeFolder } from "../../core/make-folder.ts";
import { readContexts, writeContexts } from "../contexts/context-file.ts";
import type { DemoTokens } from "./bootstrap.ts";
import { DEMO } from "./plan.ts";

/** What a demo keeps between two starts, in one folder that can be deleted to begin anew. */
export class DemoState {
  readonly folder: string;

  constructor(directory: string) {
    this.folder = join(directory, ".sluice");
  }

  get controlPlane(): string {
    return join(this.folder, "control-plane");
  }

  get sidecar(): string {
    return join(this.folder, "sidecar");
  }

  get contexts(): string {
    return join(this.folder, "contexts.yaml");
  }

  get nodeToken(): string {
    return join(this.folder, "node-token");
  }

  /** Makes the folder, which only this user reads. */
  async prepare(): Promise<void> {
    makeFolder(this.folder);
    await chmod(this.folder, 0o700);
  }

  /** The tokens of the start before; undefined where one is missing. */
  async tokens(): Promise<DemoTokens | undefined> {
    const contexts = await readContexts(this.contexts);
    const dev = contexts?.contexts["dev"]?.token;
    const ops = contexts?.contexts["ops"]?.token;
    const node = await readFile(this.nodeToken, "utf8").catch(() => undefined);
    return dev === undefined || ops === undefined || node === undefined
      ? undefined
      : { dev, ops, node: node.trim() };
  }

  /** Writes the contexts `dev` and `ops`, and the sidecar's token. */
  async save(server: string, { dev, ops, node }: DemoTokens): Promise<void> {
    const before = await readContexts(this.contexts);
    const { cluster } = DEMO;
    await writeContexts(this.contexts, {
      current: before?.current ?? "dev",
      contexts: {
        ...before?.contexts,
        dev: { server, token: dev, cluster },
        ops: { server, token: ops, cluster },
      },
    });
    await writeFile(this.nodeToken, `${node}\n`, { mode: 0o600 });
    await chmod(this.nodeToken, 0o600);
  }
}
