import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import {
  forbiddenImports,
  importsOf,
  importsUnder,
  isUnder,
  type ImportRules,
} from "./support/import-rules.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The folders, and what each may import beside itself. Arrows point one way: read it from the bottom. */
const RULES: ImportRules = {
  core: [],
  proto: [],
  "sidecar/chain": ["core", "proto"],
  // The engines know nothing of plugins, routes or configuration: each could be a package of its own.
  "sidecar/http/h1": ["core", "sidecar/http"],
  "sidecar/http/h2": ["core", "sidecar/http"],
  "sidecar/http/forwarding": ["core", "sidecar/http", "sidecar/chain"],
  "sidecar/http": ["core"],
  // A child process with a small import graph.
  "sidecar/plugin-host": ["core", "proto", "sidecar/chain"],
  // Runs inside an isolate.
  "sidecar/plugin-host/world": ["core/plugin-api.ts"],
  "sidecar/plugins": ["core", "proto", "sidecar/chain", "sidecar/plugin-host/protocol"],
  "sidecar/config": ["core", "proto", "sidecar/chain", "sidecar/plugins"],
  "sidecar/control": ["core", "proto", "sidecar/config", "sidecar/plugins"],
  "sidecar/metrics": ["core", "sidecar/chain", "sidecar/http/exchange.ts"],
  "sidecar/admin": ["core"],
  sidecar: ["core", "proto"],
  "control-plane/model": ["core"],
  "control-plane/store": ["core", "control-plane/model"],
  "control-plane/artifacts": ["core", "control-plane/model"],
  "control-plane/access": ["core", "control-plane/model", "control-plane/store"],
  "control-plane/catalogue": [
    "core",
    "control-plane/model",
    "control-plane/store",
    "control-plane/artifacts",
    "control-plane/access",
    "control-plane/releases/end-releases.ts",
    "control-plane/releases/recheck-approvals.ts",
  ],
  "control-plane/reports": ["core", "control-plane/model", "control-plane/store"],
  "control-plane/releases": ["core", "control-plane/model", "control-plane/store", "control-plane/reports"],
  "control-plane/snapshot": ["core", "control-plane/model", "control-plane/store", "control-plane/releases"],
  "control-plane/push": [
    "core",
    "proto",
    "control-plane/model",
    "control-plane/access",
    "control-plane/reports",
    "control-plane/snapshot",
  ],
  "control-plane/tls": ["core"],
  "control-plane/alarms": ["core", "control-plane/model", "control-plane/store", "control-plane/reports"],
  // What the command knows of the control plane.
  "control-plane/api/contract": ["core", "control-plane/model"],
  "control-plane/api": [
    "core",
    "control-plane/model",
    "control-plane/store",
    "control-plane/artifacts",
    "control-plane/access",
    "control-plane/catalogue",
    "control-plane/reports",
    "control-plane/releases",
    "control-plane/alarms",
    "control-plane/tls",
  ],
  "control-plane": ["core", "proto"],
  // What authors run is what the host runs, but for the engine.
  "plugin-sdk": [
    "core",
    "sidecar/plugin-host/world",
    "sidecar/plugin-host/entry-output.ts",
    "sidecar/plugin-host/entry-result.ts",
    "sidecar/plugin-host/protocol/edits-text.ts",
    "sidecar/plugin-host/protocol/message-text.ts",
  ],
  "plugins-example": [],
  cli: ["core", "control-plane/api/contract", "control-plane/model", "plugin-sdk", "package.json"],
};

/** Modules that open sockets, and the folders whose business that is. */
const SOCKETS = ["node:net", "node:http", "node:http2", "node:https", "node:tls", "node:dgram", "undici"];
const SOCKET_FOLDERS = [
  "core/connections",
  "sidecar/http",
  "sidecar/admin",
  "sidecar/control",
  "sidecar/plugins",
  "sidecar/plugin-host/protocol",
  "control-plane",
  "cli",
];

test("imports point one way", () => {
  expect(forbiddenImports(importsUnder(ROOT), RULES)).toEqual([]);
});

test("only those whose business it is know sockets", () => {
  const strangers = importsUnder(ROOT)
    .filter(({ target }) => SOCKETS.includes(target))
    .filter(({ file }) => !SOCKET_FOLDERS.some((folder) => isUnder(file, folder)));

  expect(strangers).toEqual([]);
});

test("a plugin imports the SDK by the name that authors use, and nothing else", () => {
  const foreign = importsUnder(ROOT)
    .filter(({ file }) => isUnder(file, "plugins-example"))
    .filter(({ target }) => target !== "sluice/plugin" && !isUnder(target, "plugins-example"));

  expect(foreign).toEqual([]);
});

test("the chain is pure: it imports no module of Node's and no package", () => {
  const foreign = importsUnder(ROOT).filter(({ file, target }) => {
    return isUnder(file, "sidecar/chain") && !isUnder(target, "sidecar/chain") && !isUnder(target, "core");
  });

  expect(foreign).toEqual([]);
});

test.for([
  ["core/log.ts", "../sidecar/settings.ts", "sidecar/settings.ts"],
  ["sidecar/chain/chain.ts", "../http/exchange.ts", "sidecar/http/exchange.ts"],
  ["sidecar/http/h1/parser.ts", "../../plugins/runtime.ts", "sidecar/plugins/runtime.ts"],
  ["sidecar/http/pool.ts", "../chain/chain.ts", "sidecar/chain/chain.ts"],
  ["sidecar/plugins/runtime.ts", "../plugin-host/main.ts", "sidecar/plugin-host/main.ts"],
  ["sidecar/app.ts", "../control-plane/model/chain.ts", "control-plane/model/chain.ts"],
  ["core/packages/manifest.ts", "../../sidecar/chain/verdict.ts", "sidecar/chain/verdict.ts"],
  ["control-plane/model/chain.ts", "../../sidecar/chain/match.ts", "sidecar/chain/match.ts"],
  ["plugins-example/guard/src/plugin.ts", "../../../core/log.ts", "core/log.ts"],
  ["cli/up.ts", "../sidecar/app.ts", "sidecar/app.ts"],
] as const)("%s must not import %s", ([file, specifier, target]) => {
  const forms = [
    `import { x } from "${specifier}";`,
    `import type {\n  X,\n} from "${specifier}";`,
    `export * from "${specifier}";`,
    `import "${specifier}";`,
    `const x = await import("${specifier}");`,
  ];

  for (const text of forms) {
    expect(forbiddenImports(importsOf(ROOT, file, text), RULES)).toEqual([`${file} imports ${target}`]);
  }
});

test("what is allowed passes", () => {
  const imports = [
    ...importsOf(
      ROOT,
      "sidecar/app.ts",
      'import { Chain } from "./chain/chain.ts";\nimport x from "node:fs";',
    ),
    ...importsOf(ROOT, "sidecar/http/h1/parser.ts", 'import { limits } from "../limits.ts";'),
  ];

  expect(forbiddenImports(imports, RULES)).toEqual([]);
});
