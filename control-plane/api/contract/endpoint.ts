import { z } from "zod";

import type { Action } from "../../model/access.ts";

/**
 * For what an endpoint's right is needed: for `everywhere` (a grant for everything), in the domain, cluster, plugin's
 * domain, or cluster of the release, node or silence that path or body name (everywhere, where they name none), or
 * `somewhere`: listings and what all may see. A listing over clusters gives only what the token may read.
 */
export type EndpointScope =
  | "everywhere"
  | "somewhere"
  | "domain"
  | "cluster"
  | "plugin"
  | "release"
  | "node"
  | "silence";

/**
 * One operation. The table in endpoints.ts is the whole API: the server registers it, OpenAPI and the client are made
 * of it, and access is checked by its `right` before anything else is looked at.
 */
export interface Endpoint {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below /api/v1; `:name` are parameters. */
  readonly path: string;
  /** `none`: anybody. */
  readonly right: Action | "none";
  /** What the audit calls it, done or refused; undefined: as its right. */
  readonly action?: string;
  /** For what the right is needed; of no meaning without one. */
  readonly scope: EndpointScope;
  readonly summary: string;
  readonly query?: z.ZodObject;
  /** JSON, but for uploads (multipart) and answers of kind `bytes` and `events`. */
  readonly body?: z.ZodType;
  readonly upload?: true;
  readonly answer: z.ZodType | "bytes" | "text" | "nothing";
  /** Of bytes a range can be asked for. */
  readonly ranges?: true;
  /** With `?watch` the answer is sent again at each change, as server-sent events. */
  readonly watch?: true;
  /** Takes If-Match; a change that others have overtaken is 412. */
  readonly revised?: true;
}

export const paging = {
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
  cursor: z.string().optional(),
};
export const page = <Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; next: z.ZodOptional<z.ZodString> }> =>
  z.strictObject({ items: z.array(item), next: z.string().optional() });
export const query = z.strictObject;
export const reason = z.strictObject({ reason: z.string().min(1).max(4_096) });
export const note = z.strictObject({ note: z.string().max(4_096).default("") });
export const nothing = z.strictObject({});

/** A filter that is one of these words; typed as text, since it comes from people. */
export const word = (words: readonly string[]): z.ZodString =>
  z
    .string()
    .refine((text) => words.includes(text), `expected one of ${words.join(", ")}`)
    .meta({ enum: words });
