/** A scrape as a test reads it: `name{label="value"}` → value. Throws where promtool would complain. */
export function parseExposition(text: string): ReadonlyMap<string, number> {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line has no end");
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.split("\n").slice(0, -1)) {
    if (line.startsWith("#")) readComment(line, types);
    else readSample(line, types, samples);
  }
  return samples;
}

const COMMENT = /^# (HELP|TYPE) ([a-z_][a-z0-9_]*) (\S[^\n]*)$/;
const SAMPLE = /^([a-z_][a-z0-9_]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,|(?=\})))+\})? (\S+)$/;

function readComment(line: string, types: Map<string, string>): void {
  const [, kind, name = "", rest = ""] = COMMENT.exec(line) ?? [];
  if (kind === undefined) throw new Error(`no comment of the format: ${line}`);
  if (kind !== "TYPE") return;
  if (types.has(name)) throw new Error(`a second TYPE of ${name}`);
  if (rest === "counter" && !name.endsWith("_total"))
    throw new Error(`counter ${name} does not end in _total`);
  types.set(name, rest);
}

function readSample(line: string, types: ReadonlyMap<string, string>, samples: Map<string, number>): void {
  const [, name = "", labels = "", text = ""] = SAMPLE.exec(line) ?? [];
  const value = Number(text.replace("Inf", "Infinity"));
  if (name === "" || (Number.isNaN(value) && text !== "NaN"))
    throw new Error(`no sample of the format: ${line}`);
  const family = name.replace(/_(?:bucket|sum|count)$/, "");
  if (!types.has(name) && types.get(family) !== "histogram") throw new Error(`${name} has no TYPE before it`);
  if (samples.has(name + labels)) throw new Error(`${name}${labels} stands there twice`);
  samples.set(name + labels, value);
}
