import { mergeEdits, type HeaderEdit, type HeaderEdits } from "../../../core/headers/header-edits.ts";

/** What tells the app that plugins were stood in for; made by the sidecar, stripped from clients. */
const SKIPPED = "X-Mesh-Plugin-Skipped";

/** The changes that plugins made, the marks of those that were skipped, and the forwarding fields, as one list. */
export function upstreamEdits(
  plugins: HeaderEdits,
  skipped: readonly string[],
  forwarded: readonly HeaderEdit[],
): HeaderEdits {
  if (plugins.length === 0 && skipped.length === 0) return forwarded;
  const marks = skipped.length === 0 ? [] : [{ name: SKIPPED, values: skipped }];
  return mergeEdits(forwarded, [...plugins, ...marks]);
}
