import { loadSync, type MessageTypeDefinition } from "@grpc/proto-loader";

import type { HeaderEdit } from "../../../../core/headers/header-edits.ts";
import type { HostFrame } from "../messages.ts";

// protobufjs reading proto/mesh/v1/host.proto: the codec is checked against it.

const definition = loadSync(new URL("../../../../proto/mesh/v1/host.proto", import.meta.url).pathname, {
  longs: Number,
  defaults: true,
});
const hostFrame = definition["mesh.v1.HostFrame"] as MessageTypeDefinition<object, Record<string, unknown>>;

/** A message as protobufjs gives it: `bytes` are Buffers, unset messages are null. */
export interface GenericFrame {
  readonly kind: HostFrame["kind"];
  readonly fields: unknown;
}

export function genericEncode({ kind, fields }: GenericFrame): Buffer {
  return hostFrame.serialize({ [kind]: fields });
}

export function genericDecode(bytes: Buffer): GenericFrame {
  const decoded = hostFrame.deserialize(bytes);
  const kinds = Object.keys(decoded).filter((key) => decoded[key] !== null);
  if (kinds.length !== 1) throw new Error(`one message expected, found ${kinds.join(", ")}`);
  const kind = kinds[0] as HostFrame["kind"];
  return { kind, fields: decoded[kind] };
}

/** What `genericDecode` should give for a frame of the codec. */
export function genericForm(frame: HostFrame): GenericFrame {
  const { kind, ...fields } = frame;
  return { kind, fields: { ...fields, ...convertedFields(frame) } };
}

function convertedFields(frame: HostFrame): object {
  switch (frame.kind) {
    case "loaded":
    case "unloaded":
      return { error: frame.error ?? null };
    case "fetch":
    case "fetched":
      return { headers: frame.headers.map(genericEdit) };
    case "ran":
      return {
        results: frame.results.map((result) => ({
          ...result,
          failure: result.failure ?? null,
          edits: latin1(result.edits),
        })),
      };
    case "run":
      return {
        message: latin1(frame.message),
        edits: latin1(frame.edits),
        entries: frame.entries.map((entry) => ({ ...entry, tag: latin1(entry.tag) })),
      };
    default:
      return {};
  }
}

function genericEdit(edit: HeaderEdit): object {
  return { name: latin1(edit.name), values: edit.values.map(latin1) };
}

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
