import { expect, test } from "vitest";

import { BatchMessages } from "./batch-messages.ts";
import { Batch, type Ask } from "./batch.ts";
import type { Entrance, EntryOutcome } from "./entrance.ts";
import { failedAnswer, timed } from "./entry-result.ts";
import type { EntryPoints } from "./isolate-world.ts";
import { Pace } from "./pace.ts";
import type { EntryResult } from "./protocol/messages.ts";
import { Questions } from "./questions.ts";

const CUT_OFF: EntryOutcome = {
  value: undefined,
  ms: 1,
  failure: { cause: "host_busy", detail: "the machine is busy" },
  stray: undefined,
};
const STRAY: EntryOutcome = { value: undefined, ms: 1, failure: undefined, stray: "a rejection" };

test.each([
  ["every entry is cut off by a busy machine", CUT_OFF],
  ["a stray rejection hides what was returned, and it cannot be read again", STRAY],
])("when %s, nobody counts as allowed without having been asked", (_name, outcome) => {
  const answers: EntryResult[] = [];
  const ask: Ask = {
    message: "",
    edits: "",
    tag: "",
    waiter: { answered: (told) => answers.push(told) },
  };
  let askedAlone = 0;
  const batch = new Batch([ask, ask], {
    entrance: { enter: () => outcome, lost: false } as unknown as Entrance,
    points: {} as EntryPoints,
    messages: new BatchMessages(),
    questions: new Questions(),
    pace: new Pace(10),
    budget: 10,
    absorb: () => undefined,
    askOne: () => {
      askedAlone++;
      return timed(failedAnswer("host_busy", "the machine is busy"), 0, 0);
    },
    letWait: () => undefined,
  });

  batch.run();

  expect(askedAlone).toBe(2);
  expect(answers.map(({ failure }) => failure?.cause)).toEqual(["host_busy", "host_busy"]);
});
