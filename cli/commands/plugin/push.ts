import { open, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { Readable } from "node:stream";

import { Command } from "commander";

import { ApiError } from "../../../control-plane/api/contract/api-error.ts";
import type { ApiClient } from "../../../control-plane/api/contract/client.ts";
import { messageOf } from "../../../core/errors.ts";
import { packPlugin } from "../../../core/packages/pack.ts";
import type { CommandLine } from "../../command-line.ts";
import { connect } from "../../connection.ts";
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
    .argument("<path>", "the plugin's folder, or NAME-VERSION.zip with --name")
    .option("--note <text>", "what is new, for approvers", "")
    .option("--domain <domain>", "makes the plugin in this domain if there is none of its name")
    .option("--name <name>", "of the plugin, for a zip")
    .action(async (path: string, flags: PushFlags, command: Command) => {
      const archive = await archiveOf(resolve(line.directory, path), flags);
      await using connection = await connect(line, command);
      if (flags.domain !== undefined) await ensurePlugin(connection.client, archive.plugin, flags.domain);
      const uploaded = await upload(line, connection.client, archive, flags.note);
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
    if (name === undefined) throw usageError("a zip needs --name NAME of its plugin");
    // Read while it is sent: how large it may be is for the control plane to say.
    const zip = await open(path).catch(unreadable);
    return { plugin: name, file: basename(path), size: found.size, bytes: zip.createReadStream() };
  }
  const { manifest, zip } = await packPlugin(path);
  const file = `${manifest.name}-${manifest.version}.zip`;
  return { plugin: manifest.name, file, size: zip.length, bytes: Readable.from([zip]) };
}

async function upload(
  line: CommandLine,
  client: ApiClient,
  { plugin, file, size, bytes }: Archive,
  note: string,
): Promise<Awaited<ReturnType<ApiClient["upload"]>>> {
  using bar = progress(line, `uploading ${file}`, size);
  return client.upload({ plugin, note }, { name: file, size, bytes }, (sent) => bar.update(sent));
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
