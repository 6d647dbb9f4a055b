import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { UP_OPTIONS } from "../cli/commands/up.ts";
import { ENVIRONMENT } from "../cli/environment.ts";
import { CONTROL_PLANE_PREFIX, CONTROL_PLANE_SETTINGS } from "../control-plane/settings.ts";
import { SIDECAR_SETTINGS } from "../sidecar/settings.ts";
import { environmentNameOf, flagOf } from "../core/options/option.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGES = globSync(["*.md", "{docs,plugins-example,sidecar,bench}/**/*.md"], { cwd: ROOT });

test("there are pages to look at", () => {
  expect(PAGES).toEqual(expect.arrayContaining(["README.md", "CONTRIBUTING.md", "docs/operating.md"]));
});

test.for(PAGES)("every link of %s leads somewhere", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8");
  const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? "");

  expect(links.filter((link) => !existsSync(join(ROOT, dirname(page), link)))).toEqual([]);
});

test.for(PAGES)("every SLUICE_ name, and every flag of the sidecar, that %s mentions is one", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8");
  const names = Object.keys(SIDECAR_SETTINGS);
  const known = new Set([
    ...names.map((name) => environmentNameOf(name)),
    ...[...names, ...Object.keys(UP_OPTIONS), "help"].map(flagOf),
    ...Object.values(ENVIRONMENT),
    ...Object.keys(CONTROL_PLANE_SETTINGS).map((name) => environmentNameOf(name, CONTROL_PLANE_PREFIX)),
  ]);
  const commands = text.split("\n").filter((line) => /sluice (?:up|sidecar)|npm start/.test(line));
  const mentioned = [
    ...[...text.matchAll(/SLUICE_[A-Z0-9_]+[A-Z0-9]/g)].map(([name]) => name),
    ...commands.flatMap((line) => [...line.matchAll(/--[a-z][a-z0-9-]+/g)].map(([name]) => name)),
  ];

  expect(mentioned.filter((name) => !known.has(name))).toEqual([]);
});
