import { crc32, deflateRawSync } from "node:zlib";

/** A manifest of an isolate plugin, as YAML; `changes` replaces or (undefined) leaves out keys. */
export function manifestText(changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    apiVersion: "sluice/v1",
    kind: "Plugin",
    name: "tagger",
    version: "1.0.0",
    runtime: "isolate",
    positions: ["request"],
    failurePolicy: "open",
    ...changes,
  });
}

/** The script of a plugin that does nothing; `mark` makes its bytes differ. */
export function scriptText(mark = ""): string {
  return `export default { execute() { return {}; } }; // ${mark}\n`;
}

/** One entry of a zip made by hand; what is not given is as an honest packer writes it. */
export interface RawEntry {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  /** Unix mode with type bits. Default: a regular file, or a folder where the name ends with a slash. */
  readonly mode?: number;
  readonly flags?: number;
  readonly method?: number;
  readonly crc32?: number;
  /** What the headers claim, whatever the content. */
  readonly uncompressedSize?: number;
}

/** A zip of one valid plugin, in the folder `tagger/` unless told otherwise. */
export function pluginZip(
  changes: Readonly<Record<string, unknown>> = {},
  more: readonly RawEntry[] = [],
  folder = "tagger",
): Buffer {
  return rawZip([
    { name: `${folder}/plugin.yaml`, content: manifestText(changes) },
    { name: `${folder}/bin/plugin.js`, content: scriptText() },
    ...more,
  ]);
}

/** A zip with exactly these entries, however wrong they are: what no packer would write, an attacker does. */
export function rawZip(entries: readonly RawEntry[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { local, central } = encodeEntry(entry, offset);
    locals.push(local);
    centrals.push(central);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

function encodeEntry(entry: RawEntry, offset: number): { readonly local: Buffer; readonly central: Buffer } {
  const name = Buffer.from(entry.name as string);
  const content = Buffer.from((entry.content ?? "") as string);
  const method = entry.method ?? 8;
  const packed = method === 8 ? deflateRawSync(content) : content;
  const isFolder = name.at(-1) === 0x2f;
  const mode = entry.mode ?? (isFolder ? 0o040755 : 0o100644);
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(entry.flags ?? 0x800, 2);
  fields.writeUInt16LE(method, 4);
  fields.writeUInt32LE(entry.crc32 ?? crc32(content), 10);
  fields.writeUInt32LE(packed.length, 14);
  fields.writeUInt32LE(entry.uncompressedSize ?? content.length, 18);
  fields.writeUInt16LE(name.length, 22);

  const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), fields, name, packed]);
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(mode * 0x10000, 6);
  tail.writeUInt32LE(offset, 10);
  const signature = Buffer.from("PK\x01\x02\x14\x03", "latin1");
  return { local, central: Buffer.concat([signature, fields, tail, name]) };
}
