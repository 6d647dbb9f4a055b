import type { RecordName } from "../model/audit.ts";
import { keyText } from "../store/record-names.ts";
import type { Endpoint } from "./contract/endpoint.ts";
import { PARAMETERS, parametersOf, type ParameterName } from "./contract/parameters.ts";

/** What a request is after, in the audit's words: the same, done or refused. */
export interface Attempt {
  /** `release.complete` */
  readonly action: string;
  /** The record that its path names. */
  readonly record: RecordName | undefined;
}

/** `params`: of the path, checked or not; what cannot be a name is none. */
export function attemptOf(endpoint: Endpoint, params: unknown): Attempt {
  const { action, right, path } = endpoint;
  return { action: action ?? right, record: recordOf(path, params) };
}

/** Kinds of records by what names them in a path; the first that is there. */
const KINDS: readonly (readonly [kind: string, names: readonly ParameterName[]])[] = [
  ["releases", ["release"]],
  ["versions", ["plugin", "version"]],
  ["nodes", ["node"]],
  ["clusters", ["cluster"]],
  ["plugins", ["plugin"]],
  ["domains", ["domain"]],
  ["tokens", ["token"]],
  ["webhooks", ["webhook"]],
  ["silences", ["silence"]],
];

function recordOf(path: string, params: unknown): RecordName | undefined {
  const named = parametersOf(path);
  const found = KINDS.find(([, names]) => names.every((name) => named.includes(name)));
  if (found === undefined) return undefined;
  const [kind, names] = found;
  const values = params as Readonly<Record<string, unknown>>;
  const parsed = names.map((name) => [name, PARAMETERS[name].safeParse(values[name])] as const);
  if (!parsed.every(([, { success }]) => success)) return undefined;
  const key = keyText(Object.fromEntries(parsed.map(([name, { data }]) => [name, data as string | number])));
  return { kind: isChain(path) ? "chains" : kind, key };
}

/** A cluster's chain is a record of its own, of the same key. */
function isChain(path: string): boolean {
  return path.startsWith("/clusters/:cluster/chain");
}
