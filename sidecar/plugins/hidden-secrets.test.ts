import { expect, test } from "vitest";

import { hideSecrets } from "./hidden-secrets.ts";

test("secrets are hidden wherever they stand, the longest first", () => {
  const text = hideSecrets("no access with hunter2-long or hunter2 (hunter2!)", ["hunter2", "hunter2-long"]);

  expect(text).toBe("no access with *** or *** (***!)");
});

test("a text without secrets, and secrets too short to be any, leave it as it is", () => {
  expect(hideSecrets("init threw: Error: no table 12", ["12", "", "hunter2"])).toBe(
    "init threw: Error: no table 12",
  );
});
