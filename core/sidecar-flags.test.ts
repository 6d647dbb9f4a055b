import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { SIDECAR_FLAGS } from "./sidecar-flags.ts";

test("the image starts the sidecar with these flags", () => {
  const dockerfile = readFileSync(new URL("../Dockerfile", import.meta.url), "utf8");

  expect(dockerfile).toContain(
    `ENTRYPOINT ${JSON.stringify(["node", ...SIDECAR_FLAGS, "sidecar/main.js"]).replaceAll(",", ", ")}`,
  );
});
