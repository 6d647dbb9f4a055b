import { Command } from "commander";

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import type { CommandLine } from "../command-line.ts";
import { readCredentials } from "../contexts/context-credentials.ts";
import {
  checkContextName,
  contextFile,
  knownContext,
  pickContext,
  readContexts,
  writeContexts,
  type Context,
  type Contexts,
} from "../contexts/context-file.ts";
import { table } from "../output/table.ts";
import { checkServer } from "../server-address.ts";
import { usageError } from "../usage-error.ts";

interface SetFlags {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly cluster?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const NONE: Contexts = { current: "", contexts: {} };

/** `sluice context …`: which control plane, as whom. */
export function contextCommand(line: CommandLine): Command {
  return new Command("context")
    .addCommand(listCommand(line))
    .addCommand(useCommand(line))
    .addCommand(setCommand(line));
}

function listCommand(line: CommandLine): Command {
  return new Command("list").description("The contexts there are; * is the current one.").action(async () => {
    const path = await contextFile(line.directory, line.environment);
    const { current, contexts } = (await readContexts(path)) ?? NONE;
    const rows = Object.entries(contexts).map(([name, { server, cluster }]) => [
      name === current ? `* ${name}` : `  ${name}`,
      server,
      cluster ?? "-",
    ]);
    line.errors.write(`${path}\n`);
    line.output.write(table(["  NAME", "SERVER", "CLUSTER"], rows));
  });
}

function useCommand(line: CommandLine): Command {
  return new Command("use")
    .description("Makes a context the current one.")
    .argument("<name>")
    .action(async (name: string) => {
      const path = await contextFile(line.directory, line.environment);
      const contexts = (await readContexts(path)) ?? NONE;
      pickContext(path, contexts, name);
      await writeContexts(path, { ...contexts, current: name });
      line.output.write(`context/${name} is current\n`);
    });
}

function setCommand(line: CommandLine): Command {
  return new Command("set")
    .description("Makes a context or changes it. The token comes from a file, so that no shell remembers it.")
    .argument("<name>", "", checkContextName)
    .option("--server <url>", "such as http://127.0.0.1:7400; needed for a new one")
    .option("--token-file <file>", "its content is copied")
    .option("--cluster <cluster>", "for commands that name none")
    .option("--ca <file>", "PEM of who signed the server's certificate")
    .option(
      "--cert <file>",
      "PEM of your own certificate, where the control plane asks for one; its path is kept",
    )
    .option("--key <file>", "PEM of the key of that certificate; its path is kept")
    .action(async (name: string, { server: given, tokenFile, cluster, ...files }: SetFlags) => {
      const path = await contextFile(line.directory, line.environment);
      const contexts = (await readContexts(path)) ?? NONE;
      const token =
        tokenFile === undefined
          ? undefined
          : (await readFile(resolve(line.directory, tokenFile), "utf8")).trim();
      const known = knownContext(contexts, name);
      const server = addressOf(name, given, known);
      const context = {
        ...(known !== undefined && isSameServer(known.server, server) ? known : {}),
        server,
        ...(token === undefined ? {} : { token }),
        ...(cluster === undefined ? {} : { cluster }),
        ...resolved(line.directory, files),
      };
      await readCredentials(dirname(path), context);
      await writeContexts(path, {
        current: contexts.current || name,
        contexts: { ...contexts.contexts, [name]: context },
      });
      line.output.write(`context/${name} written to ${path}\n`);
    });
}

function addressOf(name: string, given: string | undefined, known: Context | undefined): string {
  if (given !== undefined) return checkServer(given);
  if (known !== undefined) return known.server;
  throw usageError(`there is no context ${name} yet: a new one needs --server URL`);
}

/** A token goes nowhere but to the server that it was given for; where that has come to speak TLS it is the same. */
function isSameServer(known: string, server: string): boolean {
  const [before, now] = [new URL(known), new URL(server)];
  if (now.protocol === "https:" && before.host === now.host) before.protocol = now.protocol;
  return before.href === now.href;
}

/** Their paths are kept, so that what is renewed there is used. */
function resolved(directory: string, files: Pick<SetFlags, "ca" | "cert" | "key">): Partial<Context> {
  return Object.fromEntries(Object.entries(files).map(([key, file]) => [key, resolve(directory, file)]));
}
