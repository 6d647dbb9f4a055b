import { expect, test } from "vitest";

import { ManualClock } from "../../../core/manual-clock.ts";
import { hostCommand } from "../../../sidecar/plugin-host/host-command.ts";
import { ScratchHosts } from "../../../sidecar/plugins/isolate/scratch-hosts.ts";
import { specOf, until } from "../../support/isolate-mesh.ts";
import { childPids } from "../../support/process-resources.ts";

const GOOD = "export default { execute() {} };";

/** ms; the clock is moved by hand. */
const SOON = 300;
const LATER = 600_000;

/** What was started since `before`. */
function startedSince(before: readonly number[]): readonly number[] {
  return childPids().filter((pid) => !before.includes(pid));
}

test("a script that was checked leaves no process behind, and soon one waits for the next script", async () => {
  const before = childPids();
  const clock = new ManualClock();
  await using hosts = new ScratchHosts(hostCommand(), clock);

  expect(await hosts.check(specOf("tagger", GOOD))).toEqual({ kind: "loadable" });
  expect(startedSince(before)).toEqual([]);
  clock.advance(SOON);
  const waiting = startedSince(before);
  expect(waiting).toHaveLength(1);

  const outcome = await hosts.check(specOf("tagger", "throw new Error('not today');"));
  expect(outcome).toMatchObject({ kind: "invalid", detail: expect.stringContaining("not today") });
  // It was the one that waited, and no script shares a process with another one.
  expect(startedSince(before)).toEqual([]);
});

test("where a script is expected a host waits for it, one however often it is expected", async () => {
  const before = childPids();
  await using hosts = new ScratchHosts(hostCommand(), new ManualClock());

  hosts.expect();
  const waiting = startedSince(before);
  expect(waiting).toHaveLength(1);
  hosts.expect();
  expect(startedSince(before)).toEqual(waiting);

  expect(await hosts.check(specOf("tagger", GOOD))).toEqual({ kind: "loadable" });
  expect(startedSince(before)).toEqual([]);
});

test("a host waits on from the last time a script was expected", async () => {
  const before = childPids();
  const clock = new ManualClock();
  await using hosts = new ScratchHosts(hostCommand(), clock);

  hosts.expect();
  clock.advance(LATER - 1);
  hosts.expect();
  clock.advance(LATER - 1);
  expect(startedSince(before)).toHaveLength(1);
  clock.advance(1);
  await until(() => startedSince(before).length === 0);
});

test("a host that nobody needed ends, and so does one that waits when the sidecar ends", async () => {
  const before = childPids();
  const clock = new ManualClock();
  const hosts = new ScratchHosts(hostCommand(), clock);

  await hosts.check(specOf("tagger", GOOD));
  clock.advance(SOON + LATER);
  await until(() => startedSince(before).length === 0);

  await hosts.check(specOf("tagger", GOOD));
  clock.advance(SOON);
  expect(startedSince(before)).toHaveLength(1);
  await hosts[Symbol.asyncDispose]();
  expect(startedSince(before)).toEqual([]);
  clock.advance(LATER);
  expect(startedSince(before)).toEqual([]);
});

test("where the host that waited was killed from outside, the next script gets another one", async () => {
  const before = childPids();
  const clock = new ManualClock();
  await using hosts = new ScratchHosts(hostCommand(), clock);
  await hosts.check(specOf("tagger", GOOD));
  clock.advance(SOON);

  for (const pid of startedSince(before)) process.kill(pid, "SIGKILL");
  await until(() => startedSince(before).length === 0);

  expect(await hosts.check(specOf("tagger", GOOD))).toEqual({ kind: "loadable" });
});

test("where no process can be made nothing waits, and the script is neither good nor bad", async () => {
  const clock = new ManualClock();
  const none = { ...hostCommand(), file: "/nowhere/node" };
  await using hosts = new ScratchHosts(none, clock);

  expect(await hosts.check(specOf("tagger", GOOD))).toMatchObject({ kind: "unsure" });
  clock.advance(SOON);
  expect(await hosts.check(specOf("tagger", GOOD))).toMatchObject({ kind: "unsure" });
});
