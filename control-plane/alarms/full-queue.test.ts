import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { startWatch } from "../../test/support/alarm-watch.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { startWebhookReceiver } from "../../test/support/webhook-receiver.ts";
import { openStore } from "../store/open-store.ts";

/** As many as may wait for one webhook. */
const MOST_WAITING = 1_000;

test("what a webhook is to hear while a thousand calls wait for it is a dead letter, and is kept as one", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  receiver.status = 500;
  {
    await using store = await openStore(folder.join("store"), new ManualClock());
    const call = { webhook: "ops", alarms: [], event: "raised", state: "waiting", attempts: 0 } as const;
    for (let createdAt = 0; createdAt < MOST_WAITING; createdAt++)
      await store.deliveries.save({ ...call, id: `msg_${createdAt}`, lastError: "", createdAt });
  }
  await using watch = await startWatch(folder, receiver.url);

  watch.refuses("a", "no");
  await watch.look();

  const { items } = await watch.store.deliveries.list("dead", { limit: 10 });
  expect(items).toMatchObject([
    { alarms: [{ kind: "nack" }], lastError: "too many calls wait for this webhook" },
  ]);
});
