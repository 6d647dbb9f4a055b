import * as fc from "fast-check";
import { expect, test } from "vitest";

import { readEvents, type ServerEvent } from "./event-stream.ts";

test("events are read the same however their bytes are cut", async () => {
  const text = [
    ": heartbeat",
    "",
    "id: 7",
    'data: {"name":"é"}',
    "",
    "event: problem",
    "data:one",
    "data: two",
    "",
    "id: 8",
    "",
    "id: 9",
    "data: cut off",
  ].join("\n");

  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("\n", "\r\n"),
      fc.array(fc.integer({ min: 1, max: 9 })),
      async (ending, sizes) => {
        const bytes = Buffer.from(text.replaceAll("\n", ending));
        expect(await collect(pieces(bytes, sizes))).toEqual([
          { event: "message", data: '{"name":"é"}', id: "7" },
          { event: "problem", data: "one\ntwo", id: "7" },
          // Without data: that an event is cut off says nothing of where its reader is.
          { event: "message", data: "", id: "8" },
        ]);
      },
    ),
  );
});

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<readonly ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of readEvents(bytes)) events.push(event);
  return events;
}

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const size of sizes) {
    if (start < bytes.length) yield bytes.subarray(start, start + size);
    start += size;
  }
  yield bytes.subarray(start);
}
