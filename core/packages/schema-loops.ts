/** Keywords whose schemas look at the same value as the one that they stand in: one of them, a list, or a map. */
const SAME_VALUE = [
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "if",
  "then",
  "else",
  "dependentSchemas",
  "dependencies",
];
const REFERENCES = ["$ref", "$dynamicRef"];
const ANCHORS = ["$anchor", "$dynamicAnchor"];

type Node = Readonly<Record<string, unknown>>;

/**
 * A reference of a JSON schema that leads back to itself at the same value, such as `{"$ref": "#"}`: whoever checks a
 * value by it never comes to an end. Undefined where there is none; references to other documents lead nowhere here.
 */
export function endlessReference(schema: unknown): string | undefined {
  const anchors = new Map<string, Node>();
  const nodes = nodesIn(schema);
  for (const node of nodes)
    for (const keyword of ANCHORS)
      if (typeof node[keyword] === "string") anchors.set(`#${node[keyword]}`, node);
  const done = new Set<Node>();
  const targetOf = (reference: string): unknown => anchors.get(reference) ?? pointedAt(schema, reference);
  for (const node of nodes) {
    const found = loopFrom(node, { targetOf, done, path: new Set() });
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Search {
  readonly targetOf: (reference: string) => unknown;
  readonly done: Set<Node>;
  /** What the search is within. */
  readonly path: Set<Node>;
}

function loopFrom(node: Node, search: Search): string | undefined {
  const { targetOf, done, path } = search;
  if (done.has(node)) return undefined;
  path.add(node);
  for (const reference of REFERENCES.flatMap((keyword) => node[keyword])) {
    const target = typeof reference === "string" ? targetOf(reference) : undefined;
    if (!isNode(target)) continue;
    const loop = path.has(target) ? String(reference) : loopFrom(target, search);
    if (loop !== undefined) return loop;
  }
  for (const inner of SAME_VALUE.flatMap((keyword) => innerSchemas(keyword, node[keyword]))) {
    const loop = path.has(inner) ? undefined : loopFrom(inner, search);
    if (loop !== undefined) return loop;
  }
  path.delete(node);
  done.add(node);
  return undefined;
}

function innerSchemas(keyword: string, value: unknown): readonly Node[] {
  const isMap = keyword === "dependentSchemas" || keyword === "dependencies";
  const inner: readonly unknown[] = isMap && isNode(value) ? Object.values(value) : [value].flat();
  return inner.filter(isNode);
}

/** Every map in it, whether or not it is a schema: none but schemas are referred to. */
function nodesIn(schema: unknown): readonly Node[] {
  const found: Node[] = [];
  const waiting: unknown[] = [schema];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== "object" || next === null) continue;
    if (isNode(next)) found.push(next);
    for (const inner of Object.values(next)) waiting.push(inner);
  }
  return found;
}

/** `#/definitions/rule` */
function pointedAt(schema: unknown, reference: string): unknown {
  if (reference !== "#" && !reference.startsWith("#/")) return undefined;
  let at = schema;
  for (const part of reference.split("/").slice(1)) {
    const name = unescaped(part);
    if (name === undefined || typeof at !== "object" || at === null || !Object.hasOwn(at, name))
      return undefined;
    at = (at as Node)[name];
  }
  return at;
}

function unescaped(part: string): string | undefined {
  try {
    return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return undefined;
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
