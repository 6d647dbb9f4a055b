import { expect, test } from "vitest";

import { BatchMessages } from "./batch-messages.ts";

test("messages are put together once for all plugins that are asked about them", () => {
  const messages = new BatchMessages();

  const first = messages.parts(["a", "bc"]);

  expect(first).toEqual(["1:a2:bc"]);
  expect(messages.parts(["a", "bc"])).toBe(first);
});

test.each([
  ["one less", ["a"], ["1:a"]],
  ["one more", ["a", "bc", ""], ["1:a2:bc0:"]],
  ["another order", ["bc", "a"], ["2:bc1:a"]],
  ["another text", ["a", "bd"], ["1:a2:bd"]],
])("%s is another batch", (_what, next, text) => {
  const messages = new BatchMessages();
  messages.parts(["a", "bc"]);

  expect(messages.parts(next)).toEqual(text);
  expect(messages.parts(["a", "bc"])).toEqual(["1:a2:bc"]);
});

test("what was cleared is put together anew", () => {
  const messages = new BatchMessages();
  const first = messages.parts(["a"]);

  messages.clear();

  expect(messages.parts(["a"])).not.toBe(first);
});
