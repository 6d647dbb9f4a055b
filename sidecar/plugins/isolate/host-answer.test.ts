import { expect, test } from "vitest";

import type { EntryResult } from "../../plugin-host/protocol/messages.ts";
import { HostAnswers } from "./host-answer.ts";

const WAITED: EntryResult = {
  micros: 400,
  wallMicros: 60_400,
  httpCode: 0,
  edits: "",
  body: Buffer.alloc(0),
  failure: undefined,
};

test("the time of an answer is what an exchange waited for it, not what it took of the CPU", () => {
  expect(new HostAnswers().resultOf(WAITED).micros).toBe(60_400);
});
