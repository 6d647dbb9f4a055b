import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { REFERENCE_PAGES } from "./reference-pages.ts";

test.for(Object.entries(REFERENCE_PAGES))(
  "%s is what the code says; `npm run generate` writes it",
  ([path, make]) => {
    const page = readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

    expect(page).toBe(make());
  },
);
