import { expect, test } from "vitest";

import { FileMesh, tagger } from "../../support/file-mesh.ts";

test("an edited plugin and an edited file take effect while exchanges flow, and none of them notices", async () => {
  await using mesh = await FileMesh.start({ tag: tagger("one"), other: tagger("other") }, "[{plugin: tag}]");
  await mesh.until("one");
  for (const value of ["two", "three", "four"]) {
    await mesh.writePlugin("tag", tagger(value));
    expect(await mesh.until(value)).toBeGreaterThan(0);
  }
  await mesh.writeChain("[{plugin: tag}, {plugin: other}]");
  await mesh.until("other");
  expect(mesh.loads).toEqual(["tag serving", "other serving"]);
  expect(mesh.observer.records.filter(({ verdict }) => verdict.kind === "failed")).toEqual([]);
});

test("an exchange that began before a reload meets the generation it began with", async () => {
  await using mesh = await FileMesh.start({ tag: tagger("one") }, "[{plugin: tag}]");
  const early = mesh.exchange();
  await early.at(0);
  await mesh.writePlugin("tag", tagger("two"));
  await mesh.until("two");
  expect(await early.at(1)).toMatchObject({ edits: [{ name: "x-v", values: ["one"] }] });
  expect(mesh.observer.handOvers).toEqual([]);
});

test("a file that is wrong is refused with file, key and reason, and the chain goes on", async () => {
  await using mesh = await FileMesh.start({ tag: tagger("one") }, "[{plugin: tag}]");
  const refused = mesh.refusal();
  await mesh.writeChain("[{plugin: tag, timout: 5ms}]");
  await refused;
  expect(mesh.problems).toEqual(['chain[0].timout: unknown key, did you mean "timeout"?']);
  await mesh.until("one");
});

test("a plugin whose new version fails in init keeps the one before, and follows when it is mended", async () => {
  await using mesh = await FileMesh.start({ tag: tagger("one") }, "[{plugin: tag, config: {a: 1}}]");
  const broken = `export default { init() { throw new Error("no table"); }, execute: () => ({}) };`;
  await mesh.writePlugin("tag", broken, "1.0.1");
  while (!mesh.loads.some((load) => load.includes("no table"))) await mesh.until("one");
  expect(mesh.loads[0]).toMatch(/^tag kept .*no table/);
  await mesh.writePlugin("tag", tagger("three"), "1.0.2");
  await mesh.until("three");
});

test("a plugin that comes after the file that names it is loaded then", async () => {
  await using mesh = await FileMesh.start({ tag: tagger("one") }, "[{plugin: tag}, {plugin: late}]");
  expect(await mesh.exchange().at(0)).toEqual({ kind: "refuse", plugin: "late", cause: "not_loaded" });
  await mesh.writePlugin("late", tagger("late"));
  while ((await mesh.exchange().at(0)).kind === "refuse");
  await mesh.until("late");
});
