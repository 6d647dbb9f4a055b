import { trimWhiteSpace } from "../../../core/headers/token-list.ts";

const LONGEST_SECONDS = 6;

/** `timeout=5, max=100` → 5,000 ms. A hint only: what cannot be read is no hint, and no error. */
export function keepAliveTimeout(value: string): number | undefined {
  for (const part of value.split(",")) {
    const [name = "", seconds = ""] = part.split("=");
    if (trimWhiteSpace(name).toLowerCase() !== "timeout") continue;
    const digits = trimWhiteSpace(seconds);
    return /^\d+$/.test(digits) && digits.length <= LONGEST_SECONDS ? Number(digits) * 1000 : undefined;
  }
  return undefined;
}
