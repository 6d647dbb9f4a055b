const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** For messages: `expected ${DURATION_FORM}`. */
export const DURATION_FORM = "a duration such as 50ms, 1.5s, 2m or 1h";

/** Milliseconds of `50ms`, `1.5s`, `2m`, `1h`; undefined when the text is no duration. A bare number is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text);
  const factor = MILLISECONDS[match?.[2] ?? ""];
  return match === null || factor === undefined ? undefined : Number(match[1]) * factor;
}

/** The shortest text that reads back as the same number: 75000 is `75s`, 1500 is `1500ms`. */
export function formatDuration(milliseconds: number): string {
  const units = Object.entries(MILLISECONDS).toReversed();
  const [unit, factor] = units.find(([, each]) => milliseconds !== 0 && milliseconds % each === 0) ?? [
    "ms",
    1,
  ];
  return `${milliseconds / factor}${unit}`;
}
