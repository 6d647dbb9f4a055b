import type { MetricFamily, Sample } from "./family.ts";

export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The text format of Prometheus, version 0.0.4. A family without series has only its two comment lines. */
export function exposition(families: Iterable<MetricFamily>): string {
  let text = "";
  for (const family of families) {
    text += `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n`;
    for (const sample of family.samples()) text += line(family.name, sample);
  }
  return text;
}

function line(name: string, { suffix, labels, value }: Sample): string {
  let pairs = "";
  for (let i = 0; i < labels.length; i += 2) {
    pairs += `${i === 0 ? "" : ","}${labels[i]}="${escapeLabel(labels[i + 1] ?? "")}"`;
  }
  return `${name}${suffix}${pairs === "" ? "" : `{${pairs}}`} ${numberText(value)}\n`;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
