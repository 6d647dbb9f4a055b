import type { HeaderEdits } from "../../core/headers/header-edits.ts";
import type { Run } from "./protocol/messages.ts";
import { field } from "./world/fields.ts";

/**
 * What a plugin sees of a message beside its header lines: one text with a line for each fact (none holds a line
 * break: the wire refuses it). `world/request.ts` reads it.
 */
export function factsText(run: Run): string {
  return (
    `${run.exchange}\n${run.position}\n${run.bizStartAt}\n${run.attempt}\n${run.status}\n` +
    `${run.method}\n${run.host}\n${run.remoteIp}\n${run.path}\n${run.query}`
  );
}

/** Edits as `world/headers.ts` reads them: name, then the values as fields of their own. */
export function editsText(edits: HeaderEdits): string {
  let text = "";
  for (const { name, values } of edits) {
    let fields = "";
    for (const value of values) fields += field(value);
    text += field(name) + field(fields);
  }
  return text;
}
