import { expect, test } from "vitest";

import { inWords, IsolateMesh, openDescriptors, SLOW, TAGGER, until } from "../../support/isolate-mesh.ts";

/** A plugin may have 100 timers. */
const MANY = 90;

function askMany(mesh: IsolateMesh, ...generations: Parameters<IsolateMesh["verdicts"]>[0]) {
  return Promise.all(
    Array.from({ length: MANY }, (_, index) => mesh.verdicts(generations, { path: `/${index}` })),
  );
}

const right = Array.from({ length: MANY }, (_, index) => ["allow", `rewrite X-WEB-Tag=/${index}`]);

test("plugins are asked in the active host, in one round trip for all of a segment", async () => {
  await using mesh = new IsolateMesh();
  const first = await mesh.load("first", TAGGER, { config: { header: "X-WEB-First" } });
  const second = await mesh.load("second", TAGGER, { config: { header: "X-WEB-Second" } });
  const { sent } = mesh.runtime.status.runs;

  const verdicts = await mesh.verdicts([first, second], { path: "/a" });

  expect(verdicts.map(inWords)).toEqual(["rewrite X-WEB-First=/a", "rewrite X-WEB-Second=/a"]);
  expect(mesh.runtime.status.runs.sent - sent).toBe(1);
});

test("kill -9 of the active host loses no run: the standby answers them, and a new one is warmed", async () => {
  await using mesh = new IsolateMesh();
  const slow = await mesh.load("slow", SLOW, { timeout: 2_000 });
  const tagger = await mesh.load("tagger", TAGGER);
  await mesh.settled();
  const { active = 0 } = mesh.roles;

  const asked = askMany(mesh, slow, tagger);
  process.kill(active, "SIGKILL");
  const verdicts = await asked;

  expect(verdicts.map((each) => each.map(inWords))).toEqual(right);
  expect(mesh.runtime.status).toMatchObject({ promotions: 1, hostDeaths: 1, quarantined: [] });
  expect(mesh.runtime.status.runs.resent).toBe(MANY);
  await mesh.settled([active]);
});

test("kill -9 of the standby is noticed by nobody, and it is replaced", async () => {
  await using mesh = new IsolateMesh();
  const slow = await mesh.load("slow", SLOW, { timeout: 2_000 });
  const tagger = await mesh.load("tagger", TAGGER);
  await mesh.settled();
  const { standby = 0 } = mesh.roles;

  const asked = askMany(mesh, slow, tagger);
  process.kill(standby, "SIGKILL");

  expect((await asked).map((each) => each.map(inWords))).toEqual(right);
  await mesh.settled([standby]);
  expect(mesh.runtime.status).toMatchObject({ promotions: 0, hostDeaths: 1 });
});

test("signals that a terminal or an init system sends to every process of a service leave the hosts alone", async () => {
  await using mesh = new IsolateMesh();
  await mesh.load("tagger", TAGGER);
  await mesh.settled();
  const { active, standby } = mesh.roles;

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    for (const pid of mesh.hostPids) process.kill(pid, signal);

  // The standby answers first.
  const late = await mesh.load("late", TAGGER);
  expect((await mesh.verdicts([late], { path: "/a" })).map(inWords)).toEqual(["rewrite X-WEB-Tag=/a"]);
  expect(mesh.roles).toEqual({ active, standby });
  expect(mesh.runtime.status).toMatchObject({ promotions: 0, hostDeaths: 0 });
});

test("kill -9 of both at once: runs wait for the next host and are answered right", async () => {
  await using mesh = new IsolateMesh();
  const slow = await mesh.load("slow", SLOW, { timeout: 2_000 });
  const tagger = await mesh.load("tagger", TAGGER);
  await mesh.settled();

  const asked = askMany(mesh, slow, tagger);
  for (const pid of mesh.hostPids) process.kill(pid, "SIGKILL");
  const verdicts = await asked;

  expect(verdicts.map((each) => each.map(inWords))).toEqual(right);
  expect(mesh.runtime.status).toMatchObject({ hostDeaths: 2, quarantined: [] });
});

test("without a host a run ends at its deadline, as host_gone", async () => {
  await using mesh = new IsolateMesh();
  const tagger = await mesh.load("tagger", TAGGER);
  await mesh.settled();

  for (const pid of mesh.hostPids) process.kill(pid, "SIGKILL");
  await until(() => mesh.roles.active === undefined);
  const asked = mesh.verdicts([tagger, tagger], { deadline: 30 });
  const closed = mesh.verdicts([tagger, tagger], { deadline: 30, policy: "closed" });

  expect((await asked).map(inWords)).toEqual(["failed host_gone", "failed host_gone"]);
  expect((await closed).map(inWords)).toEqual(["failed host_gone"]);
});

test("a stopped host is late: its runs move to the standby, and new ones go there at once", async () => {
  await using mesh = new IsolateMesh();
  const tagger = await mesh.load("tagger", TAGGER);
  await mesh.settled();
  const { active = 0 } = mesh.roles;

  process.kill(active, "SIGSTOP");
  const verdicts = await askMany(mesh, tagger);
  const later = await mesh.verdicts([tagger], { path: "/later" });
  process.kill(active, "SIGCONT");

  expect(verdicts.flat().map(inWords)).toEqual(right.map(([, tagged]) => tagged));
  expect(later.map(inWords)).toEqual(["rewrite X-WEB-Tag=/later"]);
  expect(mesh.runtime.status.runs.moved).toBeGreaterThan(0);
});

test("a cancelled run is not answered, whatever becomes of its host", async () => {
  await using mesh = new IsolateMesh();
  const slow = await mesh.load("slow", SLOW, { timeout: 2_000 });
  await mesh.settled();
  let answers = 0;

  const handle = slow.runner.run(mesh.call([slow]), () => answers++);
  handle.cancel();
  process.kill(mesh.roles.active ?? 0, "SIGKILL");
  await mesh.verdicts([slow]);

  expect(answers).toBe(0);
  expect(mesh.runtime.status.inFlight).toBe(0);
});

test("disposing of it answers what is under way and leaves no process and no descriptor", async () => {
  const descriptors = openDescriptors();
  const mesh = new IsolateMesh();
  const slow = await mesh.load("slow", SLOW, { timeout: 2_000 });
  const asked = mesh.verdicts([slow]);

  await mesh[Symbol.asyncDispose]();

  expect((await asked).map(inWords)).toEqual([
    expect.stringMatching(/^(allow|failed (host_gone|not_loaded))$/),
  ]);
  expect(mesh.childPids).toEqual([]);
  expect(openDescriptors()).toBeLessThanOrEqual(descriptors + 1);
  expect((await mesh.verdicts([slow])).map(inWords)).toEqual(["failed host_gone"]);
});
