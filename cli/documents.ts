import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { buffer } from "node:stream/consumers";

import { isMap, isNode, isPair, isSeq, LineCounter, parseAllDocuments, type Document, type Node } from "yaml";

import { InputError, messageOf } from "../core/errors.ts";
import { NO_TEXT, textOf } from "../core/text-file.ts";

/** One of the documents that `sluice apply` takes, and where it was written. */
export interface SourceDocument {
  readonly value: unknown;
  /**
   * Where the thing stands that a key leads to (`entries[0].plugin`), or what of it is there: `mesh.yaml:7 (document 2,
   * Chain demo)`; undefined: where the document begins.
   */
  place(key: string | undefined): string;
}

/**
 * The documents of a YAML or JSON file, or of standard input for `-`; a list is as many documents. Throws an
 * `InputError` that names the file and the line.
 */
export async function readDocuments(directory: string, file: string): Promise<readonly SourceDocument[]> {
  const name = file === "-" ? "standard input" : file;
  const lines = new LineCounter();
  const text = textOf(await contentOf(directory, file, name));
  if (text === undefined) throw new InputError([{ where: name, message: NO_TEXT }]);
  const parsed = parseAllDocuments(text, {
    uniqueKeys: true,
    prettyErrors: false,
    lineCounter: lines,
  });
  const documents = Array.isArray(parsed) ? parsed : [];
  const problems = documents.flatMap(({ errors }) =>
    errors.map(({ message, pos }) => {
      const { line, col } = lines.linePos(pos[0]);
      return { where: `${name}:${line}:${col}`, message };
    }),
  );
  if (problems.length > 0) throw new InputError(problems);
  const found = documents.flatMap((document) => partsOf(name, document));
  if (found.length === 0) throw new InputError([{ where: name, message: "has no document in it" }]);
  return found.map(({ node, value }, index) => ({
    value,
    place: (key) => {
      const at = offsetOf(node, key);
      const line = at === undefined ? "" : `:${lines.linePos(at).line}`;
      return `${name}${line} (document ${index + 1}${titleOf(value)})`;
    },
  }));
}

async function contentOf(directory: string, file: string, name: string): Promise<Buffer> {
  try {
    return file === "-" ? await buffer(process.stdin) : await readFile(resolve(directory, file));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const message = code === "ENOENT" ? "there is no such file" : `cannot be read: ${messageOf(error)}`;
    throw new InputError([{ where: name, message }]);
  }
}

interface Part {
  readonly node: Node | null;
  readonly value: unknown;
}

function partsOf(name: string, document: Document): readonly Part[] {
  const value = valueOf(name, document);
  if (value === null) return [];
  const { contents } = document;
  if (!isSeq(contents) || !Array.isArray(value)) return [{ node: contents, value }];
  return value.map((each: unknown, index) => {
    const item = contents.items[index];
    return { node: isNode(item) ? item : contents, value: each };
  });
}

/** Aliases that blow up are a problem of the file. */
function valueOf(name: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 50 });
  } catch (error) {
    throw new InputError([{ where: name, message: messageOf(error) }]);
  }
}

/** Where the last part of the key is written that is there at all. */
function offsetOf(node: Node | null, key: string | undefined): number | undefined {
  let found = node?.range?.[0];
  let inside: unknown = node;
  for (const part of partsOfKey(key ?? "")) {
    const next = memberOf(inside, part);
    if (next === undefined) break;
    found = next.at ?? found;
    inside = next.value;
  }
  return found;
}

/** `entries[0].config` as its parts. */
function partsOfKey(key: string): readonly string[] {
  return key.split(/[.[\]]+/).filter((part) => part !== "");
}

function memberOf(
  node: unknown,
  part: string,
): { readonly at: number | undefined; readonly value: unknown } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(part)];
    return isNode(item) ? { at: item.range?.[0], value: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((each) => isPair(each) && isNode(each.key) && String(each.key) === part);
  return pair === undefined ? undefined : { at: (pair.key as Node).range?.[0], value: pair.value };
}

/** `, Cluster demo`, as far as it says what it is. */
function titleOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  const { kind, name, cluster, id } = value as Readonly<Record<string, unknown>>;
  const words = [kind, kind === "Chain" ? cluster : (name ?? id)].filter((word) => typeof word === "string");
  return words.length === 0 ? "" : `, ${words.join(" ")}`;
}
