import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { WorkerLink } from "./worker-link.ts";

class Channel {
  readonly clock = new ManualClock();
  readonly sent: { readonly id: number; readonly name: string }[] = [];
  readonly link = new WorkerLink("worker 1", (message) => void this.sent.push(message as never), this.clock);

  answer(id: number, answer: unknown): void {
    this.link.received({ id, kind: "answer", answer });
  }
}

test("answers find their questions, in whatever order they come", async () => {
  const { link, sent, ...channel } = new Channel();
  const plugins = link.ask("plugins", null);
  const ready = link.ask("notReady", null);
  link.received({ id: sent[1]?.id, kind: "answer", answer: [] });
  link.received({ id: sent[0]?.id, kind: "answer", answer: { a: 1 } });

  expect(await Promise.all([plugins, ready])).toEqual([{ a: 1 }, []]);
  expect(channel.clock.pending).toBe(0);
});

test("a question that nobody answers fails by its deadline, and a late answer is dropped", async () => {
  const channel = new Channel();
  const asking = channel.link.ask("notReady", null);
  channel.clock.advance(20_000);

  await expect(asking).rejects.toMatchObject({
    code: "worker_silent",
    message: "worker 1 did not answer notReady within 20s",
  });
  channel.answer(1, []);
});

test("the end of the worker fails what it owes, and everything after", async () => {
  const channel = new Channel();
  const asking = channel.link.ask("plugins", null);
  channel.link.close();

  await expect(asking).rejects.toMatchObject({ code: "worker_gone" });
  await expect(channel.link.ask("plugins", null)).rejects.toMatchObject({ code: "worker_gone" });
});

test.for([
  ["of another shape", { inbound: 1 }, /no answer that fits listen/],
  ["out of range", { inbound: -1, outbound: 70_000 }, /no answer that fits listen/],
  ["nothing", undefined, /no answer that fits listen/],
] as const)("an answer that is %s is a failure that names the question", async ([, answer, message]) => {
  const channel = new Channel();
  const asking = channel.link.ask("listen", null);
  channel.answer(1, answer);

  await expect(asking).rejects.toMatchObject({
    code: "worker_failed",
    message: expect.stringMatching(message),
  });
});

test("messages that are no answers are dropped", async () => {
  const channel = new Channel();
  const asking = channel.link.ask("notReady", null);
  for (const message of [
    null,
    "x",
    {},
    { id: 1 },
    { id: 1, kind: "other" },
    { id: 9, kind: "answer", answer: 1 },
  ])
    channel.link.received(message);
  channel.answer(1, []);

  expect(await asking).toEqual([]);
});

test("what a worker could not do is told in its words", async () => {
  const channel = new Channel();
  const asking = channel.link.ask("listen", null);
  channel.link.received({ id: 1, kind: "failure", message: "cannot listen" });

  await expect(asking).rejects.toMatchObject({ code: "worker_failed", message: "worker 1: cannot listen" });
});
