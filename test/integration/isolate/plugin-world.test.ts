import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, test } from "vitest";

import { createLogger } from "../../../core/log.ts";
import type { Generation } from "../../../sidecar/chain/generation.ts";
import { inWords, IsolateMesh, TAGGER, until } from "../../support/isolate-mesh.ts";

const COUNTER = `export default {
  execute: (request, { kv }) =>
    request.smoke ? undefined : { headerSet: { "X-WEB-Count": kv.increment("count") } },
};`;

const count = async (mesh: IsolateMesh, counter: Generation): Promise<number> => {
  const [verdict] = await mesh.verdicts([counter]);
  if (verdict?.kind !== "rewrite") throw new Error(inWords(verdict));
  return Number(verdict.edits[0]?.values[0]);
};

test("a counter goes on over a reload, a death of the active host and the next one", async () => {
  await using mesh = new IsolateMesh();
  const first = await mesh.load("counter", COUNTER, { kv: true });
  await mesh.settled();
  for (let asked = 1; asked <= 5; asked++) expect(await count(mesh, first)).toBe(asked);

  const second = await mesh.load("counter", COUNTER, { kv: true, digest: "next" });
  first.retire();
  first.release();
  expect(await count(mesh, second)).toBe(6);

  for (const expected of [7, 8]) {
    const { active = 0 } = mesh.roles;
    process.kill(active, "SIGKILL");
    await mesh.settled([active]);
    expect(await count(mesh, second)).toBe(expected);
  }
});

test("two generations of one plugin that live side by side count together", async () => {
  await using mesh = new IsolateMesh();
  const first = await mesh.load("counter", COUNTER, { kv: true });
  const second = await mesh.load("counter", COUNTER, { kv: true, digest: "next" });

  await count(mesh, first);
  await until(() => mesh.runtime.status.inFlight === 0);
  await expect.poll(() => count(mesh, second)).toBeGreaterThan(1);
});

test("a plugin reaches what its manifest names, and nothing by way of it", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/away") response.writeHead(302, { location: "http://169.254.169.254/" }).end();
    else response.end("yes");
  });
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  await using _ = { [Symbol.asyncDispose]: () => new Promise<void>((done) => server.close(() => done())) };
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using mesh = new IsolateMesh();
  const source = `export default {
    execute: async ({ path, smoke }, { fetch, config }) => {
      if (smoke) return;
      const answer = await fetch(config.origin + path).then((a) => a.text(), (error) => "no: " + error.message);
      return { httpCode: 418, body: answer };
    },
  };`;
  const config = { origin };
  const asker = await mesh.load("asker", source, { config, timeout: 5_000, fetch: [`${origin}/a*`] });
  const answer = async (path: string): Promise<string> => {
    const [verdict] = await mesh.verdicts([asker], { path });
    return verdict?.kind === "block" ? verdict.answer.body.toString() : inWords(verdict);
  };

  expect(await answer("/a")).toBe("yes");
  expect(await answer("/b")).toMatch(/^no: .*no fetch permission/);
  expect(await answer("/away")).toMatch(/^no: .*169\.254\.169\.254/);
});

test("what a plugin logs is in the log under its name and version", async () => {
  const lines: string[] = [];
  const log = createLogger("info", { write: (text) => void lines.push(text) });
  await using mesh = new IsolateMesh({ log });

  await mesh.load(
    "talker",
    `export default { init: ({ log }) => log.info("hello from init"), execute() {} };`,
  );
  await until(() => lines.some((line) => line.includes("hello from init")));

  const line = JSON.parse(lines.find((each) => each.includes("hello from init")) ?? "") as object;
  expect(line).toMatchObject({ plugin: "talker", version: "1.0.0", from: "plugin" });
});

test.each([
  ["a syntax error", "export default {", /SyntaxError|Unexpected/],
  [
    "an init that throws",
    `export default { init() { throw new Error("no table"); }, execute() {} };`,
    /no table/,
  ],
  ["an init that loops", "export default { init() { for (;;); }, execute() {} };", /CPU/],
  ["an init that never ends", "export default { init: () => new Promise(() => {}), execute() {} };", /./],
  [
    "an execute that fails its smoke call",
    "export default { execute() { throw new Error('dead'); } };",
    /dead/,
  ],
])("%s is a failed load that says why, and what runs goes on", async (_name, source, reason) => {
  await using mesh = new IsolateMesh();
  const tagger = await mesh.load("plugin", TAGGER);

  const prepared = await mesh.prepare("plugin", source);

  expect(prepared).toMatchObject({ kind: "failed", detail: expect.stringMatching(reason) });
  expect((await mesh.verdicts([tagger])).map(inWords)).toEqual(["rewrite X-WEB-Tag=/"]);
  expect(mesh.runtime.status.hostDeaths).toBe(0);
});

test("a plugin that outgrows its memory is suspended and made anew, and its host lives on", async () => {
  await using mesh = new IsolateMesh();
  const source = `const kept = []; export default {
    execute({ path }) { if (path === "/grow") for (let i = 0; i < 40; i++) kept.push(new Array(20000).fill(i)); },
  };`;
  const hungry = await mesh.load("hungry", source, { memory: 16 * 1024 * 1024, cpu: 500, timeout: 2_000 });
  await mesh.settled();

  await until(() => {
    void mesh.ask([hungry], { path: "/grow" });
    return hungry.fault !== undefined;
  });
  await until(() => hungry.fault === undefined);

  expect((await mesh.verdicts([hungry])).map(inWords)).toEqual(["allow"]);
  expect(mesh.runtime.status.quarantined).toEqual([]);
});

test("a probe is asked in the standby, not in the host that traffic uses", async () => {
  await using mesh = new IsolateMesh();
  const loop = await mesh.load("loop", `export default { execute({ smoke }) { if (!smoke) for (;;); } };`);
  const tagger = await mesh.load("tagger", TAGGER);
  await mesh.settled();

  const probed = new Promise((done) => loop.probe(mesh.call([loop], { background: true }), done));
  const asked = await mesh.verdicts([tagger]);

  expect(asked.map(inWords)).toEqual(["rewrite X-WEB-Tag=/"]);
  expect(await probed).toMatchObject({
    verdict: { kind: "failed", cause: expect.stringMatching(/cpu|host_busy/) },
  });
});
