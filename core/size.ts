const BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** For messages: `expected ${SIZE_FORM}`. */
export const SIZE_FORM = "a size such as 512B, 64KiB, 32MiB or 1GiB";

/** Whole bytes of `64KiB`, `1.5MiB`, …; undefined when the text is no size. Powers of two only: `MB` is none. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(B|KiB|MiB|GiB)$/.exec(text);
  const factor = BYTES[match?.[2] ?? ""];
  if (match === null || factor === undefined) return undefined;
  const bytes = Number(match[1]) * factor;
  return Number.isInteger(bytes) ? bytes : undefined;
}

/** A size for people: `32MiB`, `1.5KiB`. */
export function formatSize(bytes: number): string {
  const unit = bytes >= 2 ** 30 ? "GiB" : bytes >= 2 ** 20 ? "MiB" : bytes >= 2 ** 10 ? "KiB" : "B";
  return `${Number((bytes / (BYTES[unit] ?? 1)).toFixed(1))}${unit}`;
}

/** The shortest text that reads back as the same number: 33554432 is `32MiB`, 1500 is `1500B`. */
export function exactSize(bytes: number): string {
  const units = Object.entries(BYTES).toReversed();
  const [unit, factor] = units.find(([, each]) => bytes !== 0 && bytes % each === 0) ?? ["B", 1];
  return `${bytes / factor}${unit}`;
}
