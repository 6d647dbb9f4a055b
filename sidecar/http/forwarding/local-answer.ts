import { applyEdits } from "../../../core/headers/apply-edits.ts";
import { HeaderBlock } from "../../../core/headers/header-block.ts";
import type { BlockAnswer, FailureCause } from "../../chain/verdict.ts";
import { errorAnswer } from "../answers.ts";
import type { LocalBody, RequestHead, ResponseHead } from "../exchange.ts";
import { grpcAnswer, grpcStatusOf, isGrpc } from "../grpc-answer.ts";
import type { WireError } from "../wire-error.ts";

/** An answer that the sidecar gives itself; for a gRPC call it is trailers-only. */
export interface LocalAnswer {
  readonly head: ResponseHead;
  readonly body: LocalBody;
  readonly close: boolean;
  /**
   * For metrics and the log; `X-Mesh-Error` says the same, but never why a plugin failed. Undefined where a plugin
   * answered as it meant to.
   */
  readonly error: string | undefined;
  /** What exactly went wrong on the wire, for the log only. */
  readonly reason?: string;
}

/** What the client hears when the wire failed. */
export function wireAnswer(error: WireError, request: RequestHead): LocalAnswer {
  const { status, grpcStatus, head, body, close } = errorAnswer(error.code);
  const { code, message: reason } = error;
  if (!isGrpc(request)) return { head, body, close, error: code, reason };
  const trailersOnly = grpcAnswer(grpcStatus, code, head.headers);
  return { head: trailersOnly, body: undefined, close: close && status < 500, error: code, reason };
}

/** What the client hears when a plugin blocked. */
export function blockAnswer({ status, headers, body }: BlockAnswer, request: RequestHead): LocalAnswer {
  const fields = applyEdits(HeaderBlock.empty, headers);
  if (isGrpc(request)) {
    const head = grpcAnswer(grpcStatusOf(status), body.toString(), fields);
    return { head, body: undefined, close: false, error: undefined };
  }
  const bodyless = body.length === 0 || BODYLESS.includes(status);
  const named = bodyless || fields.indexOf("content-type") >= 0;
  const typed = named ? fields : applyEdits(fields, PLAIN_TEXT);
  return {
    head: { status, headers: typed },
    body: bodyless ? undefined : body,
    close: false,
    error: undefined,
  };
}

/** RFC 9110 §15: whoever makes such an answer gives it no content. */
const BODYLESS: readonly number[] = [204, 205, 304];

const PLAIN_TEXT = [{ name: "Content-Type", values: ["text/plain; charset=utf-8"] }];

/** What the client hears when a plugin with policy `closed` gave no valid answer: 503, and no word of the plugin. */
export function refusalAnswer(cause: FailureCause, request: RequestHead): LocalAnswer {
  const code = "plugin_unavailable";
  const headers = HeaderBlock.fromFlat(["content-type", "application/problem+json", "x-mesh-error", code]);
  const error = `plugin_${cause}`;
  if (isGrpc(request)) {
    return { head: grpcAnswer(grpcStatusOf(503), code, headers), body: undefined, close: false, error };
  }
  const body = Buffer.from(`${JSON.stringify({ status: 503, title: "Not available", code })}\n`);
  return { head: { status: 503, headers }, body, close: false, error };
}
