import { writeSync } from "node:fs";

import { messageOf } from "../../core/errors.ts";
import { systemClock } from "../../core/clock.ts";
import { openStore } from "../../control-plane/store/open-store.ts";
import { makeHistory } from "../support/store-history-steps.ts";

// Writes the scripted history into the store of a folder until it is killed or the disk fails. Every line is written
// at once: what it says has happened.

const [folder = "", padding = "0"] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);

say("starting");
try {
  await using store = await openStore(folder, systemClock);
  say("opened");
  for (;;) {
    const tick = await makeHistory(store, "x".repeat(Number(padding))).catch(async (thrown: unknown) => {
      say(`failed ${(thrown as { code?: string }).code} ${messageOf(thrown)}`);
      say(`readable ${await store.read(async ({ tick }) => tick)}`);
      return undefined;
    });
    if (tick === undefined) break;
    say(`tick ${tick}`);
  }
} catch (thrown) {
  say(`error ${messageOf(thrown)}`);
  process.exitCode = 1;
}
