import { isFieldName, isFieldValue } from "./field-syntax.ts";
import { OFFSETS_PER_FIELD, type HeaderBlock } from "./header-block.ts";
import type { HeaderEdit, HeaderEdits } from "./header-edits.ts";
import { mayBeMesh, TRAIT } from "./traits.ts";
import { WIRE_NAMES } from "./known-fields.ts";

/** Why an edit is refused: what is wrong with its name or its value. */
export const EDIT_FAULTS = ["illegal_name", "illegal_value", "protected_name", "mesh_name"] as const;
export type EditFault = (typeof EDIT_FAULTS)[number];

/** One edit that a plugin may not make; `message` is for its author. */
export interface EditRefusal {
  readonly fault: EditFault;
  /** As the plugin wrote it, made printable and cut to 64 characters. */
  readonly name: string;
  readonly message: string;
}

/** Names that only the mesh may write; CGI-style apps cannot tell `_` from `-`, so neither counts for more. */
const MESH_PREFIX = /^x[-_]mesh[-_]/i;
const MESH_PREFIX_LENGTH = 7;

/** The wire writes these itself, whether or not it forwards what arrived: Host, framing and hop-by-hop names. */
const PROTECTED: ReadonlySet<string> = new Set(WIRE_NAMES);

/**
 * The first edit that breaks a rule for answers (docs/plugins.md), or undefined if all may be applied. An answer with a
 * refused edit is dropped whole. The plugin hosts, the sidecar and the authors' harness all ask here.
 */
export function refusedEdit(edits: HeaderEdits): EditRefusal | undefined {
  for (const edit of edits) {
    const fault = faultOf(edit);
    if (fault !== undefined) return refusal(fault, edit);
  }
  return undefined;
}

/** Whether only the mesh may write this name, whatever its case and with `_` for `-`. */
export function isMeshName(name: string): boolean {
  return MESH_PREFIX.test(name);
}

/** The same for the name of one field of a block. */
export function isMeshField(headers: HeaderBlock, index: number): boolean {
  if (headers.fields !== undefined) return isMeshName(headers.fields[index * 2] ?? "");
  const { text, offsets } = headers;
  const start = offsets[index * OFFSETS_PER_FIELD] ?? 0;
  // Nearly every name ends at one of these two letters, without a string being made of it.
  if (!mayBeMesh(text.charCodeAt(start), text.charCodeAt(start + 2))) return false;
  const end = offsets[index * OFFSETS_PER_FIELD + 1] ?? 0;
  return isMeshName(text.slice(start, Math.min(end, start + MESH_PREFIX_LENGTH)));
}

/** Without the `X-Mesh-*` fields that somebody else than the mesh wrote; the same block if there are none. */
export function withoutMeshFields(headers: HeaderBlock): HeaderBlock {
  if ((headers.traits & TRAIT.mesh) === 0) return headers;
  for (let index = 0; index < headers.size; index++)
    if (isMeshField(headers, index)) return headers.filter((other) => !isMeshField(headers, other));
  return headers;
}

function faultOf(edit: HeaderEdit): EditFault | undefined {
  if (!isFieldName(edit.name)) return "illegal_name";
  if (isMeshName(edit.name)) return "mesh_name";
  if (PROTECTED.has(edit.name.toLowerCase())) return "protected_name";
  return edit.values.every(isFieldValue) ? undefined : "illegal_value";
}

const EXPLANATIONS: Record<EditFault, string> = {
  illegal_name: "is no header name: names are made of letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 §5.1)",
  illegal_value: "has a value with a control character or one beyond latin1; encode it first (RFC 9110 §5.5)",
  protected_name: "is written by the sidecar itself: Host, framing and hop-by-hop headers cannot be edited",
  mesh_name: "begins with X-Mesh-, which only the mesh writes",
};

function refusal(fault: EditFault, edit: HeaderEdit): EditRefusal {
  // JSON escapes what would forge a line in somebody's log.
  const name = JSON.stringify(edit.name.slice(0, 64)).slice(1, -1);
  return { fault, name, message: `header "${name}" ${EXPLANATIONS[fault]}` };
}
