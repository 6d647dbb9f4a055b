import { isFieldName, isFieldValue } from "./field-syntax.ts";
import { fieldNameEquals } from "./field-name.ts";
import type { HeaderBlock } from "./header-block.ts";
import type { HeaderEdit, HeaderEdits } from "./header-edits.ts";
import { KNOWN_NAMES } from "./known-fields.ts";

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

/** Names that only the mesh may write. */
export const MESH_PREFIX = "x-mesh-";

/** The wire writes these itself, whether or not it forwards what arrived: Host, framing and hop-by-hop names. */
const PROTECTED: ReadonlySet<string> = new Set(KNOWN_NAMES.filter((name) => name !== ""));

/**
 * The first edit that breaks a rule of DESIGN-data-plane §3, or undefined if all may be applied. An answer with a
 * refused edit is dropped whole. The plugin hosts, the sidecar and the authors' harness all ask here.
 */
export function refusedEdit(edits: HeaderEdits): EditRefusal | undefined {
  for (const edit of edits) {
    const fault = faultOf(edit);
    if (fault !== undefined) return refusal(fault, edit);
  }
  return undefined;
}

/** Whether only the mesh may write this name, whatever its case. */
export function isMeshName(name: string): boolean {
  return fieldNameEquals(name, 0, Math.min(name.length, MESH_PREFIX.length), MESH_PREFIX);
}

/** Without the `X-Mesh-*` fields that somebody else than the mesh wrote; the same block if there are none. */
export function withoutMeshFields(headers: HeaderBlock): HeaderBlock {
  for (let index = 0; index < headers.size; index++)
    if (headers.startsWith(index, MESH_PREFIX))
      return headers.filter((other) => !headers.startsWith(other, MESH_PREFIX));
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
