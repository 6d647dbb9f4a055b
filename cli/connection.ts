import type { Command } from "commander";

import { ApiClient } from "../control-plane/api/contract/client.ts";
import { MeshError } from "../core/errors.ts";
import type { CommandLine } from "./command-line.ts";
import { readCredentials, type ContextCredentials } from "./contexts/context-credentials.ts";
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
  if (server !== undefined && server !== "") return connection({ server, token });
  const { path, context } = await contextOf(line, flags.context ?? line.environment[ENVIRONMENT.context]);
  // A token that is given makes that of the context unneeded, also where its file is gone.
  const credentials = await readCredentials(path, token === undefined ? context : { ...context, token });
  return connection({ ...context, ...credentials });
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

interface ConnectionFacts extends Partial<ContextCredentials> {
  readonly server: string;
  readonly cluster?: string | undefined;
}

function connection({ server, cluster, token, ca, clientCertificate }: ConnectionFacts): Connection {
  const client = new ApiClient({ baseUrl: checkServer(server), token, ca, clientCertificate });
  return { client, cluster, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}
