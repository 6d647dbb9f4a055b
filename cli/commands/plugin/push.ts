import { open, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { Readable } from "node:stream";

import { Command } from "commander";

import { ApiError } from "../../../control-plane/api/contract/api-error.ts";
import type { ApiClient } from "../../../control-plane/api/contract/client.ts";
import { messageOf } from "../../../core/errors.ts";
import { formatSize } from "../../../core/size.ts";
import { packPlugin } from "../../../core/packages/pack.ts";
import { readZipManifest } from "../../../core/packages/zip-manifest.ts";
import { ACTIONS } from "../../../control-plane/model/access.ts";
import { allPages } from "../../all-pages.ts";
import type { CommandLine } from "../../command-line.ts";
import { connect } from "../../connection.ts";
import { hintedLine } from "../../hint.ts";
import { progress } from "../../output/progress.ts";
import { table } from "../../output/table.ts";
import { approvalText } from "../../views/catalogue.ts";
import { usageError } from "../../usage-error.ts";

interface PushFlags {
  readonly note: string;
  readonly domain?: string;
  readonly name?: string;
}

interface Archive {
  readonly plugin: string;
  readonly file: string;
  readonly size: number;
  readonly bytes: Readable;
}

/** `sluice plugin push FOLDER|ZIP`: validates, packs and uploads a version. */
export function pushCommand(line: CommandLine): Command {
  return new Command("push")
    .description("Validates and packs a plugin's folder, or takes a packed zip, and uploads it as a version.")
    .argument("<path>", "the plugin's folder, or its packed zip")
    .option("--note <text>", "what is new, for approvers", "")
    .option("--domain <domain>", "makes the plugin in this domain if there is none of its name")
    .option("--name <name>", "of the plugin; default: as its plugin.yaml says")
    .action(async (path: string, flags: PushFlags, command: Command) => {
      const archive = await archiveOf(resolve(line.directory, path), flags);
      await using connection = await connect(line, command);
      if (flags.domain !== undefined) await ensurePlugin(connection.client, archive.plugin, flags.domain);
      const uploaded = await upload(line, connection.client, archive, flags.note).catch(
        async (error: unknown): Promise<never> => {
          if (flags.domain !== undefined) throw error;
          throw await withDomains(connection.client, error, archive.plugin, (domain) =>
            hintedLine(command, ["plugin", "push", path, "--domain", domain]),
          );
        },
      );
      const { plugin, version, digest } = uploaded;
      const row = [plugin, version, `sha256:${digest}`, approvalText(uploaded)];
      line.output.write(table(["PLUGIN", "VERSION", "DIGEST", "APPROVAL"], [row]));
    });
}

async function archiveOf(path: string, { name }: PushFlags): Promise<Archive> {
  const unreadable = (error: unknown): never => {
    const gone = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw usageError(`${path}: ${gone ? "there is no such file or folder" : messageOf(error)}`);
  };
  const found = await stat(path).catch(unreadable);
  if (!found.isDirectory()) {
    const plugin = name ?? (await readZipManifest(basename(path), path)).name;
    // Read while it is sent: how large it may be is for the control plane to say.
    const zip = await open(path).catch(unreadable);
    return { plugin, file: basename(path), size: found.size, bytes: zip.createReadStream() };
  }
  const { manifest, zip } = await packPlugin(path);
  if (name !== undefined && name !== manifest.name)
    throw usageError(`--name: the plugin in ${path} is called ${manifest.name}, by its plugin.yaml`);
  const file = `${manifest.name}-${manifest.version}.zip`;
  return { plugin: manifest.name, file, size: zip.length, bytes: Readable.from([zip]) };
}

async function upload(
  line: CommandLine,
  client: ApiClient,
  { plugin, file, size, bytes }: Archive,
  note: string,
): Promise<Awaited<ReturnType<ApiClient["upload"]>>> {
  using bar = progress(line, `uploading ${file} {bar} {percentage}% of ${formatSize(size)}`, size);
  // Awaited: the bar stays as long as this goes on.
  return await client.upload({ plugin, note }, { name: file, size, bytes }, (sent) => bar.update(sent));
}

async function ensurePlugin(client: ApiClient, name: string, domain: string): Promise<void> {
  try {
    await client.call("getPlugin", { params: { plugin: name } });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "not_found") throw error;
    await client.call("putPlugin", {
      params: { plugin: name },
      body: { name, domain, description: "", owners: [] },
    });
  }
}

/** What was refused because there is no plugin of the name: where it could be made, and how. */
async function withDomains(
  client: ApiClient,
  error: unknown,
  plugin: string,
  lineOf: (domain: string) => string,
): Promise<unknown> {
  if (!(error instanceof ApiError) || !["forbidden", "not_found"].includes(error.code)) return error;
  const domains = await domainsFor(client, plugin).catch(() => []);
  const [only, ...others] = domains;
  if (only === undefined) return error;
  const places = others.length === 0 ? "" : ` (or another of ${others.slice(0, NAMED).join(", ")})`;
  const { code, status, requestId } = error;
  return new ApiError(
    `there is no plugin ${plugin} that you may see; to make it in domain ${only}${places}\nnext: ${lineOf(only)}`,
    { code, status, requestId, cause: error },
  );
}

/** How many domains a message names. */
const NAMED = 5;
const MAKERS: readonly string[] = ACTIONS["plugin.create"];

/** Domains in which who asks may make a plugin; none where it is there already. */
async function domainsFor(client: ApiClient, plugin: string): Promise<readonly string[]> {
  const plugins = await allPages((cursor) => client.call("listPlugins", { query: { limit: 500, cursor } }));
  if (plugins.some(({ name }) => name === plugin)) return [];
  const { grants } = await client.call("whoAmI");
  const scopes = grants.filter(({ role }) => MAKERS.includes(role)).map(({ scope }) => scope);
  if (scopes.some(({ kind }) => kind === "all")) {
    const { items } = await client.call("listDomains", { query: {} });
    return items.map(({ name }) => name);
  }
  return scopes.flatMap((scope) => (scope.kind === "domain" ? [scope.domain] : []));
}
