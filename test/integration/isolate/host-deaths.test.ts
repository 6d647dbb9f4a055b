import { expect, test } from "vitest";

import { IsolateMesh, inWords, TAGGER } from "../../support/isolate-mesh.ts";

test("plugins are asked in the active host, in one round trip for all of a segment", async () => {
  await using mesh = new IsolateMesh();
  const first = await mesh.load("first", TAGGER, { config: { header: "X-WEB-First" } });
  const second = await mesh.load("second", TAGGER, { config: { header: "X-WEB-Second" } });
  const { sent } = mesh.runtime.status.runs;

  const verdicts = await mesh.verdicts([first, second], { path: "/a" });

  expect(verdicts.map(inWords)).toEqual(["rewrite X-WEB-First=/a", "rewrite X-WEB-Second=/a"]);
  expect(mesh.runtime.status.runs.sent - sent).toBe(1);
});

test("kill -9 of the active host loses no run: the standby answers", async () => {
  await using mesh = new IsolateMesh();
  const tagger = await mesh.load("tagger", TAGGER);
  await mesh.settled();
  const [active = 0] = mesh.hostPids;

  const asked = Array.from({ length: 500 }, (_, index) => mesh.verdicts([tagger], { path: `/${index}` }));
  process.kill(active, "SIGKILL");
  const verdicts = await Promise.all(asked);

  expect(verdicts.map(([verdict]) => inWords(verdict))).toEqual(
    Array.from({ length: 500 }, (_, index) => `rewrite X-WEB-Tag=/${index}`),
  );
  await mesh.settled([active]);
  expect(mesh.runtime.status).toMatchObject({ promotions: 1, hostDeaths: 1 });
});
