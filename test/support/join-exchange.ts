import { withoutHopByHop } from "../../core/headers/hop-by-hop.ts";
import { errorAnswer } from "../../sidecar/http/answers.ts";
import type { ExchangeHandler, Upstream } from "../../sidecar/http/exchange.ts";

/** The smallest forwarding there can be: every exchange goes to one upstream, and the answer comes back as it is. */
export function joinExchange(upstream: Upstream): ExchangeHandler {
  return (exchange) => {
    const { head, body } = exchange;
    const { method, target, authority } = head;
    if (head.expectsContinue) exchange.proceed();
    const call = upstream.request(
      { method, target, authority, headers: withoutHopByHop(head.headers), upgrade: head.upgrade, body },
      {
        informed: (answer) => exchange.inform(answer),
        responded: (answer, source) =>
          exchange.respond({ status: answer.status, headers: withoutHopByHop(answer.headers) }, source),
        failed: (error) => {
          const answer = errorAnswer(error.code);
          exchange.respond(answer.head, answer.body);
        },
      },
    );
    exchange.watcher = { aborted: (reason) => call.cancel(reason) };
  };
}
