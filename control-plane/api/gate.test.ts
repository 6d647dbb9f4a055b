import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import type { TokenActor } from "../access/authenticator.ts";
import { RefusalLog } from "../access/refusal-log.ts";
import { Gate } from "./gate.ts";

const ANN: TokenActor = { kind: "token", name: "ann", tokenId: "token-1", grants: [], node: undefined };

test("who reads something long hears of the end of their own token, and of no other", () => {
  const listeners = new Set<(tokenId: string) => void>();
  const authenticator = {
    authenticate: async () => ANN,
    onEnded: (listener: (tokenId: string) => void) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
  const gate = new Gate(authenticator, new RefusalLog({ refused: async () => {} }, new ManualClock()));
  let heard = 0;
  const subscription = gate.onEnded(ANN, () => heard++);

  for (const listener of listeners) listener("token-2");
  expect(heard).toBe(0);
  for (const listener of listeners) listener("token-1");
  expect(heard).toBe(1);

  subscription[Symbol.dispose]();
  expect(listeners.size).toBe(0);
});
