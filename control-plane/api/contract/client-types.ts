import type { z } from "zod";

import type { ENDPOINTS, EndpointName } from "./endpoints.ts";
import type { ParameterNames } from "./parameters.ts";

type Table = typeof ENDPOINTS;

type Parameters<Name extends EndpointName> = [ParameterNames<Table[Name]["path"]>] extends [never]
  ? unknown
  : { readonly params: Readonly<Record<ParameterNames<Table[Name]["path"]>, string | number>> };

type Query<Name extends EndpointName> = Table[Name] extends { readonly query: infer Schema extends z.ZodType }
  ? { readonly query?: Partial<z.output<Schema>> }
  : unknown;

type Body<Name extends EndpointName> = Table[Name] extends { readonly body: infer Schema extends z.ZodType }
  ? Record<string, never> extends z.input<Schema>
    ? { readonly body?: z.input<Schema> }
    : { readonly body: z.input<Schema> }
  : unknown;

type Revision<Name extends EndpointName> = Table[Name] extends { readonly revised: true }
  ? {
      /** The revision that the caller has seen: a `revision_mismatch` where it is another one by now. */
      readonly revision?: number | undefined;
    }
  : unknown;

/** What one endpoint takes; an empty object where it takes nothing. */
export type ApiRequest<Name extends EndpointName> = Parameters<Name> &
  Query<Name> &
  Body<Name> &
  Revision<Name>;

/** The request as arguments: none is needed where every part of it may be left out. */
export type RequestArguments<Name extends EndpointName> =
  Partial<ApiRequest<Name>> extends ApiRequest<Name>
    ? [request?: ApiRequest<Name>]
    : [request: ApiRequest<Name>];

/** What one endpoint answers with; undefined for those that answer with nothing. */
export type ApiAnswer<Name extends EndpointName> = Table[Name]["answer"] extends infer Schema extends
  z.ZodType
  ? z.output<Schema>
  : undefined;

type NamesWhere<Condition> = {
  [Name in EndpointName]: Table[Name] extends Condition ? Name : never;
}[EndpointName];

/** Endpoints that answer with JSON or with nothing, and take JSON or nothing. */
export type CallName = Exclude<
  EndpointName,
  NamesWhere<{ readonly answer: "bytes" | "text" } | { readonly upload: true }>
>;
/** Endpoints whose answer can be watched. */
export type WatchName = NamesWhere<{ readonly watch: true }>;
export type BytesName = NamesWhere<{ readonly answer: "bytes" }>;
export type TextName = NamesWhere<{ readonly answer: "text" }>;

/** The parts of any request, as the code that sends it sees them. */
export interface AnyRequest {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly revision?: number | undefined;
}
