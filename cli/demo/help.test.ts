import { expect, test } from "vitest";

import { controlPlaneHelp } from "./help.ts";

const PORTS = {
  app: "127.0.0.1:8080",
  inbound: "127.0.0.1:15101",
  outbound: "127.0.0.1:15102",
  admin: "127.0.0.1:15190",
};

test("in a checkout the help tells to edit the examples where they are", () => {
  const help = controlPlaneHelp(PORTS, { api: "127.0.0.1:7400", sources: "examples" });

  expect(help).toContain("npx sluice plugin push examples/header-tag ");
  expect(help).toContain("Edit a plugin's source in examples/");
});

test("an installed Sluice, whose examples are packed, tells to begin a plugin instead", () => {
  const help = controlPlaneHelp(PORTS, { api: "127.0.0.1:7400", sources: undefined });

  expect(help).toContain("npx sluice plugin new my-plugin ");
  expect(help).not.toMatch(/undefined|Edit|push [^ ]*header-tag/);
});
