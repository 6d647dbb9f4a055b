import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

import { writeDurably } from "../../core/durable-file.ts";
import { MeshError, messageOf } from "../../core/errors.ts";
import { makeFolder } from "../../core/make-folder.ts";

/** What a node keeps between its lives. */
export interface NodeFolder {
  /** The node's name, the same in every life. */
  readonly id: string;
  /** Absolute. */
  readonly path: string;
}

const ID_FILE = "node-id";
const ID = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;

/**
 * The folder of this node below the state folder. A node with a configured id has one of its own, so that several may
 * share a state folder; else the id is made up in the first life and kept.
 */
export async function openNodeFolder(stateFolder: string, configured: string): Promise<NodeFolder> {
  const path = configured === "" ? join(stateFolder, "node") : join(stateFolder, "nodes", configured);
  try {
    makeFolder(path);
    return { id: configured === "" ? await keptId(path) : configured, path };
  } catch (cause) {
    const message = `${path}, where the node keeps what it is: ${messageOf(cause)}`;
    throw new MeshError(message, { code: "state_folder_unusable", source: "input", cause });
  }
}

async function keptId(path: string): Promise<string> {
  const file = join(path, ID_FILE);
  const kept = (await readFile(file, "utf8").catch(() => "")).trim();
  if (ID.test(kept)) return kept;
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9-]/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  const id = `${host === "" ? "node" : host.slice(0, 63)}-${randomBytes(4).toString("hex")}`;
  await writeDurably(file, `${id}\n`);
  return id;
}
