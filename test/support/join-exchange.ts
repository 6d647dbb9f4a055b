import { HeaderBlock } from "../../core/headers/header-block.ts";
import { errorAnswer } from "../../sidecar/http/answers.ts";
import type { ExchangeHandler, Upstream } from "../../sidecar/http/exchange.ts";

/** Dropped on the way to an upstream: what the wire writes itself, and what ends at each hop (RFC 9110 §7.6.1). */
const HOP = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "keep-alive",
  "expect",
  "upgrade",
]);

function forwardable(headers: HeaderBlock): HeaderBlock {
  const flat = headers.toFlat();
  const kept: string[] = [];
  for (let i = 0; i < flat.length; i += 2)
    if (!HOP.has((flat[i] ?? "").toLowerCase())) kept.push(flat[i] ?? "", flat[i + 1] ?? "");
  return HeaderBlock.fromFlat(kept);
}

/** The smallest forwarding there can be: every exchange goes to one upstream, and the answer comes back as it is. */
export function joinExchange(upstream: Upstream): ExchangeHandler {
  return (exchange) => {
    const { head, body } = exchange;
    const { method, target, authority } = head;
    if (head.expectsContinue) exchange.proceed();
    const call = upstream.request(
      { method, target, authority, headers: forwardable(head.headers), upgrade: head.upgrade, body },
      {
        informed: (answer) => exchange.inform(answer),
        responded: (answer, source) =>
          exchange.respond({ status: answer.status, headers: forwardable(answer.headers) }, source),
        failed: (error) => {
          const answer = errorAnswer(error.code);
          exchange.respond(answer.head, answer.body);
        },
      },
    );
    exchange.onAbort = (reason) => call.cancel(reason);
  };
}
