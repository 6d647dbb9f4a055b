import { expect, test } from "vitest";

import { webhookKey } from "./webhook-secret.ts";

test("a secret is what the environment has under its name, as base64 where it says so", async () => {
  const environment = { PLAIN: "key", STANDARD: "whsec_a2V5" };

  expect(String(await webhookKey({ fromEnv: "PLAIN" }, environment))).toBe("key");
  expect(String(await webhookKey({ fromEnv: "STANDARD" }, environment))).toBe("key");
});

test.for(["MISSING", "EMPTY", "constructor"])(
  "%s, which the environment does not hold, is no secret",
  async (name) => {
    await expect(webhookKey({ fromEnv: name }, { EMPTY: "" })).rejects.toThrow(
      "its secret is empty or not there",
    );
  },
);
