import { checkValue } from "../../core/document.ts";
import { InputError, type Problem } from "../../core/errors.ts";
import { suggestion } from "../../core/nearest.ts";
import { OperationError } from "../model/operation-error.ts";
import { DOCUMENT_KINDS, type DocumentKindName, type ReadDocument } from "./document-kinds.ts";

/** A document of a request, of a kind that there is. */
export interface KindedDocument extends ReadDocument {
  readonly kind: DocumentKindName;
  /** Among those of the request: `documents[2]`. */
  readonly where: string;
}

const API_VERSION = "sluice/v1";
const KINDS = Object.keys(DOCUMENT_KINDS) as DocumentKindName[];

/**
 * The documents of a request, in the order in which they are applied. Throws an `InputError` with what is wrong in all
 * of them.
 */
export function readDocuments(documents: readonly unknown[]): readonly KindedDocument[] {
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

/** The same refusal, with the document in which its reason is. */
export function placed(where: string, thrown: unknown): unknown {
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
