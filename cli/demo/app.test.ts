import { expect, test } from "vitest";

import { ChildProgram } from "../child-process.ts";

class DemoApp extends ChildProgram {
  readonly url: Promise<string>;

  constructor() {
    const started = Promise.withResolvers<string>();
    super({
      name: "the demo app",
      script: "./demo/app.ts",
      args: ["--app", "127.0.0.1:0"],
      onLine: (line) => started.resolve(`http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}`),
    });
    this.url = started.promise;
  }
}

test("it answers with what it received, repeated headers and their case included", async () => {
  await using app = new DemoApp();

  const response = await fetch(`${await app.url}/echo?a=1`, { method: "PUT", headers: { "x-one": "1" } });

  expect(await response.json()).toMatchObject({
    method: "PUT",
    path: "/echo?a=1",
    headers: expect.arrayContaining([["x-one", "1"]]) as unknown,
  });
});

test("it has something private, something slow and nothing else", async () => {
  await using app = new DemoApp();
  const statusOf = async (path: string): Promise<number> => (await fetch((await app.url) + path)).status;

  expect(await statusOf("/private")).toBe(200);
  expect(await statusOf("/slow?ms=1")).toBe(200);
  expect(await statusOf("/slow?ms=soon")).toBe(200);
  expect(await statusOf("/nothing")).toBe(404);
});

test("its stream of events begins at once, and ending the app ends it", async () => {
  await using app = new DemoApp();
  const response = await fetch(`${await app.url}/stream`);
  const reader = response.body?.getReader();

  const first = await reader?.read();
  const end = await app.end();

  expect(new TextDecoder().decode(first?.value)).toBe('data: {"count":0}\n\n');
  expect(end).toEqual({ kind: "exit", code: 0 });
  await reader?.cancel().catch(() => {});
});
