import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { RefusalLog } from "./refusal-log.ts";

const EVE = { name: "eve", tokenId: undefined };

test("what could not be written is counted in the next line that can", async () => {
  const written: string[] = [];
  let full = true;
  const store = {
    refused: async (_by: unknown, _action: string, reason: string) => {
      if (full) throw new Error("the disk is full");
      written.push(reason);
    },
  };
  const log = new RefusalLog(store, new ManualClock());

  await log.note(EVE, "read", "the first");
  await log.note(EVE, "read", "the second");
  full = false;
  await log.note(EVE, "read", "the third");
  await log.note(EVE, "read", "the fourth");

  expect(written).toEqual(["the third (2 refusals before it were not written)", "the fourth"]);
});
