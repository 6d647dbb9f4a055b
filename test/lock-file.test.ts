import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string; readonly link?: boolean }>>;
}

test("every package of the lock file is held to its bytes, those of other platforms among them", () => {
  const text = readFileSync(new URL("../package-lock.json", import.meta.url), "utf8");
  const { packages } = JSON.parse(text) as Lock;

  const loose = Object.entries(packages).filter(
    ([path, { integrity, link }]) => path !== "" && link !== true && integrity === undefined,
  );

  expect(loose.map(([path]) => path)).toEqual([]);
});
