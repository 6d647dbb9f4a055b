import { randomUUID } from "node:crypto";
import { chmod, lstat, open, readFile, rename } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { stringify } from "yaml";
import { z } from "zod";

import { readDocument } from "../../core/document.ts";
import { MeshError } from "../../core/errors.ts";
import { makeFolder } from "../../core/make-folder.ts";
import { suggestion } from "../../core/nearest.ts";
import { ownValue } from "../../core/own-value.ts";
import { ENVIRONMENT } from "../environment.ts";
import { usageError } from "../usage-error.ts";

const context = z.strictObject({
  server: z.url({ protocol: /^https?$/, error: "expected an address such as http://127.0.0.1:7400" }),
  /** One of both; a file holds nothing but the token. */
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  /** PEM file of who signed the server's certificate. */
  ca: z.string().optional(),
  /** PEM files of the client's own certificate and its key, for a control plane that asks for one: both or none. */
  cert: z.string().optional(),
  key: z.string().optional(),
  /** For commands that name no cluster. */
  cluster: z.string().optional(),
});

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

const file = z.strictObject({
  current: z.string(),
  contexts: z.record(z.string().regex(NAME), context),
});

/** Where a control plane is, and who one is there. */
export type Context = Readonly<z.infer<typeof context>>;

/** The contexts of a person, and the one that commands use unless told otherwise. */
export interface Contexts {
  readonly current: string;
  readonly contexts: Readonly<Record<string, Context>>;
}

const LOCAL = join(".sluice", "contexts.yaml");

/**
 * The file that holds: `SLUICE_CONTEXTS`, else .sluice/contexts.yaml in `directory` or the nearest folder above it that
 * has one, else that of the user. A folder's own file is believed only where this user owns it and the folder that it is
 * in, and neither is a link: it holds addresses that tokens are sent to, and names files beside it.
 */
export async function contextFile(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const named = environment[ENVIRONMENT.contexts];
  if (named !== undefined && named !== "") return resolve(directory, named);
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    const path = join(folder, LOCAL);
    if (await isOwnFile(path)) return path;
    if (dirname(folder) === folder) break;
  }
  const home = environment["XDG_CONFIG_HOME"] || join(environment["HOME"] ?? "/", ".config");
  return join(home, "sluice", "contexts.yaml");
}

/** Undefined where there is no such file; an `InputError` where it is not one of contexts. */
export async function readContexts(path: string): Promise<Contexts | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : readDocument(path, text, file);
}

/** The name of a context, as it may stand in the file; a usage error where it may not. */
export function checkContextName(name: string): string {
  // What would be a prototype is read from no file.
  if (NAME.test(name) && name !== "__proto__") return name;
  throw usageError(`a context's name has 1 to 64 letters, digits, ., _ and -, not "${name}"`);
}

/** Writes it whole, readable for its owner only. */
export async function writeContexts(path: string, contexts: Contexts): Promise<void> {
  makeFolder(dirname(path));
  const temporary = `${path}.${randomUUID()}`;
  {
    // Never into a file that somebody else has put there to read it.
    await using handle = await open(temporary, "wx", 0o600);
    await handle.writeFile(stringify(contexts));
    await handle.sync();
  }
  await chmod(temporary, 0o600);
  await rename(temporary, path);
}

/** The context of this name that the file has. */
export function knownContext({ contexts }: Contexts, name: string): Context | undefined {
  return ownValue(contexts, name);
}

/** The context of this name, or the current one. */
export function pickContext(path: string, contexts: Contexts, name: string = contexts.current): Context {
  const found = knownContext(contexts, name);
  if (found !== undefined) return found;
  const known = Object.keys(contexts.contexts);
  throw new MeshError(
    `${path} has no context ${name}${suggestion(name, known)}; there ${known.length === 1 ? "is" : "are"} ${known.join(", ") || "none"}`,
    { code: "no_context", source: "input" },
  );
}

async function isOwnFile(path: string): Promise<boolean> {
  const [folder, found] = await Promise.all(
    [dirname(path), path].map(async (each) => lstat(each).catch(() => undefined)),
  );
  const owner = process.getuid?.();
  return (
    found?.isFile() === true && found.uid === owner && folder?.isDirectory() === true && folder.uid === owner
  );
}
