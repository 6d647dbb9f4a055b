import { z } from "zod";

import { checkValue } from "../../core/document.ts";
import type { Endpoint } from "./contract/endpoint.ts";
import { PARAMETERS, parametersOf } from "./contract/parameters.ts";
import { RequestError } from "./problem.ts";

/** The parts of a request, before and after they were checked. */
export interface RequestParts {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** How a request wants its answer: once, at each change, or as text that goes on. */
export type AnswerMode = "once" | "watch";

export interface CheckedRequest extends RequestParts {
  readonly mode: AnswerMode;
}

/** Checks what comes to one endpoint; made once for each. */
export class RequestChecks {
  readonly #params: z.ZodType;
  readonly #query: z.ZodType<{ watch?: boolean | undefined }>;
  readonly #body: z.ZodType | undefined;

  constructor({ path, query, body, watch }: Endpoint) {
    this.#params = z.strictObject(
      Object.fromEntries(parametersOf(path).map((name) => [name, PARAMETERS[name]])),
    );
    const known = query ?? z.strictObject({});
    this.#query = watch === true ? known.extend({ watch: flag.optional() }) : known;
    this.#body = body;
  }

  /** Throws an `InputError` with every problem of the first part that has any. */
  check({ params, query, body }: RequestParts): CheckedRequest {
    const path = checkValue("path", { ...(params as object) }, this.#params);
    const { watch, ...rest } = checkValue<{ watch?: boolean | undefined }>(
      "query",
      { ...(query as object) },
      this.#query,
    );
    const checkedBody = this.#body === undefined ? undefined : checkValue("body", body ?? {}, this.#body);
    return { params: path, query: rest, body: checkedBody, mode: watch === true ? "watch" : "once" };
  }
}

/** `?watch`, `?watch=true` */
const flag = z.preprocess((text) => (text === "" ? "true" : text), z.stringbool());

/** The revision of If-Match; `*` and nothing are any. One that is no number of ours matches nothing. */
export function revisionOf(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === "*") return undefined;
  const match = /^"(\d{1,15})"$/.exec(header.trim());
  if (match === null) {
    throw new RequestError(
      "revision_mismatch",
      `If-Match: expected one ETag such as "12", not ${header.slice(0, 64)}`,
    );
  }
  return Number(match[1]);
}

/** The ETag of an answer: of the record that it is, or of the release that it is about. */
export function tagOf(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  if ("revision" in answer && typeof answer.revision === "number") return `"${answer.revision}"`;
  return "release" in answer ? tagOf(answer.release) : undefined;
}

/** Throws where the body is of another type than the endpoint takes; a page of another site cannot send these. */
export function checkContentType({ body, upload }: Endpoint, header: string | undefined): void {
  const type = header?.split(";", 1)[0]?.trim().toLowerCase();
  const expected = upload === true ? "multipart/form-data" : "application/json";
  if (upload !== true && (body === undefined || type === undefined)) return;
  if (type === expected) return;
  throw new RequestError("unsupported_media_type", `Content-Type: expected ${expected}`);
}
