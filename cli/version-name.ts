import { usageError } from "./usage-error.ts";

export interface VersionName {
  readonly plugin: string;
  readonly version: string;
}

/** `header-tag@1.1.0` */
export function parseVersionName(text: string): VersionName {
  const at = text.lastIndexOf("@");
  if (at > 0 && at < text.length - 1) return { plugin: text.slice(0, at), version: text.slice(at + 1) };
  throw usageError(`expected NAME@VERSION such as header-tag@1.1.0, not ${JSON.stringify(text)}`);
}
