import { checkValue } from "../../core/document.ts";
import { InputError, type Problem } from "../../core/errors.ts";
import { suggestion } from "../../core/nearest.ts";
import { authorize } from "../access/authorize.ts";
import type { Actor } from "../model/actor.ts";
import { OperationError } from "../model/operation-error.ts";
import { checkedChange, type CheckedChange } from "../store/checked-change.ts";
import type { Store } from "../store/store.ts";
import { DOCUMENT_KINDS, type DocumentKindName, type ReadDocument } from "./document-kinds.ts";
import type { Put } from "./put-record.ts";

/** What one document did, or would do. */
export interface DocumentChange extends Put<unknown> {
  readonly kind: DocumentKindName;
  readonly key: string;
}

interface KindedDocument extends ReadDocument {
  readonly kind: DocumentKindName;
  /** Among those of the request: `documents[2]`. */
  readonly where: string;
}

const API_VERSION = "sluice/v1";
const KINDS = Object.keys(DOCUMENT_KINDS) as DocumentKindName[];

/**
 * Makes or changes what documents name, each with the right that it needs: all of them or none, in one change. Never
 * deletes. With `dryRun` everything is checked and nothing happens. Whatever is wrong, `problems` name the document.
 */
export async function applyDocuments(
  store: Store,
  actor: Actor,
  documents: readonly unknown[],
  { dryRun }: { readonly dryRun: boolean },
): Promise<{ readonly tick: number; readonly changes: readonly DocumentChange[] }> {
  const read = readDocuments(documents);
  const run = (change: CheckedChange): Promise<readonly DocumentChange[]> => applyAll(change, actor, read);
  if (dryRun) return dryRunOf(store, actor, run);
  const { tick, result } = await checkedChange(store, actor, "apply", run);
  return { tick, changes: result };
}

async function applyAll(
  change: CheckedChange,
  actor: Actor,
  documents: readonly KindedDocument[],
): Promise<readonly DocumentChange[]> {
  const changes: DocumentChange[] = [];
  for (const document of documents) changes.push(await applyOne(change, actor, document));
  return changes;
}

async function applyOne(
  change: CheckedChange,
  actor: Actor,
  document: KindedDocument,
): Promise<DocumentChange> {
  const { kind, key, where } = document;
  try {
    for (const place of await document.places(change)) authorize(actor, document.right, place);
    return { kind, key, ...(await document.write(change, actor)) };
  } catch (thrown) {
    throw placed(where, thrown);
  }
}

/** The same refusal, with the document in which its reason is. */
function placed(where: string, thrown: unknown): unknown {
  if (thrown instanceof InputError)
    return new InputError(thrown.problems.map((problem) => ({ ...problem, where })));
  if (!(thrown instanceof OperationError) || thrown.source !== "input") return thrown;
  const { code, message, problems } = thrown;
  const named = problems.length > 0 ? problems : [{ where, message }];
  return new OperationError(code, message, {
    problems: named.map((problem) => ({ ...problem, where })),
    cause: thrown,
  });
}

/** Carries the result out of a change that is undone. */
class DryRun extends Error {
  readonly changes: readonly DocumentChange[];

  constructor(changes: readonly DocumentChange[]) {
    super("dry run");
    this.changes = changes;
  }
}

async function dryRunOf(
  store: Store,
  actor: Actor,
  run: (change: CheckedChange) => Promise<readonly DocumentChange[]>,
): Promise<{ readonly tick: number; readonly changes: readonly DocumentChange[] }> {
  try {
    const { tick, result } = await checkedChange(store, actor, "apply", async (change) => {
      const changes = await run(change);
      if (changes.some(({ operation }) => operation !== "none")) throw new DryRun(changes);
      return changes;
    });
    return { tick, changes: result };
  } catch (thrown) {
    if (!(thrown instanceof DryRun)) throw thrown;
    return { tick: await store.read(async ({ tick }) => tick), changes: thrown.changes };
  }
}

/** Throws an `InputError` with what is wrong in all of them. */
function readDocuments(documents: readonly unknown[]): readonly KindedDocument[] {
  const problems: Problem[] = [];
  const read: KindedDocument[] = [];
  for (const [index, document] of documents.entries()) {
    try {
      read.push(readDocument(`documents[${index}]`, document));
    } catch (thrown) {
      if (!(thrown instanceof InputError)) throw thrown;
      problems.push(...thrown.problems);
    }
  }
  for (const [name, same] of Map.groupBy(read, ({ kind, key }) => `${kind} ${key}`))
    for (const { where } of same.slice(1))
      problems.push({ where, message: `${name} is there ${same.length} times` });
  if (problems.length > 0) throw new InputError(problems);
  return read.toSorted((left, right) => KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind));
}

function readDocument(where: string, document: unknown): KindedDocument {
  const kind = kindOf(where, document);
  checkApiVersion(where, document as object);
  const members = Object.entries(document as object).filter(
    ([name]) => name !== "kind" && name !== "apiVersion",
  );
  return { ...checkValue(where, Object.fromEntries(members), DOCUMENT_KINDS[kind].form), kind, where };
}

function kindOf(where: string, document: unknown): DocumentKindName {
  const kind: unknown =
    typeof document === "object" && document !== null && "kind" in document ? document.kind : undefined;
  const known = KINDS.find((name) => name === kind);
  if (known !== undefined) return known;
  const near = typeof kind === "string" ? suggestion(kind, KINDS) : "";
  throw new InputError([{ where, key: "kind", message: `expected one of ${KINDS.join(", ")}${near}` }]);
}

/** It may be left out: there is one. */
function checkApiVersion(where: string, document: object): void {
  if (!("apiVersion" in document) || document.apiVersion === API_VERSION) return;
  throw new InputError([{ where, key: "apiVersion", message: `expected ${API_VERSION}` }]);
}
