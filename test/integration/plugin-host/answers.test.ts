import { expect, test } from "vitest";

import { HostDriver } from "../../support/host-driver.ts";

test("three plugins answer in one round trip, each seeing what those before it changed", async () => {
  await using host = await HostDriver.start();
  await host.loadWell(
    1,
    `export default { execute: () => ({ headerSet: { "x-web-a": "1", accept: null } }) }`,
  );
  await host.loadWell(
    2,
    `export default { execute: (r) => ({ headerSet: [{ key: "x-web-b", value: [r.headers.get("X-Web-A") ?? "", String(r.headers.has("Accept"))] }] }) }`,
  );
  await host.loadWell(
    3,
    `export default { execute: (r) => ({ headerSet: { "X-Web-A": "2", "x-web-c": r.headers.getAll("x-web-b") } }) }`,
  );

  const { results } = await host.run([1, 2, 3]);

  expect(results.map(({ edits, failure }) => failure ?? edits)).toEqual([
    [
      { name: "x-web-a", values: ["1"] },
      { name: "accept", values: [] },
    ],
    [{ name: "x-web-b", values: ["1", "false"] }],
    [
      { name: "X-Web-A", values: ["2"] },
      { name: "x-web-c", values: ["1", "false"] },
    ],
  ]);
});
