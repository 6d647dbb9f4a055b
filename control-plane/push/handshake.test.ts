import { Metadata } from "@grpc/grpc-js";
import { expect, test } from "vitest";

import { tokenOf } from "./handshake.ts";

test.for([
  ["a bearer's secret", ["Bearer sluice_1"], "sluice_1"],
  ["a scheme in other letters", ["bearer  sluice_1"], "sluice_1"],
  ["nothing", [], undefined],
  ["no scheme", ["sluice_1"], undefined],
  ["another scheme", ["Basic c2x1aWNl"], undefined],
  ["a scheme without a secret", ["Bearer "], undefined],
  ["two words", ["Bearer sluice_1 sluice_2"], undefined],
  // Which of them would be meant?
  ["two of them", ["Bearer sluice_1", "Bearer sluice_2"], undefined],
] as const)("of %s in the metadata the token is read, or none", ([, values, token]) => {
  const metadata = new Metadata();
  for (const value of values) metadata.add("authorization", value);

  expect(tokenOf(metadata)).toBe(token);
});
