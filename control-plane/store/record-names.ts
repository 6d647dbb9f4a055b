import type { Value } from "./engine.ts";

/** `name@version` for two columns, the value itself for one: what audit and listeners call a record. */
export function keyText(columns: Readonly<Record<string, Value>>): string {
  return Object.values(columns).join("@");
}

/** `cluster demo`, for messages. */
export function nounKey(
  { noun }: { readonly noun: string },
  columns: Readonly<Record<string, Value>>,
): string {
  return `${noun} ${keyText(columns)}`;
}
