const UNITS = [
  { size: 86_400_000, name: "d" },
  { size: 3_600_000, name: "h" },
  { size: 60_000, name: "m" },
  { size: 1_000, name: "s" },
] as const;

/** How long ago, in its largest unit: `14s`, `3h`, `2d`; `-` for never, `0s` for what is still to come. */
export function age(at: string | undefined, now: number): string {
  if (at === undefined) return "-";
  const passed = Math.max(0, now - Date.parse(at));
  const unit = UNITS.find(({ size }) => passed >= size);
  return unit === undefined ? "0s" : `${Math.floor(passed / unit.size)}${unit.name}`;
}
