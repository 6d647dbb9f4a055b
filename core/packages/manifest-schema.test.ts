import { expect, test } from "vitest";

import { InputError } from "../errors.ts";
import { parseManifest } from "./manifest-schema.ts";

const MINIMAL = {
  apiVersion: "sluice/v1",
  kind: "Plugin",
  name: "token-guard",
  version: "1.2.0",
  runtime: "isolate",
  positions: ["request"],
  failurePolicy: "closed",
};

function problemsOf(changes: Record<string, unknown>): Record<string, string> {
  try {
    parseManifest("plugin.yaml", JSON.stringify({ ...MINIMAL, ...changes }));
    return {};
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    return Object.fromEntries(thrown.problems.map(({ key, message }) => [key ?? "", message]));
  }
}

test("what a manifest leaves out has the documented defaults", () => {
  expect(parseManifest("plugin.yaml", JSON.stringify(MINIMAL))).toEqual({
    name: "token-guard",
    version: "1.2.0",
    runtime: "isolate",
    entry: "bin/plugin.js",
    address: undefined,
    positions: ["request"],
    failurePolicy: "closed",
    timeout: 50,
    cpu: 10,
    memory: 32 * 1024 * 1024,
    permissions: { fetch: [], kv: false },
    platforms: [],
  });
});

test("durations, sizes and permissions are read with their units", () => {
  const text = `
apiVersion: sluice/v1
kind: Plugin
name: token-guard         # a DNS label
version: 1.2.0
runtime: isolate
entry: bin/guard.js
positions: [request, response]
failurePolicy: open
timeout: 1.5s
cpu: 5ms
memory: 64MiB
permissions: { fetch: ["https://auth.internal/*"], kv: true }
`;

  expect(parseManifest("plugin.yaml", text)).toMatchObject({
    entry: "bin/guard.js",
    positions: ["request", "response"],
    timeout: 1500,
    cpu: 5,
    memory: 64 * 1024 * 1024,
    permissions: { fetch: ["https://auth.internal/*"], kv: true },
  });
});

test("a manifest without a failure policy is refused, and told what there is to choose from", () => {
  expect(problemsOf({ failurePolicy: undefined })).toEqual({
    failurePolicy:
      "missing: expected open (traffic goes on when the plugin fails) or closed (it is answered 503)",
  });
});

test("every problem is named at once", () => {
  const problems = problemsOf({ name: "Token_Guard", positions: [], timeout: "fast", colour: "red" });

  expect(Object.keys(problems).sort()).toEqual(["colour", "name", "positions", "timeout"]);
});

test.for([
  ["name", "-guard"],
  ["name", "a".repeat(64)],
  ["version", "1.2"],
  ["version", "v1.2.0"],
  ["version", 1.2],
  ["version", "1.2.0\n"],
  ["version", " 1.2.0"],
  ["version", "1.2.0 "],
  ["version", "1.2.0\u00a0"],
  ["version", "1.2.0-\u200brc"],
  ["version", "01.2.0"],
  ["name", "guard\n"],
  ["version", `1.2.0-${"a".repeat(30)}`],
  ["runtime", "wasm"],
  ["entry", "../plugin.js"],
  ["entry", "/bin/plugin.js"],
  ["entry", "bin//plugin.js"],
  ["entry", "bin\\plugin.js"],
  ["address", "geo.internal:7000"],
  ["platforms", ["linux/amd64"]],
  ["failurePolicy", "ajar"],
  ["timeout", "0ms"],
  ["timeout", "2m"],
  ["cpu", 10],
  ["memory", "1MiB"],
  ["memory", "2GiB"],
  ["apiVersion", "sluice/v2"],
] as const)("%s: %j is a problem of that key", ([key, value]) => {
  expect(Object.keys(problemsOf({ [key]: value }))).toEqual([key]);
});

test.for([
  ["positions[0]", { positions: ["both"] }],
  ["positions", { positions: ["request", "request"] }],
  ["permissions.fetch[0]", { permissions: { fetch: ["file:///etc/passwd"] } }],
  ["permissions.fetch[0]", { permissions: { fetch: ["https://user:secret@auth.internal/"] } }],
  ["permissions.filesystem", { permissions: { filesystem: true } }],
] as const)("a problem inside a list or an object is named by its path: %s", ([path, changes]) => {
  expect(Object.keys(problemsOf(changes))).toEqual([path]);
});

test.for(["1.2.0-rc.1", "1.2.0+build.7", "1.2.0-rc.1+7"])("version %s is taken as it is", (version) => {
  expect(problemsOf({ version })).toEqual({});
});

test.for([
  ["geo.internal:7000", true],
  ["[::1]:7000", true],
  ["unix:/run/geo.sock", true],
  ["geo.internal", false],
  ["geo.internal:0", false],
  ["geo.internal:70000", false],
  ["unix:geo.sock", false],
  ["http://geo.internal:7000", false],
] as const)("the address %s of a remote plugin is taken: %s", ([address, taken]) => {
  expect(problemsOf({ runtime: "remote", address })).toEqual(
    taken ? {} : { address: "expected host:port, such as geo.internal:7000, or unix:/path of a socket" },
  );
});

test("a remote plugin needs an address", () => {
  expect(problemsOf({ runtime: "remote" })).toEqual({
    address: "missing: a remote plugin needs host:port or unix:/path",
  });
});
