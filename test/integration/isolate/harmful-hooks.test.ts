import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Generation } from "../../../sidecar/chain/generation.ts";
import { mainThreadCpu } from "../../../sidecar/plugins/isolate/process-usage.ts";
import { BOMBS, HOST_KILLERS } from "../../support/bombs.ts";
import { inWords, IsolateMesh, TAGGER, until } from "../../support/isolate-mesh.ts";

const TAGGED = "rewrite X-WEB-Tag=/";
const initBomb = (body: string): string => `export default { init() { ${body} }, execute() {} };`;
const destroyBomb = (body: string): string => `export default { execute() {}, destroy() { ${body} } };`;
const timerBomb = (body: string): string =>
  `export default { init() { setTimeout(() => { ${body} }, 300); }, execute() {} };`;

let mesh: IsolateMesh;
let tagger: Generation;

beforeAll(async () => {
  mesh = new IsolateMesh();
  tagger = await mesh.load("tagger", TAGGER);
});
afterAll(() => mesh[Symbol.asyncDispose]());

/** Whether the plugin beside it is answered all the time until `done`. */
async function neighbourWhile(done: Promise<unknown>): Promise<readonly string[]> {
  const wrong: string[] = [];
  const over = new AbortController();
  const ended = done.finally(() => over.abort());
  while (!over.signal.aborted) {
    const [verdict] = await mesh.verdicts([tagger], { deadline: 25_000 });
    if (inWords(verdict) !== TAGGED) wrong.push(JSON.stringify(verdict));
  }
  await ended;
  return wrong;
}

describe.each(Object.entries({ ...BOMBS, ...HOST_KILLERS }))("%s", (name, body) => {
  const plugin = name.replaceAll(/\W+/g, "-");

  test("in init fails the load, and traffic does not notice", async () => {
    await mesh.settled();
    const { active } = mesh.roles;
    const prepared = mesh.prepare(`${plugin}-init`, initBomb(body));

    expect(await neighbourWhile(prepared)).toEqual([]);
    expect(await prepared).toMatchObject({ kind: "failed" });
    expect(mesh.roles.active).toBe(active);
  });

  test("in destroy ends the generation all the same, and traffic does not notice", async () => {
    await mesh.settled();
    const { active } = mesh.roles;
    const bomb = await mesh.load(`${plugin}-destroy`, destroyBomb(body));
    const { unloaded } = mesh.runtime.status;
    bomb.release();
    const gone = until(() => mesh.runtime.status.unloaded === unloaded + 1);

    expect(await neighbourWhile(gone)).toEqual([]);
    expect(mesh.roles.active).toBe(active);
  });
});

describe.each(Object.entries(HOST_KILLERS))("%s in a timer", (name, body) => {
  test("its neighbours are answered throughout by the standby, and it ends in quarantine", async () => {
    await mesh.settled();
    const { standby } = mesh.roles;
    const bomb = await mesh.load(`${name.replaceAll(/\W+/g, "-")}-timer`, timerBomb(body));
    const condemned = until(() => bomb.fault === "quarantined", 25_000);

    expect(await neighbourWhile(condemned)).toEqual([]);
    expect(mesh.roles.active).toBe(standby);
    bomb.release();
  });
});

test("a bomb in a timer that goes off while its generation is unloaded ends one host only", async () => {
  await mesh.settled();
  const { active = 0 } = mesh.roles;
  const { hostDeaths } = mesh.runtime.status;
  const before = mainThreadCpu(active) ?? 0;
  const slow = "new Promise((done) => setTimeout(done, 2_000))";
  const source = `export default {
    init() { setTimeout(() => { ${HOST_KILLERS["BigInt squares"]} }, 50); },
    execute: ({ path }) => path === "/slow" ? ${slow} : undefined,
  };`;
  const bomb = await mesh.load("bomb-unloaded", source, { timeout: 5_000 });
  const { unloaded } = mesh.registry.counts;

  await until(() => (mainThreadCpu(active) ?? 0) - before > 150);
  // The unload waits for a run in the other host, which takes over meanwhile.
  const probed = new Promise((done) => bomb.probe(mesh.call([bomb], { path: "/slow" }), done));
  bomb.release();
  await until(() => mesh.registry.counts.unloaded > unloaded);
  await probed;

  expect(mesh.runtime.status.hostDeaths - hostDeaths).toBe(1);
});
