/** What keeps a parsed document from being plain data, and where. */
export interface PlainValueProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Deeper than what a person writes, and shallow enough for whoever walks it by recursion. */
const MAX_DEPTH = 64;

/**
 * The first thing in `value` that JSON could not say or that code which walks it could stumble over: binary and other
 * tagged values, numbers without end, a list inside itself, too many levels, a key that would be a prototype.
 */
export function plainValueProblem(
  value: unknown,
  path: readonly (string | number)[] = [],
): PlainValueProblem | undefined {
  if (typeof value === "number" && !Number.isFinite(value))
    return { path, message: "expected a finite number" };
  if (typeof value === "bigint") return { path, message: "expected a smaller number" };
  if (typeof value !== "object" || value === null) return undefined;
  // A list inside itself, which YAML's aliases can make, is too deep as well.
  if (path.length >= MAX_DEPTH) return { path, message: `expected at most ${MAX_DEPTH} levels` };
  if (!isPlain(value)) return { path, message: "expected a text, number, true, false, null, list or map" };
  for (const [name, member] of Object.entries(value)) {
    const inside = [...path, Array.isArray(value) ? Number(name) : name];
    if (name === "__proto__") return { path: inside, message: "unknown key" };
    const problem = plainValueProblem(member, inside);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}
