import type { z } from "zod";

import type { TokenActor } from "../access/authenticator.ts";
import type { ENDPOINTS, EndpointName } from "./contract/endpoints.ts";
import type { ParameterValues } from "./contract/parameters.ts";
import type { BytesAnswer } from "./bytes-answer.ts";
import type { ReceivedPackage } from "./received-package.ts";
import type { TextPiece } from "./text-answer.ts";

type Table = typeof ENDPOINTS;

/** A request that was authenticated, authorized and validated. */
export interface EndpointCall<Name extends EndpointName> {
  readonly actor: Table[Name]["right"] extends "none" ? undefined : TokenActor;
  readonly params: ParameterValues<Table[Name]["path"]>;
  readonly query: Table[Name] extends { readonly query: infer Schema extends z.ZodType }
    ? z.output<Schema>
    : undefined;
  readonly body: Table[Name] extends { readonly body: infer Schema extends z.ZodType }
    ? z.output<Schema>
    : undefined;
  /** Of If-Match; undefined: whatever is there. */
  readonly revision: number | undefined;
  readonly upload: Table[Name] extends { readonly upload: true } ? ReceivedPackage : undefined;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

type Answer<Kind> = Kind extends z.ZodType
  ? z.input<Kind>
  : Kind extends "bytes"
    ? BytesAnswer
    : Kind extends "text"
      ? AsyncIterable<TextPiece>
      : void;

/** What one endpoint does: calls one operation and puts its result into the API's words. */
export type EndpointHandler<Name extends EndpointName> = (
  call: EndpointCall<Name>,
) => Promise<Answer<Table[Name]["answer"]>>;

export type EndpointHandlers<Names extends EndpointName = EndpointName> = {
  readonly [Name in Names]: EndpointHandler<Name>;
};

/** Any call and any handler, as the generic registration sees them. */
export interface AnyCall {
  readonly actor: TokenActor | undefined;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly revision: number | undefined;
  readonly upload: ReceivedPackage | undefined;
  readonly signal: AbortSignal;
}
export type AnyHandler = (call: AnyCall) => Promise<unknown>;
