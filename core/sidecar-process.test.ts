import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { SIDECAR_ENVIRONMENT, SIDECAR_FLAGS } from "./sidecar-process.ts";

test("the image starts the sidecar with these flags, in this environment", () => {
  const dockerfile = readFileSync(new URL("../Dockerfile", import.meta.url), "utf8");

  expect(dockerfile).toContain(
    `ENTRYPOINT ${JSON.stringify(["node", ...SIDECAR_FLAGS, "sidecar/main.js"]).replaceAll(",", ", ")}`,
  );
  for (const [name, value] of Object.entries(SIDECAR_ENVIRONMENT))
    expect(dockerfile).toContain(`ENV ${name}=${value}\n`);
});
