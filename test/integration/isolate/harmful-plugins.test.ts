import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Generation } from "../../../sidecar/chain/generation.ts";
import { mainThreadCpu } from "../../../sidecar/plugins/isolate/process-usage.ts";
import { BOMBS, HOST_KILLERS } from "../../support/bombs.ts";
import { inWords, IsolateMesh, TAGGER, until } from "../../support/isolate-mesh.ts";

/** Does harm on /boom, and says so on any other path that it lives. */
const harmful = (body: string): string => `export default {
  execute: (request) => { if (request.path === "/boom") { ${body} } return { headerSet: { "X-WEB-Alive": "1" } }; },
};`;
/** Long enough to be killed at it, and no harm otherwise. */
const BUSY = "const end = Date.now() + 2_000; while (Date.now() < end);";
const TAGGED = "rewrite X-WEB-Tag=/boom";

const stateOf = (mesh: IsolateMesh, plugin: string) =>
  mesh.registry.status.find((each) => each.plugin === plugin)?.state;

describe("a plugin that takes its host along", () => {
  test.each(Object.entries(HOST_KILLERS))(
    "%s: only its own answer fails, and it is quarantined without a second death among the two hosts",
    async (_name, body) => {
      await using mesh = new IsolateMesh();
      const tagger = await mesh.load("tagger", TAGGER);
      const bomb = await mesh.load("bomb", harmful(body));
      await mesh.settled();
      const { standby } = mesh.roles;

      const asked = mesh.verdicts([tagger, bomb, tagger], { path: "/boom" });
      const others = Array.from({ length: 50 }, () => mesh.verdicts([tagger], { path: "/boom" }));

      expect((await asked).map(inWords)).toEqual([
        TAGGED,
        expect.stringMatching(/^failed (crash|timeout)$/),
        TAGGED,
      ]);
      for (const other of await Promise.all(others)) expect(other.map(inWords)).toEqual([TAGGED]);
      await until(() => bomb.fault === "quarantined");
      expect(mesh.roles.active).toBe(standby);
      expect(mesh.runtime.status).toMatchObject({ promotions: 1, quarantined: [{ plugin: "bomb" }] });
      expect((await mesh.verdicts([tagger, bomb], { path: "/boom" })).map(inWords)).toEqual([
        TAGGED,
        "failed quarantined",
      ]);
    },
  );

  test("with policy closed its segment ends there, and those before it were asked", async () => {
    await using mesh = new IsolateMesh();
    const tagger = await mesh.load("tagger", TAGGER);
    const bomb = await mesh.load("bomb", harmful(HOST_KILLERS["an enormous array"]));
    await mesh.settled();

    const verdicts = await mesh.verdicts([tagger, bomb, tagger], { path: "/boom", policy: "closed" });

    expect(verdicts.map(inWords)).toEqual([TAGGED, expect.stringMatching(/^failed (crash|timeout)$/)]);
  });

  test("what is quarantined is not loaded again, until a person says so or its configuration changes", async () => {
    await using mesh = new IsolateMesh();
    const source = `export default {
      init(context) { if (context.config.harm) { ${HOST_KILLERS["an enormous array"]} } }, execute() {},
    };`;

    const first = await mesh.prepare("bomb", source, { config: { harm: true } });
    const again = await mesh.prepare("bomb", source, { config: { harm: true } });
    const started = mesh.runtime.status.hostsStarted;
    const harmless = await mesh.prepare("bomb", source, { config: { harm: false } });

    expect(first).toMatchObject({ kind: "failed", cause: "crash" });
    expect(again).toMatchObject({ kind: "failed", cause: "quarantined" });
    expect(harmless).toMatchObject({ kind: "ready" });
    expect(mesh.runtime.status.hostsStarted).toBe(started);
    expect(await mesh.registry.releaseQuarantine("bomb")).toBe(true);
    expect(await mesh.registry.releaseQuarantine("bomb")).toBe(false);
    expect(await mesh.prepare("bomb", source, { config: { harm: true } })).toMatchObject({ cause: "crash" });
  });

  test("a released plugin that behaves is back without a new configuration", async () => {
    await using mesh = new IsolateMesh();
    const bomb = await mesh.load("bomb", harmful(HOST_KILLERS["an enormous array"]));
    await mesh.settled();
    await mesh.verdicts([bomb], { path: "/boom" });
    await until(() => bomb.fault === "quarantined");

    await mesh.registry.releaseQuarantine("bomb");

    expect(stateOf(mesh, "bomb")).toBe("RUNNING");
    expect((await mesh.verdicts([bomb], { path: "/" })).map(inWords)).toEqual(["rewrite X-WEB-Alive=1"]);
  });

  test("a signal from outside blames nobody, though a plugin had the CPU", async () => {
    await using mesh = new IsolateMesh();
    const busy = await mesh.load("busy", harmful(BUSY), { cpu: 3_000, timeout: 10_000 });
    await mesh.settled();

    const asked = await signalledAtWork(mesh, busy, "SIGKILL");

    expect(asked.map(inWords)).toEqual(["rewrite X-WEB-Alive=1"]);
    expect(busy.fault).toBeUndefined();
  });

  test("a fault of its own host blames the plugin on the CPU: suspended, tried alone, back if it passes", async () => {
    await using mesh = new IsolateMesh();
    const busy = await mesh.load("busy", harmful(BUSY), { cpu: 3_000, timeout: 10_000 });
    await mesh.settled();

    const asked = await signalledAtWork(mesh, busy, "SIGSEGV");

    expect(asked.map(inWords)).toEqual(["failed crash"]);
    expect(busy.fault).toBe("suspended");
    await until(() => busy.fault === undefined);
    expect((await mesh.verdicts([busy])).map(inWords)).toEqual(["rewrite X-WEB-Alive=1"]);
  });
});

describe("a plugin within its isolate's limits", () => {
  let mesh: IsolateMesh;
  let tagger: Generation;

  beforeAll(async () => {
    mesh = new IsolateMesh();
    tagger = await mesh.load("tagger", TAGGER);
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  const cases = Object.entries(BOMBS).flatMap(([name, body]) => [
    { name, source: harmful(body) },
    { name: `${name}, after an await`, source: harmful(`return Promise.resolve().then(() => { ${body} });`) },
    {
      name: `${name}, in a timer`,
      source: harmful(`return new Promise((done) => setTimeout(() => { ${body} }, 1));`),
    },
  ]);

  test.each(cases)("$name: only its own answer fails", async ({ name, source }) => {
    const bomb = await mesh.load(name.replaceAll(/\W+/g, "-"), source);

    const asked = mesh.verdicts([tagger, bomb, tagger], { path: "/boom" });
    const others = Array.from({ length: 20 }, () => mesh.verdicts([tagger], { path: "/boom" }));

    expect((await asked).map(inWords)).toEqual([TAGGED, expect.stringMatching(/^failed/), TAGGED]);
    for (const other of await Promise.all(others)) expect(other.map(inWords)).toEqual([TAGGED]);
    bomb.release();
  });
});

/** What came of a question whose plugin had the CPU of the active host when this signal came from outside. */
async function signalledAtWork(
  mesh: IsolateMesh,
  busy: Generation,
  signal: NodeJS.Signals,
): Promise<Awaited<ReturnType<IsolateMesh["verdicts"]>>> {
  const { active = 0 } = mesh.roles;
  const before = mainThreadCpu(active) ?? 0;
  const asked = mesh.verdicts([busy], { path: "/boom" });
  await until(() => (mainThreadCpu(active) ?? 0) - before > 100);
  process.kill(active, signal);
  return asked;
}
