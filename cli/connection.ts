import { dirname } from "node:path";

import type { Command } from "commander";

import { ApiClient } from "../control-plane/api/contract/client.ts";
import { MeshError } from "../core/errors.ts";
import type { CommandLine } from "./command-line.ts";
import { namedCertificates, type ConnectionFlags } from "./connection-flags.ts";
import { readCredentials, type ContextCredentials } from "./contexts/context-credentials.ts";
import { contextFile, pickContext, readContexts, type Context } from "./contexts/context-file.ts";
import { ENVIRONMENT } from "./environment.ts";
import { checkServer } from "./server-address.ts";
import { usageError } from "./usage-error.ts";

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
  if (flags.context !== undefined && flags.server !== undefined)
    throw usageError("--context names a server already: give it or --server, not both");
  const { directory, environment } = line;
  const server = flags.server ?? (flags.context === undefined ? environment[ENVIRONMENT.server] : undefined);
  const token = environment[ENVIRONMENT.token];
  const certificates = namedCertificates(line, flags);
  if (server !== undefined && server !== "") {
    const given = { server: checkServer(server), ...certificates };
    return connection({ ...given, ...(await readCredentials(directory, given)), token });
  }
  const { path, context } = await contextOf(line, flags.context ?? environment[ENVIRONMENT.context]);
  // A token that is given makes that of the context unneeded, also where its file is gone.
  const facts = { ...context, ...certificates, ...(token === undefined ? {} : { token }) };
  return connection({ ...facts, ...(await readCredentials(dirname(path), facts)) });
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
