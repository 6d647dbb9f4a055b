import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import type { Command } from "commander";

import { ApiClient } from "../control-plane/api/contract/client.ts";
import { MeshError, messageOf } from "../core/errors.ts";
import type { CommandLine } from "./command-line.ts";
import { contextFile, pickContext, readContexts, type Context } from "./contexts/context-file.ts";
import { ENVIRONMENT } from "./environment.ts";
import { checkServer } from "./server-address.ts";

/** What every command that asks the control plane takes; the same before and after the command's name. */
interface ConnectionFlags {
  readonly context?: string;
  readonly server?: string;
}

/** The control plane that a command talks to. */
export interface Connection extends AsyncDisposable {
  readonly client: ApiClient;
  /** The cluster of the context, for commands that name none. */
  readonly cluster: string | undefined;
}

/**
 * By flag, then environment (`SLUICE_SERVER`, `SLUICE_TOKEN`), then the context. A token from a context is sent to that
 * context's server only: `--server` without `SLUICE_TOKEN` goes without one.
 */
export async function connect(line: CommandLine, command: Command): Promise<Connection> {
  const flags: ConnectionFlags = command.optsWithGlobals();
  const server = flags.server ?? line.environment[ENVIRONMENT.server];
  const token = line.environment[ENVIRONMENT.token];
  if (server !== undefined && server !== "") return connection({ server, token: token ?? undefined });
  const { path, context } = await contextOf(line, flags.context ?? line.environment[ENVIRONMENT.context]);
  return connection({
    ...context,
    token: token ?? context.token ?? (await readToken(path, context.tokenFile)),
    ca: context.ca === undefined ? undefined : await readBeside(path, context.ca),
  });
}

/** The cluster that a command names, or that of its context. */
export function clusterOf({ cluster }: Connection, named: string | undefined): string {
  const found = named ?? cluster;
  if (found !== undefined) return found;
  throw new MeshError("which cluster? Name it with --cluster, or in the context", {
    code: "no_cluster",
    source: "input",
  });
}

async function contextOf(
  line: CommandLine,
  name: string | undefined,
): Promise<{ readonly path: string; readonly context: Context }> {
  const path = await contextFile(line.directory, line.environment);
  const contexts = await readContexts(path);
  if (contexts !== undefined) return { path, context: pickContext(path, contexts, name) };
  throw new MeshError(
    `there is no ${path}: which control plane? Begin with \`sluice up\`, or \`sluice context set\`, or say --server`,
    { code: "no_context", source: "input" },
  );
}

function connection(context: {
  readonly server: string;
  readonly token: string | undefined;
  readonly ca?: string | undefined;
  readonly cluster?: string | undefined;
}): Connection {
  const { server, token, ca, cluster } = context;
  const client = new ApiClient({ baseUrl: checkServer(server), token, ca });
  return { client, cluster, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

async function readToken(path: string, file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : (await readBeside(path, file)).trim();
}

/** Paths in the file of contexts are relative to it. */
async function readBeside(path: string, file: string): Promise<string> {
  const target = resolve(dirname(path), file);
  try {
    return await readFile(target, "utf8");
  } catch (error) {
    throw new MeshError(`${path} names ${target}, which cannot be read: ${messageOf(error)}`, {
      code: "unreadable",
      source: "input",
    });
  }
}
