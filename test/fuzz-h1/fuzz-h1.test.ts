import { expect, test } from "vitest";

import { compare } from "./compare.ts";
import type { Observation, SeenMessage } from "./observation.ts";
import { fuzz, SIDES } from "./run.ts";

test("10,000 connections are read as llhttp reads them, or refused for a reason that is listed", async () => {
  const { counts, violations } = await fuzz(1, 10_000);

  expect(violations).toEqual([]);
  // A generator that makes nothing but garbage would find nothing.
  for (const side of SIDES) {
    expect(counts.get(`${side}: alike`)).toBeGreaterThan(2000);
    expect(counts.get(`${side}: both refused`)).toBeGreaterThan(1000);
    expect(counts.get(`${side}: undecided`) ?? 0).toBeLessThan(100);
  }
});

const message: SeenMessage = {
  line: "GET / 1.1",
  headers: ["Host", "a"],
  body: Buffer.from("body"),
  complete: true,
  trailers: [],
};
const wire = { bytes: Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), cuts: [], asked: "" };

function seen(message: SeenMessage, rest: Partial<Observation> = {}): Observation {
  return { messages: [message], refused: undefined, stopped: false, pending: "", ...rest };
}

test.each([
  ["another line", seen(message), seen({ ...message, line: "GET /b 1.1" })],
  ["another header", seen(message), seen({ ...message, headers: ["Host", "b"] })],
  ["another body", seen(message), seen({ ...message, body: Buffer.from("bodY") })],
  ["a longer body", seen(message), seen({ ...message, body: Buffer.from("body2") })],
  ["other trailers", seen(message), seen({ ...message, trailers: ["a", "b"] })],
  ["a refusal of theirs", seen(message), seen(message, { refused: "HPE_INVALID_HEADER_TOKEN" })],
  ["no message of theirs", seen(message), seen(message, { messages: [] })],
  ["no message of ours", seen(message, { messages: [] }), seen(message)],
  [
    "a refusal of ours without a reason",
    seen(message, { messages: [], refused: "bad_request" }),
    seen(message),
  ],
] as const)("the comparison sees %s", (_name, ours, theirs) => {
  expect(compare("request", wire, ours, theirs)).toMatchObject({ kind: "violation" });
});
