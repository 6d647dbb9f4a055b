import { expect, test } from "vitest";

import { controlPlaneEnded, controlPlaneHelp, demoHelp } from "./help.ts";

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

test("where a file configures the chain nothing is promised of plugins that it may not have", () => {
  const help = demoHelp(PORTS, "mesh.yaml");

  expect(help).toContain("401 where token-guard is in the chain");
  expect(help).not.toContain("header-tag");
});

test("a folder with a space in its name is one word of what is to be pasted", () => {
  const address = { host: "127.0.0.1", port: 7400 };
  const help = controlPlaneHelp(PORTS, { api: "127.0.0.1:7400", sources: "my examples" });
  const notice = controlPlaneEnded({ api: address, push: address }, "/tmp/new comer/it's");

  expect(help).toContain("npx sluice plugin push 'my examples/header-tag' ");
  expect(notice).toContain(String.raw`--folder '/tmp/new comer/it'\''s' --api`);
});

test("an installed Sluice, whose examples are packed, tells to begin a plugin instead", () => {
  const help = controlPlaneHelp(PORTS, { api: "127.0.0.1:7400", sources: undefined });

  expect(help).toContain("npx sluice plugin new my-plugin ");
  expect(help).not.toMatch(/undefined|Edit|push [^ ]*header-tag/);
});
