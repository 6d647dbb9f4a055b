import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { settingsPage } from "./settings-page.ts";

test("docs/settings.md is what the table of settings says; `npm run generate` writes it", () => {
  const page = readFileSync(new URL("../docs/settings.md", import.meta.url), "utf8");

  expect(page).toBe(settingsPage());
});
