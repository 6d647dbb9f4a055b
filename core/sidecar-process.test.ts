import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { SIDECAR_ENVIRONMENT, SIDECAR_FLAGS, sidecarFlags } from "./sidecar-process.ts";

test("the image starts the sidecar with these flags, in this environment", () => {
  const dockerfile = readFileSync(new URL("../Dockerfile", import.meta.url), "utf8");

  expect(dockerfile).toContain(
    `ENTRYPOINT ${JSON.stringify(["node", ...SIDECAR_FLAGS, "sidecar/main.js"]).replaceAll(",", ", ")}`,
  );
  for (const [name, value] of Object.entries(SIDECAR_ENVIRONMENT))
    expect(dockerfile).toContain(`ENV ${name}=${value}\n`);
});

test("a Node of another version starts without what it may not know", () => {
  expect(sidecarFlags("27.0.0")).toEqual(["--max-semi-space-size=4"]);
});
