import type { Clock } from "../../../core/clock.ts";
import { createToken, revokeToken } from "../../catalogue/tokens.ts";
import { OperationError } from "../../model/operation-error.ts";
import type { Store } from "../../store/store.ts";
import { pageAnswer, pageRequest } from "../answers/page-answer.ts";
import { timeOf } from "../answers/time.ts";
import { auditAnswer, tokenAnswer } from "../answers/token-answer.ts";
import type { ACCESS_ENDPOINTS } from "../contract/access-endpoints.ts";
import type { EndpointHandlers } from "../endpoint-handler.ts";

/** Tokens and audit. */
export function accessHandlers(store: Store, clock: Clock): EndpointHandlers<keyof typeof ACCESS_ENDPOINTS> {
  return {
    whoAmI: async ({ actor }) => {
      const token = await store.read(async (view) => view.tokens.get(actor.tokenId));
      if (token === undefined) throw new OperationError("not_found", `token ${actor.tokenId} is gone`);
      return tokenAnswer(token);
    },
    listTokens: ({ query }) => {
      return store.read(async (view) =>
        pageAnswer(await view.tokens.list({}, pageRequest(query)), tokenAnswer),
      );
    },
    createToken: async ({ actor, body }) => {
      const { name, grants, node } = body;
      const wish = { name, grants, node, expiresAt: timeOf(body.expiresAt) };
      const { token, secret } = await createToken(store, actor, wish, clock);
      return { token: tokenAnswer(token), secret };
    },
    revokeToken: async ({ actor, params }) => revokeToken(store, actor, params.token, clock),
    listAudit: ({ query }) => {
      const { actor, action, kind, key, afterTick } = query;
      return store.read(async (view) => {
        const page = await view.audit.list({ actor, action, kind, key, afterTick }, pageRequest(query));
        return pageAnswer(page, auditAnswer);
      });
    },
  };
}
